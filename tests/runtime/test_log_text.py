"""No text from outside forges a line of the log, commands a terminal, or is read as a format."""

from __future__ import annotations

import json
import logging
import re
import unicodedata
from collections.abc import Callable, Iterator

import pytest
from loguru import logger

from hooks.engine.runs import Note, Result, Run
from hooks.events import signals
from hooks.events.catalogue import Event
from hooks.rules.table import Entry, Rule, Step
from hooks.runtime import log
from tests.parts.values.hostile import HOSTILE

RULE = Rule("heal-vpn", (Entry("container.unhealthy"),), (Step("gluetun.restart_vpn"),))
SECRET = "hunter2\nhunter3"
_BEGINS = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [A-Z]+ +\S")
_OBEYED = ("Cc", "Cf", "Zl", "Zp", "Cs")


def emit_all(text: str) -> None:
    """One line of each kind that holds a text from outside."""
    event = Event("container.die", text, 1, "docker", data={"container": text}, id=text)
    run = Run(f"heal-vpn/{text}#7", RULE, text, event, 1)
    signals.emit(signals.event_seen, event=event)
    signals.emit(signals.run_started, run=run)
    signals.emit(signals.run_ended, run=run, result=Result("changed", text), took_s=0.1, note=None)
    signals.emit(signals.run_ended, run=run, result=Result("give_up", text), took_s=0.1, note=None)
    signals.emit(signals.decided, note=Note("waits", "heal-vpn", text, event, text, None, run.id))
    signals.emit(signals.source_lost, name=text, reason=text)
    signals.emit(signals.source_restored, name=text, detail=text)
    signals.emit(signals.command_done, said=text)
    signals.emit(signals.problem, said=text, error=ValueError(text))


LINES = 10  # the last one is where the problem broke


@pytest.fixture
def written(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[[str, str], str]]:
    """What stands in a log of this form after `emit_all` of this text."""
    before = list(logging.getLogger().handlers)

    def of(form: str, text: str) -> str:
        opened = log.set_up("DEBUG", form, lambda said: said.replace(SECRET, "***"))
        try:
            emit_all(text)
            assert opened.writer.flush(30.0)
        finally:
            opened.close()
            logger.remove()
        return capsys.readouterr().err

    yield of
    logging.getLogger().handlers[:] = before


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_text_from_outside_forges_no_line_and_commands_no_terminal(
    written: Callable[[str, str], str], text: str
) -> None:
    said = written("text", text)
    lines = said.removesuffix("\n").split("\n")
    assert len([line for line in lines if _BEGINS.match(line)]) == LINES
    assert all(_BEGINS.match(line) or line.startswith("  ") for line in lines)
    assert not [sign for sign in said if unicodedata.category(sign) in _OBEYED and sign not in "\n\t"]
    assert said.count("�") or text.splitlines()[0] in said


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_line_of_json_is_one_line_and_loses_nothing(written: Callable[[str, str], str], text: str) -> None:
    lines = written("json", text).removesuffix("\n").split("\n")
    assert all(line.isprintable() for line in lines)
    records = [json.loads(line) for line in lines]
    assert len(records) == LINES
    assert records[0]["event"] == text
    assert [one["message"] for one in records].count(text) == 2


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_secret_of_two_lines_is_hidden_before_its_line_end_is_changed(
    written: Callable[[str, str], str], form: str
) -> None:
    assert "hunter" not in written(form, f"before {SECRET} behind")
