"""Who asks, and under which address: read from the connection, and from a proxy's headers where the proxy is named.

A header such as `X-Forwarded-For` or that of a forward-auth can be sent by anybody. It counts only if the connection
itself comes from an address that GLUEHOOK_WEB_PROXIES names.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.types import Scope

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_PREFIX = re.compile(r"(?:/[A-Za-z0-9._~-]+)+")
_NAME = re.compile(r"[^{}$%\x00-\x1f\x7f]{1,256}")
_DEFAULT_PORTS = (":80", ":443")
# no public domain has one of these names, so nobody can let one resolve to this server
_LOCAL = re.compile(r"(?:.+\.)?(?:localhost|local|lan|home|internal|localdomain|home\.arpa)|[a-z0-9_-]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Visit:
    """One request's origin: the client's address, the host and scheme in its browser, the prefix before each path."""

    client: str
    host: str
    is_secure: bool
    prefix: str = ""
    user: str = ""  # whom a forward-auth has let in

    @property
    def root(self) -> str:
        """The host without the port that its scheme has anyway, in small letters, to compare."""
        return without_default_port(self.host)


class Visits:
    """Reads a `Visit` from a request. `proxies` are the named networks, `header` is that of the forward-auth, or ""."""

    def __init__(self, proxies: tuple[Network, ...] = (), header: str = "", prefix: str = "") -> None:
        self._proxies, self._header, self._prefix = proxies, header, prefix

    def of(self, scope: Scope) -> Visit:
        """Who asks with this request."""
        headers, peer = Headers(scope=scope), (scope.get("client") or ("",))[0]
        host, is_secure = headers.get("host", ""), scope["scheme"] == "https"
        if not self._trusts(peer):
            return Visit(peer, host, is_secure, self._prefix)
        prefix = headers.get("x-forwarded-prefix", "").rstrip("/")
        return Visit(
            self._client(headers.getlist("x-forwarded-for"), peer),
            headers.get("x-forwarded-host", "").split(",")[0].strip() or host,
            is_secure or headers.get("x-forwarded-proto", "").split(",")[0].strip() == "https",
            self._prefix or (prefix if _PREFIX.fullmatch(prefix) else ""),
            _user(headers.getlist(self._header)) if self._header else "",
        )

    def _client(self, forwarded: list[str], peer: str) -> str:
        """The last address that no named proxy has: those before it are what the client itself may have written."""
        for address in reversed([part.strip() for line in forwarded for part in line.split(",")]):
            if not self._trusts(address):
                return address if _parsed(address) else peer
        return peer

    def _trusts(self, address: str) -> bool:
        found = _parsed(address)
        return found is not None and any(found in network for network in self._proxies)


def _user(names: list[str]) -> str:
    """The name that the proxy sends; "" for two of them, of which one is the visitor's, and for a placeholder that
    the proxy has not filled in: Caddy 2.6 sends {http.reverse_proxy.header.Remote-User} if the login says no name.
    """
    return names[0] if len(names) == 1 and _NAME.fullmatch(names[0]) else ""


def is_known(host: str, names: frozenset[str]) -> bool:
    """Whether a page of this server can have this host: an address, a name that is local for sure, or one of `names`.

    Any other name may belong to somebody who lets it resolve to this server, so that their page may read ours.
    """
    name = without_port(host)
    if _parsed(name.strip("[]")):
        return True
    return name.lower() in names or bool(_LOCAL.fullmatch(name))


def without_port(host: str) -> str:
    """The name or the address alone."""
    return re.sub(r":\d{1,5}$", "", host)


def without_default_port(host: str) -> str:
    """The host without :80 or :443, in small letters."""
    for port in _DEFAULT_PORTS:
        host = host.removesuffix(port)
    return host.lower()


def _parsed(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found
