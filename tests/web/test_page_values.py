"""What the pages show, from JSON of the runner and the journal: words, tones and bounds."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hooks.web.pages.chains import chains, sentences
from hooks.web.pages.day import Day, line
from hooks.web.pages.findings import diagnosis
from hooks.web.pages.overview import overview
from hooks.web.pages.peers import peers
from hooks.web.pages.rule_file import rule_file
from hooks.web.pages.runs import asked, run_row, runs_page
from hooks.web.pages.traces import event_view, trace_view
from hooks.web.pages.trials import explained, replayed
from hooks.web.pages.waits import coming
from hooks.web.pages.words import cut, outcome, span
from tests.parts.places import TOP

NOW = 1_767_225_600.0
HEALTHY = {"name": "gluetun", "role": "gluetun", "state": "running", "health": "healthy"}
QB = {"name": "qb", "role": "qbittorrent", "state": "running", "health": ""}
PAIR = {"gluetun": "gluetun", "port": [51413], "port_since": NOW - 60, "source": "file"}


def client(**facts: Any) -> dict[str, Any]:
    return {"name": "qb", "kind": "qbittorrent", "connection": "open", "connection_since": NOW - 30, **facts}


def chain_of(gluetun: dict[str, Any], qb: dict[str, Any], pair: dict[str, Any], *findings: dict[str, Any]) -> Any:
    (found,) = chains({"containers": [gluetun, qb], "pairs": [{**PAIR, "clients": [client()], **pair}]}, findings)
    return found


@pytest.mark.parametrize(
    ("gluetun", "qb", "pair", "links", "reason"),
    [
        (HEALTHY, QB, {}, ("well", "well"), "peers reach it"),
        ({**HEALTHY, "health": "unhealthy"}, QB, {}, ("broken", "unknown"), "no port to listen on"),
        ({**HEALTHY, "state": "exited"}, QB, {}, ("broken", "unknown"), "no port to listen on"),
        (HEALTHY, QB, {"port": []}, ("broken", "unknown"), "no port to listen on"),
        (HEALTHY, {**QB, "state": "exited"}, {}, ("well", "broken"), "the container is exited"),
        (HEALTHY, QB, {"clients": [client(connection="closed")]}, ("well", "broken"), "no peer reaches it"),
        (HEALTHY, QB, {"clients": [client(connection="unknown")]}, ("well", "unknown"), "nothing shows yet"),
        (HEALTHY, {**QB, "name": "other"}, {}, ("well", "well"), "peers reach it"),  # a client elsewhere
        ({}, {}, {}, ("well", "well"), "peers reach it"),  # Docker is not seen
        (HEALTHY, QB, {"gluetun": "", "port": []}, ("unknown", "unknown"), "no port"),
    ],
)
def test_each_link_of_a_chain_is_well_or_says_why_not(
    gluetun: dict[str, Any], qb: dict[str, Any], pair: dict[str, Any], links: tuple[str, str], reason: str
) -> None:
    found = chain_of(gluetun, qb, pair)
    assert (found.to_port.state.tone, found.ends[0].link.state.tone) == links
    assert reason in found.ends[0].link.reason
    assert found.is_well == ("broken" not in links)
    assert "qb: " in ", ".join(sentences(found))


def test_a_finding_about_a_client_is_the_reason_of_its_link() -> None:
    finding = {"check": "wrong-port", "severity": "broken", "seen": "it listens on 6881", "about": "qb"}
    found = chain_of(HEALTHY, QB, {"clients": [client(connection="unknown")]}, finding)
    assert (found.ends[0].link.state.word, found.ends[0].link.reason) == ("wrong-port", "it listens on 6881")


def test_many_gluetuns_and_clients_are_bounded_and_broken_ones_come_first() -> None:
    pairs = [{**PAIR, "gluetun": f"vpn-{n}", "clients": [client(name=f"qb-{i}") for i in range(50)]} for n in range(99)]
    containers = [{**HEALTHY, "name": f"vpn-{n}", "health": "unhealthy" if n == 7 else "healthy"} for n in range(99)]
    found = chains({"containers": containers, "pairs": pairs})
    assert found[0].gluetun.name == "vpn-7"
    assert len(found) == 24
    assert (len(found[0].ends), found[0].hidden) == (12, 38)


def test_findings_stand_under_their_causes_and_the_verdict_counts_causes() -> None:
    broken, risk = {"check": "a", "severity": "broken", "run": ["x"]}, {"check": "b", "severity": "risk"}
    answer = {"at": NOW, "said": "40 checks", "findings": [broken, {"check": "c", "causes": ["a"], "seen": "so"}, risk]}
    found = diagnosis(answer)
    assert [(one.check, [each.check for each in one.consequences]) for one in found.causes] == [("a", ["c"]), ("b", [])]
    assert found.verdict == ("broken", "1 broken, 1 at risk")
    assert diagnosis({"at": NOW, "findings": [risk]}).verdict == ("risk", "1 at risk")
    assert diagnosis({"at": NOW, "findings": []}).verdict.tone == "well"
    assert diagnosis(None, "it took too long").verdict.tone == "unknown"


def test_what_waits_is_in_the_order_of_its_end() -> None:
    found = coming({
        "waits": [{"rule": "b", "key": "k", "why": "running", "until": None},
                  {"rule": "a", "key": "k", "why": "for", "until": NOW + 9, "tries_used": 1, "tries_of": 3}],
        "rules": [{"name": "a", "paused_until": NOW + 60}], "pauses": [{"rule": "", "until": NOW + 60}],
        "running": [{"run": "c#1", "rule": "c", "overdue": True}], "more_waits": 4,
    })  # fmt: skip
    assert [(one.rule, one.word, one.used) for one in found.waits] == [
        ("a", "for", "1 of 3 runs used"), ("b", "running", ""),
    ]  # fmt: skip
    assert [one.rule for one in found.pauses] == ["a", ""]
    assert (found.working[0].state.word, found.hidden) == ("overdue", 4)


@pytest.mark.parametrize(
    ("healthy", "runner", "snapshot", "findings", "headline"),
    [
        (True, "", {}, [], "All is well"),
        (False, "", {}, [], "gluehook is not well"),
        (True, "nobody answers", None, [], "gluehook does not answer"),
        (True, "", {"containers": [], "pairs": [{**PAIR, "port": []}]}, [], "The chain of gluetun is broken"),
        (True, "", {}, [{"check": "a", "severity": "risk", "seen": "its port is 1"}], "its port is 1"),
        (True, "", {}, [{"check": "a", "severity": "broken", "seen": "x" * 200}], "a: see below"),
        (True, "", {"sources": {"docker": {"is_up": False}}}, [], "A source of events is lost"),
    ],
)
def test_the_headline_is_the_worst_that_is_known(
    healthy: bool, runner: str, snapshot: dict[str, Any] | None, findings: list[dict[str, Any]], headline: str
) -> None:
    found = overview({"healthy": healthy, "said": ["so"]}, snapshot, runner, line=line(Day(), NOW),
                     diagnosis=diagnosis({"at": NOW, "findings": findings}), findings=findings)  # fmt: skip
    assert found.headline.word == headline


# -- the time line ---------------------------------------------------------------------------------


def test_the_time_line_has_a_span_for_each_state_and_a_bar_for_each_quarter_of_an_hour() -> None:
    day, about = Day(), {"gluetun": "gluetun", "role": "gluetun"}
    day.event("container.healthy", NOW - 90_000, about)
    day.event("container.unhealthy", NOW - 7_200, about)
    day.event("container.healthy", NOW - 3_600, about)
    day.event("container.healthy", NOW - 1_800, about)  # a resync says it again
    day.event("container.unhealthy", NOW - 60, {"container": "web"})  # no gluetun
    day.event("port.forwarded", NOW - 600, {"gluetun": "gluetun", "port": 51413})
    for outcome_, at in (("changed", 100), ("give_up", 100), ("retry", 5_000)):
        day.run(NOW - at, outcome_)
    day.gaps.append((NOW - 50_000, NOW - 49_000))
    found = line(day, NOW)
    health, port, own = found.bands
    assert [(one.state.tone, one.left, one.width) for one in health.spans] == [
        ("well", 0.0, 1320.0), ("broken", 1320.0, 60.0), ("well", 1380.0, 60.0),
    ]  # fmt: skip
    assert health.summary == "healthy 23h; unhealthy 1h"
    assert (port.spans[0].state.word, own.summary) == ("51413", "gluehook did not run 16m 40s")
    assert [(one.kind, one.total, len(one.bars)) for one in found.bars] == [("runs", 3, 2), ("failures", 2, 2)]


def test_the_time_line_stays_small_however_much_happens() -> None:
    day = Day()
    for n in range(50_000):
        day.event("port.forwarded", NOW - 90_000 + n, {"gluetun": f"vpn-{n % 40}", "port": n})
        day.run(NOW - 90_000 + n, "changed")
    found = line(day, NOW)
    assert sum(len(band.spans) for band in found.bands) <= 13 * 96
    assert sum(len(bars.bars) for bars in found.bars) <= 2 * 97
    day.forget(NOW - 3_600)
    assert sum(len(changes) for changes in day.changes.values()) <= 40


# -- runs and traces -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "outcome_", "since_s", "problem"),
    [
        ({}, "", 0.0, ""),
        ({"outcome": "failed", "since": "24h"}, "failed", 86_400.0, ""),
        ({"outcome": "<script>"}, "", 0.0, "there is no outcome '<script>'"),
        ({"since": "yesterday"}, "", 0.0, "is no duration"),
    ],
)
def test_a_filter_that_is_not_understood_is_said_and_left_out(
    query: dict[str, str], outcome_: str, since_s: float, problem: str
) -> None:
    found = asked(query)
    assert (found.outcome, found.since_s) == (outcome_, since_s)
    assert problem in found.problem
    assert bool(problem) == bool(found.problem)


def test_a_link_to_older_runs_keeps_the_filter() -> None:
    assert asked({"rule": "a&b", "before": "5_1"}).query(before="4_2") == "rule=a%26b&before=4_2"
    page = runs_page([{"id": "a#1", "rule": "a", "began": NOW - 2, "outcome": None}], asked({}), ["a", "a", ""], NOW)
    assert (page.rules, page.rows[0].state.word, page.rows[0].took_s) == (("a",), "unfinished", 2.0)


def test_a_trace_shows_the_event_the_rules_the_waits_the_attempts_and_what_followed() -> None:
    run = {"id": "a#1", "rule": "a", "key": "k", "began": NOW - 9, "ended": NOW, "outcome": "retry", "said": "no"}
    step = {"number": 1, "use": "x.y", "args": {"n": 1, "t": "5m"}, "status": "retry", "said": "no", "saw": ["6881"],
            "took_s": 0.2}  # fmt: skip
    inner = {"how": "caused", "why": "", "event": None, "runs": [{"id": "c#1", "rule": "c", "outcome": "changed"}]}
    found = trace_view({
        "run": run, "event": {"type": "port.cleared", "subject": "g", "time": 10**18, "data": {"labels": {"a.b": "c"}}},
        "rules": {"known": True, "rules": [{"rule": "a", "matched": True, "run": "a#1", "outcome": "retry"},
                                           {"rule": "b", "matched": False, "why": ["it listens to x"]}]},
        "waits": [{"why": "for", "since": NOW - 20, "until": NOW - 10}],
        "decisions": [{"at": NOW, "kind": "exhausted", "why": "it ran 3 times", "times": 1}],
        "attempts": [{"attempt": 1, "began": NOW - 9, "ended": NOW - 8, "outcome": "retry", "said": "no",
                      "steps": [step]},
                     {"attempt": 2, "began": NOW - 5, "ended": None, "outcome": "cut_off", "said": "", "steps": []}],
        "followed": [{"how": "failed", "why": "", "event": {"type": "run.failed", "subject": "a"},
                      "runs": [{"id": "b#1", "rule": "b", "outcome": "changed", "followed": [inner]}]}],
    }, NOW)  # fmt: skip
    assert found.state.word == "failed"
    assert found.event
    assert found.event.fields == (("labels.a.b", "c"),)
    assert [(one.rule, one.matched) for one in found.rules] == [("a", True), ("b", False)]
    assert (found.waits[0].took_s, found.decisions[0].state.word) == (10.0, "limit used up")
    assert (found.attempts[0].steps[0].args, found.attempts[0].more_said) == ('n = 1, t = "5m"', "")
    assert found.attempts[1].state.word == "cut off"
    assert [(one.depth, one.what, one.run) for one in found.followed] == [
        (0, "run.failed", ""), (0, "b", "b#1"), (1, "it made this happen", ""), (1, "c", "c#1"),
    ]  # fmt: skip


@pytest.mark.parametrize("broken", [{}, {"run": None, "rules": [], "attempts": "x", "event": 7, "followed": [None, 3]}])
def test_a_trace_that_holds_nothing_is_shown_all_the_same(broken: dict[str, Any]) -> None:
    assert trace_view(broken, NOW).event is None


# -- rules, trials, peers --------------------------------------------------------------------------


def test_the_rules_file_is_shown_block_by_block_with_what_is_known_of_each() -> None:
    text = (TOP / "rules.toml").read_text()
    tests = [{"test": "without a port for three minutes, the tunnel is restarted until there is one", "good": False,
              "missing": [{"at_s": 180.0, "rule": "heal-vpn", "use": "gluetun.restart_vpn"}]}]  # fmt: skip
    ran = [run_row({"id": f"heal-vpn#{n}", "rule": "heal-vpn", "began": NOW}, NOW) for n in range(9)]
    found = rule_file(text, [{"name": "heal-vpn", "enabled": True, "paused_until": NOW + 9}], {"heal-vpn": ran}, tests)
    heal = next(block for block in found.blocks if block.name == "heal-vpn")
    assert (heal.kind, heal.state and heal.state.word, len(heal.runs)) == ("rule", "paused", 5)
    failing = next(block for block in found.blocks if block.state and block.state.word == "fails")
    assert failing.notes == ("expected, but missing: heal-vpn at 180.0 s gluetun.restart_vpn",)
    assert found.tests.word == "1 of 1 tests fail"
    shown = "\n".join(block.code.striptags() for block in found.blocks)
    assert shown.split() == text.split(), "each word of the file is shown, in its order"


def test_colours_of_toml_are_elements_around_escaped_text() -> None:
    (block,) = rule_file('a = "<b>" # <i>', [], {}, None).blocks
    assert block.code == "<b>a</b> = <u>&#34;&lt;b&gt;&#34;</u>  <i># &lt;i&gt;</i>"


def test_an_explanation_says_first_what_would_run() -> None:
    found = explained([
        {"rule": "a", "runs": False, "why": ["it listens to x"], "next": ["@daily comes next at …"]},
        {"rule": "b", "runs": True, "key": "k", "in_s": 180.0, "when": ["for: …"], "do": [{"use": "x.y"}]},
        {"rule": "c", "runs": True, "in_s": 0, "do": []}, {"rule": "d", "runs": True, "when": ["dropped"], "do": []},
    ])  # fmt: skip
    assert [(one.rule, one.state.word) for one in found.rules] == [
        ("b", "runs in 3m"), ("c", "runs at once"), ("a", "does not run"), ("d", "nothing runs"),
    ]  # fmt: skip
    assert found.rules[2].why == ("it listens to x", "@daily comes next at …")


def test_a_replay_is_bounded_and_counts_its_runs() -> None:
    records = [{"at": "2026-01-01T00:00:00.000Z", "what": kind, "rule": "a", "only": only}
               for only in ("/now", "/pasted") for kind in ("event", "runs", "waits") for _ in range(100)]  # fmt: skip
    found = replayed(records, "journal: 9 events", pasted="/pasted", compared=True)
    assert (len(found.rows), found.hidden, found.counts) == (150, 250, (("a", 100),))
    assert {row.side for row in found.rows} == {"in force"}


def test_peers_show_no_key() -> None:
    found = peers([{"name": "phone", "let_in": True, "handshake_s": NOW, "connected": True, "private_key": "k3y="},
                   {"name": "old", "let_in": False, "handshake_s": 0, "out_of_step": ["it is out"]},
                   {"name": "lost", "let_in": True, "handshake_s": None}])  # fmt: skip
    assert [(one.connection.word, one.step.word) for one in found.rows] == [
        ("connected", "in step"), ("never connected", "removed"), ("not read", "in step"),
    ]  # fmt: skip
    assert "k3y" not in repr(found)


# -- words -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-1, "0s"),
        (0, "0s"),
        (0.034, "34ms"),
        (3.14, "3.1s"),
        (59, "59s"),
        (200, "3m 20s"),
        (7_200, "2h"),
        (187_200, "2d 4h"),
    ],
)
def test_spans_are_short(seconds: float, words: str) -> None:
    assert span(seconds) == words


def test_texts_from_outside_are_cut_and_hold_nothing_that_a_page_cannot() -> None:
    assert cut("a\x00b\x1b[31m\ud800c\n") == "a\ufffdb\ufffd[31m\ufffdc\n"
    assert len(cut("x" * 9_000)) == 4_000
    assert outcome("<b>").word == "<b>"
    assert event_view({"type": "x", "time": 10**30, "data": {"a": "y" * 9_000}}).fields[0][1].endswith("…")  # type: ignore[union-attr]


def test_what_a_hook_has_sent_is_shown_value_by_value_as_rules_name_it() -> None:
    sent = {
        "status": 0,
        "ok": True,
        "port": None,
        "tags": ["a", 1],
        "alerts": [{"b": 1}],
        "in": {"deep": {"c": "d"}},
        "no": {},
    }
    event = {"type": "hook.called", "subject": "x", "time": 1, "data": {"name": "x", "json": sent}}
    view = event_view(event)
    assert view is not None
    assert dict(view.fields) == {
        "name": "x", "json.status": "0", "json.ok": "true", "json.port": "null", "json.tags": "a, 1",
        "json.alerts": '[{"b": 1}]', "json.in.deep.c": "d", "json.no": "{}",
    }  # fmt: skip
    assert json.loads(view.line) == event
    long = event_view({**event, "data": {"name": "x", "json": {"long": "x" * 10_000}}})
    assert long is not None
    assert (long.line, len(dict(long.fields)["json.long"])) == ("", 400), "no link could hold it"
