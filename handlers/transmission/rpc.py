"""Transmission's RPC over HTTP, 3.00 to 4.1: a kept connection, the session id, and what its refusals mean.

What 3.00 and 4.1 answer is recorded in tests/samples/transmission. The names with hyphens ("peer-port") are those of
all versions; 5.0 is announced to drop them.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from handlers.shared.desired_port import read_secret, who
from handlers.shared.http import refusal, shown, time_outs, unreadable
from handlers.shared.http_connection import Connection, Request, basic, split_userinfo
from handlers.shared.rejected_credentials import Credential
from handlers.shared.trust import Trust
from handlers.shared.who_answered import Answer, Target, is_transmission, not_an_api, read_json, refusal_of_another
from hooks.handler import Context, GiveUp, Retry, rejection_key
from hooks.pairs.model import Client
from hooks.pairs.where_set import login_setting, url_setting

_SESSION_ID = "X-Transmission-Session-Id"
_RPC = "/transmission/rpc"
_AGAIN = "it is tried again when they change, when Transmission's container restarts, or on `gluehook retry`"


def rpc_url(url: str) -> str:
    """Where the RPC is: a URL without a path means its default, and one of the web page means the RPC beside it."""
    path = urlsplit(url).path.rstrip("/")
    if path.endswith("/rpc"):
        return url
    base = url.removesuffix(path)
    return base + (path.removesuffix("/web") + "/rpc" if path else _RPC)


@dataclass(frozen=True, slots=True)
class Login:
    """User and password, `USER:PASSWORD`, from the URL or from the settings; "" for none."""

    userinfo: str = field(repr=False)
    settings: str  # the variables that hold them
    trust: Trust


class Sessions:
    """One kept connection for each client, made anew when its address or its login changes."""

    def __init__(self) -> None:
        self._warm: dict[str, tuple[str, Login, Rpc]] = {}

    def of(self, client: Client, ctx: Context) -> Rpc:
        """The RPC of this client. Raises GiveUp while our login stands rejected there."""
        login, url = _login(client, ctx), client.url
        credential = Credential(rejection_key("transmission", shown(url)), login.userinfo, client.name)
        credential.check(ctx)
        known = self._warm.get(client.name)
        if known is None or known[:2] != (url, login):
            known = self._warm[client.name] = (url, login, Rpc(client, login, credential))
        return known[2]


def _login(client: Client, ctx: Context) -> Login:
    access = client.access
    of_url, password = split_userinfo(access.url)[1], read_secret(access.password, ctx)
    if of_url and password:
        raise GiveUp(
            f"{who(client)}: its URL has a user and a password, and {access.password} is set, too: both would be sent "
            "in one header; take one of them out"
        )
    trust = Trust.of("TRANSMISSION", access.ca_file, access.fingerprint, access.trusted_in)
    if not password:
        return Login(of_url, url_setting(client), trust)
    return Login(f"{access.username}:{password}", login_setting(client), trust)


class Rpc:
    """One Transmission, as one user. Every method raises Retry or GiveUp."""

    def __init__(self, client: Client, login: Login, credential: Credential) -> None:
        url, self.who = client.url, who(client)
        self._login, self._credential, self._wants = login, credential, login_setting(client, "and")
        self._target = Target("Transmission", self.who, url_setting(client), bool(login.userinfo), login.settings)
        shows = {"Authorization": basic(login.userinfo)} if login.userinfo else {}
        self._host, self._path = urlsplit(url).hostname or "", urlsplit(rpc_url(url)).path
        self._connection = Connection(rpc_url(url), self.who, login.trust, shows)

    def settings(self, ctx: Context, *names: str) -> dict[str, Any]:
        """These of its settings. Versions before 3.00 answer all of them."""
        found = self._call(ctx, "session-get", fields=list(names))
        if not all(name in found for name in names):
            raise unreadable(self.who)
        return {name: found[name] for name in names}

    def set_settings(self, ctx: Context, settings: dict[str, Any]) -> None:
        """Set these and leave the others. Transmission checks nothing: read back."""
        self._call(ctx, "session-set", **settings)

    def reannounce(self, ctx: Context) -> None:
        """Tell all trackers where we listen."""
        self._call(ctx, "torrent-reannounce")

    def _call(self, ctx: Context, method: str, **arguments: Any) -> dict[str, Any]:
        body = json.dumps({"method": method, "arguments": arguments})
        answer = self._send(ctx, body)
        if answer.status == 409 and (session_id := answer.headers.get(_SESSION_ID)):
            self._connection.headers[_SESSION_ID] = session_id  # it says its own, a new one every hour
            answer = self._send(ctx, body)
        if answer.status >= 300:
            raise self._refused(answer, ctx)
        found = read_json(answer, self.who)
        if not isinstance(found, dict) or "result" not in found:
            raise not_an_api(answer, self.who)
        if found["result"] != "success":  # its arguments may be a 0 then
            raise Retry(f"{self.who} answers {method} with {str(found['result'])[:100]!r}; it is tried again")
        arguments = found.get("arguments", {})
        if not isinstance(arguments, dict):
            raise unreadable(self.who)
        return arguments

    def _send(self, ctx: Context, body: str) -> Answer:
        within_s = time_outs(ctx, self.who)
        return self._connection.send(ctx, Request("POST", "", within_s, body, "application/json"))

    def _refused(self, answer: Answer, ctx: Context) -> Retry | GiveUp:
        if answer.status == 409 or not is_transmission(answer):
            return self._of_another(answer, ctx)
        if answer.status == 401:
            return self._unauthorized(ctx)
        if answer.status == 403:
            return self._forbidden(answer, ctx)
        if answer.status == 421:
            return GiveUp(
                f"{self.who} answers 421: its host whitelist lacks {self._host}; add that to rpc-host-whitelist in its "
                "settings.json while it is stopped, or let it want a password, because then any name is allowed",
                kind="host",
            )
        if answer.status in (301, 404):
            return GiveUp(f"{self.who} answers {answer.status} to {self._path}: {self._elsewhere(answer)}")
        return refusal(answer.status, answer.headers, self.who, ctx.now())

    def _elsewhere(self, answer: Answer) -> str:
        web = answer.headers.get("Location", "")  # such as /transmission/web/, which lies beside its RPC
        if answer.status == 301 and re.fullmatch(r"/[\w./-]{0,100}/web/", web):
            return f"its RPC is at {web.removesuffix('web/')}rpc; write that path in {self._target.setting}"
        return f"its RPC is not there; write its rpc-url, with rpc at the end, in {self._target.setting}"

    def _unauthorized(self, ctx: Context) -> GiveUp:
        if not self._login.userinfo:
            said = f"{self.who} wants a login and none is set; set {self._wants}"
            # remembered, because it counts as a wrong one there
            return self._credential.reject(ctx, f"{said}: {_AGAIN}", kind="no-login")
        said = f"{self.who} rejects the user and the password; correct {self._login.settings}: {_AGAIN}"
        return self._credential.reject(ctx, said, kind="password")

    def _forbidden(self, answer: Answer, ctx: Context) -> GiveUp:
        banned = f"{self.who} answers 403: it has locked everybody out after too many wrong logins; restart it"
        address_refused = (
            "its whitelist lacks gluehook's address; add that to rpc-whitelist in its settings.json while it is "
            "stopped, or set rpc-whitelist-enabled to false there"
        )
        if "unsuccessful login" in answer.text:
            return self._credential.reject(ctx, f"{banned}; {_AGAIN}", kind="banned")
        if "IP" in answer.text:  # 3.00 names its reason, 4.x sends the bare status for both
            return GiveUp(f"{self.who} answers 403: {address_refused}", kind="address")
        said = f"{self.who} answers 403: {address_refused}; or too many wrong logins have locked it, then restart it"
        return GiveUp(said, kind="address")

    def _of_another(self, answer: Answer, ctx: Context) -> Retry | GiveUp:
        if answer.status == 409:
            return GiveUp(
                f"{self.who} does not take the {_SESSION_ID} that it has named itself; let the proxy before it pass "
                "that header on in both directions",
                kind="proxy",
            )
        error = refusal_of_another(answer, self._target, ctx.now())
        if isinstance(error, GiveUp) and error.kind == "proxy-login" and self._login.userinfo:
            return self._credential.reject(ctx, error.said, kind=error.kind)
        return error
