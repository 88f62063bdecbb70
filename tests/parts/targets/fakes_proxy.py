"""A reverse proxy before a fake: it wants a login of its own, refuses, or passes a request on."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from tests.parts.targets.fakes_http import Answer, Ask

_HTML = {"Content-Type": "text/html", "Server": "nginx/1.25.3"}
WANTS_LOGIN = Answer(
    401, "<html>401 Authorization Required</html>", {**_HTML, "WWW-Authenticate": 'Basic realm="home"'}
)
# What the well-known ones say to a request that they refuse, by their sources and documentation.
REFUSALS = {
    "nginx 403": Answer(403, "<html><h1>403 Forbidden</h1></html>", _HTML),
    "traefik 403": Answer(403, "Forbidden", {"Content-Type": "text/plain; charset=utf-8"}),
    "go 403": Answer(403, "Forbidden\n", {
        "Content-Type": "text/plain; charset=utf-8", "X-Content-Type-Options": "nosniff",
    }),
    "traefik 403 with security headers": Answer(403, "Forbidden", {
        "Content-Type": "text/plain; charset=utf-8", "X-XSS-Protection": "1; mode=block",
        "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
    }),
    "cloudflare 403": Answer(403, "error code: 1020", {
        "Content-Type": "text/plain; charset=UTF-8", "Server": "cloudflare", "Referrer-Policy": "same-origin",
        "X-Frame-Options": "SAMEORIGIN",
    }),
    "spring 403": Answer(403, "Access Denied", {
        "Content-Type": "text/plain;charset=UTF-8", "X-XSS-Protection": "1; mode=block",
        "X-Content-Type-Options": "nosniff",
    }),
    "caddy 403": Answer(403, "", {"Server": "Caddy"}),
    "json 403": Answer(403, {"error": "Forbidden"}, {"Content-Type": "application/json"}),
    "no type 403": Answer(403, "Forbidden"),
    "a firewall's 403": Answer(403, "Your IP address has been banned.", {"Content-Type": "text/plain"}),
    "haproxy 403": Answer(403, "<html><body>403 Forbidden</body></html>", {
        "Content-Type": "text/html", "Cache-Control": "no-cache",
    }),
    "traefik 404": Answer(404, "404 page not found\n", {
        "Content-Type": "text/plain; charset=utf-8", "X-Content-Type-Options": "nosniff",
    }),
}  # fmt: skip
LOGINS = {
    "nginx": WANTS_LOGIN,
    "traefik": Answer(401, "401 Unauthorized\n", {
        "Content-Type": "text/plain; charset=utf-8", "WWW-Authenticate": 'Basic realm="traefik"',
    }),
    "caddy": Answer(401, "", {"Server": "Caddy", "WWW-Authenticate": 'Basic realm="restricted"'}),
    "negotiate or basic": Answer(401, "", {"WWW-Authenticate": 'Negotiate, Basic realm="a, b"'}),
    "text": Answer(401, "Unauthorized", {"Content-Type": "text/plain", "WWW-Authenticate": 'Basic realm="x"'}),
}  # fmt: skip


@dataclass
class Proxy:
    """Passes on what shows the login, or everything without one."""

    target: Callable[[Ask], Answer]
    login: str = ""  # USER:PASSWORD
    strips: bool = True  # it takes the Authorization header out, as it should
    wants: Answer = WANTS_LOGIN
    asks: list[Ask] = field(default_factory=list)

    def answer(self, ask: Ask) -> Answer:
        self.asks.append(ask)
        proof = f"Basic {base64.b64encode(self.login.encode()).decode()}"
        if self.login and ask.headers.get("authorization") != proof:
            return self.wants
        headers = {k: v for k, v in ask.headers.items() if not (self.strips and self.login and k == "authorization")}
        found = self.target(replace(ask, headers=headers))
        return replace(found, headers={**found.headers, "Server": "nginx/1.25.3"})
