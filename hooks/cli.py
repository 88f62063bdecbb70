"""Verbs, arguments, exit codes: the only place that prints. 0 good, 1 something is wrong, 2 wrong use."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Any, TypeVar

import click

from handlers import HANDLERS

T = TypeVar("T")


def main(argv: Sequence[str]) -> int:
    """Run a command line and answer its exit code."""
    try:
        return int(gluehook.main(args=list(argv), prog_name="gluehook", standalone_mode=False) or 0)
    except click.ClickException as wrong:
        wrong.show()
        return wrong.exit_code
    except click.Abort:
        return 130


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(version=installed_version("gluehook"), message="gluehook %(version)s")
def gluehook() -> None:
    """Run hooks on Docker events and on gluetun's forwarded port.

    The rules stand in rules.toml; `gluehook COMMAND --help` tells more. Exit codes: 0 good, 1 something is wrong,
    2 wrong use.
    """


@gluehook.command()
@click.option("--dry-run", is_flag=True, help="Match, wait and render, but only say what would be done.")
def run(*, dry_run: bool) -> int:
    """Listen and run what the rules say."""
    from hooks import loading

    loader = loading.begin(dry_run=dry_run)  # a child reads settings and rules while we load the rest
    from hooks.serve import serve

    return serve(loader, HANDLERS, installed_version("gluehook"))


@gluehook.command()
@click.argument("file", required=False)
@click.option("--json", "as_json", is_flag=True, help="The errors as JSON lines.")
def check(file: str | None, *, as_json: bool) -> int:
    """Check a rules file; nothing is run.

    Tells every error at once, each with what to write instead. Without FILE: the one that `gluehook run` would use.
    """
    from hooks import loading
    from hooks.diagnostics import as_record, render

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
        click.echo(f"{path}: {_count(len(table.rules), 'rule')}, all good")
    else:
        click.echo(render(found, text, path, colour=sys.stdout.isatty()))
        click.echo(f"{_count(len(found), 'error')}; a file with errors is not used at all", err=True)
    return 0 if table else 1


@gluehook.command()
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def handlers(name: str | None, *, as_json: bool) -> int:
    """List the handlers that a rule can use.

    With NAME, such as gluetun or gluetun.restart_vpn, also their arguments.
    """
    from hooks import reference

    return _reference(reference.handlers(HANDLERS), name, "handler", as_json=as_json)


@gluehook.command()
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def events(name: str | None, *, as_json: bool) -> int:
    """List the events that a rule can hear.

    With NAME, such as port or container.unhealthy, also their fields.
    """
    from hooks import reference

    return _reference(reference.events(), name, "event", as_json=as_json)


@gluehook.command()
def health() -> int:
    """Tell whether gluehook runs and is well.

    For HEALTHCHECK: looks only at the heartbeat in GLUEHOOK_STATE. The exit code is 0 or 1.
    """
    from hooks import health as heartbeat  # the usual way here is __main__, which loads nothing else

    return heartbeat.main([])


@gluehook.command()
@click.option("--failed", is_flag=True, help="Only runs that failed.")
@click.option("--rule", default="", help="Only runs of this rule.")
@click.option("-n", "most", default=20, show_default=True, type=click.IntRange(1, 1000), help="At most so many.")
@click.option("--json", "as_json", is_flag=True, help="As JSON lines.")
def history(*, failed: bool, rule: str, most: int, as_json: bool) -> int:
    """List past runs, the newest first.

    Asks the gluehook that runs; when none does, reads its journal in GLUEHOOK_STATE.
    """
    from hooks import history as past

    runs = _answer(lambda state: past.read(state, failed=failed, rule=rule, most=most))
    if runs is None:
        return 1
    for line in [json.dumps(one, ensure_ascii=False) for one in runs] if as_json else past.table(runs, time.time()):
        click.echo(line)
    if not runs:
        click.echo("no such run yet", err=True)
    return 0


@gluehook.command()
@click.argument("run_id", metavar="RUN")
def retry(run_id: str) -> int:
    """Run the rule of a past run again, with its event.

    RUN is as `gluehook history --failed` shows it. Credentials that were rejected are tried again, too.
    """
    return _ask("retry", run=run_id)


@gluehook.command()
@click.argument("rule", default="")
@click.option("--for", "for_", required=True, metavar="DURATION", help="How long, such as 30m or 2h.")
def pause(rule: str, for_: str) -> int:
    """Start no run of RULE, or of any rule, for a while.

    What runs goes on, and events are followed. At the end the states are looked at again.
    """
    return _ask("pause", rule=rule, **{"for": for_})


@gluehook.command()
@click.argument("rule", default="")
def resume(rule: str) -> int:
    """End the pause of RULE, or every pause."""
    return _ask("resume", rule=rule)


def _ask(verb: str, **arguments: str) -> int:
    from hooks import asking

    answer = _answer(lambda state: asking.ask(state, verb, **arguments))
    if answer is None:
        return 1
    click.echo(answer[1])
    return 0


def _answer(ask: Callable[[Path], T]) -> T | None:
    """What was answered about the state folder; None if there is no answer and that was said."""
    from hooks import loading
    from hooks.asking import NotRunning
    from hooks.control import Refused
    from hooks.history import NoJournal

    try:
        return ask(loading.state_folder())
    except loading.SettingsError as wrong:
        raise click.UsageError(str(wrong)) from None
    except (NotRunning, Refused, NoJournal) as why:
        click.echo(str(why), err=True)
        return None


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"


def _reference(entries: Sequence[Mapping[str, Any]], name: str | None, what: str, *, as_json: bool) -> int:
    from hooks import reference

    chosen = [
        entry for entry in entries if name is None or entry["name"] == name or entry["name"].startswith(f"{name}.")
    ]
    if not chosen:
        near = reference.near(str(name), [entry["name"] for entry in entries])
        raise click.UsageError(f"there is no {what} '{name}'{near}; `gluehook {what}s` lists them all")
    if as_json:
        click.echo(json.dumps(chosen, ensure_ascii=False, indent=1))
    else:
        show: Callable[..., None] = reference.show
        show(chosen, what, details=name is not None)
    return 0
