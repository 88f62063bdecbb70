"""Checks of Docker: gluehook's access to it, too little or more than it needs."""

from __future__ import annotations

from collections.abc import Iterator

from handlers.shared import docker_rights
from handlers.shared.docker_rights import Refused
from hooks.doctor.checks.check import Finding, broken, risk
from hooks.doctor.checks.commands import up_gluehook
from hooks.doctor.facts.model import Docker, Server, Unread

_PROXY = (
    "put a socket proxy in front of it that allows only EVENTS=1 CONTAINERS=1 VERSION=1 ALLOW_RESTARTS=1 ALLOW_START=1 "
    "(docs/security.md)"
)


@broken("it sees no container, receives no event and can repair nothing")
def docker_unreachable(server: Server) -> Iterator[Finding]:
    """gluehook cannot reach Docker."""
    # the cause is a missing mount, a missing group or a proxy that forbids it
    if isinstance(server.docker, Unread):
        seen, _, remedy = server.docker.why.partition(": ")
        yield Finding(seen, remedy or "is Docker running? Is DOCKER_HOST right?", ("docker version",))


@broken("the rule fails when it is needed: what it is to repair stays broken", follows=("docker-unreachable",))
def docker_right_missing(server: Server) -> Iterator[Finding]:
    """A request to Docker that a rule in force needs is refused."""
    # it was asked about a container that does not exist, so nothing was done
    by_status: dict[int, list[Refused]] = {}
    for one in server.refused:
        by_status.setdefault(one.status, []).append(one)
    for those in by_status.values():
        yield Finding(docker_rights.told(those), _allow(server, those))


def _allow(server: Server, those: list[Refused]) -> str:
    if server.access and server.access.tls:
        return "an authorization plugin of Docker's forbids it to the certificate that gluehook shows; allow it there"
    return docker_rights.cure(those)


@risk("access to Docker is access to everything on this server: it can start a container that mounts the whole disk")
def docker_wide_open(server: Server) -> Iterator[Finding]:
    """Docker is open to more users or requests than gluehook needs."""
    # a socket for all users, a whole engine on the network, a proxy that allows too much, a privileged container
    access, own = server.access, server.own
    if access and access.writable_by_all:
        command = f"chmod o-rw {access.address}"
        yield Finding(f"every user of this server may use {access.address}", "allow only its group", (command,))
    if access and not access.is_socket and not access.tls and {"IMAGES", "VOLUMES", "INFO"} <= set(access.unneeded):
        yield Finding(f"{access.address} gives the whole engine to everybody who reaches it, without TLS", _PROXY)
    elif access and access.unneeded and not access.tls:
        words = ", ".join(f"{word}=1" for word in access.unneeded)
        seen = f"the proxy at {access.address} allows {words}, which gluehook never uses"
        yield Finding(seen, f"take {words} out of the proxy's environment, and re-create the proxy")
    if own and own.privileged:
        fix = "take `privileged: true` out of its service"
        yield Finding("gluehook's container is privileged", fix, up_gluehook(server), about=own.name)


@risk("what gluehook does not know of a container it cannot mend")
def docker_list_incomplete(server: Server) -> Iterator[Finding]:
    """Docker's list does not show all that gluehook needs."""
    # an entry of an odd shape, or one of Podman's that cannot be inspected
    for doubt in server.docker.doubts if isinstance(server.docker, Docker) else ():
        yield Finding(doubt, "look for it, and remove it if it is dead", ("docker ps --all --no-trunc",))
