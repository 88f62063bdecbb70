"""The verbs that send a request to a running gluehook; `gluehook history` reads the journal if none runs."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

from hooks.cli.options import settings

T = TypeVar("T")


@click.command()
@click.option("--failed", is_flag=True, help="Only runs that failed.")
@click.option("--rule", default="", help="Only runs of this rule.")
@click.option("-n", "most", default=20, show_default=True, type=click.IntRange(1, 1000), help="At most so many.")
@click.option("--export", metavar="FILE", help="Write the events that led to runs instead, for `gluehook replay`.")
@click.option("--since", default="30d", show_default=True, metavar="DURATION", help="With --export: from when on.")
@click.option("--json", "as_json", is_flag=True, help="As JSON lines.")
def history(*, failed: bool, rule: str, most: int, export: str | None, since: str, as_json: bool) -> int:
    """List past runs, the newest first.

    Asks the gluehook that runs; when none does, reads its journal in GLUEHOOK_STATE.
    """
    if export:
        from hooks.cli import record

        return record.export(export, since)
    from hooks.control import history as past

    runs = with_state(lambda state: past.read(state, failed=failed, rule=rule, most=most))
    if runs is None:
        return 1
    for line in [json.dumps(one, ensure_ascii=False) for one in runs] if as_json else past.table(runs, time.time()):
        click.echo(line)
    if not runs:
        click.echo("no such run yet", err=True)
    return 0


@click.command()
@click.argument("run_id", metavar="RUN")
def retry(run_id: str) -> int:
    """Run the rule of a past run again, with its event.

    RUN is as `gluehook history --failed` shows it. Credentials that were rejected are tried again, too.
    """
    return _send("retry", run=run_id)


@click.command()
@click.argument("rule", default="")
@click.option("--for", "for_", required=True, metavar="DURATION", help="How long, such as 30m or 2h.")
def pause(rule: str, for_: str) -> int:
    """Start no run of RULE, or of any rule, for a while.

    What runs goes on, and events are followed. At the end the states are looked at again.
    """
    return _send("pause", rule=rule, **{"for": for_})


@click.command()
@click.argument("rule", default="")
def resume(rule: str) -> int:
    """End the pause of RULE, or every pause."""
    return _send("resume", rule=rule)


def _send(verb: str, **arguments: str) -> int:
    from hooks.control import client

    response = with_state(lambda state: client.request(state, verb, **arguments))
    if response is None:
        return 1
    click.echo(response[1])
    return 0


def with_state(read: Callable[[Path], T]) -> T | None:
    """What `read` returns for the state folder; None if it cannot be read, after the reason was printed."""
    from hooks.control.client import NotRunning
    from hooks.control.history import NoJournal
    from hooks.control.server import Refused

    try:
        return read(Path(settings()[0].gluehook_state))
    except (NotRunning, Refused, NoJournal) as why:
        click.echo(str(why), err=True)
        return None
