"""Which containers share a container's network namespace, and which of them are in an old one. Calls no Docker.

Docker stores the id of the container that another joins. After a restart that id is the same and its namespace is
new; after a re-creation the id is gone, and only `World.ids()` and Compose's labels tell whose it was.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Literal

from handlers.containers import compose
from handlers.containers.temporary_names import real_name_of
from hooks.docker.container import InspectedContainer, ListedContainer

Earlier = Mapping[str, Sequence[str]]  # a container's name -> the ids that it had
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
        joined = [Member(one, holder, link) for one in left if (link := _link(one, holder, by_id, had))]
        found += joined
        holders.extend(member.listed for member in joined)
        left = [one for one in left if one.id not in {member.listed.id for member in joined}]
    return found


def orphans(containers: Iterable[ListedContainer], known: Iterable[Member]) -> list[ListedContainer]:
    """Containers that join one that no longer exists, where it is not known which one that was."""
    containers = [one for one in containers if real_name_of(one) is None]
    there = {word for one in containers for word in (one.id, one.name)} | {member.listed.parent for member in known}
    return [one for one in containers if one.parent is not None and one.parent not in there]


def judged(
    parent: InspectedContainer,
    found: Iterable[Member],
    seen: Mapping[str, InspectedContainer],
    left_by_us: Callable[[InspectedContainer], bool] = lambda seen: seen.stranded,
) -> list[Dependent]:
    """How each member is. `seen` has them by id: one that is missing there is left out, with those that join it.

    `left_by_us`: whether gluehook, and not its owner, left a container stopped.
    """
    holders: dict[str, tuple[InspectedContainer, State]] = {parent.id: (parent, "attached")}
    dependents = []
    for member in found:
        one, holder = seen.get(member.listed.id), holders.get(member.joins.id)
        if one and holder:
            state = _state(one, member.link, *holder, left_by_us)
            holders[one.id] = (one, state)
            dependents.append(Dependent(one, member.joins, member.link, state))
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
    holder: InspectedContainer,
    holder_state: State,
    left_by_us: Callable[[InspectedContainer], bool],
) -> State:
    if one.paused:
        return "paused"
    if one.stopped and not left_by_us(one):
        return "stopped"
    if link != "same" or holder_state == "elsewhere":  # the other will have another id soon
        return "elsewhere"
    if holder_state in ("stopped", "waiting"):
        return "waiting"
    if one.stopped:
        return "stranded"
    moves = holder_state in ("stale", "stranded") or one.started_at < holder.started_at
    return "stale" if moves else "attached"
