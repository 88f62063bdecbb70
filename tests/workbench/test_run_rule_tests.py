"""`[[test]]` in rules.toml: what may be written, and how a test passes or fails."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from handlers import HANDLERS
from hooks.rules.table import Table
from hooks.rules_file import reader
from hooks.rules_file.reader import Contents
from hooks.workbench.rule_test_report import as_record, failure
from hooks.workbench.run_rule_tests import RuleTestResult, run_rule_test
from tests.parts.places import TOP
from tests.parts.process.gluehook import Gluehook

RULES = """version = 1
[[rule]]
name = "heal"
on = { event = "container.unhealthy", container = "web" }
for = "2m"
cooldown = "5m"
repeat = true
retry = { attempts = 2, first = "10s" }
do = [{ use = "containers.restart", container = "web", stop_timeout = "20s" },
      { use = "notify.send", when_changed = true, title = "${event.container}", message = "${run.said}" }]
[[rule]]
name = "port"
on = ["port.forwarded", { event = "container.start", container = "qb" }]
key = "port"
do = { use = "webhook.post", url = "https://a.example", body = "${state.port}" }
[[rule]]
name = "off"
on = "container.oom"
enabled = false
do = { use = "containers.restart", container = "web" }
"""
SICK = '{ at = "0s", event = "container.unhealthy", container = "web" }'
RESTART = '{ at = "2m", rule = "heal", use = "containers.restart" }'
TELL = '{ at = "2m", rule = "heal", use = "notify.send" }'


def written(given: str = f"[{SICK}]", expect: str = "", more: str = "", name: str = "a test") -> str:
    """A test as the file has it."""
    said = f"expect = [{expect}]\n" if expect else ""
    return f'[[test]]\nname = "{name}"\ngiven = {given}\n{said}{more}\n'


def result(given: str = f"[{SICK}]", expect: str = "", more: str = "") -> RuleTestResult:
    """How such a test goes with the rules above."""
    found = reader.contents(RULES + written(given, expect, more), "rules.toml", HANDLERS)
    assert isinstance(found, Contents), [one.sentence for one in found]
    return run_rule_test(found.table, found.rule_tests[0])


def surplus(of: RuleTestResult) -> list[tuple[float, str, str]]:
    return [(run.at_s, run.rule, step.use) for run in of.surplus for step in run.steps]


def test_a_rule_that_is_switched_off_is_on_where_a_test_says_so() -> None:
    given = '[{ at = "0s", event = "container.oom", container = "web" }]'
    on = result(given, '{ at = "0s", rule = "off", use = "containers.restart" }', 'enable = ["off", "heal"]')
    assert (on.passed, surplus(result(given, more='until = "1h"'))) == (True, [])


# -- good tests -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "expect",
    [
        f"{RESTART}, {TELL}",
        f"{TELL}, {RESTART}",
        '{ at = "2m", rule = "heal" }',
        f'{RESTART}, {{ at = "2m", rule = "heal" }}',
        f'{RESTART[:-2]}, container = "web", stop_timeout = "20s" }}, {TELL[:-2]}, message = "${{run.said}}" }}',
    ],
    ids=["each step", "in any order", "the run", "a step and the rest", "with arguments"],
)
def test_a_test_is_good_when_all_that_is_expected_runs_and_nothing_else(expect: str) -> None:
    assert result(expect=expect).passed


def test_state_port_is_the_port_that_was_given() -> None:
    starts = '{ at = "2s", event = "container.start", container = "qb" }'
    given = f'[{{ at = "1s", event = "port.forwarded", port = 5000 }}, {starts}]'
    both = [f'{{ at = "{at}s", rule = "port", use = "webhook.post", body = "5000" }}' for at in (1, 2)]
    assert result(given, ", ".join(both)).passed


def test_a_test_may_expect_that_nothing_runs() -> None:
    healed = f'[{SICK}, {{ at = "119s", event = "container.healthy", container = "web" }}]'
    assert result(healed, more='until = "1d"').passed


def test_what_is_given_comes_in_the_order_of_its_instants() -> None:
    healed = f'[{{ at = "1m", event = "container.healthy", container = "web" }}, {SICK}]'
    assert result(healed, more='until = "10m"').passed


@pytest.mark.parametrize(
    ("outcomes", "runs_at"),
    [
        ('{ heal = "fail" }', [120, 130, 430, 440]),
        ('{ heal = ["fail", "unchanged"] }', [120, 130, 430]),
        ('{ heal = "give_up" }', [120]),
        ('{ heal = "unchanged,20s" }', [120, 440]),
        ('{ "containers.restart" = "unchanged" }', [120, 420]),
    ],
)
def test_outcomes_are_assumed(outcomes: str, runs_at: list[int]) -> None:
    found = result(expect='{ at = "0s", rule = "heal" }', more=f'until = "450s"\noutcomes = {outcomes}')
    assert [at for at, _, use in surplus(found) if use == "containers.restart"] == runs_at
    assert [run.at_s for run in found.ran] == runs_at, "and nothing was told, because nothing changed"


# -- tests that fail --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expect", "missing", "left"),
    [
        (RESTART, 0, [(120, "heal", "notify.send")]),
        (f"{RESTART}, {RESTART}, {TELL}", 1, []),
        (f"{RESTART.replace('2m', '119999ms')}, {TELL}", 1, [(120, "heal", "containers.restart")]),
        (f'{TELL}, {RESTART[:-2]}, container = "db" }}', 1, [(120, "heal", "containers.restart")]),
        (f'{TELL}, {RESTART[:-2]}, stop_timeout = "21s" }}', 1, [(120, "heal", "containers.restart")]),
        ('{ at = "2m", rule = "heal" }, { at = "2m", rule = "heal" }', 1, []),
        ('{ at = "2m", rule = "port" }', 1, [(120, "heal", "containers.restart"), (120, "heal", "notify.send")]),
    ],
    ids=["a step too many", "once too few", "a millisecond", "an argument", "a duration", "a run too few", "a rule"],
)
def test_whatever_is_not_as_expected_fails_it(expect: str, missing: int, left: list[tuple[float, str, str]]) -> None:
    found = result(expect=expect)
    assert not found.passed
    assert len(found.missing) == missing
    assert surplus(found) == left


def test_what_runs_after_the_end_is_not_looked_at() -> None:
    assert result(more='until = "119s"').passed
    assert not result(more='until = "120s"').passed


def test_a_failure_shows_both_sides_and_the_time_line() -> None:
    found = result(expect=f"{RESTART.replace('2m', '3m')}, {TELL.replace('2m', '3m')}")
    table = reader.read(RULES, "rules.toml", HANDLERS)
    assert isinstance(table, Table)
    lines = [line for _, line in failure(found, table)]
    assert lines[0].split() == ["expected", "got"]
    assert [part.split("  ")[0] for part in lines[1].split("heal  containers.restart")[:2]] == ["3m", ""]
    assert "3m  heal  notify.send" in lines[2]
    assert "2m  heal  notify.send" in lines[2]
    assert lines[3] == "what was decided until 3m:"
    assert [line.split() for line in lines[4:6]] == [
        ["0s", "container.unhealthy", "web"],
        ["heal", "(web)", "waits", "2m"],
    ]
    assert "at the end it waits, for 4m more" in lines[-1]


def test_a_program_gets_the_same_facts() -> None:
    found = result(expect=RESTART.replace("2m", "3m"))
    told = json.loads(json.dumps(as_record(found, "rules.toml")))
    assert (told["file"], told["test"], told["good"], told["line"]) == ("rules.toml", "a test", False, 21)
    assert told["missing"] == [{"at_s": 180, "rule": "heal", "use": "containers.restart", "args": {}}]
    assert [(one["at_s"], one["use"]) for one in told["surplus"]] == [(120, "containers.restart"), (120, "notify.send")]
    assert [one["what"] for one in told["decisions"]][:3] == ["event", "accepted", "waits"]


# -- what is checked when the file is read ------------------------------------------------------------

GOOD_EXPECT = '{ at = "2m", rule = "heal" }'


@pytest.mark.parametrize(
    ("test", "code", "said"),
    [
        (written(), "test-checks-nothing", "expects no run"),
        (written(more='until = "0s"'), "test-checks-nothing", "expects no run"),
        (written(expect=GOOD_EXPECT, more='until = "1m"'), "test-too-late", "2m is after the end"),
        (written(f"[{SICK.replace('0s', '9m')}]", GOOD_EXPECT, 'until = "3m"'), "test-too-late", "9m is after the end"),
        (written(expect='{ at = "2m", rule = "heel" }'), "unknown-rule", "'heel'"),
        (written(expect='{ at = "2m", rule = "off" }'), "test-never", "disabled"),
        (written(expect='{ at = "2m", rule = "port", use = "containers.restart" }'), "test-never", "no step"),
        (written(expect='{ at = "2m", rule = "heal", use = "containers.restrat" }'), "test-never", "no step"),
        (written(expect=f'{TELL[:-2]}, tilte = "x" }}'), "unknown-argument", "'tilte'"),
        (written(expect=f"{TELL[:-2]}, title = 3 }}"), "wrong-argument", "a number"),
        (written(expect='{ at = "2m", rule = "heal", title = "x" }'), "missing-key", "no `use`"),
        (written('[{ at = "0s", event = "container.dye", container = "web" }]', GOOD_EXPECT), "unknown-event", "dye"),
        (written(f"[{SICK[:-2]}, port = 3 }}]", GOOD_EXPECT), "unknown-field", "'port'"),
        (written('[{ at = "0s", event = "container.die" }]', GOOD_EXPECT), "missing-key", "container"),
        (written('[{ at = "0s", event = "port.forwarded", port = "x" }]', GOOD_EXPECT), "wrong-type", "a whole number"),
        (written('[{ at = 3, event = "port.cleared" }]', GOOD_EXPECT), "bad-duration", "bare number"),
        (written('[{ event = "port.cleared" }]', GOOD_EXPECT), "missing-key", "at is missing"),
        (written("[]", GOOD_EXPECT), "bad-value", "given is empty"),
        (written(expect=GOOD_EXPECT, more='outcomes = { heal = "fial" }'), "bad-value", "'fial'"),
        (written(expect=GOOD_EXPECT, more='outcomes = { haul = "fail" }'), "unknown-rule", "'haul'"),
        (written(expect=GOOD_EXPECT, more='untill = "9m"'), "unknown-key", "'untill'"),
        (written(expect=GOOD_EXPECT) * 2, "duplicate-name", "another test"),
    ],
)  # fmt: skip
def test_a_test_that_is_not_right_is_an_error_of_the_file(test: str, code: str, said: str) -> None:
    found = reader.read(RULES + test, "rules.toml", HANDLERS)
    assert isinstance(found, list), "nothing is wrong with it"
    assert {one.code for one in found} == {code}
    sentence = " ".join(one.sentence for one in found)
    assert said in sentence
    assert "test 'a test': " in sentence
    assert all(one.line > RULES.count("\n") and one.hint for one in found)


GIVEN = 'given = [{ at = "1h", event = "timer.cron", schedule = "30  2 * * *", late = "%s" }]'
NIGHTS = """version = 1
[[rule]]
name = "nightly"
on = { event = "timer.cron", at = "30 2 * * *" }
do = { use = "notify.send", title = "t", message = "${event.due} ${event.late | default('on time')}" }
[[rule]]
name = "hourly"
on = { event = "timer.cron", at = "30 * * * *" }
enabled = false
do = { use = "containers.restart", container = "web" }
[[test]]
name = "t"
"""


@pytest.mark.parametrize(
    ("test", "ran"),
    [
        ('start = "2026-03-28T02:30"\ntimezone = "Europe/Berlin"\nuntil = "48h"',
         [(0, "2026-03-28T02:30:00+01:00 on time"), (84_600, "2026-03-29T03:00:00+02:00 on time"),
          (169_200, "2026-03-30T02:30:00+02:00 on time")]),
        ('start = "2026-10-25T02:30"\ntimezone = "Europe/Berlin"\nuntil = "25h"',
         [(0, "2026-10-25T02:30:00+02:00 on time"), (90_000, "2026-10-26T02:30:00+01:00 on time")]),
        ('start = "2026-03-29T00:00:00-05:00"\nuntil = "1d"', [(9_000, "2026-03-29T02:30:00-05:00 on time")]),
        ('start = "2026-03-29T00:00Z"\ntimezone = "Asia/Kolkata"\nuntil = "1d"',
         [(75_600, "2026-03-30T02:30:00+05:30 on time")]),
        ('start = "2026-03-29T02:31Z"\nuntil = "1h"', []),
        (f'start = "2026-03-29T00:00Z"\n{GIVEN % "sleep"}\nuntil = "2h"', [(3_600, "2026-03-29T01:00:00+00:00 sleep")]),
        (f'timezone = "UTC"\n{GIVEN % "start"}\nuntil = "9d"', []),
    ],
    ids=["forward", "back", "offset", "half an hour", "none", "given too", "without start"],
)  # fmt: skip
def test_with_a_start_schedules_come_by_themselves(test: str, ran: list[tuple[float, str]]) -> None:
    found = reader.contents(NIGHTS + test, "rules.toml", HANDLERS)
    assert isinstance(found, Contents), [one.sentence for one in found]
    runs = run_rule_test(found.table, found.rule_tests[0]).ran
    assert [(run.at_s, run.steps[0].args["message"]) for run in runs] == ran


def test_a_schedule_of_a_rule_that_a_test_switches_on_comes_too() -> None:
    found = reader.contents(
        f'{NIGHTS}start = "2026-10-25T00:31Z"\nenable = ["hourly"]\nuntil = "4h"', "rules.toml", HANDLERS
    )
    assert isinstance(found, Contents), [one.sentence for one in found]
    runs = run_rule_test(found.table, found.rule_tests[0]).ran
    assert [run.rule for run in runs if run.rule == "hourly"] == ["hourly"] * 4
    assert len({run.at_s for run in runs}) == 4


def test_a_rule_that_is_broken_is_not_missed_as_well() -> None:
    found = reader.read(RULES.replace('for = "2m"', "for = ") + written(expect=GOOD_EXPECT), "rules.toml", HANDLERS)
    assert isinstance(found, list)
    assert {one.code for one in found} == {"syntax"}


def test_a_running_gluehook_carries_no_tests() -> None:
    with_tests = reader.read(RULES + written(expect=GOOD_EXPECT), "rules.toml", HANDLERS)
    assert with_tests == reader.read(RULES, "rules.toml", HANDLERS)


# -- the command ------------------------------------------------------------------------------------


@pytest.fixture
def here(tmp_path: Path) -> Gluehook:
    return Gluehook(tmp_path, RULES + written(expect=f"{RESTART}, {TELL}"))


def test_the_command_says_ok_and_ends_with_0(here: Gluehook) -> None:
    said = here.call("test")
    assert (said.returncode, said.stderr) == (0, "")
    assert said.stdout == f"ok    a test\n{here.rules}: 1 test, all good\n"


def test_the_command_tells_a_failure_with_its_line_and_ends_with_1(here: Gluehook) -> None:
    here.rules.write_text(RULES + written(expect=RESTART))
    said = here.call("test", "rules.toml")
    assert said.returncode == 1
    assert said.stdout.startswith("FAIL  a test (rules.toml:21)\n      expected  got\n")
    assert said.stdout.endswith("rules.toml: 1 test, 1 failed\n")
    as_json = here.call("test", "--json", "rules.toml")
    assert (as_json.returncode, json.loads(as_json.stdout)["good"]) == (1, False)


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        (RULES, 1, "there is no [[test]] in it"),
        (RULES + written(), 1, "error[test-checks-nothing]"),
    ],
)
def test_what_could_check_nothing_is_no_success(here: Gluehook, text: str, code: int, said: str) -> None:
    here.rules.write_text(text)
    found = here.call("test")
    assert (found.returncode, found.stdout) == (code, "")
    assert said in found.stderr


def test_all_files_are_tested_although_one_fails(here: Gluehook) -> None:
    (here.rules.parent / "other.toml").write_text(RULES + written(expect=RESTART, name="other"))
    said = here.call("test", "other.toml", "missing.toml", "rules.toml")
    assert said.returncode == 1
    assert "FAIL  other (other.toml:21)" in said.stdout
    assert "ok    a test" in said.stdout
    assert "missing.toml: error[file-missing]" in said.stderr


def test_wrong_use_ends_with_2(here: Gluehook) -> None:
    assert here.call("test", "--jsn").returncode == 2


# -- the rules that ship ----------------------------------------------------------------------------

SHIPPED = reader.contents((TOP / "rules.toml").read_text(), "rules.toml", HANDLERS)
assert isinstance(SHIPPED, Contents)


@pytest.mark.parametrize("place", range(len(SHIPPED.rule_tests)), ids=[one.name for one in SHIPPED.rule_tests])
def test_the_rules_that_ship_keep_their_tests(place: int) -> None:
    found = run_rule_test(SHIPPED.table, SHIPPED.rule_tests[place])
    assert found.passed, "\n".join(line for _, line in failure(found, SHIPPED.table))


def test_every_rule_that_ships_has_a_test_in_which_it_runs() -> None:
    ran = {run.rule for one in SHIPPED.rule_tests for run in run_rule_test(SHIPPED.table, one).ran}
    assert {rule.name for rule in SHIPPED.table.rules} - ran == set()
