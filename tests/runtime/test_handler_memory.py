"""Memory: what handlers keep is on disk when `put` returns, and no bad disk stops the work."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from hooks.handler import rejection_key
from hooks.runtime.handler_memory import Memory


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "memory.json"


def test_a_value_survives_a_restart(file: Path) -> None:
    Memory(file).put("applied", {"port": 1234, "list": [1, None, "ü"]})
    assert Memory(file).get("applied") == {"port": 1234, "list": [1, None, "ü"]}
    assert Memory(file).get("other") is None


def test_none_removes_the_key(file: Path) -> None:
    memory = Memory(file)
    memory.put("key", 1)
    memory.put("key", None)
    assert memory.get("key") is None
    assert json.loads(file.read_text()) == {}


def test_forgotten_rejections_are_gone_from_the_file_and_nothing_else_is(file: Path) -> None:
    memory = Memory(file)
    keys = [rejection_key("qbittorrent", "http://b:8080"), rejection_key("gluetun", "http://a:8000")]
    for key in (*keys, "restarts:gluetun"):
        memory.put(key, [1])
    assert memory.forget_rejections() == ["http://a:8000", "http://b:8080"]
    assert [Memory(file).get(key) for key in (*keys, "restarts:gluetun")] == [None, None, [1]]
    assert memory.forget_rejections() == []


def test_only_the_owner_may_read_the_file(file: Path) -> None:
    Memory(file).put("key", 1)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_value_that_is_changed_outside_is_not_changed_inside(file: Path) -> None:
    memory = Memory(file)
    given = [1]
    memory.put("key", given)
    given.append(2)
    memory.get("key").append(3)
    assert memory.get("key") == [1]


@pytest.mark.parametrize("value", [object(), float("nan"), {1, 2}])
def test_what_is_no_json_is_refused_and_changes_nothing(value: object, file: Path) -> None:
    memory = Memory(file)
    memory.put("key", "good")
    with pytest.raises((TypeError, ValueError)):
        memory.put("key", value)
    assert Memory(file).get("key") == "good"


def test_the_same_value_again_writes_nothing(file: Path) -> None:
    memory = Memory(file)
    memory.put("key", [1, 2])
    before = file.stat().st_ino
    memory.put("key", [1, 2])
    assert file.stat().st_ino == before


@pytest.mark.usefixtures("no_collection")
@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff\xfe", b"[" * 100_000])
def test_a_corrupt_file_is_moved_aside_and_said(content: bytes, file: Path, problems: list[str]) -> None:
    file.parent.mkdir()
    file.write_bytes(content)
    memory = Memory(file)
    assert memory.get("key") is None
    (aside,) = file.parent.glob("memory.json.broken-*")
    assert aside.read_bytes() == content
    assert problems == [
        f"memory: {file} held no JSON object; it was moved to {aside}, and gluehook starts with an empty memory"
    ]
    memory.put("key", 1)
    assert Memory(file).get("key") == 1


def test_an_unwritable_folder_is_said_once_and_tried_again(file: Path, problems: list[str]) -> None:
    file.parent.write_text("a file where the folder should be")
    memory = Memory(file)
    memory.put("a", 1)
    memory.put("b", 2)
    assert (memory.get("a"), memory.get("b")) == (1, 2)
    (said,) = [text for text in problems if "cannot be written" in text]
    assert said.startswith(f"memory: {file} cannot be written (")

    file.parent.unlink()
    memory.put("b", 2)  # the same value: the file does not hold it yet
    assert json.loads(file.read_text()) == {"a": 1, "b": 2}

    file.unlink()
    file.parent.rmdir()
    file.parent.write_text("again")
    memory.put("c", 3)
    assert len([text for text in problems if "cannot be written" in text]) == 2


def test_a_disk_that_fills_up_leaves_the_old_file_whole(file: Path) -> None:
    # the file size limit of a process is the disk that anyone can fill
    code = (
        "import resource, signal, sys\n"
        "from hooks.runtime.handler_memory import Memory\n"
        "memory = Memory(sys.argv[1])\n"
        "memory.put('small', 1)\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "memory.put('large', 'x' * 5000)\n"
        "print(len(memory.get('large')))\n"
    )
    ran = subprocess.run([sys.executable, "-c", code, str(file)], capture_output=True, text=True, check=True)
    assert ran.stdout == "5000\n"
    assert json.loads(file.read_text()) == {"small": 1}
    assert list(file.parent.iterdir()) == [file], "the half-written file is left behind"


def test_a_kill_at_any_instant_leaves_a_whole_file(file: Path) -> None:
    code = (
        "import itertools, sys\n"
        "from hooks.runtime.handler_memory import Memory\n"
        "memory = Memory(sys.argv[1])\n"
        "for n in itertools.count():\n"
        "    memory.put('n', [n] * 2000)\n"
        "    print(n, flush=True)\n"
    )
    for stop_after in (1, 7, 20):
        with subprocess.Popen([sys.executable, "-c", code, str(file)], stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout
            told = -1
            while told < stop_after:
                told = int(writer.stdout.readline())
            writer.kill()
        values = json.loads(file.read_text())["n"]
        assert len(set(values)) == 1
        assert values[0] >= told, "what put() has stored was lost"


def test_many_threads_lose_nothing(file: Path) -> None:
    memory = Memory(file)
    threads = [threading.Thread(target=memory.put, args=(f"key{n}", n)) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert json.loads(file.read_text()) == {f"key{n}": n for n in range(20)}


def test_warnings_are_listed_and_do_not_outlive_the_process(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "memory.json")
    for key, said in (("warning:b", "second"), ("warning:a", "first"), ("x", "none"), ("warning:c", None)):
        memory.put(key, said)
    assert memory.warnings() == ["first", "second"]
    again = Memory(tmp_path / "memory.json")
    assert (again.warnings(), again.get("x")) == ([], "none")
