"""`gluehook history --follow`: what a running gluehook does, a line for each thing, as it happens."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import click

from hooks.cli.item_lines import ItemLines
from hooks.control.client import NotRunning, follow
from hooks.control.server import Refused

AGAIN_S = 0.5  # between two looks for a gluehook that begins again


def run(state: Path, *, rule: str, as_json: bool, pause: Callable[[float], object] = time.sleep) -> int:
    """Print what happens until Ctrl-C, of `rule` alone if one is given; also where gluehook ends and begins again.

    The exit code: 1 where none runs at first, or it refuses.
    """
    lines, said, version = ItemLines(rule), "", ""
    try:
        while True:
            try:
                for item in follow(state):
                    if item["kind"] == "hello":
                        runs = "runs again" if version else "is followed; Ctrl-C ends it"
                        said, version = "", str(item["version"])
                        click.echo(f"gluehook {version} {runs}", err=True)
                    elif lines.wants(item):
                        click.echo(json.dumps(item, ensure_ascii=False) if as_json else lines.of(item))
                why = "gluehook has stopped"
            except (NotRunning, Refused) as error:
                why = str(error)
                if not version:
                    click.echo(why, err=True)
                    return 1
            if not said:
                said = f"{why}; this goes on when it runs again, and `gluehook history` has the runs meanwhile"
                click.echo(said, err=True)
            pause(AGAIN_S)
    except KeyboardInterrupt:
        return 0
