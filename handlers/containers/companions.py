"""The containers that gluehook's own act stops: the kernel ends them with the one whose processes they share.

`containers.rejoin` adds them to its work, so that they are brought back after that one. It saves who they are before it
acts: what is found stopped after a kill -9 was then not stopped by its owner.
A re-creation also takes away the IPC namespace that others share, so these are re-created after it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from typing import Any

from handlers.containers.dependents import Dependent
from handlers.containers.namespace import Namespace, inspect_each
from handlers.containers.present_ids import PresentIds
from handlers.containers.temporary_names import real_name_of
from hooks.docker.container import InspectedContainer
from hooks.handler import Context

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
    ending = {one.seen.name: one.seen.started_at for one in worked_on
              if not one.seen.stopped and ids.name(one.seen.shares.get("processes", "")) in owners}  # fmt: skip
    if ending:
        _put({**(ctx.memory.get(_STOPPED) or {}), **ending}, ctx)


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
