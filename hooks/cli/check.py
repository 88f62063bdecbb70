"""`gluehook check`; and the rules file of other verbs, with its errors printed."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

from hooks.cli.options import settings
from hooks.events.wording import counted

_DOCKER_S = 10.0

if TYPE_CHECKING:
    from hooks.rules.table import Table
    from hooks.rules_file.reader import Contents


@click.command()
@click.argument("file", required=False)
@click.option("--json", "as_json", is_flag=True, help="The errors as JSON lines.")
@click.option("--live", is_flag=True, help="Also ask Docker for the containers that rules and settings need.")
def check(file: str | None, *, as_json: bool, live: bool) -> int:
    """Check a rules file; nothing is run.

    Reports every error at once, each with what to write instead. Without FILE: the one that `gluehook run` would use.

    With --live a rule for a program that the server has not, such as AdGuard Home, is a note: it is idle.

    Exit codes: 0 all is good; 1 the file has errors, or with --live something does not fit the server; 2 wrong use.
    """
    from hooks.app import loading
    from hooks.rules_file.errors import as_record, render
    from hooks.workbench.upcoming import upcoming

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
    for rule in table.rules if table else ():
        for sentence in upcoming(rule) if rule.enabled else ():
            said = f"rule {rule.name}: {sentence}"
            click.echo(json.dumps({"next": said}, ensure_ascii=False) if as_json else said)
    fits = _fits(table, as_json=as_json) if table and live else True
    return 0 if table and fits else 1


def _fits(table: Table, *, as_json: bool) -> bool:
    """Print what does not fit the server, or why it cannot be told, and which rules are idle. Whether all fits."""
    found, idle = _live(table)
    for sentence in found:
        click.echo(json.dumps({"live": sentence}, ensure_ascii=False) if as_json else sentence)
    for sentence in idle:
        click.echo(json.dumps({"note": sentence}, ensure_ascii=False) if as_json else f"note: {sentence}")
    if not found and not as_json:
        click.echo("the server has every container that the rules and settings need")
    return not found


def _live(table: Table) -> tuple[list[str], list[str]]:
    """What does not fit the server, and which rules are idle on it."""
    from contextlib import closing
    from math import inf

    from hooks.config.missing_secrets import missing
    from hooks.config.secrets import Secrets
    from hooks.docker.client import connect, where
    from hooks.docker.inspect import inspect_all
    from hooks.docker.own_container import own_container_id
    from hooks.docker.refusals import why
    from hooks.pairs.doubts import doubts
    from hooks.pairs.rule_roles import idle_rules
    from hooks.pairs.secret_names import secrets_without_value
    from hooks.world.changes import all_containers
    from hooks.world.model import World
    from hooks.world.names import Names

    ours, sources = settings()
    secrets = Secrets(sources)
    of_secrets = [*secrets_without_value(table, lambda name: missing(name, secrets))]
    empty = World(Names(ours.containers, table.roles))
    try:
        with closing(connect(_DOCKER_S)) as client:
            found = inspect_all(client, empty, since_s=inf).containers
    except Exception as error:  # noqa: BLE001 - whatever it is, it is said
        return [*of_secrets, why(error, where())], []
    world = all_containers(empty, found)(empty)
    wrong = doubts(world, ours, table, own_container_id(), closely=True)
    return [*of_secrets, *wrong], idle_rules(world, ours, table)


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
