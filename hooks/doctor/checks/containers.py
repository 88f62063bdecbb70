"""Checks of the containers that gluehook knows by its settings: whether they run."""

from __future__ import annotations

from collections.abc import Iterator

from hooks.docker.container import ListedContainer
from hooks.doctor.checks.check import Finding, broken, risk
from hooks.doctor.checks.commands import logs, up_gluehook
from hooks.doctor.facts.derived import acted
from hooks.doctor.facts.model import Server
from hooks.images.roles import has_role


def _known(server: Server) -> Iterator[ListedContainer]:
    settings = server.settings
    names = [settings.gluetun_container, settings.qbittorrent_container, settings.wireguard_container]
    if server.adguard:
        names.append(server.adguard.container)
    yield from (server.listed[name] for name in dict.fromkeys(names) if name in server.listed)


@broken("gluehook sees nothing of it, so no rule about it can run, and nothing else shows that")
def container_not_found(server: Server) -> Iterator[Finding]:
    """No container has the name that a setting gives, and one with another name is that program."""
    # Compose names a container PROJECT-SERVICE-1 unless the file says otherwise
    settings = server.settings
    for role, name in (("gluetun", settings.gluetun_container), ("qbittorrent", settings.qbittorrent_container)):
        alike = [one for one in server.listed.values() if has_role(one.image, role)]
        # where another has the role, no setting names one: this gluetun of several has no client of that kind
        if name in server.listed or not alike or any(one.role == role for one in server.roles):
            continue
        shown = ", ".join(f"'{one.name}' ({one.image})" for one in alike)
        setting = f"{role.upper()}_CONTAINER"
        fix = f"leave {setting} out at gluehook: it knows the container by its image; or set it to {alike[0].name}"
        yield Finding(f"no container is named '{name}'; there is {shown}", fix, up_gluehook(server), about=name)


@risk("gluehook leaves it alone, or takes the wrong one")
def role_unclear(server: Server) -> Iterator[Finding]:
    """A table of the rules file or a rule does not fit the containers: nobody has the name or role, or several have."""
    for sentence in server.unclear_roles:
        seen, _, fix = sentence.partition("; ")
        yield Finding(seen, fix or "correct the name, or take the table out")


@broken("everything that depends on it waits for it", follows=("region-unknown",))
def container_down(server: Server) -> Iterator[Finding]:
    """gluetun, qBittorrent, WireGuard or AdGuard does not run."""
    # one that could not join a network is left to `dependent-stranded` and `dependent-waiting`
    left = {one.seen.name for one in server.dependents if one.state in ("stranded", "waiting")}
    for one in _known(server):
        if one.running or one.name in left:
            continue
        code = f"exit code {server.containers[one.name].exit_code}"
        if one.restarting:
            fix = "Docker starts it again and again; its log shows why it ends"
            yield Finding(f"'{one.name}' ends after each start ({code})", fix, logs(one.name), about=one.name)
        else:
            by_rule = acted(server, one.name, "stopped")
            fix = "gluehook leaves it stopped, because its owner may have stopped it. Read its log; to start it:"
            fix = "gluehook leaves it stopped unless a rule starts it. To start it:" if by_rule else fix
            run = (*(() if by_rule else logs(one.name)), f"docker start {one.name}")
            seen = f"'{one.name}' does not run ({code}){': a rule of gluehook has stopped it' if by_rule else ''}"
            yield Finding(seen, fix, run, about=one.name)


@broken("its programs stand still, and answer nothing until somebody unpauses it")
def container_paused(server: Server) -> Iterator[Finding]:
    """gluetun, qBittorrent, WireGuard or AdGuard is paused."""
    # gluehook leaves it so, because its owner has paused it, or a rule of the owner's
    for one in _known(server):
        if one.paused:
            fix = "gluehook leaves it paused unless a rule unpauses it. To let it go on:"
            who = ", by a rule of gluehook" if acted(server, one.name, "paused") else ""
            yield Finding(f"'{one.name}' is paused{who}", fix, (f"docker unpause {one.name}",), about=one.name)
