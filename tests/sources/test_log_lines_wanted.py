"""Which lines reach the rules, as what text, and how many of them."""

from __future__ import annotations

import pytest

from hooks.rules.subscriptions import Subscriptions
from hooks.rules_file.reader import contents
from hooks.sources.log_lines_wanted import A_SECOND, AT_ONCE, Allowance, WantedLines, as_text, could_pass
from hooks.world.differences import container_event
from hooks.world.model import Container
from tests.parts.values.rules_text import HANDLERS, rule, table_of

SONARR = Container("sonarr", "a" * 64, "linuxserver/sonarr:4", {"com.docker.compose.project": "media", "heal": "yes"})
FIELDS = container_event("container.log", SONARR, 0, "live").data
DO = '{ use = "containers.restart", container = "web" }'


def wanted(on: str) -> WantedLines | None:
    """What an entry of `on` wants of sonarr; None where it wants nothing of it."""
    entries = Subscriptions(table_of(rule("r", f'{{ event = "container.log", {on} }}', DO))).logs
    event = container_event("container.log", SONARR, 0, "live")
    return WantedLines(entries, FIELDS) if all(could_pass(entry, event) for entry in entries) else None


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"plain", "plain"),
        (b"a\0b\xffc", "a\ufffdb\ufffdc"),
        (b"\x1b[1;31mERROR\x1b[0m: \x1b[2Kx", "ERROR: x"),
        (b"\x1b]0;title\x07x\x1b]8;;http://x\x1b\\link", "xlink"),
        (b"\x1b", "\x1b"),
        ("größer ✓".encode(), "größer ✓"),
        (b"\xf0\x9f\x98", "\ufffd"),
        (b"\xff" * 16_384, "\ufffd" * 5461),  # 16 KiB again, as the text of a match
    ],
)
def test_a_line_is_text_for_a_person(data: bytes, text: str) -> None:
    assert as_text(data) == text


@pytest.mark.parametrize(
    ("on", "stream", "line", "has"),
    [
        ('container = "sonarr", line = "*fail*"', "stdout", "it failed", True),
        ('container = "sonarr", line = "*fail*"', "stdout", "it works", False),
        ('container = "son*", stream = "stderr", line = "*"', "stdout", "it failed", False),
        ('labels = { heal = "yes" }, line = { regex = ".*fail(ed|s)" }', "stderr", "it failed", True),
        ('project = "media", line = { not = "*debug*" }', "stderr", "debug: nothing", False),
        ('container = "*", line = "${event.container}"', "stdout", "sonarr", True),
        ('container = "*", line = { not = "${event.container}" }', "stdout", "sonarr", False),
        ('container = "sonarr", line = { regex = "(a|aa)+b" }', "stdout", "a" * 16_000, False),
        ('container = "sonarr", line = { regex = "(?s).*(x+x+)+y" }', "stdout", "x" * 16_000, False),
    ],
)
def test_a_line_is_compared_with_what_rules_want(on: str, stream: str, line: str, has: bool) -> None:
    lines = wanted(on)
    assert lines is not None
    assert lines.has(stream, line) is has  # a pattern that goes back would take years


@pytest.mark.parametrize(
    "on", ['container = "radarr"', 'role = "gluetun"', 'labels = { heal = "no" }', 'service = "x"']
)
def test_a_container_that_no_rule_means_is_not_followed(on: str) -> None:
    assert wanted(f'{on}, line = "*"') is None


def test_so_many_lines_are_let_through_and_the_others_counted() -> None:
    allowance = Allowance(now=0.0)
    assert sum(allowance.lets(0.0) for _ in range(AT_ONCE + 7)) == AT_ONCE
    assert allowance.dropped == 7
    assert sum(allowance.lets(2.0) for _ in range(AT_ONCE)) == 2 * A_SECOND
    assert sum(allowance.lets(10_000.0) for _ in range(AT_ONCE + 1)) == AT_ONCE


def test_a_group_is_a_value_of_the_event_in_key_and_steps() -> None:
    found = contents(
        """version = 1
[[rule]]
name = "failed-logins"
on = [
  { event = "container.log", container = "web", line = { regex = '.*login of (?P<user>\\w+) failed(?P<how>: .+)?' } },
  { event = "container.log", container = "web", line = ["*x*", { regex = 'bad password for (?P<user>\\w+)' }] },
]
key = "${event.user}"
do = { use = "notify.send", title = "${event.user}", message = "${event.line}" }
""".replace('["*x*", { regex', "[{ regex"),
        "rules.toml", HANDLERS,
    )  # fmt: skip
    assert not isinstance(found, list), [one.sentence for one in found]
    (only,) = found.table.rules
    web = Container("web", "b" * 64)
    for line, user in [("12:00 login of kim failed", "kim"), ("bad password for root", "root"), ("else", None)]:
        event = container_event("container.log", web, 0, "live", stream="stderr", line=line)
        assert only.with_groups(event).data.get("user") == user
        assert "how" not in only.with_groups(event).data
        assert only.key_of(event) == user or only.key_of(event) == "web"
