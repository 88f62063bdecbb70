"""Which regions of Private Internet Access forward ports, by the lists of servers that gluetun is built with.

A region that is offline when a list is made is missing in it, and comes back: so an earlier list counts as well.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from hooks.events import wording

_FILE = Path(__file__).with_name("pia_regions.json")


@dataclass(frozen=True, slots=True)
class Regions:
    """Region names as an owner wrote them, by what the list says of them. A region that is down may be in none."""

    forward: tuple[str, ...]
    do_not: tuple[str, ...]
    unknown: tuple[str, ...]


def classify(names: Iterable[str]) -> Regions:
    """Compared as gluetun does: case does not count."""
    forward, do_not = ({name.lower() for name in _known(key)} for key in ("forward", "do_not_forward"))
    names = tuple(names)
    return Regions(
        tuple(name for name in names if name.lower() in forward),
        tuple(name for name in names if name.lower() in do_not),
        tuple(name for name in names if name.lower() not in forward | do_not),
    )


def nearest(name: str) -> str | None:
    """The region that may be meant, or None."""
    known = {known.lower(): known for key in ("forward", "do_not_forward") for known in _known(key)}
    return known.get(wording.nearest(name.lower(), known))


def list_date() -> str:
    """The day of the list, YYYY-MM-DD."""
    return str(_data()["of"])[:10]


def _known(key: str) -> list[str]:
    return [*_data()[key], *_data()[f"earlier_{key}"]]


def _data() -> dict[str, list[str]]:
    data: dict[str, list[str]] = json.loads(_FILE.read_text(encoding="utf-8"))
    return data
