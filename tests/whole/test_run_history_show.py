"""`gluehook history show` beside a `gluehook run`, after its rules have changed, and after it has ended."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from hooks.journal.journal import FILE_NAME
from hooks.journal.store import Store
from hooks.trace import trace
from hooks.trace.story import story
from tests.parts.process.gluehook import gluehook

RULES = """
version = 1
[[rule]]
name = "say"
on   = "port.forwarded"
do   = { use = "command.run", command = ["/bin/sh", "-c", "echo port ${state.port}; exit 3"] }
retry = { attempts = 2, first = "10ms" }
[[rule]]
name = "high"
on   = { event = "port.forwarded", port = { min = 60000 } }
do   = { use = "command.run", command = ["/bin/echo"] }
"""
RUN = "say/gluetun#1"
OTHERS = RULES.replace('name = "high"', 'name = "later"')


def test_a_run_is_told_by_the_rules_of_its_time_with_and_without_a_running_gluehook(tmp_path: Path) -> None:
    with gluehook(tmp_path, RULES) as part:
        part.hears("is ready")
        part.write_port(51413)
        part.hears("ended with exit code 3", "2 attempts failed")
        part.rules.write_text(OTHERS)
        part.hears("in force; 1 new, 1 gone")
        said = part.call("history", "show", RUN).stdout
    with closing(Store(part.state / FILE_NAME, read_only=True)) as store:
        lines = [f"{' ' * line.indent}{line.text}" for line in story(trace.of(store, RUN))]
    assert said.splitlines() == lines
    for line in (
        "port.forwarded of gluetun",
        'say matches on "port.forwarded": this run',
        "high does not match: port is 51413, and the rule wants { min = 60000 }",
        'command = ["/bin/sh", "-c", "echo port 51413; exit 3"]',
        "saw  exit code 3",
        "attempt 2  failed after",
    ):
        assert line in said, said
