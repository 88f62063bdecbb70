"""A kept connection to one target over HTTP: it asks no proxy, follows no redirect and tries once.

It uses urllib3 alone, which halves the time of a warm call against `requests`. User and password of the URL are sent
as basic authentication. trust.py has what is trusted; its file is read when the connection is made.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from handlers.shared.bounded_answer import MAX_BYTES, TooLongError, bound, read
from handlers.shared.http_failure import failure
from handlers.shared.one_write import in_one_write
from handlers.shared.port_probe import protocol_mixed_up, wants_certificate
from handlers.shared.tls_failure import CLIENT_CERTIFICATE, certificate_error, shown_fingerprint
from handlers.shared.trust import Trust
from handlers.shared.who_answered import Answer
from hooks.handler import Context, GiveUp, Retry


def split_userinfo(url: str) -> tuple[str, str]:
    """The URL without user and password, and those as `USER:PASSWORD`, decoded; "" where it has none."""
    parts = urlsplit(url)
    userinfo, at, place = parts.netloc.rpartition("@")
    user, _, password = userinfo.partition(":")
    return urlunsplit(parts._replace(netloc=place)), f"{unquote(user)}:{unquote(password)}" if at else ""


def basic(login: str) -> str:
    """The Authorization header of `USER:PASSWORD`."""
    return f"Basic {base64.b64encode(login.encode()).decode()}"


def _is_sendable(value: str) -> bool:
    """Whether HTTP has room for it: http.client's own error would show it."""
    return value.isprintable() and all(ord(letter) < _BEYOND_LATIN_1 for letter in value)


_KEY_HEADERS, _BEYOND_LATIN_1 = {"Authorization", "X-API-Key"}, 256


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent. `path` is below the connection's URL; `within_s`: seconds to connect, and for the whole answer."""

    method: str
    path: str
    within_s: tuple[float, float]
    body: str | None = field(default=None, repr=False)
    kind: str = ""  # the body's Content-Type


class Connection:
    """One target. Requests to it are made one after the other."""

    def __init__(self, url: str, who: str, trust: Trust, headers: Mapping[str, str] | None = None) -> None:
        self._url, login = split_userinfo(url)
        self._who, self._trust = who, trust
        self._path = urlsplit(self._url).path.rstrip("/")
        self._pool: Any = None
        self.headers: dict[str, str] = {"Authorization": basic(login)} if login else {}
        self.headers |= headers or {}
        self._cookies: dict[str, str] = {}

    def keep_cookies(self, answer: Answer) -> None:
        """Send the cookies of this answer with each later request: a proxy may set its own before the target's."""
        for cookie in answer.headers.getlist("Set-Cookie"):  # type: ignore[attr-defined]  # urllib3's HTTPHeaderDict
            name, _, value = cookie.partition(";")[0].partition("=")
            self._cookies[name.strip()] = value.strip()
        if self._cookies:
            self.headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self._cookies.items())

    def close(self) -> None:
        """Close what is kept open. A later request opens it anew."""
        if self._pool is not None:
            self._pool.close()
        self._pool = None

    def send(self, ctx: Context, request: Request) -> Answer:
        """The answer, whatever its status. Raises Retry or GiveUp if there is none."""
        from urllib3.exceptions import HTTPError

        for name in _KEY_HEADERS & self.headers.keys():
            if not _is_sendable(self.headers[name]):
                said = "its API key holds a line break or a character that HTTP cannot send; correct it"
                raise GiveUp(f"{self._who}: {said}", kind="api-key")
        try:
            return self._trusted(request)
        except HTTPError as error:
            raise self._meaning(error, ctx) from None
        except TooLongError:
            said = f"{self._who} answers with more than {MAX_BYTES >> 20} MiB, which is not its API's"
            raise Retry(f"{said}; it is tried again", kind="proxy") from None

    def _meaning(self, error: Exception, ctx: Context) -> Retry | GiveUp:
        if other := shown_fingerprint(error):
            return GiveUp(self._another_certificate(other), kind="https")
        if scheme := protocol_mixed_up(self._url, error, ctx.left()):
            spoken = "plain http" if scheme == "http" else "https"
            return GiveUp(f"{self._who} speaks {spoken} at that port; write {scheme}:// in its URL", kind="https")
        if wants_certificate(self._url, error, ctx.left()):
            return GiveUp(f"{self._who} {CLIENT_CERTIFICATE}", kind="https")
        return failure(error, self._who, self._trust.ca_setting)

    def _another_certificate(self, fingerprint: str) -> str:
        return (
            f"{self._who} shows a certificate with another fingerprint than {self._trust.fingerprint_setting} says; if "
            f"you renewed it there, write the new one: {fingerprint}"
        )

    def _trusted(self, request: Request) -> Answer:
        """Send it; where only the file's own certificate would be trusted, over a connection that trusts that alone."""
        from urllib3.exceptions import HTTPError

        try:
            return self._send(request)
        except HTTPError as error:
            if self._trust.fingerprint or certificate_error(error) is None or not (pinned := self._trust.pinned()):
                raise
            self._pool = self._open(pinned)
            try:
                return self._send(request)  # another fingerprint ends it before anything is sent
            except HTTPError as other:
                self.close()
                if not shown_fingerprint(other):
                    raise
            raise

    def _send(self, request: Request) -> Answer:
        import urllib3

        self._pool = self._pool or self._open(self._trust.fingerprint)
        headers = self.headers | ({"Content-Type": request.kind} if request.kind else {})
        within = urllib3.Timeout(connect=request.within_s[0], read=request.within_s[1])
        found = self._pool.urlopen(
            request.method, self._path + request.path, request.body, headers, timeout=within, preload_content=False
        )
        return Answer(found.status, found.headers, read(found))

    def _open(self, fingerprint: str) -> Any:
        import urllib3

        more: dict[str, Any] = {}
        if self._url.startswith("https:"):
            more = {"cert_reqs": "CERT_NONE", "assert_fingerprint": fingerprint}
            more = more if fingerprint else {"ssl_context": self._trust.context(self._who)}
        # one try, and a redirect is an answer like any other
        pool = urllib3.connection_from_url(self._url, retries=urllib3.Retry(False), **more)
        return bound(in_one_write(pool))
