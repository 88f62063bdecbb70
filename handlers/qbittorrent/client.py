"""qbittorrentapi's client over our own kept connection, without what the library does unasked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

from handlers.shared.http_connection import Connection, Request, split_userinfo
from handlers.shared.trust import Trust
from handlers.shared.who_answered import Answer, is_qbittorrent
from hooks.handler import Context


class Refused(Exception):  # noqa: N818 - qBittorrent's answer, not our failure
    """An answer that is no success."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer, self.is_own = answer, is_qbittorrent(answer)


@dataclass(frozen=True, slots=True)
class Login:
    """How we log in: an API key (5.2 and newer), a name and a password, or nothing (a whitelisted address).

    `of_url` is the user and the password of the URL, which a proxy may want.
    """

    username: str
    password: str = field(repr=False)
    api_key: str = field(repr=False)
    of_url: str = field(repr=False)
    trust: Trust

    @property
    def proof(self) -> str:
        """Everything that decides whether we are let in."""
        own = self.api_key or f"{self.username}\0{self.password}"
        return f"{own}\0{self.of_url}" if self.of_url else own


@dataclass(frozen=True, slots=True)
class _Answer:
    """What the library reads of a `requests.Response`."""

    status_code: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def text(self) -> str:
        return self.content.decode("utf-8", "replace")

    def json(self) -> Any:
        try:
            return json.loads(self.content)
        except RecursionError:  # which the library does not expect
            raise ValueError("lists in lists, thousands deep") from None


class _Wire:
    """What the library needs of a `requests.Session`.

    It keeps the cookie as it is named (SID, QBT_SID_<port>) and sends neither Origin nor Referer.
    """

    def __init__(self, url: str, who: str, login: Login) -> None:
        bearer = {"Authorization": f"Bearer {login.api_key}"} if login.api_key else {}
        self._connection, self._below = Connection(url, who, login.trust, bearer), urlsplit(url).path
        self.last: Answer | None = None

    def request(self, method: str, url: str, *, timeout: tuple[float, float], ctx: Context, **more: Any) -> _Answer:
        """One request, the answer read whole. Raises Refused, Retry or GiveUp."""
        path, body, kind = urlsplit(url).path.removeprefix(self._below), None, ""
        if params := more.get("params"):
            path += f"?{urlencode(params)}"
        if method == "post":
            kind = "application/x-www-form-urlencoded"
            body = urlencode({k: v for k, v in (more.get("data") or {}).items() if v is not None})
        answer = self._connection.send(ctx, Request(method.upper(), path, timeout, body, kind))
        self.last = answer
        if answer.status >= 300:
            raise Refused(answer)
        self._connection.keep_cookies(answer)
        return _Answer(answer.status, answer.headers, answer.content)


def lean_client(url: str, who: str, login: Login) -> Any:
    """The library's client without what it does unasked: a HEAD request to find the scheme, a version query before
    some calls, two layers of retries with sleeps, logins of its own. `_auth_request` is where it does so.
    """
    from qbittorrentapi import Client

    class Lean(Client):
        _wire = _Wire(url, who, login)

        @property
        def last(self) -> Answer | None:
            return self._wire.last

        def _auth_request(self, http_method: str, api_namespace: str, api_method: str, **more: Any) -> Any:  # type: ignore[override]
            more = {name: value for name, value in more.items() if not name.startswith("version_")}
            return self._request(http_method, api_namespace, api_method, **more)

        @property
        def _session(self) -> Any:
            return self._wire

    return Lean(host=split_userinfo(url)[0], FORCE_SCHEME_FROM_HOST=True, SIMPLE_RESPONSES=True)
