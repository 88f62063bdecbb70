"""What Docker's event stream is asked for: what the world needs and what rules name, and nothing else of its noise."""

from __future__ import annotations

from collections.abc import Iterable

from hooks.events.catalogue import CATALOGUE, CHANGES_WORLD

# A container that joins a network gets an address, which no event reports: the source inspects it.
_ALWAYS = CHANGES_WORLD | {"network.connect"}
# Docker's words where ours are others, and Podman's words beside Docker's
_DOCKERS = {"healthy": "health_status", "unhealthy": "health_status"}
_PODMANS = {"die": "died", "destroy": "remove", "exec_start": "exec", "exec_die": "exec_died", "delete": "remove"}


def filters(event_types: Iterable[str], *, podman: bool = False) -> dict[str, list[str]]:
    """Docker's own filters for our event types, `oom` and `exec_*` only when they are among them.

    Kinds and actions are two filters, so an action that is asked for of one kind comes of the others as well; the
    receiver compares. Names are no filter, because Docker takes them as prefixes.
    """
    wanted = {kind for kind in (*_ALWAYS, *event_types) if CATALOGUE[kind].source == "docker"}
    actions = {_DOCKERS.get(action, action) for _, _, action in (kind.partition(".") for kind in wanted)}
    if podman:
        actions |= {_PODMANS[action] for action in actions if action in _PODMANS}
    # an engine never sends the derived ones
    kinds = sorted({kind.partition(".")[0] for kind in wanted})
    return {"type": kinds, "event": sorted(actions - {"recreated", "ip_changed"})}


def wants_exec(event_types: Iterable[str]) -> bool:
    """Whether a rule names one of `exec_*`: health checks cause them all day long."""
    return any(kind.startswith("container.exec_") for kind in event_types)
