"""In which order several containers are taken: each after those that it depends on.

It depends on the container whose network namespace it joins, and on the services of its project that Compose's
depends_on names. Nothing here sends a request.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from handlers.containers import compose
from hooks.docker.container import ListedContainer

_SHORT = 12  # characters of an id: Docker takes any beginning of one, and people write so much of it
C = TypeVar("C", bound=ListedContainer)


def levels(containers: Sequence[C]) -> list[list[C]]:
    """Groups that can be handled at once, those first that others depend on; each group in the order of names.

    Compose allows no circle, but labels can hold one: it is opened at one of its containers.
    """
    left = {one.name: one for one in containers}
    needed = {one.name: _needs(one, containers) for one in containers}
    found = []
    while left:
        ready = sorted(name for name in left if not needed[name] & left.keys()) or [_in_a_circle(needed, left)]
        found.append([left.pop(name) for name in ready])
    return found


def _needs(one: ListedContainer, others: Sequence[ListedContainer]) -> set[str]:
    """The names of those among the others that it depends on."""
    services, project = compose.depends_on(one.labels), compose.project(one.labels)
    return {
        other.name for other in others if other.name != one.name and (
            is_called(other, one.parent)
            or (project and compose.project(other.labels) == project and compose.service(other.labels) in services)
        )
    }  # fmt: skip


def is_called(one: ListedContainer, reference: str | None) -> bool:
    """Whether this name or id means it."""
    if not reference:
        return False
    return reference in (one.name, one.id) or (len(reference) >= _SHORT and one.id.startswith(reference))


def _in_a_circle(needed: Mapping[str, set[str]], left: Mapping[str, object]) -> str:
    """The name of a container that depends on itself in the end, where each one left depends on another."""
    name, passed = min(left), set[str]()
    while name not in passed:
        passed.add(name)
        name = min(needed[name] & left.keys())
    return name
