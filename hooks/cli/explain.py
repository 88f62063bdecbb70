"""`gluehook explain`: which rules an event would run, by the running gluehook or by the rules file alone."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from hooks.cli.check import checked
from hooks.cli.options import settings

if TYPE_CHECKING:
    from hooks.config.settings import Settings
    from hooks.events.catalogue import Event

_Explanations = Sequence[Mapping[str, Any]]


@click.command()
@click.argument("event", nargs=-1, required=True, metavar="EVENT...")
@click.option("--rules", metavar="FILE", help="Explain by this file, not by the gluehook that runs.")
@click.option("--json", "as_json", is_flag=True, help="As JSON lines, one for each rule.")
def explain(event: tuple[str, ...], *, rules: str | None, as_json: bool) -> int:
    """Show which rules an event would run, which not and why not.

    EVENT is words, such as container.die container=web exit_code=137 labels.com.example.heal=yes, or one line of JSON:
    of a recording, or of `docker events --format '{{json .}}'`; - reads it from standard input. Nothing is run.
    The gluehook that runs answers: it knows waiting runs, cooldowns, limits and the port. If none runs, the answer is
    from the rules alone.
    """
    from hooks.workbench import event_words

    ours, _ = settings()
    try:
        parsed = event_words.read(_words(event))
    except event_words.EventSyntaxError as wrong:
        raise click.UsageError(str(wrong)) from None
    explained = _explain(parsed, ours, rules)
    if explained is None:
        return 1
    explanations, source, parsed = explained
    if as_json:
        for one in explanations:
            click.echo(json.dumps(one, ensure_ascii=False))
    else:
        _show(parsed, explanations, source)
    return 0


def _words(event: tuple[str, ...]) -> Sequence[str]:
    if event != ("-",):
        return event
    lines = [line for line in sys.stdin.read().splitlines() if line.strip()]
    if len(lines) != 1:
        raise click.UsageError(
            f"standard input holds {len(lines)} lines, and explain takes one event; hand on one line"
        )
    return lines[0].split() if not lines[0].lstrip().startswith("{") else lines


def _explain(event: Event, ours: Settings, rules: str | None) -> tuple[_Explanations, str, Event] | None:
    """The explanations, where they come from, and the event as far as it is known there.

    None if there are none, after the reason was printed.
    """
    from pathlib import Path

    from hooks.control import client
    from hooks.control.server import Refused
    from hooks.events import jsonl

    if rules:
        return _from_file(event, ours, rules)
    try:
        asked = json.loads(jsonl.dumps(event))
        return *client.request(Path(ours.gluehook_state), "explain", event=asked), event
    except client.NotRunning as why:
        return _from_file(event, ours, ours.gluehook_rules, f"\n{why}")
    except Refused as why:
        click.echo(str(why), err=True)
        return None


def _from_file(
    event: Event, ours: Settings, file: str, besides: str = ""
) -> tuple[_Explanations, str, Event] | None:  # fmt: skip
    from hooks.engine.engine import Engine
    from hooks.events.wall_clock import local_offset_s
    from hooks.own_handlers.table import handlers_of
    from hooks.rules.facts import Unseen
    from hooks.rules.time_windows import Clock
    from hooks.workbench import explain as workbench
    from hooks.world.from_events import WorldFromEvents
    from hooks.world.names import Names

    table = checked(file)
    if table is None:
        return None
    source = f"the rules of {file} alone: waiting runs, cooldowns, limits and ${{state.…}} are not known{besides}"
    event = WorldFromEvents(Names(ours.containers, table.roles)).with_role(event)
    situation = workbench.Situation(handlers_of(file), facts=Unseen(Clock(time.time(), local_offset_s)))
    return list(workbench.explain(Engine(table), event, situation)), source, event


def _show(event: Event, explanations: _Explanations, source: str) -> None:
    from rich.console import Console
    from rich.text import Text

    from hooks.config.masking import presentable

    console = Console(highlight=False, soft_wrap=True)
    fields = {name: presentable(value) for name, value in event.data.items()}
    console.print(Text.assemble((event.type, "bold"), _fields(fields, " ")))
    console.print(Text(source, "dim"))
    if not explanations:
        console.print("\nthere is no rule, so nothing would run")
    for one in explanations:
        verdict = ("would run", "bold green") if "in_s" in one else ("does not run", "yellow")
        console.print(Text.assemble("\n", (one["rule"], "bold"), "  ", verdict, _when(one)))
        for line in _details(one):
            console.print(Text(f"  {line}"))


def _when(one: Mapping[str, Any]) -> str:
    from hooks.workbench.explain import about

    if "in_s" not in one:
        return ""
    when = f"in {about(one['in_s'])}" if one["in_s"] else "at once"
    return f" {when}, for {one['key']}"


def _details(one: Mapping[str, Any]) -> Iterable[str]:
    if "entry" in one:
        yield f"{'on' if one['runs'] else 'nearest:'} {one['entry']}"
    yield from (*one.get("why", ()), *one.get("when", ()), *one.get("next", ()))
    for number, step in enumerate(one.get("do", ()), 1):
        but = f" ({step['but']})" if "but" in step else ""
        yield f"{number}. {step['use']}{_fields(step['args'], ' ')}{but}"


def _fields(data: Mapping[str, Any], before: str = "") -> str:
    from hooks.rules.matching import as_toml

    return before * bool(data) + ", ".join(f"{name} = {as_toml(value)}" for name, value in data.items())
