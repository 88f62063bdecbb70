"""What the web process is told about itself: under which names it is reached, which proxies it trusts, its prefix."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass

from hooks.config.settings import Settings
from hooks.web.credentials import Credentials
from hooks.web.visit import Network, Visits

_NO_PROXIES = (
    "GLUEHOOK_WEB_USER_HEADER counts from no proxy, so it lets nobody in; name the proxy in GLUEHOOK_WEB_PROXIES"
)


@dataclass(frozen=True, slots=True)
class WebSettings:
    """The settings of the web process, read once at its start; `secret(name)` reads a secret at use."""

    secret: Callable[[str], str | None] = lambda _: None
    hosts: frozenset[str] = frozenset()
    proxies: tuple[Network, ...] = ()
    user_header: str = ""
    prefix: str = ""

    def credentials(self, clock: Callable[[], float]) -> Credentials:
        """What opens the site. A forward-auth that is set up in part lets nobody in, rather than everybody."""
        problem = "" if self.proxies or not self.user_header else _NO_PROXIES
        return Credentials(self.secret, clock, forward_auth=bool(self.user_header), problem=problem)

    @property
    def visits(self) -> Visits:
        """What reads from a request who asks."""
        return Visits(self.proxies, self.user_header, self.prefix)


def read(settings: Settings, secret: Callable[[str], str | None]) -> WebSettings:
    """Those of the web process out of all settings, which are checked already."""
    proxies = settings.gluehook_web_proxies.replace(",", " ").split()
    return WebSettings(
        secret, frozenset(settings.gluehook_web_hosts.lower().replace(",", " ").split()),
        tuple(ipaddress.ip_network(one, strict=False) for one in proxies),
        settings.gluehook_web_user_header, settings.gluehook_web_prefix,
    )  # fmt: skip
