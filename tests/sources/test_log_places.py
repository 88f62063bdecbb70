"""From which line on a log is read: after a restart, a re-creation, a clock that was set back, and saved garbage."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hooks.sources.log_orders import Place, Wanted
from hooks.sources.log_places import Places
from hooks.world.model import Container

S = 10**9
START = 1_000 * S
EARLY = 3 * S  # a container writes before its engine says that it has started
SAVED = {"at": 5_000 * S, "read": {"web": ["a", 4_000 * S, 2, START]}}


def container(ident: str = "a", started_at: int = START, name: str = "web") -> Container:
    return Container(name, ident, running=True, started_at=started_at)


@pytest.mark.parametrize(
    ("saved", "of", "place"),
    [
        (SAVED, container(), Place(4_000 * S, 2)),
        (SAVED, container(started_at=4_500 * S), Place(4_000 * S, 2)),  # restarted: what it said at its end comes first
        (SAVED, container("b", 4_500 * S), Place(4_000 * S, -1)),  # re-created
        (SAVED, container("b", 3_000 * S), Place(3_000 * S - EARLY, -1)),  # after the clock was set back
        (
            SAVED,
            container("n", 6_000 * S, "new"),
            Place(6_000 * S - EARLY, -1),
        ),  # started while gluehook was away
        (SAVED, container(name="renamed"), Place(4_000 * S, 2)),
        (SAVED, container("c", name="old"), None),  # a rule names it since now
        (None, container(), None),
        ({}, container(), None),
        ({"at": "x", "read": {"web": ["a", 4_000 * S, 2, START]}}, container(), None),
        ({"at": 1, "read": {"web": ["a", None, 2, START]}}, container(started_at=0), None),
        ({"at": 1, "read": {"web": ["a"]}}, container(started_at=0), None),
        ({"at": 1, "read": []}, container(started_at=0), None),
        (["at"], container(), None),
    ],
)
def test_a_log_is_read_from_the_line_on_that_was_last_read(saved: Any, of: Container, place: Place | None) -> None:
    places = Places(saved)
    places.listen(10_000 * S)
    assert places.of(of) == place


def test_places_are_saved_as_plain_values_and_the_oldest_go() -> None:
    places = Places(None)
    assert places.saved(0) is None
    places.listen(1)
    for number in range(600):
        places.read(Wanted(f"{number}", f"name-{number}", {}, (), None, True, START), Place(number, 0))
    saved = json.loads(json.dumps(places.saved(7_000 * S)))
    assert len(saved["read"]) == 500
    again = Places(saved)
    assert again.of(container("599", name="name-599")) == Place(599, 0)
    assert again.of(container("1", name="name-1", started_at=0)) is None
