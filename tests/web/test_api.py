"""The API: what it reads, page by page, what it does, and what it says where something is not known."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from hooks.control.client import NotRunning
from hooks.control.server import Refused
from hooks.engine.runs import Run
from hooks.events.catalogue import Event
from hooks.journal.journal import Journal
from hooks.journal.records import Accepted, Began
from hooks.rules.table import Rule
from tests.parts.process.web_site import TOKEN, Site, limited, nobody, serving, views_of
from tests.parts.values.journaled import one_more

RUNS = 25
NOW = 1_767_225_700.0


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder with a journal of 25 runs, and one whose names are made to break something."""
    folder = tmp_path_factory.mktemp("state")
    journal = Journal(folder, now=lambda: NOW)
    for number in range(RUNS):
        journal.write(one_more(number))
    odd = Event(
        "container.die",
        "<script>alert(1)</script>/../#?%",
        1,
        "docker",
        data={"labels": {"token": "s3cret-x"}},
        id="odd",
    )
    run = Run(f"odd/{odd.subject}#{RUNS + 1}", Rule("odd", (), ()), odd.subject, odd)
    journal.write([Accepted(odd, (("odd", odd.subject),)), Began(run, 1.0)])
    journal.close()
    return folder


@pytest.fixture(scope="module")
def site(state: Path) -> Iterator[Site]:
    with serving(views_of(state, now=NOW)) as site:
        yield site


@pytest.mark.parametrize(("what", "count"), [("runs", RUNS + 1), ("events", RUNS + 1)])
def test_all_is_read_page_by_page_once(site: Site, what: str, count: int) -> None:
    seen, before, pages = [], "", 0
    while pages < 20:
        page = site.get(f"/api/v1/{what}?limit=10&before={quote(before)}").json()
        seen += [one["id"] for one in page[what]]
        pages, before = pages + 1, page["next"]
        if not before:
            break
    assert (len(seen), len(set(seen)), pages) == (count, count, 3)


def test_runs_are_chosen_and_a_trace_is_read_by_an_id_with_any_sign(site: Site) -> None:
    assert len(site.get("/api/v1/runs?rule=restart-web&outcome=changed").json()["runs"]) == RUNS
    assert site.get("/api/v1/runs?rule=none").json() == {"runs": [], "next": ""}
    (odd,) = site.get("/api/v1/runs?outcome=unfinished").json()["runs"]
    trace = site.get(f"/api/v1/runs/{quote(odd['id'], safe='')}")
    assert trace.status_code == 200
    assert trace.json()["run"]["id"] == odd["id"]
    events = site.get("/api/v1/events").text
    assert "s3cret-x" not in events
    for unknown in ("none%231", "", "%00", "../../x"):
        assert site.raw("GET", f"/api/v1/runs/{unknown}").status_code == 404, unknown


def test_what_a_program_has_already_is_not_sent_again(site: Site) -> None:
    first = site.get("/api/v1/runs?limit=3")
    for tag in (first.headers["etag"], f'"other", W/{first.headers["etag"]}', "*"):
        again = site.get("/api/v1/runs?limit=3", headers={"If-None-Match": tag})
        assert (again.status_code, again.content) == (304, b"")
    assert site.get("/api/v1/runs?limit=4", headers={"If-None-Match": first.headers["etag"]}).status_code == 200


@pytest.mark.parametrize(
    "query",
    ["runs?limit=0", "runs?limit=201", "runs?limit=x", "runs?before=x", "runs?before=1_%27",
     "runs?outcome=no", "runs?since=-1", "runs?since=nan", "runs?since=1e400", "events?since=1e10",
     "runs?before=" + "1" * 101,
     "events?before=-1", "events?before=%C2%B2", "events?since=x", "events?limit=-5"],
)  # fmt: skip
def test_a_bad_question_gets_one_sentence(site: Site, query: str) -> None:
    answer = site.get(f"/api/v1/{query}")
    assert answer.status_code == 422, answer.text
    assert answer.json()["error"]


@pytest.mark.parametrize(
    ("action", "sent", "says"),
    [
        ("pause", {"name": "port", "for": "1h"}, "name: there is no such field here; write `rule` or `for`"),
        ("pause", {"Rule": "port", "for": "1h"}, "Rule: there is no such field"),
        ("pause", {"rule": "port", "duration": "1h"}, "duration: there is no such field"),
        ("resume", {"rules": ["port"]}, "rules: there is no such field here; write `rule`"),
        ("resume", {"\ud800" * 200: 1}, "there is no such field"),
        ("run", {"rule": "port", "for": "1h"}, "for: there is no such field"),
        ("retry", {"id": "port/gluetun#1"}, "id: there is no such field here; write `run`"),
        ("pause", {"rule": "port"}, "for: it is missing"),
        ("pause", {"rule": None, "for": "1h"}, "rule: write a text"),
    ],
)
def test_a_body_with_another_field_does_nothing(site: Site, action: str, sent: object, says: str) -> None:
    answer = site.post(f"/api/v1/{action}", json=sent)
    assert (answer.status_code, says in answer.json()["error"]) == (422, True), answer.text


def test_the_summary_is_what_a_widget_shows(state: Path) -> None:
    snapshot = {
        "rules": [{"name": "port"}, {"name": "off", "enabled": False}],
        "waits": [{}], "more_waits": 2, "running": [], "pauses": [],
        "pairs": [{"port": [51413], "clients": [{"connection": "open"}]}], "rules_file": "/config/rules.toml",
    }  # fmt: skip

    def request(verb: str, **_: Any) -> tuple[list[dict[str, Any]], str]:
        return ([snapshot], "done") if verb == "snapshot" else nobody(verb)

    with serving(views_of(state, request, now=NOW)) as site:
        status = site.get("/api/v1/status").json()
        rules = site.get("/api/v1/rules").json()
    assert status["summary"] == {
        "state": "unwell", "port": 51413, "open": "open", "rules": 1, "waits": 3, "running": 0, "paused": False,
        "failed_24h": 0, "said": status["said"][0],
    }  # fmt: skip
    assert status["snapshot"] == snapshot
    assert rules["file"] == "/config/rules.toml"


JOURNALS: dict[str, Callable[[Path], object]] = {
    "none": lambda path: None, "no database": lambda path: path.write_bytes(b"x" * 5000),
    "empty": lambda path: path.write_bytes(b""), "a folder": lambda path: path.mkdir(),
}  # fmt: skip


@pytest.mark.parametrize("journal", JOURNALS)
def test_a_journal_that_cannot_be_read_is_said(tmp_path: Path, journal: str) -> None:
    JOURNALS[journal](tmp_path / "journal.db")
    with serving(views_of(tmp_path)) as site:
        for path in ("runs", "events", "runs/x%231"):
            answer = site.get(f"/api/v1/{path}")
            assert (answer.status_code, "journal" in answer.json()["error"]) == (503, True), answer.text
        assert any("journal" in said for said in site.get("/api/v1/status").json()["unknown"])
        assert site.get("/readyz").status_code == 503
        assert site.get("/healthz").json() == {"status": "ok"}


def test_each_action_is_one_request_to_the_runner_and_its_refusal_is_passed_on(tmp_path: Path) -> None:
    asked: list[dict[str, Any]] = []
    answer: list[Exception] = []

    def request(verb: str, **arguments: Any) -> tuple[list[dict[str, Any]], str]:
        asked.append({"verb": verb, **arguments})
        if answer:
            raise answer[0]
        return [{"rule": "port"}], f"{verb} is done"

    headers = {"Authorization": f"Bearer {TOKEN}"}
    with serving(views_of(tmp_path, request), limited()) as site:
        for verb, sent in (
            ("pause", {"rule": "port", "for": "30m"}), ("resume", {"rule": ""}), ("retry", {"run": "a/b#1"}),
            ("run", {"rule": "port"}), ("run", {"rule": "port", "event": {"type": "timer.tick"}}),
        ):  # fmt: skip
            done = site.post(f"/api/v1/{verb}", json=sent, headers=headers)
            assert (done.status_code, done.json()) == (200, {"done": f"{verb} is done"})
            assert asked[-1] == {"verb": verb, **sent}
        explained = site.post("/api/v1/explain", json={"event": {"type": "x"}}, headers=headers).json()
        assert explained == {"rules": [{"rule": "port"}], "said": "explain is done"}
        for error, status in ((Refused("there is no rule"), 409), (NotRunning("it is away"), 503)):
            answer[:] = [error]
            for path, body in (("retry", {"run": "x"}), ("explain", {"event": {}})):
                refused = site.post(f"/api/v1/{path}", json=body, headers=headers)
                assert (refused.status_code, refused.json()) == (status, {"error": str(error)})


def test_the_doctor_is_asked_beside_the_request(tmp_path: Path) -> None:
    def request(verb: str, **_: Any) -> tuple[list[dict[str, Any]], str]:
        return ([{"check": "a"}], "1 finding") if verb == "doctor" else nobody(verb)

    with serving(views_of(tmp_path, request)) as site:
        for _ in range(200):
            found = site.get("/api/v1/doctor").json()
            if not found["is_looking"]:
                break
        assert (found["findings"], found["said"]) == ([{"check": "a"}], "1 finding")


def test_the_schema_names_every_address_of_the_api(site: Site) -> None:
    schema = site.get("/api/v1/openapi.json").json()
    assert {"/api/v1/status", "/api/v1/runs/{run}", "/api/v1/stream", "/api/v1/pause", "/readyz"} <= set(
        schema["paths"]
    )
    assert "/login" not in schema["paths"]
    assert json.dumps(schema).count("HTTPValidationError") == 0, "a refusal has one form"
