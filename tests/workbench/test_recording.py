"""Recordings: what is read of good lines, and what is said of the others."""

from __future__ import annotations

import io
import random
import tracemalloc
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hooks.events import jsonl
from hooks.events.catalogue import Event
from hooks.journal.records import Accepted
from hooks.journal.store import Store
from hooks.workbench.recording import LONGEST_LINE_BYTES, SHOWN, EventLines, Recording, TimedEvent, merged
from tests.parts.values.recorded import BEGAN_NS, S, docker, ours, port


def read(*lines: bytes, accepts: Iterable[str] = ()) -> tuple[list[TimedEvent], Recording]:
    """What a recording of these lines yields; `wanted`: only these types."""
    types = set(accepts)
    recording = Recording("r.jsonl", io.BytesIO(b"".join(lines)), accepts=lambda kind, _: not types or kind in types)
    return list(recording), recording


def told(seen: Iterable[TimedEvent]) -> list[tuple[float, str]]:
    """When, from the begin, and what."""
    return [((at - BEGAN_NS) / S, event.type) for at, event in seen]


def said(recording: Recording) -> list[str]:
    return list(map(str, recording.problems))


# -- good lines -----------------------------------------------------------------------------------


def test_lines_of_ours_and_of_docker_may_be_mixed() -> None:
    seen, recording = read(
        port(0, 5000), docker(1, "die", "web", exitCode="137"), docker(2, "health_status: healthy", "g")
    )
    assert told(seen) == [(0, "port.forwarded"), (1, "container.die"), (2, "container.healthy")]
    assert seen[1].event.data["exit_code"] == 137
    assert (recording.lines, recording.events, recording.unwanted, said(recording)) == (3, 3, 0, [])


def test_comments_and_blank_lines_are_nothing() -> None:
    seen, recording = read(b'{"//":"recorded on my server"}\n', b"\n", b"  \r\n", docker(0, "start", "web"))
    assert told(seen) == [(0, "container.start")]
    assert (recording.events, said(recording)) == (1, [])


def test_what_nobody_wants_is_counted_and_moves_the_clock() -> None:
    lines = [docker(0, "die", "web"), docker(5, "pause", "web"), ours(9, "container.top", "web", container="web")]
    seen, recording = read(*lines, accepts=["container.die"])
    assert told(seen) == [(0, "container.die")]
    assert (recording.events, recording.unwanted) == (1, 2)
    assert recording.last == BEGAN_NS + 9 * S


def test_what_the_engine_makes_itself_is_left_out() -> None:
    lines = [
        jsonl.dumps(Event("rule.exhausted", "heal", BEGAN_NS, data={"rule": "heal"})).encode() + b"\n",
        jsonl.dumps(Event("run.failed", "heal", BEGAN_NS, data={"rule": "heal"})).encode() + b"\n",
    ]
    seen, recording = read(*lines, port(1, 5000))
    assert told(seen) == [(1, "port.forwarded")]
    assert said(recording) == []


def test_events_of_ours_can_be_read_without_a_file() -> None:
    event = Event("container.die", "web", BEGAN_NS, "docker", data={"container": "web", "exit_code": 1})
    assert list(Recording("journal", EventLines([event]))) == [TimedEvent(BEGAN_NS, event)]


@pytest.mark.parametrize("at", [0.0, 4.0])
def test_several_recordings_are_one(at: float) -> None:
    one = Recording("a", io.BytesIO(docker(at, "start", "a") + docker(7, "die", "a")))
    other = Recording("b", io.BytesIO(docker(4, "start", "b") + docker(6, "die", "b")))
    names = [event.subject for _, event in merged([one, other])]
    assert names == ["a", "b", "b", "a"], "and at the same instant in the order of the files"


# -- what follows from Docker's lines ---------------------------------------------------------------


def test_a_container_with_another_id_is_one_that_was_recreated() -> None:
    seen, _ = read(docker(0, "start", "web"), docker(5, "die", "web"), docker(6, "start", "web", "b"))
    assert told(seen)[2:] == [(6, "container.start"), (6, "container.recreated")]
    assert seen[3].event.data["old_id"] == "a" * 64


def test_lines_of_ours_have_told_already_what_follows() -> None:
    lines = [ours(at, "container.start", "web", container="web", id=ident) for at, ident in ((0, "a"), (6, "b"))]
    seen, _ = read(*lines)
    assert told(seen) == [(0, "container.start"), (6, "container.start")]


def test_a_gluetun_that_starts_anew_has_no_port_until_it_is_written() -> None:
    seen, _ = read(
        docker(0, "start", "gluetun"), port(5, 5000), docker(9, "die", "gluetun"), docker(10, "start", "gluetun")
    )
    assert told(seen)[3:] == [(10, "container.start"), (10, "port.cleared")]


def test_what_follows_is_found_also_where_only_that_is_wanted() -> None:
    lines = [docker(0, "start", "web"), docker(6, "start", "web", "b"), docker(7, "start", "db")]
    seen, recording = read(*lines, accepts=["container.recreated"])
    assert told(seen) == [(6, "container.recreated")]
    assert (recording.events, recording.unwanted) == (1, 2)


def test_a_journal_is_read_piece_by_piece_in_the_order_of_acceptance(tmp_path: Path) -> None:
    with closing(Store(tmp_path / "journal.db")) as journal:
        died = [
            Event("container.die", f"web-{number % 7}", BEGAN_NS + number * S, "docker", data={"n": number})
            for number in range(1200)
        ]
        journal.write(Accepted(event, (("web", str(number)),)) for number, event in enumerate(died))
        assert [event.data["n"] for event in journal.recorded()] == list(range(1200))
        assert [event.data["n"] for event in journal.recorded((BEGAN_NS + 1190 * S) / 1e9)] == list(range(1190, 1200))
        assert list(journal.recorded(BEGAN_NS / 1e9 + 9e6)) == []


# -- time -------------------------------------------------------------------------------------------


def test_the_clock_never_goes_back_and_it_is_said_once() -> None:
    lines = [docker(10, "die", "a"), docker(9.5, "die", "b"), docker(11, "die", "c"), docker(4, "die", "d")]
    seen, recording = read(*lines)
    assert told(seen) == [(at, "container.die") for at in (10, 10, 11, 11)]
    assert seen[3].event.time == BEGAN_NS + 4 * S, "the event itself keeps its time"
    (problem,) = recording.problems
    assert (problem.line, problem.bad) == (2, False)
    assert "2 lines are earlier than one above, by 7s at most" in problem.said


def test_a_state_that_a_resync_found_is_taken_when_it_was_found() -> None:
    old = ours(-86400, "container.start", "web", "resync", container="web")
    seen, recording = read(docker(10, "die", "a"), old)
    assert told(seen) == [(10, "container.die"), (10, "container.start")]
    assert said(recording) == []
    known = ours(-86400, "container.start", "web", "resync", container="web", at=12)
    assert told(read(docker(10, "die", "a"), known)[0])[1] == (12, "container.start")


def test_states_that_were_found_before_anything_happened_are_taken_with_the_first_thing_that_did() -> None:
    found = [
        ours(-86400 * days, "container.start", f"web-{days}", "resync", container=f"web-{days}") for days in (1, 9)
    ]
    seen, _ = read(*found, docker(10, "die", "a"))
    assert [(at - BEGAN_NS) // S for at, _ in seen] == [10, 10, 10]
    assert [event.subject for _, event in seen] == ["web-1", "web-9", "a"]
    seen, recording = read(*found)
    assert [at for at, _ in seen] == [BEGAN_NS - 86400 * S] * 2, "where nothing did, with the newest of them"
    assert recording.last == seen[0].at


# -- bad lines --------------------------------------------------------------------------------------


def test_a_torn_last_line_is_said_and_the_rest_is_used() -> None:
    seen, recording = read(docker(0, "die", "a"), docker(1, "die", "b")[:60])
    assert told(seen) == [(0, "container.die")]
    assert said(recording) == ["r.jsonl:2: the last line is torn, as if its writer was ended; it is left out"]
    assert not recording.problems[0].bad


def test_a_whole_last_line_needs_no_line_end() -> None:
    seen, recording = read(docker(0, "die", "a"), docker(1, "die", "b").rstrip())
    assert told(seen) == [(0, "container.die"), (1, "container.die")]
    assert said(recording) == []


def test_the_first_lines_of_rubbish_are_told_and_the_rest_counted() -> None:
    rubbish = [b"\n", b"rubbish\n", b"[1]\n", b'{"a": 1}\n', b"\xff\xfe\n", b"{}\n"]
    seen, recording = read(*rubbish, docker(0, "die", "a"))
    assert told(seen) == [(0, "container.die")]
    assert [problem.line for problem in recording.problems] == [2, 3, 4, 0]
    assert all(problem.bad for problem in recording.problems)
    assert said(recording)[0] == "r.jsonl:2: the line is no JSON: Expecting value at character 1; the line is left out"
    assert said(recording)[2] == "r.jsonl:4: the event has no 'type'; the line is left out"
    assert said(recording)[3] == f"r.jsonl: {5 - SHOWN} more lines are no events; they are left out"


def test_types_that_are_not_known_are_told_once_and_dockers_are_counted() -> None:
    line = b'{"type":"port.moved","subject":"gluetun","time":%d}\n' % BEGAN_NS
    _, recording = read(line, line, docker(1, "load", "x", what="plugin"), docker(2, "die", "a"))
    assert said(recording) == ["r.jsonl:1: there is no event type 'port.moved' here; such lines are left out"]
    assert (recording.unknown, recording.events) == (3, 1)
    assert not recording.problems[0].bad


@pytest.mark.parametrize("time", ["0", "-5", "1" + "0" * 30, '"soon"', "null", "true", "1795369775"])
def test_a_time_that_makes_no_sense_is_no_event(time: str) -> None:
    seen, recording = read(b'{"type":"container.die","subject":"a","time":%s}\n' % time.encode(), docker(3, "die", "a"))
    assert told(seen) == [(3, "container.die")]
    assert (recording.problems[0].line, recording.problems[0].bad) == (1, True)


def test_a_line_without_an_end_costs_no_memory_and_the_next_is_read() -> None:
    seen, recording = read(docker(0, "die", "a"), b"x" * (3 * LONGEST_LINE_BYTES) + b"\n", docker(1, "die", "b"))
    assert told(seen) == [(0, "container.die"), (1, "container.die")]
    assert said(recording) == ["r.jsonl:2: the line is longer than 1 MiB; the line is left out"]
    assert recording.lines == 3


def test_a_recording_of_nothing_says_so() -> None:
    assert said(read()[1]) == ["r.jsonl: there is no event in it"]
    assert read(b"\n")[1].problems[0].bad


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200), st.integers(0, 400), st.binary(max_size=8))
def test_no_bytes_break_it(rubbish: bytes, place: int, more: bytes) -> None:
    good = docker(0, "die", "web", exitCode="1") + port(1, 5000)
    damaged = good[:place] + more + good[place + len(more) :]
    seen, recording = read(damaged, rubbish, b"\n", docker(9, "die", "last"))
    assert seen, "whatever came before, the good line is read"
    assert seen[-1].event.subject == "last"
    assert len(recording.problems) <= 3 * SHOWN
    assert [at for at, _ in seen] == sorted(at for at, _ in seen)


class Endless:
    """A file that is made while it is read."""

    def __init__(self, lines: int, seed: int) -> None:
        self._left, self._random = lines, random.Random(seed)

    def readline(self, _limit: int, /) -> bytes:
        self._left -= 1
        name = f"web-{self._random.randrange(10**9)}"  # ever new names
        return (
            docker(-self._left, self._random.choice(("die", "start")), name, "abcdef"[self._left % 6])
            if self._left
            else b""
        )


def test_memory_does_not_grow_with_the_recording() -> None:
    recording = Recording("long", Endless(12_000, seed=4), accepts=lambda kind, _: kind == "container.die")
    tracemalloc.start()
    most = sum(1 for _ in recording)
    held, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most > 5_000
    assert held < 300_000, "bytes that are held at the end"
    assert peak < 2_000_000, "bytes that were held at once"
