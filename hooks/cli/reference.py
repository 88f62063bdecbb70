"""`gluehook handlers` and `gluehook events`: the reference."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME | new NAME]")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def handlers(names: tuple[str, ...], *, as_json: bool) -> int:
    """List the handlers that a rule can use.

    With NAME, such as gluetun or gluetun.restart_vpn, also their arguments. Handlers of your own are listed with where
    they come from; the exit code is 1 if one of them cannot be used, and it says why.

    `gluehook handlers new NAME`, such as sonarr.refresh, writes a handler of your own and its test.
    """
    match names:
        case () | (_,):
            return _list_handlers(*names, as_json=as_json)
        case ("new", name):
            return _new(name)
    raise click.UsageError("give the name of one handler, or: gluehook handlers new NAME")


def _new(name: str) -> int:
    from hooks.app import loading
    from hooks.cli.options import settings
    from hooks.own_handlers.folder import folder_of
    from hooks.own_handlers.new import NotWrittenError, new
    from hooks.own_handlers.rights import distrust

    rules = settings()[0].gluehook_rules
    # where there are only the rules that ship, those of the owner will lie here
    rules = "rules.toml" if rules == str(loading.shipped()) else rules
    folder = folder_of(rules, loading.SECRETS_FOLDER)
    try:
        made, files = new(name, folder)
    except NotWrittenError as wrong:
        raise click.UsageError(str(wrong)) from None
    for file in files:
        click.echo(f"{file} is written")
    click.echo(f'A rule uses it as use = "{made}"; run its test with: pytest {files[-1]}')
    if untrusted := distrust(folder, str(Path(rules).absolute().parent)):
        click.echo(f"gluehook will not use it yet: {untrusted}", err=True)
        return 1
    return 0


def _list_handlers(name: str | None = None, *, as_json: bool) -> int:
    from hooks.cli.options import own_handlers
    from hooks.workbench import reference

    table = own_handlers()
    faults = sorted(set(table.faults.values()))
    _reference(reference.handlers(table), name, "handler", as_json=as_json)
    for fault in faults:
        click.echo(fault, err=True)
    return 1 if faults else 0


@click.command()
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def events(name: str | None, *, as_json: bool) -> int:
    """List the events that a rule can listen to.

    With NAME, such as port or container.unhealthy, also their fields.
    """
    from hooks.workbench import reference

    return _reference(reference.events(), name, "event", as_json=as_json)


def _reference(entries: Sequence[Mapping[str, Any]], name: str | None, what: str, *, as_json: bool) -> int:
    from hooks.events.wording import did_you_mean
    from hooks.workbench import reference

    chosen = [
        entry for entry in entries if name is None or entry["name"] == name or entry["name"].startswith(f"{name}.")
    ]
    if not chosen:
        near = did_you_mean(str(name), (entry["name"] for entry in entries), " ({})")
        raise click.UsageError(f"there is no {what} '{name}'{near}; `gluehook {what}s` lists them all")
    if as_json:
        click.echo(json.dumps(chosen, ensure_ascii=False, indent=1))
    else:
        show: Callable[..., None] = reference.show
        show(chosen, what, details=name is not None)
    return 0
