"""The verbs that a child process answers: a child process that answers well, badly, late, or not at all."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hooks.control.child_verb import ChildVerb
from hooks.control.client import request
from hooks.control.lasting import LastingConnections
from hooks.control.server import FILE_NAME, Refused, Server
from tests.parts.process.gluehook import until
from tests.parts.process.playing import WAIT_S

FOUND = {"checks": 3, "findings": [{"check": "port", "severity": "broken", "seen": "hunter2 is wrong", "run": ["a"]}]}
# says that it is there, and waits until the file `go` is there or a reader of the pipe has gone
WAITS = "import os, time\nopen(f'began-{os.getpid()}', 'w')\nwhile not os.path.exists('go'): time.sleep(0.01)\n"


@contextmanager
def doctor(state: Path, code: str, *, within_s: float = WAIT_S) -> Iterator[ChildVerb]:
    """A server whose doctor runs this Python."""
    code = f"import os\nos.chdir({str(state)!r})\n{code}"
    argv = [sys.executable, "-c", code]
    one = ChildVerb("doctor", argv, lambda text: text.replace("hunter2", "***"), items="findings", within_s=within_s)
    connections = LastingConnections({"doctor": one.answer}, (one.close,))
    server = Server(state / FILE_NAME, {}, connections)
    server.start()
    try:
        yield one
    finally:
        server.stop()
        connections.close()
        until(lambda: not children(state), f"left: {children(state)}", WAIT_S)


def children(state: Path) -> list[int]:
    """The process ids of the children that have begun and are there."""
    pids = [int(file.name.partition("-")[2]) for file in state.glob("began-*")]
    return [pid for pid in pids if _runs(pid)]


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_the_findings_are_the_items_and_are_masked(tmp_path: Path) -> None:
    warns = "import sys\nprint('a library warns', file=sys.stderr)\n"
    with doctor(tmp_path, f"{warns}print({json.dumps(FOUND)!r})\nsys.exit(1)"):
        (item,), done = request(tmp_path, "doctor")
    assert item == {"check": "port", "severity": "broken", "seen": "*** is wrong", "run": ["a"]}
    assert done == "3 checks: 1 found"


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("", "ended with status 0 and without findings: it said nothing"),
        ("print('Traceback'); raise SystemExit('QBITTORRENT_URL: hunter2 is no URL')",
         r"ended with status 1 and without findings: QBITTORRENT_URL: \*\*\* is no URL"),
        ("os._exit(7)", "ended with status 7"), ("os.kill(os.getpid(), 9)", "ended with status -9"),
        ("print('[' * 100_000)", "without findings"), ("print('{\"findings\": 3}')", "without findings"),
        ("print('{\"findings\": [3]}')", "without findings"), ("os.write(1, bytes(range(256)))", "without findings"),
        ("while True: os.write(1, b'x' * 65536)", "printed more than 1 MiB and was ended"),
        ("os.close(1); os.close(2)", "ended with status"),
    ],
    ids=["silent", "settings", "status", "killed", "deep", "shape", "finding", "binary", "flood", "closed"],
)  # fmt: skip
@pytest.mark.usefixtures("no_collection")
def test_a_child_that_answers_nonsense_is_refused_with_what_it_said(tmp_path: Path, code: str, says: str) -> None:
    with doctor(tmp_path, code):
        with pytest.raises(Refused, match=f"the process of `gluehook doctor` .*{says}"):
            request(tmp_path, "doctor")
        with pytest.raises(Refused, match="the process of `gluehook doctor`"):
            request(tmp_path, "doctor")


def test_a_program_that_is_not_there_is_refused(tmp_path: Path) -> None:
    one = ChildVerb("doctor", [str(tmp_path / "none")], str, items="findings")
    with pytest.raises(Refused, match="could not be started: No such file or directory"):
        list(one.answer({}))


def test_a_child_that_hangs_is_ended_with_what_it_has_started(tmp_path: Path) -> None:
    code = f"import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', {WAITS!r}])\n{WAITS}"
    with doctor(tmp_path, code, within_s=0.5):
        with pytest.raises(Refused, match=r"did not answer within 0.5 s and was ended; `gluehook doctor` shows"):
            request(tmp_path, "doctor")
        until(lambda: not children(tmp_path), "a child is left", WAIT_S)


def test_who_asks_meanwhile_gets_the_answer_of_the_same_child(tmp_path: Path) -> None:
    said: list[str] = []
    with doctor(tmp_path, f"{WAITS}print({json.dumps(FOUND)!r})"):
        threads = [threading.Thread(target=lambda: said.append(request(tmp_path, "doctor")[1])) for _ in range(3)]
        threads[0].start()
        until(lambda: children(tmp_path), "no child", WAIT_S)
        for thread in threads[1:]:
            thread.start()
        until(lambda: len(list_of_threads()) == 3, "they do not wait", WAIT_S)
        (tmp_path / "go").touch()
        for thread in threads:
            thread.join(WAIT_S)
        assert said == ["3 checks: 1 found"] * 3
        assert len(list(tmp_path.glob("began-*"))) == 1
        assert request(tmp_path, "doctor")[1] == "3 checks: 1 found"
        assert len(list(tmp_path.glob("began-*"))) == 2, "the next one asks anew"


def list_of_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "control-doctor"]


def test_a_stop_kills_the_child_and_starts_none_any_more(tmp_path: Path) -> None:
    said: list[str] = []

    def ask() -> None:
        with pytest.raises(Refused) as why:
            request(tmp_path, "doctor")
        said.append(str(why.value))

    with doctor(tmp_path, WAITS) as one:
        thread = threading.Thread(target=ask)
        thread.start()
        until(lambda: children(tmp_path), "no child", WAIT_S)
        (pid,) = children(tmp_path)
        one.close()
        thread.join(WAIT_S)
        assert said == ["gluehook stops"]
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
        ask()
        assert said == ["gluehook stops"] * 2


def test_the_peers_are_answered_in_the_same_way(tmp_path: Path) -> None:
    answer = {"peers": [{"name": "phone"}], "said": "hunter2 is not there; so only the files are shown"}
    argv = [sys.executable, "-c", f"print({json.dumps(answer)!r})"]
    peers = ChildVerb("peers", argv, lambda text: text.replace("hunter2", "***"), items="peers")
    assert list(peers.answer({})) == [{"name": "phone"}, {"done": "*** is not there; so only the files are shown"}]
