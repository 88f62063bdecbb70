"""The owner asks a running gluehook: over real sockets, of a dispatch that runs, and at last of a whole process."""

from __future__ import annotations

import json
import signal
import socket
import stat
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from handlers.base import Context, GiveUp, Outcome
from hooks import history, signals
from hooks.asking import NotRunning, ask
from hooks.books import Books
from hooks.control import FILE_NAME, LONGEST_LINE_BYTES, Answer, Control, Refused, Verbs
from hooks.durable import Durable
from hooks.memory import Memory
from hooks.orders import Orders
from hooks.pauses import Pauses
from hooks.table import Entry, Rule, Step
from tests.parts.gluehook import gluehook
from tests.parts.playing import WAIT_S, PlayArgs, Stage, changed, stage

RULE = Rule("port", (Entry("container.start"),), (Step("play.act"),))
OTHER = Rule("other", (Entry("container.die"),), (Step("play.act"),))


def echo(asked: Mapping[str, Any]) -> Answer:
    yield {"item": asked.get("text")}
    yield {"done": "echoed"}


def broken(asked: Mapping[str, Any]) -> Answer:
    yield {"item": 1}
    raise LookupError(f"not {asked['ask']}")


@contextmanager
def serving(state: Path, verbs: Verbs | None = None) -> Iterator[Control]:
    control = Control(state / FILE_NAME, verbs or {"echo": echo, "broken": broken})
    control.start()
    try:
        yield control
    finally:
        control.stop()


@contextmanager
def troubles() -> Iterator[list[str]]:
    said: list[str] = []

    def listen(_: object, said: str, heard: list[str] = said, **__: object) -> None:
        heard.append(said)

    with signals.trouble.connected_to(listen):
        yield said


def raw(state: Path, request: bytes, *, hang_up: bool = False) -> bytes:
    """What a connection gets that sends these bytes."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(WAIT_S)
        connection.connect(str(state / FILE_NAME))
        connection.sendall(request)
        if hang_up:
            return b""
        with connection.makefile("rb") as stream:
            return stream.read()


# -- the socket ------------------------------------------------------------------------------------


def test_it_answers_one_after_the_other_and_only_its_owner(tmp_path: Path) -> None:
    with serving(tmp_path):
        assert stat.S_IMODE((tmp_path / FILE_NAME).stat().st_mode) == 0o600
        for text in ("one", "zwei – ü"):
            assert ask(tmp_path, "echo", text=text) == ([{"item": text}], "echoed")
    assert not (tmp_path / FILE_NAME).exists()


def test_nobody_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotRunning, match=r"no gluehook is running on the state folder .*gluehook run"):
        ask(tmp_path, "echo")


def test_a_socket_that_a_killed_life_left_is_replaced(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as old:
        old.bind(str(tmp_path / FILE_NAME))
    with pytest.raises(NotRunning, match="no gluehook is running"):
        ask(tmp_path, "echo")
    with serving(tmp_path):
        assert ask(tmp_path, "echo", text=1)[0] == [{"item": 1}]


def test_a_file_in_its_place_is_left_alone_and_said(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text("mine")
    with troubles() as said, serving(tmp_path):
        pass
    assert (tmp_path / FILE_NAME).read_text() == "mine"
    assert len(said) == 1
    assert "cannot be opened: Address already in use; the work goes on" in said[0]


def test_a_path_that_no_socket_can_have_is_said_on_both_sides(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 120)
    deep.mkdir()
    too_long = pytest.raises(NotRunning, match=r"its path has \d+ bytes, and a socket's at most 107")
    with troubles() as said, serving(deep), too_long:
        ask(deep, "echo")
    assert len(said) == 1
    assert "at most 107: give GLUEHOOK_STATE a shorter one; the work goes on" in said[0]


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        (b"\n", "is no line like"), (b"[1]\n", "is no line like"), (b'{"ask": ["echo"]}\n', "is no line like"),
        (b"\xff\xfe\n", "is no line like"), (b"[" * 50_000 + b"\n", "is no line like"),
        (b'{"ask": "status"}\n', "does not know 'status'; it knows echo, broken"),
        (b'{"ask": "' + b"x" * LONGEST_LINE_BYTES + b'"}\n', "longer than 65536 bytes"),
    ],
    ids=["empty", "list", "no-name", "binary", "deep", "unknown", "long"],
)  # fmt: skip
def test_what_is_no_request_gets_one_error_and_hurts_nobody(tmp_path: Path, request_: bytes, says: str) -> None:
    with serving(tmp_path):
        (answer,) = raw(tmp_path, request_).splitlines()
        assert says in json.loads(answer)["error"]
        assert ask(tmp_path, "echo", text=1)[1] == "echoed"


def test_who_hangs_up_hurts_nobody(tmp_path: Path) -> None:
    with serving(tmp_path), troubles() as said:
        for request in (b"", b'{"ask"', b'{"ask": "echo"}\n'):
            raw(tmp_path, request, hang_up=True)
        assert ask(tmp_path, "echo", text=1)[1] == "echoed"
    assert said == []


def test_an_answer_that_breaks_is_an_error_and_said(tmp_path: Path) -> None:
    with serving(tmp_path), troubles() as said:
        with pytest.raises(Refused, match="the answer broke: LookupError: not broken; "):
            ask(tmp_path, "broken")
        assert ask(tmp_path, "echo", text=1)[1] == "echoed"
    assert len(said) == 1


# -- a call on the loop ----------------------------------------------------------------------------


def test_a_call_is_done_on_the_loops_thread_and_its_answer_or_error_comes_back() -> None:
    with stage(RULE) as s:
        threads = {s.dispatch.call(threading.get_ident) for _ in range(3)}
        assert len(threads) == 1
        assert threading.get_ident() not in threads
        with pytest.raises(ZeroDivisionError):
            s.dispatch.call(lambda: 1 // 0)
        assert s.dispatch.call(lambda: "still there") == "still there"


def test_a_call_that_is_not_come_to_in_time_is_not_done_later_either() -> None:
    begun, go, done = threading.Event(), threading.Event(), list[str]()

    def hold() -> bool:
        begun.set()
        return go.wait(WAIT_S)

    with stage(RULE) as s:
        busy = threading.Thread(target=s.dispatch.call, args=(hold,))
        busy.start()
        assert begun.wait(WAIT_S)
        with pytest.raises(TimeoutError):
            s.dispatch.call(lambda: done.append("late"), 0.01)
        go.set()
        busy.join(WAIT_S)
        s.dispatch.call(lambda: done.append("in time"))
    assert done == ["in time"]


# -- the verbs -------------------------------------------------------------------------------------


@dataclass
class Desk:
    """A dispatch that runs on a state folder, and answers."""

    stage: Stage
    state: Path
    memory: Memory
    looked: threading.Event = field(default_factory=threading.Event)

    def runs(self, **which: Any) -> list[dict[str, Any]]:
        return ask(self.state, "history", **which)[0]


@contextmanager
def desk(
    state: Path, *rules: Rule, act: Callable[[PlayArgs, Context], Outcome] = lambda *_: changed()
) -> Iterator[Desk]:
    durable = Durable(state)
    try:
        books = Books(durable)
        with stage(*(rules or (RULE, OTHER)), act=act, books=books) as s:
            it = Desk(s, state, Memory(state / "memory.json"))
            pauses = s.dispatch.call(lambda: Pauses(s.dispatch, books, it.looked.set))
            with serving(state, Orders(s.dispatch, durable, it.memory, pauses).verbs()):
                yield it
            pauses.close()
    finally:
        durable.close()


def ended(names: int) -> Callable[[], bool]:
    """A thing to wait on: so many runs have ended since now."""
    count = threading.Semaphore(0)

    def listen(*_: object, **__: object) -> None:
        count.release()

    signals.run_ended.connect(listen, weak=False)

    def wait() -> bool:
        try:
            return all(count.acquire(timeout=WAIT_S) for _ in range(names))
        finally:
            signals.run_ended.disconnect(listen)

    return wait


def run_once(it: Desk, kind: str = "container.start", subject: str = "gluetun") -> None:
    wait = ended(1)
    it.stage.post(kind, subject)
    it.stage.called()
    assert wait()


def test_history_is_the_runs_the_newest_first_and_those_that_are_asked_for(tmp_path: Path) -> None:
    def act(args: PlayArgs, ctx: Context) -> Outcome:
        if ctx.event.subject == "bad":
            raise GiveUp("that is wrong")
        return changed("well done")

    with desk(tmp_path, act=act) as it:
        run_once(it)
        run_once(it, "container.die", "bad")
        run_once(it, "container.start", "bad")
        assert [run["id"] for run in it.runs()] == ["port/bad#4", "other/bad#2", "port/gluetun#1"]
        assert [run["id"] for run in it.runs(failed=True, rule="port")] == ["port/bad#4"]
        assert [run["id"] for run in it.runs(most=1)] == ["port/bad#4"]
        assert it.runs()[2]["said"] == "well done"
        for most in (0, 1001, "many"):
            with pytest.raises(Refused, match="ask for 1 to 1000"):
                it.runs(most=most)
    offline = history.read(tmp_path, failed=True, rule="", most=20)
    assert [run["id"] for run in offline] == ["port/bad#4", "other/bad#2"]
    before = sorted(tmp_path.glob("journal*")), (tmp_path / "journal.db").read_bytes()
    lines = list(history.table(offline, 0.0))
    assert lines[0].split() == ["when", "run", "outcome", "attempts", "took", "said"]
    assert lines[1].split()[2:5] == ["port/bad#4", "gave", "up"]
    assert lines[1].endswith("that is wrong")
    assert (sorted(tmp_path.glob("journal*")), (tmp_path / "journal.db").read_bytes()) == before


def test_where_there_was_never_a_gluehook_there_is_no_history(tmp_path: Path) -> None:
    with pytest.raises(history.NoJournal, match=r"there is no journal .*no gluehook is running"):
        history.read(tmp_path, failed=False, rule="", most=20)
    (tmp_path / "journal.db").write_bytes(b"something else" * 1000)
    with pytest.raises(history.NoJournal, match=r"cannot be read \(file is not a database\)"):
        history.read(tmp_path, failed=False, rule="", most=20)


def test_a_retry_runs_the_rule_again_with_its_event_and_forgets_rejected_credentials(tmp_path: Path) -> None:
    locked = threading.Event()
    locked.set()

    def act(args: PlayArgs, ctx: Context) -> Outcome:
        if locked.is_set():
            raise GiveUp("401")
        return changed()

    with desk(tmp_path, act=act) as it:
        it.memory.put("qbittorrent.rejected:http://gluetun:8080", {"hash": "0"})
        it.memory.put("restarts:gluetun", [1])
        run_once(it)
        locked.clear()
        wait = ended(1)
        _, said = ask(tmp_path, "retry", run="port/gluetun#1")
        event = it.stage.called()[1].event
        assert wait()
        assert (event.type, event.subject, event.origin) == ("container.start", "gluetun", "manual")
        assert said == (
            "port runs again for gluetun, with what led to port/gluetun#1; "
            "tried again: the credentials rejected by http://gluetun:8080"
        )
        assert it.memory.keys() == ["restarts:gluetun"]
        runs = it.runs()
        assert [run["outcome"] for run in runs] == ["changed", "give_up"]
        assert runs[0]["event"] == runs[1]["event"]
        assert runs[0]["id"] != runs[1]["id"]
    durable = Durable(tmp_path)
    assert durable.read(lambda journal: journal.unsettled(), otherwise=None) == []
    durable.close()


def test_a_run_that_cannot_be_retried_is_said_with_those_that_can(tmp_path: Path) -> None:
    go = threading.Event()

    def act(args: PlayArgs, ctx: Context) -> Outcome:
        if ctx.event.subject == "hangs":
            assert go.wait(WAIT_S)
        raise GiveUp("401")

    with desk(tmp_path, act=act) as it:
        with pytest.raises(Refused, match="there is no run 'port/gluetun#1'; none has failed"):
            ask(tmp_path, "retry", run="port/gluetun#1")
        run_once(it)
        with pytest.raises(Refused, match=r"\(did you mean 'port/gluetun#1'\?\); these have failed: port/gluetun#1"):
            ask(tmp_path, "retry", run="port/gluetum#1")
        it.stage.post("container.start", "hangs")
        at_work = it.stage.called()[1].run
        with pytest.raises(Refused, match=f"{at_work} is at work now"):
            ask(tmp_path, "retry", run=at_work)
        go.set()
    with desk(tmp_path, OTHER), pytest.raises(Refused, match="its rule port is not in force any more"):
        ask(tmp_path, "retry", run="port/gluetun#1")


def test_in_a_pause_nothing_starts_and_at_its_end_the_states_are_looked_at(tmp_path: Path) -> None:
    with desk(tmp_path) as it:
        said = ask(tmp_path, "pause", rule="port", **{"for": "1h"})[1]
        assert said.startswith("paused for 1h: no run of port starts until 20")
        it.stage.post("container.start")
        run_once(it, "container.die")
        assert [run["rule"] for run in it.runs()] == ["other"]
        assert not it.looked.is_set()
        wait = ended(1)
        assert ask(tmp_path, "resume", rule="port")[1] == "the pause of port is over; the states are looked at again"
        assert it.looked.is_set()
        it.stage.called()
        assert wait()


def test_a_pause_ends_by_itself(tmp_path: Path) -> None:
    with desk(tmp_path) as it:
        ask(tmp_path, "pause", **{"for": "250ms"})
        it.stage.post("container.start")
        assert it.looked.wait(WAIT_S)
        it.stage.called()
        assert ask(tmp_path, "resume")[1] == "nothing is paused"


def test_a_pause_is_replaced_by_the_next_and_two_are_ended_at_once(tmp_path: Path) -> None:
    with desk(tmp_path) as it:
        ask(tmp_path, "pause", **{"for": "100ms"})
        ask(tmp_path, "pause", **{"for": "1h"})
        ask(tmp_path, "pause", rule="port", **{"for": "1h"})
        assert ask(tmp_path, "resume", rule="other")[1] == (
            "other is not paused by itself (still paused: all rules, port)"
        )
        assert not it.looked.wait(0.3), "the pause that was replaced must not ring"
        assert ask(tmp_path, "resume")[1] == "the pause of all rules, port is over; the states are looked at again"


def test_a_pause_survives_a_restart_and_one_that_is_over_does_not(tmp_path: Path) -> None:
    with desk(tmp_path) as it:
        ask(tmp_path, "pause", rule="port", **{"for": "1h"})
        ask(tmp_path, "pause", rule="other", **{"for": "1ms"})
        assert it.looked.wait(WAIT_S)
    with desk(tmp_path) as it:
        it.stage.post("container.start")
        run_once(it, "container.die")
        assert [run["rule"] for run in it.runs()] == ["other"]
        wait = ended(1)
        ask(tmp_path, "resume")
        it.stage.called()
        assert wait()


def test_a_retry_of_a_paused_rule_says_when_it_will_be(tmp_path: Path) -> None:
    with desk(tmp_path) as it:
        run_once(it)
        ask(tmp_path, "pause", **{"for": "1h"})
        assert ", after its pause, at 20" in ask(tmp_path, "retry", run="port/gluetun#1")[1]
        assert it.stage.handlers["play.act"].calls.empty()


@pytest.mark.parametrize(
    ("rule", "for_", "says"),
    [
        ("prot", "1h", r"there is no rule 'prot' \(did you mean 'port'\?\); the rules are port, other"),
        ("port", "30", "--for: .*a unit is missing"), ("port", "0s", "no time is none"),
    ],
)  # fmt: skip
def test_a_pause_that_means_nothing_is_refused(tmp_path: Path, rule: str, for_: str, says: str) -> None:
    with desk(tmp_path), pytest.raises(Refused, match=says):
        ask(tmp_path, "pause", rule=rule, **{"for": for_})


# -- the whole -------------------------------------------------------------------------------------

FILED = """
version = 1
[[rule]]
name  = "file-port"
on    = "port.forwarded"
retry = { attempts = 1 }
do    = { use = "command.run", command = ["/bin/cp", "FOLDER/wanted", "FOLDER/given"] }
"""


def test_the_commands_of_a_process_that_runs(tmp_path: Path) -> None:
    folder = tmp_path / "f"
    folder.mkdir()
    with gluehook(folder, FILED.replace("FOLDER", str(folder)), GLUEHOOK_LOG_LEVEL="DEBUG") as part:
        part.hears("is ready")
        part.write_port(51413)
        part.hears("file-port: ", "cannot stat")
        failed = part.call("history", "--failed")
        assert failed.returncode == 0, failed.stderr
        run = failed.stdout.splitlines()[1].split()[2]
        assert run.startswith("file-port/gluetun#")
        assert json.loads(part.call("history", "--json").stdout)["id"] == run
        (folder / "wanted").write_text("x")
        said = part.call("retry", run)
        assert said.stdout == f"file-port runs again for gluetun, with what led to {run}\n"
        part.hears(said.stdout.strip())
        part.hears("file-port: ", "done (after 1 failed attempt)")
        assert (folder / "given").read_text() == "x"
        assert part.call("pause", "--for", "1h").stdout.startswith("paused for 1h: no run of any rule starts until")
        part.hears("paused for 1h: no run of any rule starts until")
        assert part.call("health").returncode == 0, "to rest on purpose is healthy"
        assert part.ends(signal.SIGKILL) == -signal.SIGKILL
        gone = part.call("retry", run)
        assert (gone.returncode, gone.stdout) == (1, "")
        assert "no gluehook is running on the state folder" in gone.stderr
        assert len(part.call("history").stdout.splitlines()) == 3
        since = part.mark()
        part.start()
        part.hears("still paused: no run of any rule starts until", since=since)
        part.hears("is ready", since=since)
        part.write_port(51414)
        part.hears("port.forwarded (live)", since=since)
        (folder / "wanted").write_text("y")
        assert part.call("resume").stdout == "the pause of all rules is over; the states are looked at again\n"
        part.hears("port.forwarded (resync)", since=since)
        part.hears("file-port: ", "done", since=since)
        assert (folder / "given").read_text() == "y"
        assert part.call("history").stdout.count("file-port/gluetun#") == 3
        assert part.call("retry", "file-port/nobody#9").returncode == 1
        assert part.ends() == 0
        assert not (part.state / FILE_NAME).exists()
