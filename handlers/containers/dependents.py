"""Which containers share a container's network namespace, and which of them are in an old one. Calls no Docker.

Docker stores the id of the container that another joins. After a restart that id is the same and its namespace is
new; after a re-creation the id is gone, and only `World.ids()` and Compose's labels tell whose it was.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from handlers.containers import compose
from handlers.containers.temporary_names import real_name_of
from hooks.docker.container import InspectedContainer, ListedContainer

Earlier = Mapping[str, Sequence[str]]  # a container's name -> the ids that it had
_KILLED = 137  # the exit code of what the kernel kills
_AT_ONCE_NS = 500_000_000  # Docker notices the end of both within some ms
Link = Literal["same", "other", "guessed"]  # the id it has now; one it had; by Compose's labels one it must have had
State = Literal["attached", "stale", "stranded", "elsewhere", "stopped", "paused", "waiting"]
"""How a dependent is:

attached   in the namespace that is there now
stale      runs in the one before its parent's last restart: a restart helps
stranded   does not run, because it could not join: a start helps
elsewhere  names an id that its parent no longer has: only a re-creation helps
stopped    does not run, and because its owner stopped it
paused     by its owner
waiting    for the one that it joins, which does not run
"""


@dataclass(frozen=True, slots=True)
class Member:
    """A container that belongs into another's network namespace."""

    listed: ListedContainer
    joins: ListedContainer  # the one whose namespace it is, as that is now
    link: Link


@dataclass(frozen=True, slots=True)
class Dependent:
    """A member, and how it is."""

    seen: InspectedContainer
    joins: ListedContainer
    link: Link
    state: State
    shares: str = "network"  # of `joins`: "network", "processes" or "IPC"
    holder_started_at: int = 0  # when `joins` started, in ns since the Unix epoch


@dataclass(frozen=True, slots=True)
class Remembered:
    """What tells how a dependent is, beside the inspections."""

    left_by_us: Callable[[InspectedContainer], bool] = lambda seen: seen.stranded
    """Whether gluehook, and not its owner, left a container stopped."""
    exists: Callable[[str], bool] = lambda _: True
    """Whether a container has this id or name."""
    joined: Callable[[InspectedContainer, InspectedContainer], bool | None] = lambda _, _holder: None
    """Whether it was seen to join the holder's present start; None if that is not known."""


NOTHING = Remembered()


def members(parent: ListedContainer, containers: Iterable[ListedContainer], earlier: Earlier) -> list[Member]:
    """The containers in the parent's namespace, directly or through another, each after the one that it joins."""
    by_id = {one.id: one for one in containers}
    left = [
        one for one in by_id.values() if one.parent is not None and real_name_of(one) is None and one.id != parent.id
    ]
    found: list[Member] = []
    holders = deque([parent])
    while holders:
        holder = holders.popleft()
        had = {*earlier.get(holder.name, ()), *_ids_by_labels(left, holder, by_id)}
        had |= {ident for ident in [compose.replaced(holder.labels)] if ident}
        joined = [Member(one, holder, link) for one in left if (link := _link(one, holder, by_id, had))]
        found += joined
        holders.extend(member.listed for member in joined)
        left = [one for one in left if one.id not in {member.listed.id for member in joined}]
    return found


def orphans(
    containers: Iterable[ListedContainer], known: Iterable[Member], earlier: Earlier = MappingProxyType({})
) -> list[ListedContainer]:
    """Containers that join one that no longer exists, and that are no other container's members.

    A container that joins such a one is cut off with it. It comes after that one.
    """
    containers = [one for one in containers if real_name_of(one) is None]
    there = {word for one in containers for word in (one.id, one.name)} | {member.listed.parent for member in known}
    owners = [one for one in containers if one.parent is None]
    there |= {ident for one in owners for ident in earlier.get(one.name, ())}
    found = [
        one for one in containers
        if one.parent is not None and one.parent not in there
        and not any(_by_labels(one, owner, containers) for owner in owners)
    ]  # fmt: skip
    for holder in found:  # it grows meanwhile
        found += [one for one in containers if one.parent in (holder.id, holder.name) and one not in found]
    return found


def judged(
    parent: InspectedContainer,
    found: Iterable[Member],
    seen: Mapping[str, InspectedContainer],
    memory: Remembered = NOTHING,
) -> list[Dependent]:
    """How each member is. `seen` has them by id: one that is missing there is left out, with those that join it."""
    first: State = "attached" if parent.running else "waiting"
    holders: dict[str, tuple[InspectedContainer, State]] = {parent.id: (parent, first)}
    dependents = []
    for member in found:
        one, holder = seen.get(member.listed.id), holders.get(member.joins.id)
        if one and holder:
            state = _state(one, member.link, holder, memory)
            lost = _lost(one, memory) if state == "stranded" else None
            state = "elsewhere" if lost else state
            holders[one.id] = (one, state)
            dependent = Dependent(one, member.joins, member.link, state, lost or "network", holder[0].started_at)
            dependents.append(dependent)
    return dependents


def _ids_by_labels(
    left: Iterable[ListedContainer], holder: ListedContainer, by_id: Mapping[str, ListedContainer]
) -> Iterator[str]:
    """Ids that this one must have had: by Compose's labels its certain dependents join it, and they name these ids."""
    for one in left:
        if one.parent and one.parent not in by_id and _by_labels(one, holder, by_id.values()) == "other":
            yield one.parent


def _link(
    one: ListedContainer, holder: ListedContainer, by_id: Mapping[str, ListedContainer], had: AbstractSet[str]
) -> Link | None:
    """How it belongs into the namespace of this one, which had these ids, or None."""
    asked = one.parent or ""
    if asked in (holder.id, holder.name):
        return "same"
    other = by_id.get(asked)
    if other is not None and not other.stopped and real_name_of(other) is None:
        return None  # that one has only lent its name for a while
    if asked in had or (other is not None and real_name_of(other) == holder.name):
        return "other"
    return _by_labels(one, holder, by_id.values()) if other is None else None


def _by_labels(one: ListedContainer, holder: ListedContainer, containers: Iterable[ListedContainer]) -> Link | None:
    project, services = compose.project(one.labels), compose.depends_on(one.labels)
    there = [other for other in containers if project and compose.project(other.labels) == project]
    if holder.id not in {other.id for other in there} or compose.service(holder.labels) not in services:
        return None
    # another one with a network of its own that they depend on could be meant as well
    rivals = [o for o in there if o.id != holder.id and o.parent is None and compose.service(o.labels) in services]
    return "guessed" if rivals else "other"


def _state(
    one: InspectedContainer,
    link: Link,
    beside: tuple[InspectedContainer, State],
    memory: Remembered,
) -> State:
    holder, holder_state = beside
    if one.paused:
        return "paused"
    if one.stopped and not (memory.left_by_us(one) or _ended_with(one, holder)):
        return "stopped"
    if link != "same" or holder_state == "elsewhere":  # the other will have another id soon
        return "elsewhere"
    if holder_state in ("stopped", "waiting"):
        return "waiting"
    if one.stopped:
        return "stranded"
    seen = memory.joined(one, holder)
    moves = one.started_at < holder.started_at if seen is None else not seen
    return "stale" if moves or holder_state in ("stale", "stranded") else "attached"


def _ended_with(one: InspectedContainer, holder: InspectedContainer) -> bool:
    """Whether the kernel ended it, because the one whose processes it shares ended: nobody stopped it."""
    shared = one.shares.get("processes") in (holder.id, holder.name)
    at_once = abs(one.finished_at - holder.finished_at) < _AT_ONCE_NS
    return shared and one.exit_code == _KILLED and holder.finished_at > 0 and at_once


def _lost(one: InspectedContainer, memory: Remembered) -> str | None:
    """What it shares with a container that no longer exists, so that no start of it helps; or None."""
    return next((what for what, other in one.shares.items() if not memory.exists(other)), None)
