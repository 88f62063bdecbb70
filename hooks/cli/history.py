"""`gluehook history`: past runs of rules, as a table, JSON lines or a recording; `history show` is the trace of one."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hooks.cli.control import with_state
from hooks.journal.pages import OUTCOMES

if TYPE_CHECKING:
    from hooks.trace.model import Trace

_STYLES = {"head": "bold", "well": "green", "bad": "yellow", "plain": "", "dim": "dim"}
_COLUMNS = ("when", "run", "outcome", "attempts", "took", "said")
_WIDE = 100_000  # columns: a run is one line however long its sentence is; a terminal wraps it, grep finds it


@click.group(invoke_without_command=True)
@click.option("--failed", is_flag=True, help="Only runs that failed.")
@click.option("--rule", default="", help="Only runs of this rule.")
@click.option("-n", "most", default=20, show_default=True, type=click.IntRange(1, 1000), help="At most so many.")
@click.option("--export", metavar="FILE", help="Write the events that led to runs instead, for `gluehook replay`.")
@click.option("--since", default="30d", show_default=True, metavar="DURATION", help="With --export: from when on.")
@click.option("--follow", "follow_it", is_flag=True, help="Show what happens from now on, until Ctrl-C.")
@click.option("--json", "as_json", is_flag=True, help="As JSON lines.")
@click.pass_context
def history(
    ctx: click.Context, *, failed: bool, rule: str, most: int, export: str | None, since: str, follow_it: bool,
    as_json: bool,
) -> int | None:  # fmt: skip
    """List past runs; `history show RUN` tells one from its event to what followed.

    The newest first. Reads them from the gluehook that runs; when none does, from its journal in GLUEHOOK_STATE.
    """
    if ctx.invoked_subcommand:
        if given := _given(ctx, failed="--failed", rule="--rule", most="-n", export="--export", since="--since",
                           follow_it="--follow", as_json="--json"):  # fmt: skip
            raise click.UsageError(f"history show RUN is about that run alone: leave out {given} before show")
        return None
    if follow_it:
        return _follow(ctx, rule, as_json=as_json)
    if export:
        from hooks.cli import record

        return record.export(export, since)
    from hooks.control.history import read

    runs = with_state(lambda state: read(state, failed=failed, rule=rule, most=most))
    if runs is None:
        return 1
    if not runs:
        click.echo(f"the journal holds no {'such run' if failed or rule else 'run yet'}", err=True)
    elif as_json:
        for run in runs:
            click.echo(json.dumps(run, ensure_ascii=False))
    else:
        _show(runs, time.time())
    return 0


def _follow(ctx: click.Context, rule: str, *, as_json: bool) -> int:
    from hooks.cli import follow

    if given := _given(ctx, failed="--failed", most="-n", export="--export", since="--since"):
        raise click.UsageError(f"--follow shows everything from now on: leave out {given}")
    return with_state(lambda state: follow.run(state, rule=rule, as_json=as_json)) or 0


def _given(ctx: click.Context, **options: str) -> str:
    """Those of the options that were given, in words; "" for none."""
    from click.core import ParameterSource

    given = [words for name, words in options.items() if ctx.get_parameter_source(name) != ParameterSource.DEFAULT]
    return " and ".join(given)


@history.command()
@click.argument("run_id", metavar="RUN")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def show(run_id: str, *, as_json: bool) -> int:
    """Show what led to a run, what each step saw and did, and what followed.

    RUN is as `gluehook history` shows it. Each rule of that time says whether the event matched it, and why not.
    """
    trace = with_state(lambda state: _trace(state, run_id))
    if trace is None:
        return 1
    standing = "" if trace.run.outcome else with_state(lambda state: _standing(state, trace)) or ""
    if as_json:
        click.echo(json.dumps(trace.to_json(), ensure_ascii=False, indent=1))
    else:
        _tell(trace, standing)
    return 0


def _trace(state: Path, run_id: str) -> Trace:
    """Raises NoJournal, also where the journal holds no such run."""
    from hooks.control.history import NoJournal, opened
    from hooks.journal.journal import FILE_NAME
    from hooks.trace import trace

    with opened(state / FILE_NAME) as store:
        try:
            return trace.of(store, run_id)
        except trace.NoSuchRun as why:
            raise NoJournal(str(why)) from None


def _standing(state: Path, trace: Trace) -> str:
    from hooks.cli.unfinished import standing

    return standing(state, trace.run)


def _tell(trace: Trace, standing: str) -> None:
    from rich.console import Console
    from rich.text import Text

    from hooks.trace.story import story

    console = Console(highlight=False, soft_wrap=True)
    for line in story(trace, standing):
        console.print(Text(" " * line.indent + line.text, _STYLES[line.kind]))


def _show(runs: Sequence[Mapping[str, Any]], now_s: float) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="")
    for name in _COLUMNS:
        table.add_column(name, no_wrap=True)
    for run in runs:
        table.add_row(*map(Text, _cells(run, now_s)))
    console = Console(highlight=False, width=_WIDE)
    with console.capture() as drawn:
        console.print(table)
    for line in drawn.get().splitlines():
        click.echo(line.rstrip())  # else a terminal shows the padding of the last column as empty lines


def _cells(run: Mapping[str, Any], now_s: float) -> Iterator[str]:
    from hooks.events.durations import format_duration
    from hooks.events.wall_clock import local_time

    took_s = (run["ended"] or now_s) - run["began"]
    yield local_time(run["began"])
    yield run["id"]
    yield OUTCOMES.get(run["outcome"], str(run["outcome"])) if run["outcome"] else "unfinished"
    yield str(run["attempt"])
    yield format_duration(round(took_s, 3 if took_s < 1 else 0))
    yield run["said"]
