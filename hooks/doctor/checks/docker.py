"""Checks of Docker: gluehook's access to it, too little or more than it needs, and containers that do not run."""

from __future__ import annotations

from collections.abc import Iterator

from hooks.doctor.checks.check import Finding, broken, compose_up, logs, risk
from hooks.doctor.facts.model import Server, Unread

_PROXY = "put a socket proxy in front of it that allows only EVENTS=1 CONTAINERS=1 VERSION=1 POST=1 (docs/security.md)"


@broken("it sees no container, receives no event and can repair nothing")
def docker_unreachable(server: Server) -> Iterator[Finding]:
    """gluehook cannot reach Docker."""
    # the cause is a missing mount, a missing group or a proxy that forbids it
    if isinstance(server.docker, Unread):
        seen, _, remedy = server.docker.why.partition(": ")
        yield Finding(seen, remedy or "is Docker running? Is DOCKER_HOST right?", ("docker version",))


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
    elif access and access.unneeded:
        words = ", ".join(f"{word}=1" for word in access.unneeded)
        seen = f"the proxy at {access.address} allows {words}, which gluehook never uses"
        yield Finding(seen, f"take {words} out of the proxy's environment", (compose_up(),))
    if own and own.privileged:
        fix = "take `privileged: true` out of its service"
        yield Finding("gluehook's container is privileged", fix, (compose_up("gluehook"),))


@broken("everything that depends on it waits for it")
def container_down(server: Server) -> Iterator[Finding]:
    """gluetun, qBittorrent, WireGuard or AdGuard does not run."""
    # a container that could not join a network is left to `dependent_stranded`
    settings, stranded = server.settings, {one.seen.name for one in server.dependents if one.state == "stranded"}
    names = [settings.gluetun_container, settings.qbittorrent_container, settings.wireguard_container]
    for name in (*names, server.adguard.container if server.adguard else ""):
        seen = server.containers.get(name)
        if seen and not seen.running and name not in stranded:
            fix = "gluehook leaves it stopped, because its owner may have stopped it. Read its log; to start it:"
            run = (logs(name), f"docker start {name}")
            yield Finding(f"'{name}' does not run (exit code {seen.exit_code})", fix, run)
