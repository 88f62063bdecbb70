"""Who lives in gluetun's network namespace, and who would cut it off."""

from __future__ import annotations

from collections.abc import Iterator

from handlers.containers import compose
from handlers.containers.dependents import Dependent
from hooks.docker.records import Listed
from hooks.doctor.checks.check import Found, check, compose_up
from hooks.doctor.facts.model import Box, Server

_CUT_OFF = "it looks healthy and reaches nothing: only the loopback interface is left in its namespace"


def _in(server: Server, state: str) -> list[Dependent]:
    return [one for one in server.dependents if one.state == state]


def _again(seen: str, one: Listed, house: str) -> Found:
    made_by_compose = compose.recreation([one.labels])
    if made_by_compose:
        return Found(seen, "re-create it", tuple(made_by_compose))
    fix = (
        f"make it anew as it was made, with --network container:{house}; the command shows how that was. Or write "
        'if_recreated = "recreate" into the rule rejoin-network: then gluehook re-creates those whom it knows'
    )
    return Found(seen, fix, (f"docker inspect {one.name}",))


@check("broken", says="a container sits in the namespace from before gluetun's last start", why=_CUT_OFF)
def dependent_stale(server: Server) -> Iterator[Found]:
    """The same gluetun, started anew."""
    for one in _in(server, "stale"):
        yield Found(
            f"'{one.seen.name}' has run for longer than '{one.joins.name}', whose network it shares",
            f"restart it, once {one.joins.name} is healthy; before that it would end up stopped",
            (f"docker restart {one.seen.name}",),
        )


@check("broken", says="a container stopped because it could not join gluetun's network",
       why="its restart policy has given up, so it stays stopped")  # fmt: skip
def dependent_stranded(server: Server) -> Iterator[Found]:
    """After a boot race, or a restart while gluetun was down."""
    for one in _in(server, "stranded"):
        yield Found(
            f"'{one.seen.name}' does not run, because it could not join '{one.joins.name}'",
            f"start it, once {one.joins.name} is healthy",
            (f"docker start {one.seen.name}",),
        )


@check(
    "broken", says="a container names an earlier gluetun that is no more", why=f"{_CUT_OFF}, and a restart of it fails"
)
def dependent_elsewhere(server: Server) -> Iterator[Found]:
    """gluetun was re-created, by an update or a change of the compose file."""
    for one in _in(server, "elsewhere"):
        seen = f"'{one.seen.name}' joins an id that '{one.joins.name}' no longer has"
        yield _again(seen, one.seen, one.joins.name)


@check(
    "broken", says="a container shares the network of one that is no more", why=f"{_CUT_OFF}, and a restart of it fails"
)
def orphaned(server: Server) -> Iterator[Found]:
    """Nothing tells whose network that was."""
    for one in server.orphans:
        seen = f"'{one.name}' joins a container that does not exist ({(one.parent or '')[:12]})"
        yield _again(seen, one, server.settings.gluetun_container)


@check("broken", says="gluehook itself lives in gluetun's namespace",
       why="when gluetun restarts, gluehook loses its network like all the others and can repair nothing")  # fmt: skip
def own_namespace_shared(server: Server) -> Iterator[Found]:
    """It must live beside gluetun."""
    own = server.own
    if own and own.container.network_mode.startswith("container:"):
        yield Found(
            f"gluehook's container '{own.container.name}' has network_mode service:… or container:…",
            "take network_mode out of gluehook's service, and put it on gluetun's network; QBITTORRENT_URL is then "
            "http://gluetun:8181",
            (compose_up("gluehook"),),
        )


@check(
    "risk",
    says="a healer restarts gluetun's container when it is unhealthy",
    why="gluetun heals its tunnel by itself; a restart of its container cuts off everybody who shares its network",
)
def healer_restarts_gluetun(server: Server) -> Iterator[Found]:
    """autoheal and deunhealth, by what they are told to heal."""
    gluetun = server.containers.get(server.settings.gluetun_container)
    for box in server.boxes.values() if gluetun else ():
        label = _heals(box) if box.container.running else ""
        if gluetun and (label == "all" or gluetun.labels.get(label) == "true"):
            every = "set AUTOHEAL_CONTAINER_LABEL: autoheal there, and label only those that may be restarted alone"
            one = f"take the label {label} off gluetun"
            yield Found(
                f"'{box.container.name}' ({box.container.image}) restarts '{gluetun.name}', for its label is {label}",
                every if label == "all" else one,
                (compose_up(),),
            )


def _heals(box: Box) -> str:
    """The label of those that it restarts, "all" for everybody, "" where it is no healer."""
    if "deunhealth" in box.container.image:
        return "deunhealth.restart.on.unhealthy"
    if "autoheal" in box.container.image:
        return box.environment.get("AUTOHEAL_CONTAINER_LABEL") or "autoheal"
    return ""
