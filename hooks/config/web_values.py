"""What the settings of the web process may be, and which packages it needs.

Each function for a setting returns the value; its ValueError says what to write.
"""

from __future__ import annotations

import ipaddress
import re
from importlib.util import find_spec

_PACKAGES = ("starlette", "uvicorn", "jinja2", "prometheus_client")
_HOST = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?")
_HEADER = re.compile(r"[A-Za-z0-9-]+")
_PREFIX = re.compile(r"(/[A-Za-z0-9._~-]+)+")
_TAKEN = frozenset("authorization cookie host origin content-type content-length accept".split())


def missing_packages() -> list[str]:
    """The packages of the extra `web` that are not installed."""
    return [package for package in _PACKAGES if find_spec(package) is None]


def address(text: str) -> str:
    """`HOST:PORT`, or "" for none."""
    host, _, port = text.rpartition(":")
    if text and not (host and port.isdecimal() and 0 < int(port) <= 65535):
        raise ValueError("write HOST:PORT, such as 0.0.0.0:8090 for all addresses or 127.0.0.1:8090 for "
                         "this machine alone, or leave it out for no page")  # fmt: skip
    return text


def host_names(text: str) -> str:
    """Names of hosts, without scheme and port, with commas between them; or "" for none."""
    for name in text.replace(",", " ").split():
        if not _HOST.fullmatch(name):
            raise ValueError("write names such as gluehook.example.org, with commas, without https:// and port")
    return text


def networks(text: str) -> str:
    """Addresses and networks, with commas between them; or "" for none."""
    for one in text.replace(",", " ").split():
        try:
            found = ipaddress.ip_network(one, strict=False)
        except ValueError:
            raise ValueError("write addresses or networks such as 172.20.0.0/16, with commas between them") from None
        if found.prefixlen == 0:
            raise ValueError("everybody would be trusted like the proxy; write its address or the proxy's own network")
    return text


def header_name(text: str) -> str:
    """The name of a header, or "" for none."""
    if text and (not _HEADER.fullmatch(text) or text.lower() in _TAKEN):
        raise ValueError("write the header in which the proxy sends the user's name, such as Remote-User")
    return text


def path_prefix(text: str) -> str:
    """A path such as /gluehook, without a slash at its end; or "" for none."""
    prefix = text.rstrip("/")
    if prefix and not _PREFIX.fullmatch(prefix):
        raise ValueError("write a path such as /gluehook")
    return prefix
