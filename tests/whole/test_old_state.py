"""`gluehook run` on the state folder that gluehook 0.1 has left: everything in it is taken over."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.parts.places import TOP
from tests.parts.process.gluehook import WAIT_S, Gluehook, gluehook, until

# The journals in tests/journals hold a run of this rule that was cut at its second step.
RULES = """
version = 1
[[rule]]
name = "restart-web"
on   = { event = "container.die", container = "web" }
do   = [{ use = "command.run", command = ["/bin/cp", "/dev/null", "FOLDER/first"] },
        { use = "command.run", command = ["/bin/cp", "/dev/null", "FOLDER/second"] }]
"""
MEMORY = {
    "restarts:gluetun": [1767225600.0],
    "qbittorrent.rejected:http://127.0.0.1:9": {
        "salt": "00", "hash": "00", "started_at": 0, "until_s": None, "said": "qBittorrent rejects the password",
    },
}  # fmt: skip
HEARTBEAT = {  # as 0.1.0 wrote it
    "time": 1767225630.0, "sources": {"docker": {"connected": False, "since": 1767225600.0, "reason": "not seen yet"}},
    "rules": 8, "rules_reason": "", "rules_rejected": "", "overdue": [], "port_used": True,
    "port_since": 1767225600.0, "port": [51413], "gluetun_runs": True, "journal": "",
}  # fmt: skip


def left_by_0_1(folder: Path, journal: str) -> str:
    """Make the state folder in `folder`; the rules that were in force."""
    state = folder / "state"
    state.mkdir()
    with closing(sqlite3.connect(state / "journal.db")) as db:
        db.executescript((TOP / "tests/journals" / journal).read_text())
    (state / "journal.db.whole").touch()
    (state / "memory.json").write_text(json.dumps(MEMORY))
    (state / "heartbeat.json").write_text(json.dumps(HEARTBEAT))
    rules = RULES.replace("FOLDER", str(folder))
    (state / "rules.last-good.toml").write_text(rules)
    return rules


def complaints(part: Gluehook) -> list[str]:
    """The warnings and errors, but for Docker, which is not there."""
    return [line for line in part.lines if ("WARNING" in line or "ERROR" in line) and "docker cannot be" not in line]


@pytest.mark.parametrize("journal", ["schema-1.sql", "schema-1-first.sql"])
def test_a_run_that_was_cut_goes_on_and_the_past_is_kept(tmp_path: Path, journal: str) -> None:
    rules = left_by_0_1(tmp_path, journal)
    with gluehook(tmp_path, rules) as part:
        part.hears("is ready")
        until((tmp_path / "second").exists, "the run that was cut goes on", WAIT_S)
        assert not (tmp_path / "first").exists(), "its first step was done already"
        part.hears("restart-web: ", "done")
        assert part.call("health").stdout.startswith("healthy: "), "the old heartbeat is replaced"
        runs = [json.loads(line) for line in part.call("history", "--json").stdout.splitlines()]
        assert [(run["id"], run["outcome"]) for run in runs[-3:]] == [
            ("restart-web/web#3", "changed"), ("restart-web/web#2", "retry"), ("restart-web/web#1", "changed"),
        ]  # fmt: skip
        said = part.call("retry", "restart-web/web#2").stdout
        assert said.endswith("; tried again: the credentials rejected by http://127.0.0.1:9\n")
        until((tmp_path / "first").exists, "a run of 0.1 is retried", WAIT_S)
        assert part.ends() == 0
        assert complaints(part) == []
    assert json.loads((part.state / "memory.json").read_text()) == {"restarts:gluetun": MEMORY["restarts:gluetun"]}


def test_the_last_good_rules_hold_where_the_file_is_broken(tmp_path: Path) -> None:
    left_by_0_1(tmp_path, "schema-1.sql")
    with gluehook(tmp_path, "version = 2") as part:
        part.hears("ERROR", f" of {tmp_path}/state/rules.last-good.toml stays in force")
        until((tmp_path / "second").exists, "the run that was cut goes on", WAIT_S)
        assert part.ends() == 0
        assert len(complaints(part)) == 1
