"""The temporary names of a re-creation that is under way or was cut off, by which it is finished or undone."""

from __future__ import annotations

import re
from typing import NamedTuple

from hooks.docker.container import ListedContainer

_NAME = re.compile(r"(?P<name>.+)\.gluehook-(?P<kind>new|old)-(?P<old_id>[0-9a-f]{12})")


class Mark(NamedTuple):
    """What the name of a leftover says."""

    name: str  # the one that it had, or is to have
    kind: str  # "new" or "old"
    old_id: str  # the first 12 characters of the old one's id


def temporary_name(name: str, kind: str, old_id: str) -> str:
    """The name of the old one while it stands aside, or of the new one while it is not in its place."""
    return f"{name}.gluehook-{kind}-{old_id[:12]}"


def mark_of(container: ListedContainer) -> Mark | None:
    """What its name says, or None for a container that is no leftover of ours."""
    found = _NAME.fullmatch(container.name)
    mark = Mark(**found.groupdict()) if found else None
    # the old one's name holds its own id: a container with a copied name does not count
    return None if mark is None or (mark.kind == "old" and not container.id.startswith(mark.old_id)) else mark


def real_name_of(container: ListedContainer) -> str | None:
    """The name that a leftover had or is to have, or None for a container that is none."""
    mark = mark_of(container)
    return mark.name if mark else None
