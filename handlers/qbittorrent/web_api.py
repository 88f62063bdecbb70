"""A warm session with qBittorrent's Web API, 4.1 to 5.2: at most one login, and no call but those of its methods.

A login costs 54 ms and a warm call under 2, so the session is kept. Every call is tried without a login
first: that finds a whitelisted address, a live session and a wrong Host header (401) before any password is shown.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

from handlers.qbittorrent.client import Login, Refused, lean_client
from handlers.shared.desired_port import read_secret, who
from handlers.shared.http import refusal, shown, time_outs, unreadable
from handlers.shared.http_connection import split_userinfo
from handlers.shared.rejected_credentials import Credential
from handlers.shared.trust import Trust
from handlers.shared.who_answered import Answer, Target, is_ban, not_an_api, refusal_of_another
from hooks.handler import Context, GiveUp, Retry, rejection_key
from hooks.pairs.model import Client
from hooks.pairs.where_set import key_setting, login_setting, password_setting, url_setting

T = TypeVar("T")
_BAN_S = 3600.0  # qBittorrent's default, until its preferences say another


class Sessions:
    """One warm session for each client, made anew when its address or its login changes."""

    def __init__(self) -> None:
        self._warm: dict[str, tuple[str, Login, Session]] = {}

    def of(self, client: Client, ctx: Context) -> Session:
        """The session with this Web UI. Raises GiveUp while our credential stands rejected there."""
        url, access = client.url, client.access
        password, key = read_secret(access.password, ctx), read_secret(access.api_key, ctx)
        login = Login(
            access.username,
            password,
            key,
            split_userinfo(url)[1],
            Trust.of("QBITTORRENT", access.ca_file, access.fingerprint, access.trusted_in),
        )
        credential = Credential(rejection_key("qbittorrent", shown(url)), login.proof, client.name)
        credential.check(ctx)
        known = self._warm.get(client.name)
        if known is None or known[:2] != (url, login):
            known = self._warm[client.name] = (url, login, Session(client, login, credential))
        return known[2]


class Session:
    """One qBittorrent, as one user. Every method raises Retry or GiveUp."""

    def __init__(self, client: Client, login: Login, credential: Credential) -> None:
        self.who, self._login, self._credential, self._one = who(client), login, credential, client
        if login.of_url and login.api_key:
            raise GiveUp(
                f"{self.who}: its URL has a user and a password, and {client.access.api_key} is set, too: both would "
                "be sent in one header; set a user and a password of its own instead of the key"
            )
        self._target = Target("qBittorrent", self.who, url_setting(client), bool(login.of_url))
        self._client = lean_client(client.url, self.who, login)
        self._ban_s = _BAN_S

    def preferences(self, ctx: Context) -> dict[str, Any]:
        """All preferences."""
        found = self._call(ctx, self._client.app_preferences)
        if not isinstance(found, dict) or not isinstance(found.get("listen_port"), int):
            raise unreadable(self.who)
        self._ban_s = float(found.get("web_ui_ban_duration") or _BAN_S)
        return found

    def set_preferences(self, ctx: Context, **preferences: Any) -> None:
        """Set these and leave the others. qBittorrent checks nothing: read back."""
        self._call(ctx, lambda **more: self._client.app_set_preferences(preferences, **more))

    def reannounce(self, ctx: Context) -> bool:
        """Tell all trackers where we listen. False before 4.1.2, which does not know this call."""
        try:
            self._call(ctx, lambda **more: self._client.torrents_reannounce("all", **more), absent_is_fine=True)
        except Refused:
            return False
        return True

    def connection_status(self, ctx: Context) -> str:
        """ "connected" (a peer came in), "firewalled" or "disconnected"; "unknown" where that cannot be read."""
        try:
            found = self._call(ctx, self._client.transfer_info)
        except (Retry, GiveUp):  # the port is set: what only tells must not undo that
            return "unknown"
        return str(found.get("connection_status", "unknown")) if isinstance(found, dict) else "unknown"

    def has_peers(self, ctx: Context) -> bool:
        """Whether it is connected to a peer, in any torrent."""
        for what in ("num_seeds", "num_leechs"):
            asked = {"sort": what, "reverse": "true", "limit": "1"}  # a server may have thousands of torrents
            answer = self._call(
                ctx, lambda asked=asked, **more: self._client._get("torrents", "info", params=asked, **more)
            )
            try:
                if any(int(one.get(what) or 0) > 0 for one in answer.json()):
                    return True
            except (ValueError, TypeError, AttributeError):
                raise unreadable(self.who) from None
        return False

    def interfaces(self, ctx: Context) -> list[str] | None:
        """The network interfaces that have an address, as qBittorrent sees them; None before 4.2."""
        try:
            found = self._call(ctx, self._client.app_network_interface_list, absent_is_fine=True)
        except Refused:
            return None
        return [str(one.get("value")) for one in found if isinstance(one, dict)]

    def addresses(self, ctx: Context, interface: str) -> list[str]:
        """The addresses of an interface, as qBittorrent sees them."""
        # by GET: the library's own method sends a POST, and status and doctor promise GETs only
        asked = {"iface": interface}
        answer = self._call(
            ctx, lambda **more: self._client._get("app", "networkInterfaceAddressList", params=asked, **more)
        )
        try:
            return [str(one) for one in answer.json()]
        except (ValueError, TypeError):
            raise unreadable(self.who) from None

    def _call(self, ctx: Context, ask: Callable[..., T], *, absent_is_fine: bool = False) -> T:
        try:
            try:
                return self._try(ctx, ask)
            except Refused as no:
                if not no.is_own or no.answer.status != 403 or self._login.api_key:
                    raise
            self._log_in(ctx)
            return self._try(ctx, ask)
        except Refused as no:
            if absent_is_fine and no.is_own and no.answer.status == 404:
                raise
            raise self._meaning(no, ctx) from None

    def _try(self, ctx: Context, ask: Callable[..., T]) -> T:
        from qbittorrentapi.exceptions import APIError

        try:
            return ask(requests_args={"timeout": time_outs(ctx, self.who), "ctx": ctx})
        except APIError:  # the library could not read the answer
            raise not_an_api(self._client.last, self.who) from None

    def _log_in(self, ctx: Context) -> None:
        if not self._login.password:
            raise GiveUp(
                f"{self.who} wants a login and none is set; set {password_setting(self._one)} (or from 5.2 on "
                f"{key_setting(self._one)}), or whitelist our address in its Web UI options",
                kind="no-login",
            )
        # the library's auth_log_in would hide whether the password is wrong (401) or our address is banned (403)
        form = {"username": self._login.username, "password": self._login.password}
        try:
            answer = self._try(ctx, lambda **more: self._client._post("auth", "login", data=form, **more))
        except Refused as no:
            raise self._not_let_in(no, ctx) from None
        if answer.text == "Fails.":  # 4.1 to 5.1 say it with 200
            raise self._wrong_password(ctx)
        if answer.text not in ("", "Ok."):  # 5.2 answers 204
            raise not_an_api(self._client.last, self.who)

    def _not_let_in(self, no: Refused, ctx: Context) -> Retry | GiveUp:
        # A Host header that qBittorrent dislikes answers 401 to any call, so it would not have got this far.
        wrong = no.is_own and no.answer.status == 401
        return self._wrong_password(ctx) if wrong else self._meaning(no, ctx)

    def _wrong_password(self, ctx: Context) -> GiveUp:
        return self._credential.reject(
            ctx,
            f"{self.who} rejects the password of {self._login.username!r}; correct {login_setting(self._one)}"
            ": it is tried again when that changes, when qBittorrent's container restarts, "
            "or on `gluehook retry`",
            kind="password",
        )

    def _banned(self, ctx: Context) -> GiveUp:
        until_s = ctx.now() + self._ban_s
        clock = datetime.fromtimestamp(math.ceil(until_s), UTC).strftime("%H:%M:%S UTC")
        return self._credential.reject(
            ctx,
            f"{self.who} has banned our address for {self._ban_s:.0f} s after too many wrong logins (ours or those of "
            f"somebody behind the same address); it is tried again after {clock}, when qBittorrent's container "
            "restarts, or on `gluehook retry`",
            kind="banned",
            until_s=until_s,
        )

    def _meaning(self, no: Refused, ctx: Context) -> Retry | GiveUp:
        answer = no.answer
        if not no.is_own:
            return self._of_another(answer, ctx)
        if is_ban(answer):  # the password of the URL is judged at any call (5.2)
            return self._banned(ctx)
        if answer.status == 401:
            return self._unauthorized(ctx)
        if answer.status == 403 and self._login.api_key:
            return self._credential.reject(
                ctx,
                f"{self.who} rejects the API key (keys need 5.2 or newer); correct {key_setting(self._one)}, or "
                "remove it and set a password: it is tried again when that changes, when qBittorrent's container "
                "restarts, or on `gluehook retry`",
                kind="api-key",
            )
        return refusal(answer.status, answer.headers, self.who, ctx.now())

    def _unauthorized(self, ctx: Context) -> GiveUp:
        if self._login.of_url:  # each wrong one counts there as a failed login
            return self._credential.reject(
                ctx,
                f"{self.who} answers 401 itself: it rejects the user and the password of {url_setting(self._one)} (5.2 "
                "and newer take them for a login), or its Host-header validation refuses that address; let the proxy "
                "not pass the Authorization header on, or write qBittorrent's own user and password there. It is tried "
                "again when they change, when qBittorrent's container restarts, or on `gluehook retry`",
                kind="password",
            )
        return GiveUp(
            f"{self.who} answers 401 before any login: its Host-header validation refuses the name or the port of "
            "that address; publish the Web UI's port unchanged (WEBUI_PORT=8181 with 8181:8181), or add the name "
            "to its Server domains (WebUI\\ServerDomains)",
            kind="host",
        )

    def _of_another(self, answer: Answer, ctx: Context) -> Retry | GiveUp:
        error = refusal_of_another(answer, self._target, ctx.now())
        if isinstance(error, GiveUp) and error.kind == "proxy-login" and self._login.of_url:
            return self._credential.reject(ctx, error.said, kind=error.kind)
        return error
