"""gluetun's control server, 3.39 to today: both port routes, both JSON forms, API key, basic or no authentication."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from handlers.shared.http import address, failure, json_object, refusal, shown, time_outs, unreadable
from handlers.shared.rejected_credentials import Credential
from hooks.handler import Context, GiveUp, rejection_key

_STATUS, _PUBLIC_IP = "/v1/vpn/status", "/v1/publicip/ip"
_PORT, _PORT_BEFORE_3_41 = "/v1/portforward", "/v1/openvpn/portforwarded"
_ROLE = (
    'give /gluetun/auth/config.toml a [[roles]] with routes = ["GET /v1/vpn/status", "PUT /v1/vpn/status", '
    '"GET /v1/portforward", "GET /v1/publicip/ip"] (3.40 and older: "GET /v1/openvpn/portforwarded" instead of the '
    'third) and auth = "apikey", put its apikey into GLUETUN_API_KEY, and restart gluetun'
)


class Control:
    """One conversation; close it. Every call raises Retry or GiveUp."""

    def __init__(self, url: str, container: str, ctx: Context) -> None:
        import requests

        self._url = address(url, "gluetun")
        self.who, self._ctx = f"gluetun at {shown(url)}", ctx
        self._http = requests.Session()
        self._http.trust_env = self._url.startswith("https:")  # no proxy, no .netrc on the way to a neighbour
        self._shown = self._authenticate()
        self._credential = Credential(rejection_key("gluetun", shown(url)), self._shown[1], container)
        self._credential.check(ctx)

    def __enter__(self) -> Control:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def status(self) -> str:
        """starting, running, stopping, stopped, crashed or completed. `running` does not mean that the tunnel is up."""
        return self._word(self._read(self._send("GET", _STATUS), f"GET {_STATUS}"), "status")

    def bring(self, status: str) -> str:
        """Ask for `running` or `stopped`. The outcome: that word, `crashed`, or `already` and the status it has."""
        answer = self._send("PUT", _STATUS, {"status": status})
        return self._word(self._read(answer, f"PUT {_STATUS}"), "outcome")

    def public_ip(self) -> str:
        """The address that the world sees, "" while the tunnel is down."""
        return self.exit()[0]

    def exit(self) -> tuple[str, str]:
        """The address that the world sees and the country that it is in, both "" while the tunnel is down."""
        body = self._read(self._send("GET", _PUBLIC_IP), f"GET {_PUBLIC_IP}")
        return str(body.get("public_ip") or ""), str(body.get("country") or "")

    def port(self) -> int:
        """The (first) forwarded port, 0 for none."""
        answer = self._send("GET", _PORT)
        if answer.status_code in (401, 404, 405):  # 3.40 has another route, and calls an unknown one unauthorized
            older = self._send("GET", _PORT_BEFORE_3_41)
            # 301 is 3.41's pointer back to the first route: so that one is there, and its answer stands
            answer = answer if older.status_code == 301 else older
        body = self._read(answer, f"GET {_PORT}")
        try:
            return int(body.get("port") or (body.get("ports") or [0])[0])
        except (TypeError, ValueError, KeyError):
            raise unreadable(self.who) from None

    def _authenticate(self) -> tuple[str, str]:
        """Set what we show; answers (what it is called, what it is)."""
        key = self._ctx.secret("GLUETUN_API_KEY")
        password = self._ctx.secret("GLUETUN_PASSWORD")
        if key:
            self._http.headers["X-API-Key"] = key
            return "GLUETUN_API_KEY", key
        if password:
            user = self._ctx.settings.gluetun_username
            self._http.auth = (user, password)
            return "GLUETUN_USERNAME and GLUETUN_PASSWORD", f"{user}\0{password}"
        return "", ""

    def _send(self, method: str, path: str, body: Mapping[str, str] | None = None) -> Any:
        import requests

        try:
            return self._http.request(
                method, self._url + path, json=body, timeout=time_outs(self._ctx, self.who), allow_redirects=False
            )
        except requests.RequestException as error:
            raise failure(error, self.who) from None

    def _read(self, answer: Any, route: str) -> dict[str, Any]:
        if answer.status_code == 401:
            raise self._unauthorized(route)
        if answer.status_code >= 300:
            raise refusal(answer.status_code, answer.headers, f"{self.who} ({route})", self._ctx.now())
        return json_object(answer, self.who)

    def _word(self, body: dict[str, Any], name: str) -> str:
        word = body.get(name)
        if not isinstance(word, str):  # something else lives at this address
            raise unreadable(self.who)
        return word

    def _unauthorized(self, route: str) -> GiveUp:
        name = self._shown[0]
        why = f"does not allow it to what {name} says" if name else "allows it to nobody without a key"
        return self._credential.reject(
            self._ctx,
            f"{self.who} answers 401 to {route}: it {why}; {_ROLE}. It is tried again when the key changes, when "
            "gluetun's container restarts, or on `gluehook retry`",
        )
