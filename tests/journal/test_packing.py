"""Events as what differs from an earlier one: each comes back as it was, and what is alike takes next to no room."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hooks.events.catalogue import Event
from hooks.journal import packing
from hooks.journal.journal import FILE_NAME
from hooks.journal.migrations import migrate
from hooks.journal.store import Store
from tests.parts.values.journaled import die, one_more


@pytest.fixture
def db() -> Iterator[sqlite3.Connection]:
    opened = sqlite3.connect(":memory:", isolation_level=None)
    migrate(opened)
    yield opened
    opened.close()


def keep(db: sqlite3.Connection, event: Event) -> tuple[int, bytes]:
    pattern, packed = packing.pack(db, event)
    db.execute(
        "insert into events (id, at, pattern, packed) values (?, ?, ?, ?)", (event.id, event.time, pattern, packed)
    )
    return pattern, packed


def count(db: sqlite3.Connection) -> int:
    return int(db.execute("select count(*) from patterns where seq > 0").fetchone()[0])


def back(db: sqlite3.Connection, pattern: int, packed: bytes) -> Event | None:
    (whole,) = db.execute("select line from patterns where seq = ?", (pattern,)).fetchone()
    return packing.unpack(packed, whole)


def test_every_event_comes_back_as_it_was(db: sqlite3.Connection) -> None:
    seed = random.SystemRandom().randrange(10**9)
    rng = random.Random(seed)
    for number in range(300):
        data: dict[str, Any] = {
            "container": "web",
            "labels": {f"l{n}": rng.randbytes(8).hex() for n in range(rng.randrange(9))},
        }
        event = Event(
            "container.start", rng.choice("abc"), number, "docker", data=data | {"text": "é\x00💡" * rng.randrange(50)}
        )
        assert back(db, *packing.pack(db, event)) == event, f"seed {seed}"


def test_a_short_line_is_kept_whole_for_a_burst_must_not_wait_for_the_packing(db: sqlite3.Connection) -> None:
    event = Event("container.die", "web", 7, "docker", data={"container": "web", "exit_code": 1})
    pattern, packed = keep(db, event)
    assert (pattern, packed[:1], count(db)) == (0, b"{", 0)
    packing.prune(db)
    assert back(db, pattern, packed) == event


def test_what_is_alike_is_written_once(db: sqlite3.Connection) -> None:
    kept = [keep(db, die(number)) for number in range(0, 200, 20)]  # of one container
    assert count(db) == 1
    assert max(len(packed) for _, packed in kept) < 120
    assert [back(db, *one) for one in kept] == [die(number) for number in range(0, 200, 20)]


def test_a_container_with_a_new_name_is_like_the_one_before(db: sqlite3.Connection) -> None:
    for number in range(50):
        keep(
            db,
            Event(
                "container.die", f"job-{number}", number, "docker", data={**die(0).data, "container": f"job-{number}"}
            ),
        )
    assert count(db) == 1


def test_a_pattern_goes_with_the_last_event_that_needs_it(db: sqlite3.Connection) -> None:
    keep(db, die(0))
    keep(
        db,
        Event(
            "file.written",
            "/srv/notes",
            1,
            "files",
            data={"path": "/srv/notes" + random.Random(1).randbytes(200).hex()},
        ),
    )
    assert count(db) == 2
    db.execute("delete from events where seq = 1")
    packing.prune(db)
    assert [subject for (subject,) in db.execute("select subject from patterns where seq > 0")] == ["/srv/notes"]


def test_what_is_damaged_is_no_event(db: sqlite3.Connection) -> None:
    pattern, packed = packing.pack(db, die(0))
    assert back(db, pattern, packed[: len(packed) // 2]) is None
    assert packing.unpack(packed, b"another pattern") is None
    assert packing.unpack(b"no zlib", b"") is None


def test_an_event_with_its_run_and_steps_is_small(tmp_path: Path) -> None:
    store, events = Store(tmp_path / FILE_NAME), 3000
    store.write(record for number in range(events) for record in one_more(number))
    store.close()
    assert (tmp_path / FILE_NAME).stat().st_size / events < 629  # 100,000 of them stay under 60 MiB
