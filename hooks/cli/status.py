"""`gluehook status`: the whole server at a glance."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hooks.cli.collector import collector_and_mask, console, records
from hooks.cli.options import seconds

if TYPE_CHECKING:
    from rich.table import Table

    from hooks.doctor.status.row import Row

TARGET_TIMEOUT_S = 0.3  # status is to be there within a second
REFRESH_S = 5.0  # of --watch, at the latest: what other programs change by themselves, nobody reports
_MARKS = {"well": ("✓", "green"), "wrong": ("✗", "bold red"), "unknown": ("?", "yellow"), "note": ("·", "dim")}


@click.command()
@click.option("--watch", is_flag=True, help="Read everything again at each change and every 5 s, until Ctrl-C.")
@click.option("--json", "as_json", is_flag=True, help="As JSON; with --watch, one object each time.")
@click.option("--wait", default="", metavar="DURATION", help="How long a target may take, such as 2s.")
def status(*, watch: bool, as_json: bool, wait: str) -> int:
    """Show the whole server in one table.

    Reads only. The exit code is 0 if all is well, and 1 if something is wrong or could not be read.
    """
    from hooks.doctor.status import rows

    collector, mask = collector_and_mask()
    # a process that took long to get here runs on a slow machine, and its targets are slow, too
    within_s = seconds("--wait", wait) if wait else max(TARGET_TIMEOUT_S, time.process_time() / 2)

    def read() -> list[Row]:
        return rows.rows(collector.collect(within_s))

    if watch:
        from hooks.cli.changes import Changes

        changes = Changes(Path(collector.settings.gluehook_state))
        found = _watch(read, mask, lambda: changes.wait(REFRESH_S), as_json=as_json)
    else:
        found = _once(read, mask, as_json=as_json)
    return 0 if rows.all_well(found) else 1


def _once(read: Callable[[], list[Row]], mask: Callable[[str], str], *, as_json: bool) -> list[Row]:
    found = read()
    if as_json:
        click.echo(_record(found, mask))
    else:
        console().print(_table(found, mask))
        if any(row.state in ("wrong", "unknown") for row in found):
            click.echo("`gluehook doctor` says what to do", err=True)
    return found


def _watch(
    read: Callable[[], list[Row]], mask: Callable[[str], str], wait: Callable[[], object], *, as_json: bool
) -> list[Row]:
    """Read and show until Ctrl-C; the last rows."""
    found: list[Row] = []
    out = console()
    with suppress(KeyboardInterrupt):
        while as_json or not out.is_terminal:
            found = _once(read, mask, as_json=as_json)
            wait()
        from rich.live import Live

        with Live(console=out, auto_refresh=False) as live:
            while True:
                found = read()
                live.update(_table(found, mask), refresh=True)
                wait()
    return found


def _record(found: Sequence[Row], mask: Callable[[str], str]) -> str:
    from hooks.doctor.status.rows import all_well

    record = {"time": time.time(), "well": all_well(found), "rows": records(found, mask)}
    return json.dumps(record, ensure_ascii=False)


def _table(found: Sequence[Row], mask: Callable[[str], str]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table, part = Table.grid(padding=(0, 1)), ""
    for row in found:
        mark, style = _MARKS[row.state]
        head = "" if row.part == part else row.part
        part = row.part
        says = Text(mask(row.says), style if row.state in ("wrong", "unknown") else "")
        table.add_row(Text(head, "bold"), Text(mark, style), Text(row.what), says)
    return table
