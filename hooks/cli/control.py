"""The verbs that send one request to a running gluehook: retry, pause and resume."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

from hooks.cli.options import settings

T = TypeVar("T")


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

    Running steps go on, and events are followed. At the end of the pause the states are read again.
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
