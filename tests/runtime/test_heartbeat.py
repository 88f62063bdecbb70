from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hooks.runtime import heartbeat as health
from tests.parts.places import TOP

NOW_S = 1_767_225_600.0


def report(**change: Any) -> dict[str, Any]:
    well = {
        "time": NOW_S - 3, "rules": 4, "rules_reason": "", "overdue": [],
        "sources": {
            "docker": {"connected": True, "since": NOW_S - 1000, "reason": ""},
            "files": {"connected": True, "since": NOW_S - 1000, "reason": ""},
        },
        "port_used": True, "gluetun_runs": True, "port": [51413], "port_since": NOW_S - 1000,
        "journal": "",
    }  # fmt: skip
    return well | change


def lost(name: str, for_s: float, reason: str = "connection refused") -> dict[str, Any]:
    return {"sources": report()["sources"] | {name: {"connected": False, "since": NOW_S - for_s, "reason": reason}}}


@pytest.fixture
def heartbeat(tmp_path: Path) -> str:
    return str(tmp_path / health.FILE_NAME)


def judge(heartbeat: str, **change: Any) -> tuple[bool, list[str]]:
    health.write(heartbeat, report(**change))
    return health.judge(heartbeat, NOW_S)


def test_all_well(heartbeat: str) -> None:
    assert judge(heartbeat) == (True, ["healthy: 4 rules in force, docker and files followed, heartbeat 3 s old"])


@pytest.mark.parametrize(
    "change",
    [
        {"time": NOW_S - 45},
        lost("docker", 59),
        {"port": [], "port_since": NOW_S - 300},
        {"port": [], "gluetun_runs": False},
        {"port": [], "port_used": False},
        {"sources": {}},
    ],
)
def test_what_is_no_trouble_yet(heartbeat: str, change: dict[str, Any]) -> None:
    is_healthy, sentences = judge(heartbeat, **change)
    assert is_healthy, sentences
    assert len(sentences) == 1


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"time": NOW_S - 46}, "the heartbeat is 46 s old, and is written every 15 s: gluehook hangs or has ended"),
        ({"time": float("nan")}, "the heartbeat is nan s"),
        ({"time": NOW_S + 3600}, "the heartbeat is 3600 s in the future"),
        (lost("docker", 61), "the source docker is lost for 61 s: connection refused; it is tried again all the time"),
        (lost("files", 1, "permission denied"), "the source files is lost for 1 s: permission denied"),
        ({"overdue": ["heal-vpn-7 is beyond its time-out of 2m30s"]}, "overdue: heal-vpn-7 is beyond its time-out"),
        ({"rules_reason": "rules.toml has 2 errors"}, "the rules file is not in force: rules.toml has 2 errors"),
        (
            {"journal": "/state/journal.db cannot be written: disk full"},
            "the journal /state/journal.db cannot be written",
        ),
        ({"port": [], "port_since": NOW_S - 301}, "gluehook sees no valid port for 301 s although gluetun runs"),
    ],
)
def test_each_trouble_alone(heartbeat: str, change: dict[str, Any], says: str) -> None:
    is_healthy, sentences = judge(heartbeat, **change)
    assert not is_healthy
    assert len(sentences) == 1
    assert sentences[0].startswith(says)


def test_all_troubles_at_once(heartbeat: str) -> None:
    change = {"overdue": ["a", "b"], "rules_reason": "broken", "port": [], **lost("files", 5)}
    is_healthy, sentences = judge(heartbeat, **change)
    assert not is_healthy
    assert len(sentences) == 5


def test_an_old_heartbeat_tells_nothing_else(heartbeat: str) -> None:
    assert len(judge(heartbeat, time=NOW_S - 100, overdue=["a"])[1]) == 1


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"{}", b"null", b"\xff\xfe", b'{"time": "now"}', b'{"time": 1e999}', b"[" * 100_000],
    ids=lambda content: repr(content[:16]),
)
def test_a_damaged_heartbeat_is_a_trouble_and_no_traceback(heartbeat: str, content: bytes) -> None:
    Path(heartbeat).write_bytes(content)
    is_healthy, sentences = health.judge(heartbeat, NOW_S)
    assert not is_healthy
    assert len(sentences) == 1


def test_every_field_is_needed(heartbeat: str) -> None:
    for name in report():
        health.write(heartbeat, {key: value for key, value in report().items() if key != name})
        assert not health.judge(heartbeat, NOW_S)[0], name


def test_no_heartbeat(heartbeat: str) -> None:
    said = f"no heartbeat at {heartbeat}: gluehook is not running or has another GLUEHOOK_STATE"
    assert health.judge(heartbeat, NOW_S) == (False, [said])


def test_an_unreadable_heartbeat(tmp_path: Path) -> None:
    is_healthy, sentences = health.judge(str(tmp_path), NOW_S)
    assert not is_healthy
    assert "cannot be read: Is a directory" in sentences[0]


def test_it_is_replaced_as_a_whole_and_for_its_owner_only(heartbeat: str, tmp_path: Path) -> None:
    was = os.umask(0o000)
    try:
        health.write(heartbeat, report())
        with Path(heartbeat).open() as reader:
            health.write(heartbeat, report(rules=5))
            assert json.load(reader)["rules"] == 4  # a reader of the old one reads it to its end
    finally:
        os.umask(was)
    assert json.loads(Path(heartbeat).read_text())["rules"] == 5
    assert stat.S_IMODE(Path(heartbeat).stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [health.FILE_NAME]


def test_a_folder_that_is_not_there_is_the_writers_to_say(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        health.write(str(tmp_path / "gone" / "heartbeat.json"), report())


def probe(*arguments: str, state: Path | None, cwd: Path) -> subprocess.CompletedProcess[str]:
    env = {"PYTHONPATH": str(TOP)} | ({"GLUEHOOK_STATE": str(state)} if state else {})
    command = [sys.executable, "-m", "hooks.runtime.heartbeat", *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True, env=env, cwd=cwd, timeout=30)


def test_the_probe_prints_a_line_per_trouble_and_answers_as_docker_wants(tmp_path: Path) -> None:
    done = probe(state=tmp_path, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (1, "")
    assert (
        done.stdout
        == f"no heartbeat at {tmp_path}/heartbeat.json: gluehook is not running or has another GLUEHOOK_STATE\n"
    )
    (tmp_path / ".state").mkdir()
    health.write(str(tmp_path / ".state" / "heartbeat.json"), report(time=4e9))
    assert probe(state=None, cwd=tmp_path).stdout.startswith("the heartbeat is ")
    assert probe("--fast", state=tmp_path, cwd=tmp_path).returncode == 1


def test_the_probe_imports_almost_nothing(tmp_path: Path) -> None:
    loaded = "import sys; before = set(sys.modules); import hooks.runtime.heartbeat; print(*set(sys.modules) - before)"
    done = subprocess.run([sys.executable, "-c", loaded], check=True, capture_output=True, text=True, timeout=30)
    modules = set(done.stdout.split())
    assert "hooks.runtime.heartbeat" in modules
    assert not modules & {"dataclasses", "typing", "pathlib", "blinker"}
    assert {name for name in modules if name.startswith("hooks")} == {
        "hooks", "hooks.runtime", "hooks.runtime.heartbeat",
    }  # fmt: skip


def test_a_warning_is_shown_and_is_no_illness(heartbeat: str) -> None:
    warnings = ["container 'sonarr' is cut off", "the rule web has used up its limit"]
    healthy, (said,) = judge(heartbeat, warnings=warnings)
    assert healthy
    assert said.endswith("; warning: container 'sonarr' is cut off; warning: the rule web has used up its limit")


def test_after_a_clean_stop_it_is_not_healthy(heartbeat: str) -> None:
    assert judge(heartbeat, stopped=True) == (False, ["gluehook was stopped 3 s ago and does not run"])


def test_a_thread_that_failed_is_not_healthy(heartbeat: str) -> None:
    problem = "the thread timer, which ticks for the rules, failed (ValueError: no)"
    assert judge(heartbeat, threads=[problem]) == (False, [f"{problem}; it begins again soon"])


def test_half_a_character_in_a_reason_does_not_keep_it_from_being_written(heartbeat: str) -> None:
    health.write(heartbeat, report(rules_reason="\udc80"))
    assert json.loads(Path(heartbeat).read_text())["rules_reason"] == "?"
