"""`gluehook history`: past runs of rules, as a table, as JSON lines or exported as a recording."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click

from hooks.cli.control import with_state
from hooks.cli.item_lines import OUTCOMES

_COLUMNS = ("when", "run", "outcome", "attempts", "took", "said")
_WIDE = 100_000  # columns: a run is one line however long its sentence is; a terminal wraps it, grep finds it


@click.command()
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
) -> int:  # fmt: skip
    """List past runs, the newest first.

    Reads them from the gluehook that runs; when none does, from its journal in GLUEHOOK_STATE.
    """
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
    from click.core import ParameterSource

    from hooks.cli import follow

    options = {"failed": "--failed", "most": "-n", "export": "--export", "since": "--since"}
    given = [words for name, words in options.items() if ctx.get_parameter_source(name) != ParameterSource.DEFAULT]
    if given:
        raise click.UsageError(f"--follow shows everything from now on: leave out {' and '.join(given)}")
    return with_state(lambda state: follow.run(state, rule=rule, as_json=as_json)) or 0


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
