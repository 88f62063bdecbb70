"""gluetun's control server, 3.39 to today: both port routes, both JSON forms, API key, basic or no authentication."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from handlers.shared.http import address, refusal, shown, time_outs, unreadable
from handlers.shared.http_connection import Connection, Request, basic, split_userinfo
from handlers.shared.rejected_credentials import Credential
from handlers.shared.trust import Trust
from handlers.shared.who_answered import Answer, Target, is_gluetun, not_an_api, read_json, refusal_of_another
from hooks.handler import Context, GiveUp, Retry, rejection_key
from hooks.pairs.model import Access, Gluetun
from hooks.pairs.where_set import key_setting, login_setting, url_setting

_STATUS, _PUBLIC_IP = "/v1/vpn/status", "/v1/publicip/ip"
_PORT, _PORT_BEFORE_3_41 = "/v1/portforward", "/v1/openvpn/portforwarded"
_STATUSES = frozenset({"starting", "running", "stopping", "stopped", "crashed", "completed"})
_PORT_S = 3.0
_ROLE = (
    'give /gluetun/auth/config.toml a [[roles]] with routes = ["GET /v1/vpn/status", "PUT /v1/vpn/status", '
    '"GET /v1/portforward", "GET /v1/publicip/ip"] (3.40 and older: "GET /v1/openvpn/portforwarded" instead of the '
    'third) and auth = "apikey", put its apikey into {key}, and restart gluetun'
)


class Control:
    """One conversation; close it. Every call raises Retry or GiveUp.

    `kept` is an earlier one, whose connection is used again if it is to the same server with the same login.
    """

    def __init__(self, url: str, container: str, ctx: Context, *, kept: Control | None = None) -> None:
        url = address(url, "gluetun")
        self.who, self._ctx = f"gluetun at {shown(url)}", ctx
        of_url = split_userinfo(url)[1]
        known = ctx.pairs.gluetun(container)
        settings = ctx.settings
        of_settings = Access(
            url, settings.gluetun_username, "GLUETUN_PASSWORD", "GLUETUN_API_KEY", settings.gluetun_ca_file,
            settings.gluetun_fingerprint,
        )  # fmt: skip
        self._one = known or Gluetun(container, of_settings)
        self._access = self._one.access
        headers, self._shown, proof = self._authenticate(of_url)
        signed_in = bool(of_url) or "Authorization" in headers
        self._target = Target("gluetun", self.who, url_setting(self._one), signed_in, self._shown)
        self._credential = Credential(rejection_key("gluetun", shown(url)), proof, container)
        self._credential.check(ctx)
        access = self._access
        trust = Trust.of("GLUETUN", access.ca_file, access.fingerprint, access.trusted_in)
        self._place = (url, headers, trust)
        self._http: Connection
        if kept and kept._place == self._place:
            self._http = kept._http
        else:
            if kept:
                kept._http.close()
            self._http = Connection(url, self.who, trust, headers)

    def __enter__(self) -> Control:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def status(self) -> str:
        """starting, running, stopping, stopped, crashed or completed. `running` does not mean that the tunnel is up."""
        word = self._word(self._read(self._send("GET", _STATUS), f"GET {_STATUS}"), "status")
        if word not in _STATUSES:  # many a program says {"status": "ok"}, which would count as a VPN that is down
            raise unreadable(self.who)
        return word

    def bring(self, status: str) -> str:
        """Ask for `running` or `stopped`. The outcome: that word, `crashed`, or `already` and the status it has."""
        answer = self._send("PUT", _STATUS, {"status": status})
        return self._word(self._read(answer, f"PUT {_STATUS}"), "outcome")

    def public_ip(self) -> str:
        """The address that the world sees, "" while the tunnel is down."""
        return self.exit()[0]

    def exit(self, longest_s: float = math.inf) -> tuple[str, str]:
        """The address that the world sees and the country that it is in, both "" while the tunnel is down."""
        body = self._read(self._send("GET", _PUBLIC_IP, longest_s=longest_s), f"GET {_PUBLIC_IP}")
        if not isinstance(body.get("public_ip"), str):
            raise unreadable(self.who)
        return body["public_ip"], str(body.get("country") or "")

    def port(self) -> int:
        """The (first) forwarded port, 0 for none. Raises Retry as `ports` does."""
        return next(iter(self.ports()), 0)

    def ports(self) -> tuple[int, ...]:
        """The forwarded ports.

        Raises Retry after 3 s: gluetun holds this answer, and no other, while its UP or DOWN command runs.
        """
        answer = self._send_for_port(_PORT)
        if answer.status in (401, 404, 405) and is_gluetun(answer):  # 3.40 has another route, and calls an unknown
            older = self._send_for_port(_PORT_BEFORE_3_41)  # one unauthorized
            # 301 is 3.41's pointer back to the first route: so that one is there, and its answer stands
            answer = answer if older.status == 301 else older
        body = self._read(answer, f"GET {_PORT}")
        found = body.get("ports") or [body.get("port") or 0]
        if (
            not body.keys() & {"port", "ports"}
            or not isinstance(found, list)
            or not all(type(one) is int and 0 <= one <= 65535 for one in found)
        ):
            raise unreadable(self.who)
        return tuple(dict.fromkeys(one for one in found if one))

    def _authenticate(self, of_url: str) -> tuple[dict[str, str], str, str]:
        """What we show: its headers, what it is called, and what it is."""
        access = self._access
        key = self._ctx.secret(access.api_key) if access.api_key else None
        password = self._ctx.secret(access.password) if access.password else None
        if key:
            return {"X-API-Key": key}, access.api_key, f"{key}\0{of_url}" if of_url else key
        if password and of_url:
            raise GiveUp(
                f"{self.who}: its URL has a user and a password, and {access.password} is set, too: both would be sent "
                "in one header; take one of them out, or sign in with a key instead of a password"
            )
        if password:
            user, own = access.username, access.password == "GLUETUN_PASSWORD"  # noqa: S105 - the name of a secret
            return (
                {"Authorization": basic(f"{user}:{password}")},
                "GLUETUN_USERNAME and GLUETUN_PASSWORD" if own else f"{user} and {access.password}",
                f"{user}\0{password}",
            )
        return {}, url_setting(self._one) if of_url else "", of_url

    def _send_for_port(self, path: str) -> Answer:
        try:
            return self._send("GET", path, longest_s=_PORT_S)
        except Retry as why:
            if why.kind != "late":
                raise
            said = f"{self.who} does not answer GET {path} in time, as while its UP or DOWN command runs"
            raise Retry(f"{said}; it is tried again", kind="late") from None

    def _send(
        self, method: str, path: str, body: Mapping[str, str] | None = None, *, longest_s: float = math.inf
    ) -> Answer:
        connect_s, read_s = time_outs(self._ctx, self.who)
        text = (json.dumps(body), "application/json") if body else (None, "")
        return self._http.send(self._ctx, Request(method, path, (connect_s, min(read_s, longest_s)), *text))

    def _read(self, answer: Answer, route: str) -> dict[str, Any]:
        if answer.status >= 300:
            raise self._refusal(answer, route)
        body = read_json(answer, self.who)
        if not isinstance(body, dict):
            raise not_an_api(answer, self.who)
        return body

    def _refusal(self, answer: Answer, route: str) -> Retry | GiveUp:
        if not is_gluetun(answer):
            error = refusal_of_another(answer, self._target, self._ctx.now())
            known = isinstance(error, GiveUp) and error.kind == "proxy-login" and self._target.signed_in
            return self._credential.reject(self._ctx, error.said, kind="proxy-login") if known else error
        if answer.status == 401:
            return self._unauthorized(answer, route)
        return refusal(answer.status, answer.headers, f"{self.who} ({route})", self._ctx.now())

    def _word(self, body: dict[str, Any], name: str) -> str:
        word = body.get(name)
        if not isinstance(word, str):  # something else lives at this address
            raise unreadable(self.who)
        return word

    def _unauthorized(self, answer: Answer, route: str) -> GiveUp:
        name = self._shown
        why = f"does not allow it to what {name} says" if name else "allows it to nobody without a key"
        cure = _ROLE.replace("{key}", key_setting(self._one))
        if "WWW-Authenticate" in answer.headers:  # gluetun asks so where a role wants basic and is shown none
            login, key = login_setting(self._one, "and"), self._access.api_key or "GLUETUN_API_KEY"
            cure = f'its role has auth = "basic", so set {login}, and no {key}'
        return self._credential.reject(
            self._ctx,
            f"{self.who} answers 401 to {route}: it {why}; {cure}. It is tried again when the key changes, when "
            "gluetun's container restarts, or on `gluehook retry`",
            kind="closed",
        )
