"""`gluehook explain`: why a rule would not run, field by field; and that what it says of when is what happens."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from math import inf
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers import HANDLERS
from hooks.engine.engine import Engine
from hooks.engine.runs import Result
from hooks.events.catalogue import Event
from hooks.workbench.event_words import EventSyntaxError, read
from hooks.workbench.explain import Explanation, Situation, explain
from tests.parts.values.rules_text import table_of

DIE = 'do = { use = "command.run", command = ["/bin/true"] }'


def engine(*rule: str) -> Engine:
    return Engine(table_of("".join(f'[[rule]]\nname = "r{n}"\n{one}\n' for n, one in enumerate(rule, 1))))


def explained(it: Engine, *words: str, now: float = 0.0, state: dict[str, Any] | None = None) -> list[Explanation]:
    return list(explain(it, read(words), Situation(HANDLERS, now, state)))


def why(on: str, *words: str) -> list[str]:
    (one,) = explained(engine(f'on = {on}\nkey = "k"\n{DIE}'), *words)
    assert not one["runs"]
    return [*one["why"]]


def test_a_schedule_says_when_it_comes_next_and_why_a_missed_one_does_not_count() -> None:
    entry = '{ event = "timer.cron", at = "0 0 1 1 *"%s }'
    it = engine(*(f"on = {entry % more}\n{DIE}" for more in ("", ", catch_up = true")))
    one, two = explained(it, "timer.cron", "at=0  0 1 1 *", "late=start")
    assert one["why"] == ["it was due while gluehook did not run, and the rule has no catch_up = true"]
    assert (two["runs"], two["entry"]) == (True, entry % ", catch_up = true")
    assert one["next"] == two["next"]
    assert re.fullmatch(r"0 0 1 1 \* comes next at 20\d\d-01-01T00:00:00[+-]\d\d:\d\d", one["next"][0])
    assert [one["runs"] for one in explained(it, "timer.cron", "at=0 0 1 1 *")] == [True, True]


# -- why not -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("match", "fields", "said"),
    [
        ('container = "web"', "container=db", ['container is "db", and the rule wants "web"']),
        ('container = ["a", "web-*"]', "container=db", ['container is "db", and the rule wants ["a", "web-*"]']),
        ('container = "${event.service}"', "container=a service=b",
         ['container is "a", and the rule wants "${event.service}"; service is "b"']),
        ('container = { not = "${event.service}" }', "container=a",
         [('container is "a", and the rule wants { not = "${event.service}" }; it has no service, and an absent one '
           "never matches")]),
        ('labels = { "a.token" = "${event.labels.b-token}" }', "labels.a.token=hunter2 labels.b-token=hunter3",
         ['a.token is "***", and the rule wants ***; labels.b-token is "***"']),
        ("exit_code = { not = 0 }", "exit_code=0", ["exit_code is 0, and the rule wants { not = 0 }"]),
        ("exit_code = { min = 1, max = 9 }", "exit_code=137",
         ["exit_code is 137, and the rule wants { min = 1, max = 9 }"]),
        ('container = { regex = "w.b" }', "container=w",
         ['container is "w", and the rule wants { regex = "w.b" }']),
        ('container = "web", exit_code = 1', "container=db exit_code=2",
         ['container is "db", and the rule wants "web"', "exit_code is 2, and the rule wants 1"]),
        ("exit_code = 1", "container=web",
         ["the event has no exit_code, and an absent field never matches; the rule wants 1"]),
        ('role = ["deluge", "adguard"]', "container=box",
         [("the role of 'box' is not known here, and the rule wants [\"deluge\", \"adguard\"]; write role=deluge, or "
           "image=… from which it follows, behind the event")]),
        ('labels = { "a.heal" = "yes" }', "labels.a.heal=no", ['a.heal is "no", and the rule wants "yes"']),
        ('labels = { "a.heal" = "yes" }', "labels.b=no",
         ['the event has no label a.heal, and an absent field never matches; the rule wants "yes"']),
        ('labels = { "a.heal" = "yes" }', "container=web",
         ['the event has no labels, and an absent field never matches; the rule wants { "a.heal" = "yes" }']),
        ('labels = { "a.token" = "swordfish" }', "labels.a.token=hunter2",
         ['a.token is "***", and the rule wants ***']),
    ],
)  # fmt: skip
def test_each_field_that_does_not_fit_is_told(match: str, fields: str, said: list[str]) -> None:
    assert why(f'{{ event = "container.die", {match} }}', "container.die", *fields.split()) == said


def test_the_nearest_entry_is_the_one_that_has_the_least_against_it() -> None:
    on = '[{ event = "container.die", container = "db", exit_code = 1 }, { event = "container.die", container = "db" }]'
    (one,) = explained(engine(f"on = {on}\n{DIE}"), "container.die", "container=web")
    assert one["entry"] == '{ event = "container.die", container = "db" }'
    assert len(one["why"]) == 1


def test_the_entry_is_shown_without_what_looks_secret() -> None:
    on = '{ event = "container.die", labels = { "a.token" = "swordfish", "a.heal" = "yes" } }'
    (one,) = explained(engine(f"on = {on}\n{DIE}"), "container.die")
    assert one["entry"] == '{ event = "container.die", labels = { "a.token" = ***, "a.heal" = "yes" } }'
    assert "swordfish" not in json.dumps(one)


def test_a_rule_that_listens_to_other_events_says_to_which() -> None:
    assert why('["container.oom", "container.start", "container.oom"]', "container.die") == [
        "it listens to container.oom, container.start"
    ]


def test_a_rule_that_is_off_a_resync_that_reaches_none_and_its_own_exhaustion() -> None:
    assert why('"container.start"\nenabled = false', "container.start") == ["it is switched off: enabled = false"]
    assert "a resync reaches only rules with `for`" in why('"container.start"', "container.start", "origin=resync")[0]
    on = '{ event = "rule.exhausted", rule = "*" }\nlimit = { runs = 1, per = "1h" }'
    assert "does not answer its own exhaustion" in why(on, "rule.exhausted", "rule=r1")[0]


def test_an_event_that_ends_the_state_that_a_rule_waits_for_is_told_to_do_so() -> None:
    it = engine(f'on = "container.unhealthy"\nfor = "3m"\n{DIE}')
    it.feed(read(["container.unhealthy", "container=web", "id=1"]), 0.0)
    (one,) = explained(it, "container.healthy", "container=web", "id=1", now=9.0)
    assert one["why"][-1] == "but it ends what waits for web: the state has ended"
    (other,) = explained(it, "container.healthy", "container=db", "id=2", now=9.0)
    assert len(other["why"]) == 1


# -- what and when -----------------------------------------------------------------------------


def test_what_would_be_done_is_filled_in_as_far_as_it_is_known() -> None:
    json_ = '{ port = "${state.port}", who = "${event.container}", token = "${secret:TOKEN}" }'
    step = f'do = [{{ use = "webhook.post", url = "https://user:hunter2@host/secret?key=hunter2", json = {json_} }},'
    step += """
              { use = "containers.restart", container = "${event.container}", stop_timeout = "10s" },
              { use = "notify.send", title = "t", message = "${run.said} ${run.id}", when_changed = true },
              { use = "containers.restart", container = "${event.service}" }]"""
    it = engine(f'on = "container.die"\n{step}')
    (alone,) = explained(it, "container.die", "container=web")
    (asked,) = explained(it, "container.die", "container=web", state={"port": 51413, "ports": [51413]})
    post, restart, tell, again = asked["do"]
    assert post["args"]["json"] == {"port": 51413, "who": "web", "token": "${secret:TOKEN}"}
    assert alone["do"][0]["args"]["json"]["port"] == "${state.port}"
    assert post["args"]["url"] == "https://***@host/***"
    assert restart["args"] == {"container": "web", "stop_timeout": "10s"}
    assert tell["args"]["message"] == "${run.said} ${run.id}"
    assert tell["but"] == "only if an earlier step changed something"
    assert again["but"] == "it is skipped: ${event.service} is empty"
    assert (alone["key"], alone["in_s"]) == ("web", 0.0)


@pytest.mark.parametrize(
    ("words", "in_s", "said"),
    [
        ('for = "3m"\non = "container.unhealthy"', 180.0, ["for: the state must last 3m"]),
        ('debounce = "10s"\non = "container.unhealthy"', 10.0, ["debounce: it must be quiet for 10s"]),
        ('limit = { runs = 3, per = "1h" }\non = "container.unhealthy"', 0.0, ["limit: it is run 1 of 3 in 1h"]),
    ],
)  # fmt: skip
def test_from_the_rules_alone_it_tells_what_they_say(words: str, in_s: float, said: list[str]) -> None:
    (one,) = explained(engine(f"{words}\n{DIE}"), "container.unhealthy", "container=web")
    assert (one["in_s"], one["when"]) == (in_s, said)


UNHEALTHY = ("container.unhealthy", "container=web", "id=1")


def test_what_is_left_of_a_for_a_cooldown_and_a_limit() -> None:
    it = engine(f'on = "container.unhealthy"\nfor = "3m"\n{DIE}',
                f'on = "container.unhealthy"\ncooldown = "5m"\nlimit = {{ runs = 1, per = "1h" }}\n{DIE}')  # fmt: skip
    it.feed(read(UNHEALTHY), 0.0)
    (run,) = it.advance(0.0)
    working = explained(it, *UNHEALTHY, now=60.0)
    assert working[0]["when"] == ["for: the state must last 3m, 2m left"]
    assert working[1]["when"][0] == f"{run.id} is at work: this waits for its end"
    assert "in_s" not in working[1]
    it.finished(run, Result("changed"), 70.0)
    after = explained(it, *UNHEALTHY, now=100.0)[1]
    assert after["when"][0] == "cooldown: 5m after the last run, 4m30s left"
    assert after["when"][1] == "limit: no run is left of 1 in 1h, so rule.exhausted is raised instead"
    it.feed(read(UNHEALTHY), 370.0)
    assert [run.rule.name for run in it.advance(370.0)] == ["r1"]
    assert "nothing starts before the state has ended" in explained(it, *UNHEALTHY, now=371.0)[1]["when"][0]


def test_a_pause_a_mode_that_drops_and_a_source_that_is_lost() -> None:
    it = engine(f'on = "container.unhealthy"\nmode = "single"\n{DIE}', f'on = "container.unhealthy"\nfor = "3m"\n{DIE}')
    it.feed(Event("container.unhealthy", "web", 1, "docker", data={"container": "web", "id": "1"}), 0.0)
    it.advance(0.0)
    it.feed(Event("source.lost", "docker", 2, data={"name": "docker", "reason": "away"}), 1.0)
    it.pause("r2", 601.0)
    event = Event("container.unhealthy", "web", 3, "docker", data={"container": "web", "id": "1"})
    single, blind = explain(it, event, Situation(HANDLERS, 1.0))
    assert single["when"] == ["the rule is running and its mode is single"]
    assert blind["when"][0] == "paused, 10m left; `gluehook resume` ends it"
    assert "cannot be seen: that does not count" in blind["when"][1]
    assert "in_s" not in single
    assert "in_s" not in blind


def test_a_resync_of_what_was_acted_on_is_no_news() -> None:
    step = 'do = "gluetun.restart_vpn"'
    it = engine(f'on = "container.unhealthy"\n{step}')
    event = read(UNHEALTHY)
    it.feed(event, 0.0)
    (run,) = it.advance(0.0)
    it.finished(run, Result("changed"), 0.0)
    (one,) = explain(it, replace(event, origin="resync"), Situation(HANDLERS, 1.0))
    assert one["when"] == ["a resync reports what this rule has handled already: nothing runs"]
    assert "in_s" not in one


WORDS = ("", 'for = "3s"',
         'debounce = "2s"', 'cooldown = "4s"', 'limit = { runs = 2, per = "9s" }', 'mode = "single"',
         'mode = "queued"',
         'for = "1s"\ncooldown = "2s"\nrepeat = true\nlimit = { runs = 2, per = "20s" }')  # fmt: skip


@settings(print_blob=True, database=None, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["unhealthy", "healthy", "die"]), st.integers(0, 3), st.booleans())))
def test_what_it_says_is_what_happens_and_asking_changes_nothing(story: list[tuple[str, int, bool]]) -> None:
    """Ask before each event, then let it happen: the lane is due when it was said, or was dropped as it was said."""
    it = engine(*(f'on = "container.unhealthy"\n{words}\n{DIE}' for words in WORDS))
    now, at_work = 0.0, []
    for number, (word, wait_s, ends) in enumerate(story):
        now += wait_s
        at_work += it.advance(now)
        if ends and at_work:
            it.finished(at_work.pop(), Result("changed"), now)
            at_work += it.advance(now)
        event = read([f"container.{word}", "container=web", f"id={number // 3}"])
        before, copied = it.next_deadline(), it.copy()
        said = {one["rule"]: one for one in explain(it, event, Situation(HANDLERS, now))}
        assert (it.next_deadline(), it.take_notes()) == (before, copied.take_notes()), "asking has changed something"
        it.feed(event, now)
        due = {lane.rule.name: lane.due() for lane in it.lanes()}
        for rule, one in said.items():
            if "in_s" in one:
                assert max(due[rule], now) == pytest.approx(now + one["in_s"])
            elif one["runs"] and not any("is raised instead" in said for said in one["when"]):
                assert due.get(rule, inf) == inf or "mode is single" in one["when"][0]


# -- the event's words -----------------------------------------------------------------------------

DOCKERS = {"Type": "container", "Action": "die", "timeNano": 7,
           "Actor": {"ID": "1", "Attributes": {"name": "web", "exitCode": "137", "a.heal": "yes"}}}  # fmt: skip


@pytest.mark.parametrize(
    "words",
    [
        ["container.die", "container=web", "exit_code=137", "labels.a.heal=yes"],
        [json.dumps(DOCKERS)],
        ['{"event": "container.die", "container": "web", "exit_code": 137, "labels": {"a.heal": "yes"}}'],
        ['{"type": "container.die", "data": {"container": "web", "exit_code": 137, "labels": {"a.heal": "yes"}}}'],
        [json.dumps({"type": "container.die", "subject": "web", "time": 7,
                     "data": {"container": "web", "exit_code": 137, "labels": {"a.heal": "yes"}}})],
    ],
)  # fmt: skip
def test_one_event_in_every_way_to_write_it(words: list[str]) -> None:
    event = read(words)
    assert (event.type, event.subject) == ("container.die", "web")
    assert {"container": "web", "exit_code": 137, "labels": {"a.heal": "yes"}}.items() <= event.data.items()


def test_a_port_is_that_of_gluetun_and_the_first_of_the_ports() -> None:
    event = read(["port.forwarded", "port=51413"], "vpn")
    assert (event.subject, event.data["container"], event.data["ports"]) == ("vpn", "vpn", [51413])
    assert read(["port.forwarded", "ports=1,2"]).data["ports"] == [1, 2]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("container.dei", "did you mean 'container.die'?"),
        ("nonsense", "`gluehook events` lists them all"),
        ("container.die cotnainer=web", "did you mean 'container'?"),
        ("container.die zzz=1", "its fields are container, id"),
        ("container.die web", "write FIELD=VALUE"),
        ("container.die exit_code=x", "exit_code of container.die is a whole number, not 'x'"),
        ("container.die labels=x", "labels.com.example.heal=yes"),
        ("container.die origin=nowhere", "origin is live or backlog or"),
        ('{"type":"container.dei"}', "did you mean 'container.die'?"),
        ('{"type":"container.dei","subject":"x","time":1}', "did you mean 'container.die'?"),
        ('{"Type":"container","Action":"sneeze"}', "no name for this event of Docker's"),
        ('{"event":"container.die","port":1}', "container.die has no field 'port'"),
        ('{"event":"container.die"', "in single quotes"),
        ("{}", "there is no event"),
    ],
)  # fmt: skip
def test_words_that_are_no_event_say_what_to_write(words: str, said: str) -> None:
    with pytest.raises(EventSyntaxError) as refused:
        read([words] if words.startswith("{") else words.split())
    assert said in str(refused.value)
