"""`gluehook check`; and the rules file of other verbs, with its errors printed."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

from hooks.events.wording import counted

if TYPE_CHECKING:
    from hooks.rules.table import Table
    from hooks.rules_file.reader import Contents


@click.command()
@click.argument("file", required=False)
@click.option("--json", "as_json", is_flag=True, help="The errors as JSON lines.")
def check(file: str | None, *, as_json: bool) -> int:
    """Check a rules file; nothing is run.

    Reports every error at once, each with what to write instead. Without FILE: the one that `gluehook run` would use.
    """
    from hooks.app import loading
    from hooks.rules_file.errors import as_record, render

    try:
        path = file or loading.rules_path()
    except loading.SettingsError as wrong:
        click.echo(str(wrong), err=True)
        return 2
    table, found, text = loading.check(path)
    if as_json:
        good = [{"file": path, "rules": len(table.rules)}] if table else []
        for line in (*good, *(as_record(one, path) for one in found)):
            click.echo(json.dumps(line, ensure_ascii=False))
    elif table:
        click.echo(f"{path}: {counted(len(table.rules), 'rule')}, all good")
    else:
        click.echo(render(found, text, path, colour=sys.stdout.isatty()))
        click.echo(f"{counted(len(found), 'error')}; a file with errors is not used at all", err=True)
    return 0 if table else 1


def checked(file: str) -> Table | None:
    """The table of a rules file; None if it has errors, after they were printed."""
    found = checked_contents(file)
    return found.table if found else None


def checked_contents(file: str) -> Contents | None:
    """As `checked`, with the file's tests besides the table."""
    from hooks.app import loading
    from hooks.rules_file.errors import render

    found, wrong, text = loading.contents(file)
    if found is None:
        click.echo(render(wrong, text, file, colour=sys.stderr.isatty()), err=True)
    return found
