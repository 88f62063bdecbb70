"""Checks of gluetun's network namespace: containers that lost it, and programs that would cut them off."""

from __future__ import annotations

from collections.abc import Iterator

from handlers.containers import compose
from handlers.containers.dependents import Dependent
from hooks.docker.container import InspectedContainer, ListedContainer
from hooks.doctor.checks.check import Finding, broken, risk
from hooks.doctor.checks.commands import rule_for, up, up_gluehook
from hooks.doctor.facts.derived import namespace_holders, web_ui_port
from hooks.doctor.facts.model import Docker, Server
from hooks.pairs.where_set import write_url

_CUT_OFF = "it looks healthy and reaches nothing: only the loopback interface is left in its namespace"


def _in(server: Server, state: str) -> list[Dependent]:
    return [one for one in server.dependents if one.state == state]


def _recreate(server: Server, seen: str, one: ListedContainer, parent: str) -> Finding:
    made_by_compose = compose.recreation(
        [one.labels], podman=isinstance(server.docker, Docker) and server.docker.podman
    )
    if made_by_compose:
        return Finding(seen, "re-create it", tuple(made_by_compose), about=one.name)
    fix = f"create it again as it was created, with --network container:{parent}; the command shows how that was"
    rule = rule_for(server, "containers.rejoin")
    recreates = any(use.handler == "containers.rejoin" and use.args.get("if_recreated") == "recreate"
                    for use in server.uses)  # fmt: skip
    if rule and not recreates:
        fix += f'. Or write if_recreated = "recreate" into {rule}: then gluehook re-creates the containers it knows'
    return Finding(seen, fix, (f"docker inspect {one.name}",), about=one.name)


@broken("it has no network until that one runs and it has been restarted",
        follows=("container-down",))  # fmt: skip
def dependent_waiting(server: Server) -> Iterator[Finding]:
    """A container shares the network of one that does not run."""
    # its own state does not show that: Docker lets it run on without a network
    for one in _in(server, "waiting"):
        holders = namespace_holders(server, one.seen.name) or [one.joins.name]
        down = next((name for name in holders if name in server.listed and not server.listed[name].running), holders[0])
        yield Finding(
            f"'{one.seen.name}' shares the network of '{down}', which does not run",
            f"start {down} first, and restart this one once {down} is healthy",
            (f"docker start {down}", f"docker restart {one.seen.name}"),
            about=one.seen.name,
        )


@broken(_CUT_OFF)
def dependent_stale(server: Server) -> Iterator[Finding]:
    """A container is in the network namespace from before gluetun's last start."""
    for one in _in(server, "stale"):
        yield Finding(
            f"'{one.seen.name}' has run for longer than '{one.joins.name}', whose network it shares",
            f"restart it once {one.joins.name} is healthy; before that, it would end up stopped",
            (f"docker restart {one.seen.name}",),
            about=one.seen.name,
        )


@broken("its restart policy has given up, so it stays stopped")
def dependent_stranded(server: Server) -> Iterator[Finding]:
    """A container stopped because it could not join gluetun's network."""
    # that happens at a boot, or when the container is restarted while gluetun is down
    for one in _in(server, "stranded"):
        yield Finding(
            f"'{one.seen.name}' does not run, because it could not join '{one.joins.name}'",
            f"start it once {one.joins.name} is healthy",
            (f"docker start {one.seen.name}",),
            about=one.seen.name,
        )


@broken(f"{_CUT_OFF}, and a restart of it fails")
def dependent_elsewhere(server: Server) -> Iterator[Finding]:
    """A container joins a previous gluetun container that no longer exists."""
    # gluetun was re-created, by an update or by a change of the compose file
    for one in _in(server, "elsewhere"):
        seen = f"'{one.seen.name}' joins an id that '{one.joins.name}' no longer has"
        yield _recreate(server, seen, one.seen, one.joins.name)


@broken(f"{_CUT_OFF}, and a restart of it fails")
def orphaned(server: Server) -> Iterator[Finding]:
    """A container shares the network of a container that no longer exists."""
    # nothing shows whose network that was; one that joins such a container has lost its network with it
    by_id = {one.id: one for one in server.orphans} | {one.name: one for one in server.orphans}
    for one in server.orphans:
        holder = by_id.get(one.parent or "")
        if holder:
            seen = f"'{one.name}' joins '{holder.name}', which joins a container that does not exist"
            yield _recreate(server, seen, one, holder.name)
        else:
            seen = f"'{one.name}' joins a container that does not exist ({(one.parent or '')[:12]})"
            yield _recreate(server, seen, one, server.settings.gluetun_container)


@broken("when gluetun restarts, gluehook loses its network like all the others and can repair nothing")
def own_namespace_shared(server: Server) -> Iterator[Finding]:
    """gluehook itself is in gluetun's namespace."""
    own = server.own
    if own and own.network_mode.startswith("container:"):
        holders = namespace_holders(server, own.name)
        host = holders[-1] if holders else server.settings.gluetun_container
        if host != server.settings.gluetun_container and any(one.container == host for one in server.roles):
            return  # another pair's client is the one with its address there
        yield Finding(
            f"gluehook's container '{own.name}' has network_mode service:… or container:…",
            f"take network_mode out of gluehook's service, and put it on {host}'s network; then "
            f"{write_url(server.reached_client, f'http://{host}:{web_ui_port(server)}')}",
            up_gluehook(server),
        )


@risk("gluetun heals its tunnel by itself; a restart of its container cuts off every container that shares its network")
def healer_restarts_gluetun(server: Server) -> Iterator[Finding]:
    """A healer restarts gluetun's container when it is unhealthy."""
    # autoheal and deunhealth restart the containers that have a certain label
    gluetun = server.containers.get(server.settings.gluetun_container)
    for container in server.inspected.values() if gluetun else ():
        label = _healed_label(container) if container.running else ""
        if gluetun and (label == "all" or gluetun.labels.get(label) == "true"):
            only_some = "set AUTOHEAL_CONTAINER_LABEL: autoheal there, and label only what may be restarted alone"
            yield Finding(
                f"'{container.name}' ({container.image}) restarts '{gluetun.name}', for its label is {label}",
                only_some if label == "all" else f"take the label {label} off {gluetun.name}",
                up(server, container.name if label == "all" else gluetun.name),
            )


def _healed_label(container: InspectedContainer) -> str:
    """The label of the containers that it restarts; "all" for every container, "" where it is no healer."""
    if "deunhealth" in container.image:
        return "deunhealth.restart.on.unhealthy"
    if "autoheal" in container.image:
        return container.environment.get("AUTOHEAL_CONTAINER_LABEL") or "autoheal"
    return ""
