"""`gluehook history --follow`: what a running gluehook does, a line for each thing, as it happens."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import click

from hooks.cli.item_lines import ItemLines
from hooks.control.client import NotRunning, follow, request
from hooks.control.server import Refused
from hooks.events.wording import did_you_mean

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
                        click.echo(f"gluehook {version} {runs}{_unknown(state, rule)}", err=True)
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


def _unknown(state: Path, rule: str) -> str:
    """That no rule of this name is in force, as the rest of a sentence; "" for one that is, and where that is open."""
    if not rule:
        return ""
    try:
        items, _ = request(state, "snapshot")
    except (NotRunning, Refused):
        return ""
    names = [str(one["name"]) for item in items for one in item.get("rules", ())]
    if rule in names:
        return ""
    return f"; but no rule is called '{rule}' now{did_you_mean(rule, names, ' ({})')}: the rules are {', '.join(names)}"
