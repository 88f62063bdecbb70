"""Read every container in a container's network namespace: one list, and an inspect of each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from handlers.containers.dependents import NOTHING, Dependent, Earlier, Remembered, judged, members, orphans
from handlers.shared.docker import inspect, list_containers
from hooks.docker.container import InspectedContainer, ListedContainer
from hooks.handler import GiveUp, Retry


@dataclass(frozen=True, slots=True)
class Namespace:
    """The containers that belong into the namespace of one container."""

    parent: InspectedContainer
    dependents: list[Dependent]
    orphans: list[ListedContainer]  # they join a container that is no more, and that none is in the place of
    unseen: list[str]  # names: they belong in and cannot be inspected
    everyone: Sequence[ListedContainer] = ()  # every container there is
    unknown: list[str] = field(default_factory=list)  # names: Docker does not show whose network they share
    doubts: list[str] = field(default_factory=list)  # sentences about entries of the list that cannot be read


def inspect_members(
    client: Any,
    parent: InspectedContainer,
    earlier: Earlier,
    memory: Remembered = NOTHING,
) -> Namespace:
    """Who shares the parent's namespace, and how each is. `earlier`: the ids that names have had (`World.ids()`).

    One that cannot be inspected hides no other. Raises Retry, or Docker's errors, where the list cannot be had.
    """
    listing = list_containers(client, networks=True)
    containers = listing.containers
    found = members(parent, containers, earlier)
    seen, unseen = inspect_each(client, (member.listed for member in found))
    there = {word for one in containers for word in (one.id, one.name)}
    dependents = judged(parent, found, seen, replace(memory, exists=there.__contains__))
    doubts = replace(listing, unknown=()).doubts
    lost = orphans(containers, found, earlier)
    return Namespace(parent, dependents, lost, unseen, containers, list(listing.unknown), doubts)


def refuse_nested(client: Any, parent: InspectedContainer) -> None:
    """Raises GiveUp for a parent that has no namespace of its own, as it joins another's."""
    way = [parent]
    while (asked := way[-1].parent) is not None:
        other = inspect(client, asked)
        if other is None:
            raise GiveUp(f"container '{parent.name}' joins the network of a container that is no more; re-create it")
        if other.id in {one.id for one in way}:
            names = ", ".join(f"'{one.name}'" for one in way)
            raise GiveUp(f"containers {names} join each other's network in a circle; give one of them a network")
        way.append(other)
    if len(way) > 1:
        root = way[-1].name
        raise GiveUp(
            f"container '{parent.name}' has no network of its own, it joins that of '{root}'; name that in `of`"
        )


def inspect_each(client: Any, containers: Iterable[ListedContainer]) -> tuple[dict[str, InspectedContainer], list[str]]:
    """Inspect them: those that could be, by id, and the names of those that could not be. One gone is in neither."""
    from docker.errors import APIError

    seen: dict[str, InspectedContainer] = {}
    unseen = []
    for one in containers:
        try:
            found = inspect(client, one.id)
        except (APIError, Retry):
            unseen.append(one.name)
            continue
        if found:
            seen[one.id] = found
    return seen, unseen
