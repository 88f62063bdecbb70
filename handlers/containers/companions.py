"""The containers that gluehook's own act stops: the kernel ends them with the one whose processes they share.

`containers.rejoin` adds them to its work, so that they are brought back after that one. It saves who they are before it
acts: what is found stopped after a kill -9 was then not stopped by its owner.
A re-creation also takes away the IPC namespace that others share, so these are re-created after it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

from handlers.containers.dependents import Dependent
from handlers.containers.namespace import Namespace, inspect_each
from handlers.containers.present_ids import PresentIds
from handlers.containers.temporary_names import real_name_of
from handlers.shared.docker import inspect, list_containers, obstacle_of_parent
from hooks.docker.container import InspectedContainer
from hooks.handler import Context, GiveUp, Retry

_STOPPED = "containers.stopped_with"
_lock = threading.Lock()  # two runs of containers.rejoin may save at once


def companions(
    client: Any, shared: Namespace, worked_on: Iterable[Dependent], ids: PresentIds, ctx: Context
) -> Iterator[Dependent]:
    """Who must be brought back beside those that are worked on, each after the one that it shares something with."""
    owners = {one.seen.name: one for one in worked_on}
    if not owners and not ctx.memory.get(_STOPPED):
        return
    seen = {shared.parent.id: shared.parent, **{one.seen.id: one.seen for one in shared.dependents}}
    unread = (one for one in shared.everyone if one.id not in seen and real_name_of(one) is None)
    seen |= inspect_each(client, unread)[0]
    decided = {one.seen.name for one in shared.dependents if one.state != "attached"}
    left = [one for one in seen.values() if one.shares and one.name not in decided]
    while found := [one for seen in left if (one := _companion(seen, owners, shared, ids, ctx))]:
        owners |= {one.seen.name: one for one in found}
        left = [one for one in left if one.name not in owners]
        yield from found


def save(worked_on: Iterable[Dependent], ids: PresentIds, ctx: Context) -> None:
    """Save which of them run and end with another one of them, before anything is done."""
    owners = {one.seen.name for one in worked_on}
    save_ending((one.seen for one in worked_on if ids.name(one.seen.shares.get("processes", "")) in owners), ctx)


def save_ending(ending: Iterable[InspectedContainer], ctx: Context) -> None:
    """Save which of these run, before gluehook does what ends them."""
    if starts := {one.name: one.started_at for one in ending if not one.stopped}:
        _put({**(ctx.memory.get(_STOPPED) or {}), **starts}, ctx)


def sharing_processes(client: Any, owner: InspectedContainer) -> list[InspectedContainer]:
    """The running containers that end when this one does. None where Docker does not show them."""
    from docker.errors import APIError

    try:
        found = inspect_each(
            client, (one for one in list_containers(client).containers if one.running and one.id != owner.id)
        )[0]
    except (APIError, Retry):
        return []  # that is no reason not to restart it
    return [one for one in found.values() if one.shares.get("processes") in (owner.id, owner.name)]


def bring_back(client: Any, owner: InspectedContainer, ending: Iterable[InspectedContainer], ctx: Context) -> list[str]:
    """Start what ended with its owner, unless Docker has done so. What shares the owner's network is left to rejoin.

    Returns a sentence about each. One that cannot be started stays saved.
    """
    from docker.errors import APIError

    said = []
    for one in ending:
        if one.parent in (owner.id, owner.name):
            continue  # it must wait until the owner is healthy
        with suppress(APIError, Retry, GiveUp):
            now = inspect(client, one.id)
            if now is None or obstacle_of_parent(client, now, healthy=False):
                continue
            if now.stopped:
                client.start(one.id)
                said.append(f"container '{one.name}' started, which shares its processes")
            forget([one.name], ctx)
    return said


def forget(names: Iterable[str], ctx: Context) -> None:
    """They are back."""
    saved, names = ctx.memory.get(_STOPPED) or {}, set(names)
    if names & saved.keys():
        _put({name: started_at for name, started_at in saved.items() if name not in names}, ctx)


def stopped_with_another(seen: InspectedContainer, ctx: Context) -> bool:
    """Whether it ended with another one that gluehook restarted or re-created, and was not started since."""
    return (ctx.memory.get(_STOPPED) or {}).get(seen.name) == seen.started_at


def _companion(
    seen: InspectedContainer, owners: dict[str, Dependent], shared: Namespace, ids: PresentIds, ctx: Context
) -> Dependent | None:
    ended = seen.stopped and stopped_with_another(seen, ctx)
    if seen.paused or (seen.stopped and not ended):
        return None
    for what, other in seen.shares.items():
        name = ids.name(other)
        owner = owners.get(name)
        changed = owner is not None and owner.state == "elsewhere"
        if (owner and (what == "processes" or changed)) or (ended and name):
            joins = owner.seen if owner else next(one for one in shared.everyone if one.name == name)
            gone = changed or ids.present(other) != other
            return Dependent(seen, joins, "same", "elsewhere" if gone else "stale", what)
    return None


def _put(saved: dict[str, int], ctx: Context) -> None:
    with _lock:
        ctx.memory.put(_STOPPED, saved or None)
