"""The numbers and the messages that the prose quotes are those of the code."""

from __future__ import annotations

import inspect
import re
from typing import Any

import pytest

from bench import size
from handlers.containers import rejoin_attempt, restart_budget
from handlers.containers.rejoin import RejoinArgs
from handlers.shared import output
from hooks.app import reload
from hooks.cli.verbs import VERBS
from hooks.config import secrets
from hooks.control import child_verb, followers, lasting, telling, waits
from hooks.control.items import KINDS
from hooks.docker import refusals
from hooks.engine import pending
from hooks.events import durations
from hooks.journal import journal
from hooks.rules.table import RetryPolicy, Rule
from hooks.rules_file import rule
from hooks.runtime import dispatcher, heartbeat
from hooks.sources.docker import DockerSource
from hooks.sources.docker_stream import Backlog
from hooks.sources.files import FilesSource
from hooks.workbench import recording
from hooks.world import model
from tests.docs.pages import text_of
from tests.parts.places import TOP

SOURCE = "\n".join(
    file.read_text(encoding="utf-8") for folder in ("hooks", "handlers") for file in (TOP / folder).rglob("*.py")
)


def default_of(call: Any, name: str) -> Any:
    return inspect.signature(call).parameters[name].default


RETRY = RetryPolicy()
BACKLOG = default_of(Backlog.__init__, "most_lines")
FACTS = [
    ("docs/rules.md", f"up to {pending.QUEUE_BOUND}; beyond that the oldest goes"),
    ("docs/rules.md", f"at the latest after {rule._DEBOUNCE_MAX} times this long"),
    ("docs/rules.md", f'`timeout = "{durations.format_duration(Rule("a", (), ()).timeout_s)}"`'),
    (
        "docs/rules.md",
        f'attempts = {RETRY.attempts}, first = "{durations.format_duration(RETRY.first_s)}", max = "30s"',
    ),
    ("docs/rules.md", f"has been quiet for {reload.QUIET_S * 1000:g} ms, or {reload.QUIET_WAIT_S:g} s after"),
    ("docs/rules.md", f"is kept as `{reload.COPY_NAME}` in the state folder"),
    ("docs/limits.md", f"At most {dispatcher.AT_WORK} attempts at once"),
    ("docs/limits.md", f"at most {dispatcher.AT_A_TIME} of them younger than half a second"),
    ("docs/limits.md", f"keeps {pending.QUEUE_BOUND} events"),
    ("docs/limits.md", f"At most {lasting.MOST_OPEN} programs follow at once"),
    ("docs/limits.md", f"A restart budget of {restart_budget.RESTARTS} an hour"),
    ("docs/limits.md", f"the last {output.OUTPUT_LIMIT_BYTES // 1024} KiB are kept"),
    ("docs/limits.md", f"of {output.LINE_LIMIT_CHARS} characters at most"),
    ("docs/limits.md", f"Secrets of fewer than {secrets.SHORTEST_MASKED_CHARS} characters"),
    ("docs/limits.md", f"up to {default_of(FilesSource.__init__, 'poll_s'):g} s later"),
    ("docs/limits.md", f"second look {default_of(FilesSource.__init__, 'settle_s') * 1000:g} ms later"),
    ("docs/architecture.md", f"at most {dispatcher.AT_WORK} attempts at once"),
    ("docs/architecture.md", f"every {dispatcher.BEAT_S:g} s the heartbeat"),
    ("docs/architecture.md", f"at most {lasting.MOST_OPEN} at once"),
    ("docs/control-socket.md", f"| `beat` | | every {followers.BEAT_S:g} s |"),
    ("docs/control-socket.md", f"has {telling.MOST} things waiting for it"),
    ("docs/control-socket.md", f"does not read for {lasting.STALL_S:g} s is dropped"),
    ("docs/control-socket.md", f"At most {lasting.MOST_OPEN} connections follow"),
    ("docs/control-socket.md", f"some {telling.GATHER_S * 1000:g} ms later"),
    ("docs/control-socket.md", f"longer than {child_verb.WITHIN_S:g} s is killed"),
    ("docs/control-socket.md", f"the first {waits.MOST}, and `more_waits`"),
    *(("docs/control-socket.md", f"| `{kind}` |") for kind in KINDS),
    ("docs/architecture.md", f"running attempts have {dispatcher.STOP_WAIT_S:g} s to end"),
    ("docs/reliability.md", f"every {default_of(DockerSource.__init__, 'resync_s') / 60:g} minutes"),
    ("docs/reliability.md", f"says nothing for {default_of(DockerSource.__init__, 'silence_s'):g} s"),
    ("docs/reliability.md", f"at the latest every {default_of(DockerSource.__init__, 'backoff_s')[1]:g} s"),
    ("docs/reliability.md", f"files are read every {default_of(FilesSource.__init__, 'poll_s'):g} s"),
    ("docs/reliability.md", f"({BACKLOG:,} lines wait)"),
    ("docs/reliability.md", f"at most {restart_budget.RESTARTS} times an hour"),
    ("docs/reliability.md", f"gives running attempts {dispatcher.STOP_WAIT_S:g} s"),
    ("docs/reliability.md", f"itself writes every {heartbeat.BEAT_S:g} s"),
    ("docs/reliability.md", f"older than {heartbeat.STALE_S:g} s"),
    ("docs/reliability.md", f"Docker has been lost for {heartbeat.LOST_GRACE_S['docker']:g} s"),
    ("docs/reliability.md", f"settled events for {journal.KEEP_DAYS} days. Beyond {journal.KEEP_EVENTS:,} events"),
    ("docs/reliability.md", f"under {size.KEPT_MIB} MiB as long as no more than {size.HOURLY:,} come"),
    ("docs/reliability.md", f"gluehook tries again every {journal._AGAIN_S:g} s"),
    ("docs/reliability.md", f"held no port for {heartbeat.PORT_GRACE_S:g} s"),
    ("docs/replay.md", f"longer than {recording.LONGEST_LINE_BYTES >> 20} MiB"),
    ("docs/replay.md", f"the first {['no', 'one', 'two', 'three'][recording.SHOWN]} are reported"),
    ("docs/security.md", f"shorter than {secrets.SHORTEST_MASKED_CHARS} characters"),
    ("docs/security.md", " ".join(f"`{word}`" for word in ("EVENTS=1", "CONTAINERS=1", "VERSION=1"))),
    ("docs/handlers.md", f"at most {restart_budget.RESTARTS} times an hour"),
    ("docs/namespaces.md", f"up to {rejoin_attempt.AT_ONCE} at once"),
    ("docs/namespaces.md", f"the last {model.EARLIER} ids of each name"),
    ("docs/namespaces.md", f"so they have {RejoinArgs('a').grace:g} s"),
    ("docs/namespaces.md", f"together, {restart_budget.RESTARTS} an hour"),
    ("docs/limits.md", f"After more than {model.EARLIER} re-creations"),
    ("docs/troubleshooting.md", f"gives Compose or watchtower {RejoinArgs('a').grace:g} s"),
]


@pytest.mark.parametrize(("page", "fact"), FACTS, ids=[f"{page}: {fact}" for page, fact in FACTS])
def test_a_number_in_the_prose_is_the_codes(page: str, fact: str) -> None:
    assert fact in text_of(page)


NOT_YET = [
    *(
        ("docs/limits.md", f"`{name}`", name in VERBS)
        for name in ("test", "explain", "replay", "history", "retry", "init")
    ),
]


@pytest.mark.parametrize(("page", "said", "is_there"), NOT_YET, ids=[f"{page}: {said}" for page, said, _ in NOT_YET])
def test_what_is_said_not_to_be_there_yet_is_not_there(page: str, said: str, *, is_there: bool) -> None:
    """A change that builds one of these takes its sentence out of the pages."""
    assert (said in text_of(page)) == (not is_there)


def test_the_permissions_that_a_proxy_must_give_are_those_that_the_code_names() -> None:
    page = text_of("docs/security.md")
    asked = {
        ("GET", "/events"): "EVENTS=1", ("GET", "/containers/json"): "CONTAINERS=1", ("GET", "/version"): "VERSION=1",
        ("POST", "/containers/x/restart"): "ALLOW_RESTARTS=1", ("POST", "/containers/x/start"): "ALLOW_START=1",
        ("POST", "/containers/create"): "POST=1", ("POST", "/containers/x/exec"): "EXEC=1",
    }  # fmt: skip
    for (method, path), word in asked.items():
        assert word in refusals.needs(method, path).split()
        assert f"`{word}`" in page


def test_the_messages_that_troubleshooting_quotes_are_said_somewhere() -> None:
    """Joined over the ends of lines, as Python joins neighbouring texts."""
    said = re.sub(r"\"\s*\n\s*f?\"", "", SOURCE)
    rows = re.findall(r"^\| (.*?) \|", (TOP / "docs/troubleshooting.md").read_text(encoding="utf-8"), re.MULTILINE)
    quoted = [quote for row in rows for quote in re.findall(r"`([^`]+)`", row)]
    assert len(quoted) > 20
    assert [quote for quote in quoted if quote not in said] == []
