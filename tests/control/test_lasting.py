"""Connections of the control socket that last: their bounds, clients that misbehave, a flood, and the stop."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from hooks.control import lasting, telling
from hooks.control.client import request
from hooks.control.followers import Followers
from hooks.control.items import Items
from hooks.control.lasting import MOST_OPEN, MOST_THREADS, LastingConnections
from hooks.control.server import FILE_NAME, Refused, Response, Server
from hooks.events import signals
from hooks.events.catalogue import Event
from tests.parts.process.gluehook import until
from tests.parts.process.playing import WAIT_S
from tests.parts.process.told import Told, asking, told

FOLLOW = b'{"ask": "follow"}\n'


@contextmanager
def serving(
    state: Path, mask: Callable[[str], str] = str, *, stall_s: float = lasting.STALL_S, beat_s: float = 60.0
) -> Iterator[LastingConnections]:
    """A server of `follow` that ends with the block."""
    following = Followers(Items(mask), "1", beat_s=beat_s)
    connections = LastingConnections({"follow": following.follow}, (following.close,), stall_s=stall_s)
    server = Server(state / FILE_NAME, {"echo": echo}, connections)
    server.start()
    try:
        yield connections
    finally:
        server.stop()
        connections.close()
        until(lambda: not connections._open, "a thread is left", WAIT_S)
        assert not signals.accepted.receivers, "a receiver is left"


def echo(request: Mapping[str, Any]) -> Response:
    yield {"done": "echoed"}


def seen(number: int, **data: Any) -> None:
    signals.emit(signals.event_seen, event=Event("container.start", "web", number, "docker", data=data))


def lines_of(connection: socket.socket) -> Iterator[dict[str, Any]]:
    with connection.makefile("rb") as stream:
        for line in stream:
            yield json.loads(line)


def test_one_more_than_the_most_is_refused_until_one_has_hung_up(tmp_path: Path) -> None:
    with serving(tmp_path), ExitStack() as stack:
        ones = [stack.enter_context(told(tmp_path)) for _ in range(MOST_OPEN)]
        more = Told(tmp_path)
        assert more.until_end() == []
        assert more.ended is not None
        assert more.ended.startswith("8 clients follow this gluehook or wait for its doctor, and it serves 8 at once")
        ones[0].hang_up()
        with told(tmp_path) as again:
            seen(1)
            assert [one.next("event")["event"]["time"] for one in (*ones[1:], again)] == [1] * MOST_OPEN


def test_clients_that_come_and_go_do_not_make_threads_without_end(tmp_path: Path) -> None:
    with serving(tmp_path) as connections:
        for _ in range(3 * MOST_THREADS):
            with asking(tmp_path, FOLLOW) as connection:
                connection.recv(1)
        assert len(connections._open) <= MOST_THREADS
        assert request(tmp_path, "echo")[1] == "echoed"
        seen(1)  # each learns that it is alone
        until(lambda: not connections._open, "a thread is left", WAIT_S)
        with told(tmp_path):
            pass
        seen(2)


def test_a_follower_that_hangs_up_or_sends_more_does_no_harm(tmp_path: Path, problems: list[str]) -> None:
    with serving(tmp_path):
        for line in (FOLLOW, FOLLOW * 1000, b'{"ask": "follow"', b'{"ask": "follow", "kinds": 7}\n'):
            with asking(tmp_path, line):
                pass
        with told(tmp_path) as follower:
            seen(1)
            follower.next("event")
    assert problems == []


@pytest.mark.parametrize("kinds", ["event", ["event", "sneeze"], {"event": 1}, [["event"]], 7, [None]])
def test_kinds_that_there_are_not_are_refused(tmp_path: Path, kinds: object) -> None:
    with serving(tmp_path), asking(tmp_path, json.dumps({"ask": "follow", "kinds": kinds}).encode() + b"\n") as one:
        (answer,) = lines_of(one)
        assert answer["error"].startswith("there is no kind ")


def test_a_follower_that_does_not_read_is_told_how_much_it_missed(tmp_path: Path) -> None:
    count = 10_000
    with serving(tmp_path), told(tmp_path) as quick, asking(tmp_path, FOLLOW) as slow:
        slow.recv(1, socket.MSG_PEEK)
        for number in range(count):
            seen(number, labels={"com.example.text": "x" * 500})
        for follower in (iter(quick.next, None), slowly := lines_of(slow)):
            numbers, missed = [], 0
            for item in follower:
                if item["kind"] == "missed":
                    missed += item["count"]
                elif item["kind"] == "event":
                    numbers.append(item["event"]["time"])
                if len(numbers) + missed == count:
                    break
            assert missed > 0 or follower is not slowly
            assert numbers == sorted(set(numbers)), "in order, and none twice"


def test_a_follower_that_stands_still_is_dropped(tmp_path: Path) -> None:
    with serving(tmp_path, stall_s=0.1) as connections, asking(tmp_path, FOLLOW) as slow:
        slow.recv(1, socket.MSG_PEEK)
        for number in range(telling.MOST):
            seen(number, labels={"com.example.text": "x" * 1000})
        until(lambda: not connections._open, "it is still served", WAIT_S)
        assert not signals.event_seen.receivers


def test_one_that_stands_still_in_the_middle_of_a_line_is_ended_by_the_stop(tmp_path: Path) -> None:
    with serving(tmp_path), asking(tmp_path, FOLLOW) as slow:
        slow.recv(1, socket.MSG_PEEK)
        for number in range(telling.MOST):
            seen(number, labels={"com.example.text": "x" * 1000})


def test_a_follower_to_whom_nothing_happens_gets_beats(tmp_path: Path) -> None:
    with serving(tmp_path, beat_s=0.02), told(tmp_path) as follower:
        assert [follower.next()["kind"] for _ in range(3)] == ["beat"] * 3


def test_no_secret_is_told_and_none_breaks_the_json(tmp_path: Path) -> None:
    def mask(text: str) -> str:
        return text.replace("kind", "***").replace('","', "***").replace("hunter2", "***")

    with serving(tmp_path, mask), told(tmp_path) as follower:
        seen(1, container='a","b', image="http://user:hunter2@host", labels={"x": "one hunter2", "PASSWORD": "pw"})
        data = follower.next("event")["event"]["data"]
        assert data == {"container": "a***b", "image": "http://***@host", "labels": {"x": "one ***", "PASSWORD": "***"}}
        signals.emit(signals.problem, said="hunter2 is of no kind", error=ValueError("hunter2"))
        assert follower.next("problem")["said"] == "*** is of no ***"


def test_what_cannot_be_told_is_a_problem_and_the_next_item_comes(tmp_path: Path) -> None:
    with serving(tmp_path), told(tmp_path) as follower:
        signals.emit(signals.event_seen, event="no event at all")
        seen(2, container={1, 2})
        signals.emit(signals.problem, said="half \ud800 a character")
        seen(3)
        for error in ("AttributeError", "TypeError"):
            said = f"what the signal event_seen reports cannot be told ({error}); see the log"
            assert follower.next()["said"] == said
        assert follower.next("problem")["said"] == "half ? a character"
        assert follower.next("event")["event"]["time"] == 3


def test_after_the_end_nobody_is_served_any_more(tmp_path: Path) -> None:
    with serving(tmp_path) as connections:
        connections.close()
        with asking(tmp_path, FOLLOW) as late:
            assert list(lines_of(late)) == [{"error": "gluehook stops"}]
        with pytest.raises(Refused, match="it knows echo, follow"):
            request(tmp_path, "sneeze")


def test_a_telling_that_breaks_is_reported_and_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put, broken = telling.Bounded.put, [SystemExit("broken")]

    def breaks(self: telling.Bounded[Any], thing: object) -> None:
        if isinstance(thing, bytes) and broken:
            raise broken.pop()
        put(self, thing)

    monkeypatch.setattr(telling.Bounded, "put", breaks)
    with serving(tmp_path), told(tmp_path) as follower:
        seen(1)
        said = follower.next("problem")["said"]
        assert said.startswith(
            "the thread control-tell, which tells followers what happens, failed (SystemExit: broken)"
        )
        seen(2)
        assert follower.next("event")["event"]["time"] == 2
