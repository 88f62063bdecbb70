"""What gluehook may do at Docker: too little, or far too much."""

from __future__ import annotations

from collections.abc import Iterator

from hooks.doctor.checks.check import Found, check, compose_up
from hooks.doctor.facts.model import Server, Unread

_PROXY = "put a socket proxy before it that allows only EVENTS=1 CONTAINERS=1 VERSION=1 POST=1 (docs/security.md)"


@check("broken", says="gluehook cannot ask Docker", why="it sees no container, hears no event and can repair nothing")
def docker_unreachable(server: Server) -> Iterator[Found]:
    """A missing mount, a missing group, a proxy that forbids it."""
    if isinstance(server.docker, Unread):
        seen, _, remedy = server.docker.why.partition(": ")
        yield Found(seen, remedy or "is Docker running? Is DOCKER_HOST right?", ("docker version",))


@check("broken", says="gluetun, qBittorrent, WireGuard or AdGuard does not run", why="whoever needs it waits for it")
def container_down(server: Server) -> Iterator[Found]:
    """But for one that could not join a network: that is another check's."""
    settings, stranded = server.settings, {one.seen.name for one in server.dependents if one.state == "stranded"}
    names = [settings.gluetun_container, settings.qbittorrent_container, settings.wireguard_container]
    for name in (*names, server.adguard.container if server.adguard else ""):
        seen = server.containers.get(name)
        if seen and not seen.running and name not in stranded:
            fix = "gluehook leaves it stopped, as its owner may have stopped it. Its log tells more; to start it:"
            run = (f"docker logs --tail 50 {name}", f"docker start {name}")
            yield Found(f"'{name}' does not run (exit code {seen.exit_code})", fix, run)


@check(
    "risk",
    says="more may use Docker through gluehook's door than need to",
    why="whoever may use Docker may do everything on this server: start a container that mounts its whole disk",
)
def docker_wide_open(server: Server) -> Iterator[Found]:
    """A socket for all users, a whole engine on the network, a proxy that allows too much, a privileged container."""
    access, own = server.access, server.own
    if access and access.writable_by_all:
        command = f"chmod o-rw {access.address}"
        yield Found(f"every user of this server may use {access.address}", "shut it for all but its group", (command,))
    if access and not access.is_socket and not access.tls and {"IMAGES", "VOLUMES", "INFO"} <= set(access.unneeded):
        yield Found(f"{access.address} gives the whole engine to everybody who reaches it, without TLS", _PROXY)
    elif access and access.unneeded:
        words = ", ".join(f"{word}=1" for word in access.unneeded)
        yield Found(f"the proxy at {access.address} allows {words}, which gluehook never uses",
                    f"take {words} out of the proxy's environment", (compose_up(),))  # fmt: skip
    if own and own.privileged:
        yield Found(
            "gluehook's container is privileged",
            "take `privileged: true` out of its service",
            (compose_up("gluehook"),),
        )
