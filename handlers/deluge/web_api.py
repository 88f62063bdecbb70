"""Deluge's Web UI (deluge-web) over JSON-RPC: a warm session, and its connection to the daemon.

It answers 200 to every call; error 1 is "Not authenticated" (json_api.py of Deluge 2). A Web UI that is not connected
to its daemon does not know the daemon's methods, or never answers them where it was connected before (2.0.3 and 2.2.0,
recorded in tests/samples/deluge). So each conversation asks first whether it is. If not, it is connected to its daemon,
as an owner would do in its Connection Manager; that answers without an error also where it fails.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from handlers.shared.desired_port import read_secret, who
from handlers.shared.http import shown, time_outs, unreadable
from handlers.shared.http_connection import Connection, Request, split_userinfo
from handlers.shared.rejected_credentials import Credential
from handlers.shared.trust import Trust
from handlers.shared.who_answered import Target, not_an_api, read_json, refusal_of_another
from hooks.handler import Context, GiveUp, Retry, rejection_key
from hooks.pairs.model import Client
from hooks.pairs.where_set import password_setting, url_setting

_NOT_AUTHENTICATED = 1
_LONGEST_CHARS = 100  # of a message of Deluge's


class _Error(Exception):
    """An answer with an error in it."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message[:_LONGEST_CHARS]


class NotConnected(Retry):
    """The Web UI is connected to no daemon; `connect` mends that."""


@dataclass(frozen=True, slots=True)
class Login:
    """The Web UI's password, and `USER:PASSWORD` of the URL, which a proxy may want; "" for none."""

    password: str = field(repr=False)
    of_url: str = field(repr=False)
    trust: Trust


class Sessions:
    """One warm session for each client, made anew when its address or its login changes."""

    def __init__(self) -> None:
        self._warm: dict[str, tuple[str, Login, WebUi]] = {}

    def of(self, client: Client, ctx: Context) -> WebUi:
        """The session with this Web UI. Raises GiveUp while our password stands rejected there."""
        url, access = client.url, client.access
        password = read_secret(access.password, ctx)
        trust = Trust.of("DELUGE", access.ca_file, access.fingerprint, access.trusted_in)
        login = Login(password, split_userinfo(url)[1], trust)
        proof = f"{password}\0{login.of_url}" if login.of_url else password
        credential = Credential(rejection_key("deluge", shown(url)), proof, client.name)
        credential.check(ctx)
        known = self._warm.get(client.name)
        if known is None or known[:2] != (url, login):
            known = self._warm[client.name] = (url, login, WebUi(client, login, credential))
        return known[2]


class WebUi:
    """One Web UI and its daemon. Every method raises Retry or GiveUp."""

    def __init__(self, client: Client, login: Login, credential: Credential) -> None:
        self.who, self._login, self._credential = who(client), login, credential
        self._target = Target("Deluge", self.who, url_setting(client), bool(login.of_url))
        self._secret = password_setting(client)
        self._connection = Connection(client.url, self.who, login.trust)

    def config(self, ctx: Context, *names: str) -> dict[str, Any]:
        """These values of the daemon's configuration. Raises NotConnected, too. The first call of a conversation."""
        if not self._call(ctx, "web.connected"):
            raise NotConnected(f"{self.who} is not connected to a daemon; it is tried again")
        found = self._call(ctx, "core.get_config_values", list(names))
        if not isinstance(found, dict) or not all(name in found for name in names):
            raise unreadable(self.who)
        return found

    def set_config(self, ctx: Context, values: dict[str, Any]) -> None:
        """Set these and leave the others. Deluge checks nothing: read back."""
        self._call(ctx, "core.set_config", values)

    def listen_port(self, ctx: Context) -> int:
        """The port on which it really listens, 0 for none. A socket on a tun0 that is gone counts, too."""
        found = self._call(ctx, "core.get_listen_port")
        if not isinstance(found, int):
            raise unreadable(self.who)
        return found

    def reannounce(self, ctx: Context) -> bool:
        """Tell all trackers where we listen. False where that cannot be done: the port is set, whatever comes of it."""
        try:
            self._call(ctx, "core.force_reannounce", self._call(ctx, "core.get_session_state"))
        except (Retry, GiveUp):
            return False
        return True

    def connect(self, ctx: Context) -> str:
        """Connect the Web UI to its one daemon that runs. Returns the daemon's address."""
        hosts = self._call(ctx, "web.get_hosts")
        if not isinstance(hosts, list) or not all(isinstance(host, list) and len(host) > 2 for host in hosts):
            raise unreadable(self.who)
        up = [host for host in hosts if self._runs(ctx, host)]
        if not hosts:
            raise GiveUp(f"{self.who} knows no daemon; add one in its Connection Manager", kind="daemon")
        if not up:
            which = "its daemon at" if len(hosts) == 1 else "none of its daemons at"
            verb = "does not run" if len(hosts) == 1 else "runs"
            raise Retry(f"{self.who} is not connected, and {which} {_named(hosts)} {verb}; it is tried again")
        if len(up) > 1:
            raise GiveUp(
                f"{self.who} is not connected, and its daemons at {_named(up)} run; connect it to one of them in its "
                "Connection Manager, and set default_daemon in its web.conf so that it stays so",
                kind="daemon",
            )
        self._call(ctx, "web.connect", up[0][0])
        if not self._call(ctx, "web.connected"):
            raise Retry(f"{self.who} cannot be connected to its daemon at {_named(up)}; it is tried again")
        return _named(up)

    def _runs(self, ctx: Context, host: Sequence[Any]) -> bool:
        status = self._call(ctx, "web.get_host_status", host[0])
        return isinstance(status, list) and len(status) > 1 and status[1] in ("Online", "Connected")

    def _call(self, ctx: Context, method: str, *params: Any) -> Any:
        try:
            try:
                return self._send(ctx, method, params)
            except _Error as error:
                if error.code != _NOT_AUTHENTICATED:
                    raise
            self._log_in(ctx)
            return self._send(ctx, method, params)
        except _Error as error:
            raise Retry(f"{self.who} answers {method} with {error.message!r}; it is tried again") from None

    def _log_in(self, ctx: Context) -> None:
        if not self._login.password:
            raise GiveUp(f"{self.who} wants a password and none is set; set {self._secret}", kind="no-login")
        if self._send(ctx, "auth.login", (self._login.password,)) is not True:
            raise self._credential.reject(
                ctx,
                f"{self.who} rejects the password; correct {self._secret}: it is tried again when that changes, when "
                "Deluge's container restarts, or on `gluehook retry`",
                kind="password",
            )

    def _send(self, ctx: Context, method: str, params: Sequence[Any]) -> Any:
        body = json.dumps({"method": method, "params": list(params), "id": 1})
        request = Request("POST", "/json", time_outs(ctx, self.who), body, "application/json")
        answer = self._connection.send(ctx, request)
        if answer.status >= 300:
            error = refusal_of_another(answer, self._target, ctx.now())
            known = isinstance(error, GiveUp) and error.kind == "proxy-login" and self._login.of_url
            raise self._credential.reject(ctx, error.said, kind="proxy-login") if known else error
        found = read_json(answer, self.who)
        if not isinstance(found, dict) or "result" not in found or "error" not in found:
            raise not_an_api(answer, self.who)
        self._connection.keep_cookies(answer)
        if isinstance(error := found["error"], dict):
            raise _Error(error.get("code", 0), str(error.get("message", "")))
        return found["result"]


def _named(hosts: Sequence[Sequence[Any]]) -> str:
    return " and ".join(f"{host[1]}:{host[2]}" for host in hosts)
