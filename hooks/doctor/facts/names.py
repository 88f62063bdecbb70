"""DNS: which container is AdGuard, what it answers, and what the system's resolver answers."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Sequence

from hooks.doctor.facts.docker import ADGUARDS
from hooks.doctor.facts.model import AdGuard, Docker, HostName
from hooks.handler import Retry
from hooks.world.model import Container

PORT = 53
Resolve = Callable[[str], Sequence[str]]
_IMAGE = re.compile(r"(^|/)adguardhome(:|@|$)")


def find_adguard(docker: Docker) -> AdGuard | None:
    """AdGuard's container: by the names in the shipped rules, else by its image. None where there is none."""
    found = [docker.containers[name] for name in ADGUARDS if name in docker.containers]
    found += [seen for seen in docker.containers.values() if _IMAGE.search(seen.image)]
    return AdGuard(found[0].name, found[0].running, _namespace_owner(found[0], docker).addresses) if found else None


def _namespace_owner(seen: Container, docker: Docker) -> Container:
    """The container whose network namespace this one uses: another, or itself."""
    joined = seen.network_mode.partition(":")[2]
    return next((other for other in docker.containers.values() if joined in (other.id, other.name)), seen)


def dns_answer(server: str, name: str, within_s: float, port: int = PORT) -> str:
    """The DNS server's response code for a name, such as NOERROR or SERVFAIL. Raises Retry if it does not answer."""
    from dns import exception, message, query, rcode

    try:
        answer = query.udp(message.make_query(name, "A"), server, timeout=within_s, port=port)
    except (OSError, exception.DNSException) as error:
        why = "did not answer in time" if isinstance(error, exception.Timeout) else "cannot be asked"
        raise Retry(f"the DNS server at {server} {why}") from None
    return rcode.to_text(answer.rcode())


def resolve_host(host: str, resolve: Resolve) -> HostName:
    """The addresses of a name by `resolve`, or why it has none. The address of an address is itself."""
    try:
        return HostName(host, tuple(dict.fromkeys(resolve(host))))
    except (OSError, UnicodeError) as error:
        return HostName(host, error=getattr(error, "strerror", "") or "it is not a valid name")


def system_resolver(host: str) -> list[str]:
    """The addresses of a name by this machine's resolver. Raises OSError if it has none."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, None, type=socket.SOCK_DGRAM)]
