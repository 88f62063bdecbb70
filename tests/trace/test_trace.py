"""The trace of a run: events in, the journal of a real dispatcher, and what is told of each run."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from hooks.engine.runs import Run
from hooks.events.catalogue import Event
from hooks.handler import Context, Outcome
from hooks.journal.journal import FILE_NAME
from hooks.journal.store import Store
from hooks.journal.trace_rows import Tried, rules_in_force
from hooks.rules.table import Rule
from hooks.trace import story, trace
from tests.parts.places import TOP
from tests.parts.values import night

SAMPLE = TOP / "tests/samples/traces/escalation.json"


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    """The journal of one night, as another process reads it."""
    with TemporaryDirectory() as folder:
        night.live_through(Path(folder))
        with closing(Store(Path(folder) / FILE_NAME, read_only=True)) as opened:
            yield opened


def told(store: Store, run: str) -> dict[str, Any]:
    return trace.of(store, run).to_json()


def test_the_sample_for_pages_is_the_trace_of_the_escalation(store: Store) -> None:
    """Written anew by: .venv/bin/python -m tests.trace.test_trace."""
    assert told(store, night.RUN) == json.loads(SAMPLE.read_text())


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        ("heal-vpn/gluetun#1", ([("for", 180.0)], ["retry"], None, [])),
        ("heal-vpn/gluetun#2", ([("cooldown", 300.0)], ["retry"], None, [])),
        ("heal-vpn/gluetun#3",
         ([("cooldown", 300.0)], ["retry"], None, [("exhausted", ["heal-vpn-harder/gluetun#4"])])),
        ("heal-vpn-harder/gluetun#4",
         ([], ["retry", "changed"], "heal-vpn/gluetun#3",
          [("caused", ["forward-port/gluetun#6", "rejoin-network/gluetun#7"]),
           ("recovered", ["well-again/gluetun#8"])])),
        ("well-again/gluetun#8", ([], ["changed"], "heal-vpn-harder/gluetun#4", [])),
        ("rejoin-network/gluetun#7", ([], ["unchanged"], "heal-vpn-harder/gluetun#4", [])),
    ],
)  # fmt: skip
def test_a_night_is_told_run_by_run(store: Store, run: str, expected: tuple[Any, ...]) -> None:
    found = told(store, run)
    waits = [(wait["why"], round(wait["until"] - wait["since"], 1)) for wait in found["waits"]]
    attempts = [attempt["outcome"] for attempt in found["attempts"]]
    followed = [(one["how"], [each["id"] for each in one["runs"]]) for one in found["followed"]]
    assert (waits, attempts, (found["came_from"] or {}).get("run"), followed) == expected
    assert found["unknown"] == []


def test_each_rule_of_then_says_whether_the_event_matched_it_and_why_not(store: Store) -> None:
    rules = {rule["rule"]: rule for rule in told(store, "rejoin-network/gluetun#7")["rules"]["rules"]}
    assert [name for name, rule in rules.items() if rule["matched"]] == ["forward-port", "rejoin-network"]
    assert rules["forward-port"]["run"] == "forward-port/gluetun#6"
    assert rules["heal-vpn"]["why"] == ["it listens to container.unhealthy, port.cleared"]


@pytest.mark.parametrize("sql", sorted((TOP / "tests/journals").glob("*.sql")), ids=lambda sql: sql.stem)
@pytest.mark.parametrize("is_migrated", [True, False])
def test_a_trace_of_an_old_journal_says_what_is_not_known(tmp_path: Path, sql: Path, is_migrated: bool) -> None:
    file = tmp_path / FILE_NAME
    with closing(sqlite3.connect(file)) as db:
        db.executescript(sql.read_text())
    if is_migrated:
        Store(file).close()
    with closing(Store(file, read_only=True)) as store:
        found = told(store, "restart-web/web#2")
        assert (found["event"]["data"]["exit_code"], found["run"]["said"]) == (2, "web did not start within 30 s")
        assert [attempt["attempt"] for attempt in found["attempts"]] == [3]
        assert [said.partition(" ")[2][:20] for said in found["unknown"]] == [
            "rules that were in f",
            "earlier attempts are",
        ]
        cut = told(store, "restart-web/web#3")
        assert [(step["use"], step["args"], step["took_s"]) for step in cut["attempts"][0]["steps"]] == [
            ("containers.restart", None, None)
        ]


def test_an_unknown_run_is_answered_with_the_nearest(store: Store) -> None:
    with pytest.raises(trace.NoSuchRun, match=r"there is no run 'heal-vpn/gluetum#2' \(did you mean 'heal-vpn/glue"):
        trace.of(store, "heal-vpn/gluetum#2")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('version = 1\n[[rule]]\nname = "r"\non = "port.forwarded"\ndo = "gone.verb"\n', "this gluehook cannot"),
        ("", "the rules that were in force are not in the journal any more"),
        (None, "the rules that were in force are not in the journal: an earlier"),
    ],
    ids=["a handler that is gone", "forgotten", "never kept"],
)  # fmt: skip
def test_rules_of_then_that_cannot_be_read_are_named_and_the_rest_is_told(
    tmp_path: Path, text: str | None, said: str
) -> None:
    event = Event("port.forwarded", "gluetun", 1, data={"port": 1})
    run = Run("r/k#1", Rule("r", (), ()), "k", event)
    with closing(Store(tmp_path / FILE_NAME)) as store:
        store.accept(event, [("r", "k")])
        if text is not None:
            store.write([rules_in_force(0.5, "rules.toml", text or "forgotten")])
        if not text:
            store.execute("delete from rules_texts")
        store.begin(run, 1.0)
        store.step(run.id, 1, {"use": "a.b", "status": "changed", "said": "one"}, changed=True, said="one")
        store.end(run, "changed", "one", 2.0, counts=True)
        found = told(store, run.id)
    assert found["rules"]["known"] is False
    assert found["unknown"][0].startswith(said)
    (step,) = found["attempts"][0]["steps"]
    assert (step["use"], step["said"], step["args"]) == ("a.b", "one", None)


def test_what_came_soon_after_a_run_is_told_of_the_run_that_worked_on_it(tmp_path: Path) -> None:
    """The restart's own lock is free again when the container gets healthy, so that nobody knows the cause."""

    def restart(night: night.Night, args: Any, ctx: Context) -> Outcome:
        night.now += 1.0
        return Outcome("changed", f"'{args.container}' was restarted")

    with closing(night.Night(tmp_path, acts={**night.ACTS, "containers.restart": restart})) as one:
        one.event("container.unhealthy")
        one.until(1145.0)  # the container was restarted at 03:19:00
        one.event("container.healthy")
        one.event("container.healthy", "sonarr", role="", gluetun="")
        one.until(1200.0)
    with closing(Store(tmp_path / FILE_NAME, read_only=True)) as store:
        found = told(store, "heal-vpn/gluetun#3")["followed"]
        shown = [(one["how"], [run["rule"] for run in one["runs"]]) for one in found]
        (harder,) = found[0]["runs"]
        later = [(one["how"], one["event"]["subject"], len(one["runs"])) for one in harder["followed"]]
    assert shown == [("exhausted", ["heal-vpn-harder"])]
    assert later == [("soon_after", "gluetun", 2), ("recovered", "heal-vpn-harder", 1)]


def test_nothing_that_a_terminal_would_obey_is_in_a_story(tmp_path: Path) -> None:
    with closing(Store(tmp_path / FILE_NAME)) as store:
        event = Event("container.die", "\x1b[31mweb", 1, "docker", data={"container": "\x1b[31mweb"})
        store.accept(event, [("r", "k")])
        run = Run("r/k#1", Rule("r", (), ()), "k", event)
        store.begin(run, 1.0)
        store.end(run, "retry", "no\x07thing\nat all", 2.0, counts=True)
        text = "\n".join(line.text for line in story.story(trace.of(store, "r/k#1")))
    assert "container.die of �[31mweb" in text
    assert "no�thing at all" in text
    assert text.replace("\n", "").isprintable()


@pytest.mark.parametrize(("outcome", "said"), [
    ("superseded", "was to be tried again at"), (None, "tried again at"),
])  # fmt: skip
def test_an_attempt_that_never_came_is_not_told_as_one(tmp_path: Path, outcome: str | None, said: str) -> None:
    with closing(Store(tmp_path / FILE_NAME)) as store:
        event = Event("container.die", "web", 1, "docker", data={"container": "web"})
        run = Run("r/k#1", Rule("r", (), ()), "k", event)
        store.accept(event, [("r", "k")])
        store.begin(run, 1.0)
        store.write([Tried(run.id, 1, 1.0, 2.0, "retry", "not yet", 9.0)])
        if outcome:
            store.end(run, outcome, "", 5.0, counts=True)
        lines = [line.text for line in story.story(trace.of(store, run.id))]
    assert [line.rpartition(" ")[0] for line in lines if "tried again" in line] == [said]


def write_samples() -> None:
    os.environ["TZ"] = "UTC"
    time.tzset()
    with TemporaryDirectory() as folder:
        night.live_through(Path(folder))
        with closing(Store(Path(folder) / FILE_NAME, read_only=True)) as written:
            found = trace.of(written, night.RUN)
    SAMPLE.write_text(json.dumps(found.to_json(), indent=1, ensure_ascii=False) + "\n")
    lines = (" " * line.indent + line.text for line in story.story(found))
    SAMPLE.with_suffix(".txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    write_samples()
