"""rules.toml that is good: what each word of the grammar becomes."""

from __future__ import annotations

import json
import pickle
import re
import subprocess
import sys

import pytest

from handlers import HANDLERS
from hooks.rules.matching import AnyOf, Glob, Labels, Match, Not, OneOf, Range, Regex
from hooks.rules.placeholders import Placeholder, Template
from hooks.rules.table import Debounce, Entry, Limit, RetryPolicy, Rule, Step, Table
from hooks.rules_file import reader
from hooks.rules_file.errors import render
from hooks.rules_file.schema import Document
from tests.parts.places import TOP
from tests.parts.values.small_handlers import SMALL_HANDLERS

ROOT = TOP


def table(text: str) -> Table:
    """The table of a text without its version line."""
    found = reader.read("version = 1\n" + text, "rules.toml", SMALL_HANDLERS)
    assert isinstance(found, Table), render(found, "version = 1\n" + text, "rules.toml")
    return found


def rule(body: str, head: str = "") -> Rule:
    """One rule, with what a test leaves out filled in."""
    on = "" if re.search(r"^on\b", body, re.MULTILINE) else 'on = "container.die"\n'
    do = "" if re.search(r"^do\b", body, re.MULTILINE) else 'do = "gluetun.restart_vpn"\n'
    return table(f'{head}\n[[rule]]\nname = "a"\n{on}{do}{body}\n').rules[0]


def codes(text: str) -> list[str]:
    """The codes of what is wrong with a text."""
    found = reader.read("version = 1\n" + text, "rules.toml", SMALL_HANDLERS)
    return [one.code for one in found] if isinstance(found, list) else []


# -- a rule ----------------------------------------------------------------------------------


def test_a_rule_says_only_what_it_must() -> None:
    assert table('[[rule]]\nname = "a"\non = "container.die"\ndo = "qbittorrent.set_port"\n') == Table(
        (Rule("a", (Entry("container.die"),), (Step("qbittorrent.set_port", reconciles=True),)),), "rules.toml"
    )


def test_a_rule_says_everything() -> None:
    said = rule(
        """
        key = "${event.container}-x"
        on = ["container.unhealthy", { event = "container.start", service = "web" }]
        for = "3m"
        cooldown = "1h30m"
        repeat = true
        limit = { runs = 3, per = "24h" }
        mode = "single"
        timeout = "2m"
        retry = { attempts = 2, first = "250ms", max = "1m" }
        enabled = false
        dry_run = true
        do = ["gluetun.restart_vpn", { use = "notify.send", when_changed = true, title = "t", message = "m" }]
        """.replace("        ", "")
    )
    assert said == Rule(
        "a",
        (Entry("container.unhealthy"), Entry("container.start", {"service": OneOf(("web",))})),
        (
            Step("gluetun.restart_vpn", reconciles=True),
            Step("notify.send", {"title": "t", "message": "m"}, when_changed=True),
        ),
        key=Template((Placeholder("event", "container"), "-x")),
        for_s=180.0, cooldown_s=5400.0, repeat=True, limit=Limit(3, 86400.0), mode="single", timeout_s=120.0,
        retry=RetryPolicy(2, 0.25, 60.0), enabled=False, dry_run=True,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("written", "means"),
    [
        ('"10s"', Debounce(10, 40)),
        ('{ wait = "10s" }', Debounce(10, 40)),
        ('{ wait = "1s", max = "2s" }', Debounce(1, 2)),
    ],
)
def test_debounce_waits_at_most_four_times_as_long(written: str, means: Debounce) -> None:
    assert rule(f"debounce = {written}").debounce == means


@pytest.mark.parametrize(
    ("head", "body", "timeout_s", "retry"),
    [
        ("", "", 30.0, RetryPolicy(6, 1.0, 30.0)),
        ('[defaults]\ntimeout = "5s"', "", 5.0, RetryPolicy()),
        ('[defaults]\ntimeout = "5s"', 'timeout = "7s"', 7.0, RetryPolicy()),
        ("[defaults]\nretry = { attempts = 2 }", "", 30.0, RetryPolicy(2, 1.0, 30.0)),
        ('[defaults]\nretry = { attempts = 2, max = "9s" }', 'retry = { max = "8s" }', 30.0, RetryPolicy(2, 1.0, 8.0)),
        ("", 'retry = { attempts = 1, first = "30s" }', 30.0, RetryPolicy(1, 30.0, 30.0)),
    ],
)
def test_defaults_hold_where_a_rule_is_silent(head: str, body: str, timeout_s: float, retry: RetryPolicy) -> None:
    said = rule(body, head)
    assert (said.timeout_s, said.retry) == (timeout_s, retry)


def test_a_broken_default_is_told_once_and_not_per_rule() -> None:
    one = '[[rule]]\nname = "%s"\non = "container.die"\ndo = "gluetun.restart_vpn"\n'
    assert codes('[defaults]\ntimeout = 3\nretry = { first = "1m" }\n' + one % "a" + one % "b") == [
        "bad-duration",
        "bad-value",
    ]


def test_a_rule_knows_its_line() -> None:
    text = "\n[[rule]]\nname = \"a\"\non = 'container.die'\ndo = '''gluetun.restart_vpn'''\n"
    assert [
        one.line for one in table(text + text.replace('"a"', '"b"').replace("[[rule]]", " [[ rule ]] # x")).rules
    ] == [3, 8]
    inline = "rule = [\n  { name = 'a', on = 'container.die', do = 'gluetun.restart_vpn' },\n{ name = 'b', "
    assert [one.line for one in table(inline + "on = 'container.die', do = 'gluetun.restart_vpn' }]").rules] == [3, 4]


# -- on --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "means"),
    [
        ('container = "web"', OneOf(("web",))),
        ('container = ["web", "db"]', OneOf(("web", "db"))),
        ('container = "web-*"', Glob("web-*")),
        ('container = "we?"', Glob("we?")),
        ('container = ["web", "db-*", ["x", "y"]]', AnyOf((OneOf(("web", "x", "y")), Glob("db-*")))),
        ('container = { not = "web" }', Not(OneOf(("web",)))),
        ('container = { not = ["web", "db-*"] }', Not(AnyOf((OneOf(("web",)), Glob("db-*"))))),
        ('container = { regex = "web-[0-9]+" }', Regex("web-[0-9]+")),
        ("exit_code = 137", OneOf((137,))),
        ("exit_code = { min = 1 }", Range(1, None)),
        ("exit_code = { min = 1, max = 127 }", Range(1, 127)),
        ("exit_code = { not = [0, { min = 128 }] }", Not(AnyOf((OneOf((0,)), Range(128, None))))),
        ('id = "0123*"', Glob("0123*")),
        (f'id = "{"0" * 64}"', OneOf(("0" * 64,))),
        (
            'labels = { "com.x.y" = "yes", port = "http" }',
            Labels({"com.x.y": OneOf(("yes",)), "port": OneOf(("http",))}),
        ),
        ('labels = { "com.x.y" = { not = "no*" } }', Labels({"com.x.y": Not(Glob("no*"))})),
        ('labels = { not = "x" }', Labels({"not": OneOf(("x",))})),
    ],
)
def test_a_field_is_matched(written: str, means: Match) -> None:
    field = written.partition(" ")[0]
    assert rule(f'on = {{ event = "container.die", {written} }}').on == (Entry("container.die", {field: means}),)


def test_a_table_of_labels_may_stand_under_its_own_header() -> None:
    said = table(
        '[[rule]]\nname = "a"\ndo = "gluetun.restart_vpn"\n[rule.on]\nevent = "container.die"\n'
        '[rule.on.labels]\n"com.x.y" = "yes"\n'
    )
    assert said.rules[0].on == (Entry("container.die", {"labels": Labels({"com.x.y": OneOf(("yes",))})}),)


@pytest.mark.parametrize(
    ("written", "means"), [('"300s"', ("5m",)), ('"5m"', ("5m",)), ('["90s", "24h"]', ("1m30s", "1d"))]
)
def test_every_is_compared_in_its_canonical_form(written: str, means: tuple[str, ...]) -> None:
    said = rule(f'on = {{ event = "timer.tick", every = {written} }}\ndo = "qbittorrent.set_port"')
    assert said.on == (Entry("timer.tick", {"every": OneOf(means)}),)


def test_files_are_named_in_full() -> None:
    assert rule('on = { event = "file.written", path = ["/a/b", "/c d"] }').on[0].match == {
        "path": OneOf(("/a/b", "/c d"))
    }


@pytest.mark.parametrize(
    "on",
    [
        '["container.die", "container.oom"]',
        '["source.lost", "source.restored"]',
        '["rule.exhausted"]',
        '[{ event = "timer.tick", every = "5m" }, { event = "timer.tick", every = "1h" }]',
    ],
)
def test_events_of_one_kind_need_no_key(on: str) -> None:
    assert rule(f"on = {on}").key is None


def test_a_rule_may_answer_the_exhaustion_of_any_rule() -> None:
    rest = 'limit = { runs = 1, per = "1h" }\ndo = "gluetun.restart_vpn"\n'
    first = f'[[rule]]\nname = "heal-web"\non = "container.unhealthy"\n{rest}'
    for match in ('"rule.exhausted"', '{ event = "rule.exhausted", rule = "heal-*" }'):
        second = f'[[rule]]\nname = "tell"\non = {match}\n{rest}'
        assert len(table(first + second).rules) == 2


def test_the_present_state_of_health_is_a_state_and_a_tick_is_not() -> None:
    assert rule('on = "container.unhealthy"\nfor = "1m"').for_s == 60.0
    tick = '{ event = "timer.tick", every = "5m" }'
    assert codes(f'[[rule]]\nname = "a"\non = {tick}\nfor = "1m"\ndo = "gluetun.restart_vpn"\n') == ["for-needs-state"]


# -- the whole -------------------------------------------------------------------------------


def test_the_shipped_rules_are_good_with_the_handlers_that_there_are() -> None:
    path = ROOT / "rules.toml"
    found = reader.load(path, HANDLERS)
    text = path.read_text(encoding="utf-8")
    assert isinstance(found, Table), render(found, text, "rules.toml")
    assert [one.name for one in found.rules] == [
        "forward-port", "heal-vpn", "heal-vpn-harder", "give-up", "rejoin-network", "rejoin-failed", "rejoin-given-up",
        "stays-up", "reopen-port", "port-closed", "well-again", "pause-torrents", "unpause-torrents",
        "peers-follow-dns",
    ]  # fmt: skip
    assert [one.line for one in found.rules] == [
        number for number, line in enumerate(text.split("\n"), 1) if line.startswith("[[rule]]")
    ]
    for message in (str(step.args.get("message")) for one in found.rules for step in one.do):
        assert "\n" not in message
        assert "  " not in message


def test_what_the_shipped_file_teaches_is_true() -> None:
    """The words of its header, each tried in a rule that it fits."""
    header = (ROOT / "rules.toml").read_text(encoding="utf-8").partition("version = 1")[0]
    shown = re.findall(r"^#   (?:\S.*; +)?(\w+) += (\S.*?)(?:   .*)?$", header, re.MULTILINE)
    assert len(shown) >= 12
    for key, value in shown:
        if key == "name":
            continue
        rest = {
            "repeat": 'for = "1m"\ncooldown = "1m"\non = "container.unhealthy"\n',
            "for": 'on = "container.unhealthy"\n',
        }
        mixed = 'key = "k"\n' if key == "on" else ""
        assert isinstance(rule(f"{mixed}{rest.get(key, '')}{key} = {value.split(';')[0]}"), Rule)


def test_a_table_can_be_sent_to_another_process() -> None:
    found = reader.load(ROOT / "rules.toml", HANDLERS)
    assert pickle.loads(pickle.dumps(found)) == found


def test_the_receiver_of_a_table_does_not_import_pydantic() -> None:
    script = "import pickle, sys; print(len(pickle.load(sys.stdin.buffer).rules), 'pydantic' in sys.modules)"
    found = reader.load(ROOT / "rules.toml", HANDLERS)
    assert isinstance(found, Table)
    done = subprocess.run(
        [sys.executable, "-c", script], input=pickle.dumps(found), capture_output=True, check=True, cwd=ROOT, timeout=30
    )
    assert done.stdout.split() == [str(len(found.rules)).encode(), b"False"]


def test_a_good_file_is_not_scanned_for_positions(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(text: str) -> None:
        raise AssertionError("nothing is wrong, so nobody needs a position")

    monkeypatch.setattr("hooks.rules_file.errors.locate", refuse)
    assert isinstance(reader.load(ROOT / "rules.toml", HANDLERS), Table)


def test_a_schema_can_be_made_of_the_grammar() -> None:
    schema = json.loads(json.dumps(Document.model_json_schema()))
    assert set(schema["properties"]) == {"version", "defaults", "gluetun", "client", "rule", "test"}
    words = schema["$defs"]["Rule"]["properties"]
    assert set(words) == {
        "name", "on", "only_if", "for", "debounce", "cooldown", "repeat", "limit", "mode", "key", "timeout", "retry",
        "enabled", "dry_run", "do",
    }  # fmt: skip


def test_two_empty_names_are_bad_names_and_not_duplicates() -> None:
    one = '[[rule]]\nname = ""\non = "container.die"\ndo = "gluetun.restart_vpn"\n'
    assert codes(one * 2) == ["bad-name", "bad-name"]
