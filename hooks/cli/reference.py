"""`gluehook handlers` and `gluehook events`: the reference."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click


@click.command()
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def handlers(name: str | None, *, as_json: bool) -> int:
    """List the handlers that a rule can use, and those of your own with where they come from.

    With NAME, such as gluetun or gluetun.restart_vpn, also their arguments.

    The exit code is 1 if one of your own handlers cannot be used; it says why.
    """
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
