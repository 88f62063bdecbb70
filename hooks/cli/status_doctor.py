"""`gluehook status` and `gluehook doctor`: the whole server at a glance, and what is wrong with it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hooks.cli.options import seconds

if TYPE_CHECKING:
    from rich.table import Table

    from hooks.config.secrets import Secrets
    from hooks.doctor.checks.check import Finding
    from hooks.doctor.facts.collect import Collector
    from hooks.doctor.status.row import Row

_PATIENCE_S = 0.3  # for a target that does not answer: status is to be there within a second
_AGAIN_S = 5.0
_NEEDED = ("docker", "qbittorrentapi", "rich.console", "rich.table")  # by the looks, which are in a hurry
_MARKS = {"well": ("✓", "green"), "wrong": ("✗", "bold red"), "unknown": ("?", "yellow"), "note": ("·", "dim")}


@click.command()
@click.option("--watch", is_flag=True, help="Look again every 5 seconds, until Ctrl-C.")
@click.option("--json", "as_json", is_flag=True, help="As JSON, one object for each look.")
@click.option("--wait", default="", metavar="DURATION", help="How long a target may take, such as 2s.")
def status(*, watch: bool, as_json: bool, wait: str) -> int:
    """Show the whole server in one table.

    Reads only. The exit code is 0 if all is well, and 1 if something is wrong or could not be read.
    """
    from hooks.doctor.status import rows

    collector, masked = collector_and_mask()
    # whoever needed long to come here has a slow machine, and its targets are slow, too
    within_s = seconds("--wait", wait) if wait else max(_PATIENCE_S, time.process_time() / 2)

    def look() -> list[Row]:
        return rows.rows(collector.collect(within_s))

    found = _watched(look, masked, as_json=as_json) if watch else _once(look, masked, as_json=as_json)
    return 0 if rows.all_well(found) else 1


@click.command()
@click.option("--public-ip", default="", metavar="ADDRESS", help="This house's address on the internet, to compare.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.option("--wait", default="5s", metavar="DURATION", show_default=True, help="How long a target may take.")
def doctor(*, public_ip: str, as_json: bool, wait: str) -> int:
    """Find what is wrong on this server, and how to mend it.

    Reads only, and works with any of the parts missing. The exit code is 0 if nothing was found, and 1 otherwise.
    """
    from hooks.doctor.examine import CHECKS, examine

    collector, masked = collector_and_mask(public_ip)
    findings = examine(collector.collect_all(seconds("--wait", wait)))
    if as_json:
        record = {"checks": len(CHECKS), "findings": _plain(findings, masked)}
        click.echo(json.dumps(record, ensure_ascii=False))
    else:
        _show(findings, len(CHECKS), masked)
    return 1 if findings else 0


def collector_and_mask(public_ip: str = "") -> tuple[Collector, Callable[[str], str]]:
    """What looks at the server, and what hides every secret in a text."""
    from hooks.app import loading

    child = loading.begin()  # checks the settings while we load the rest
    from hooks.config.secrets import Secrets
    from hooks.docker.own_container import own_container_id
    from hooks.doctor import own_state
    from hooks.doctor.facts.collect import Collector

    for package in _NEEDED:
        import_module(package)
    loaded = child.result()
    if loaded.settings is None:
        raise click.UsageError("\n".join(loaded.errors))
    secrets, state = Secrets(loaded.sources), Path(loaded.settings.gluehook_state)
    collector = Collector(
        loaded.settings, lambda: own_state.read(state, loaded.count), _reader(secrets), own_state.DoctorMemory(state),
        own_id=own_container_id(), public_ip=public_ip,
    )  # fmt: skip
    return collector, secrets.mask


def _reader(secrets: Secrets) -> Callable[[str], str | None]:
    """Reads a secret by its name, as handlers do. Each is read once now: so it is known to what hides secrets."""
    from hooks.config.secrets import SecretError
    from hooks.config.settings import SECRETS
    from hooks.handler import GiveUp

    def read(name: str) -> str | None:
        try:
            return secrets.read(name)
        except SecretError as error:
            raise GiveUp(str(error)) from None

    for name in SECRETS:
        with suppress(GiveUp):
            read(name)
    return read


# -- status ----------------------------------------------------------------------------------------


def _once(look: Callable[[], list[Row]], masked: Callable[[str], str], *, as_json: bool) -> list[Row]:
    found = look()
    if as_json:
        click.echo(_record(found, masked))
    else:
        _console().print(_table(found, masked))
        if any(row.state in ("wrong", "unknown") for row in found):
            click.echo("`gluehook doctor` tells what to do", err=True)
    return found


def _watched(look: Callable[[], list[Row]], masked: Callable[[str], str], *, as_json: bool) -> list[Row]:
    found: list[Row] = []
    console = _console()
    with suppress(KeyboardInterrupt):
        while as_json or not console.is_terminal:
            found = _once(look, masked, as_json=as_json)
            time.sleep(_AGAIN_S)
        from rich.live import Live

        with Live(console=console, auto_refresh=False) as live:
            while True:
                found = look()
                live.update(_table(found, masked), refresh=True)
                time.sleep(_AGAIN_S)
    return found


def _record(found: Sequence[Row], masked: Callable[[str], str]) -> str:
    from hooks.doctor.status.rows import all_well

    record = {"time": time.time(), "well": all_well(found), "rows": _plain(found, masked)}
    return json.dumps(record, ensure_ascii=False)


def _plain(found: Sequence[Row] | Sequence[Finding], masked: Callable[[str], str]) -> list[dict[str, Any]]:
    """For JSON. Each text is masked by itself, so that the whole stays JSON whatever a secret looks like."""
    return [
        {
            name: masked(value) if isinstance(value, str) else [*map(masked, value)]
            for name, value in asdict(one).items()
        }
        for one in found
    ]


def _console() -> Any:
    from rich.console import Console

    return Console(highlight=False)


def _table(found: Sequence[Row], masked: Callable[[str], str]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table, part = Table.grid(padding=(0, 1)), ""
    for row in found:
        mark, style = _MARKS[row.state]
        head = "" if row.part == part else row.part
        part = row.part
        says = Text(masked(row.says), style if row.state in ("wrong", "unknown") else "")
        table.add_row(Text(head, "bold"), Text(mark, style), Text(row.what), says)
    return table


# -- doctor ------------------------------------------------------------------------------------------


def _show(findings: Sequence[Finding], checks: int, masked: Callable[[str], str]) -> None:
    from rich.table import Table
    from rich.text import Text

    console = _console()
    for finding in findings:
        style = "bold red" if finding.severity == "broken" else "bold yellow"
        console.print(Text.assemble((f"{finding.severity:6} ", style), (finding.check, "bold")))
        for head, says in (("seen", finding.seen), ("why", finding.why), ("fix", finding.fix)):
            row = Table.grid(padding=(0, 1))
            row.add_row(Text(f"  {head:4}", "dim"), Text(masked(says), "green" if head == "fix" else ""))
            console.print(row)
        for command in finding.run:
            console.print(Text.assemble(("  run  ", "dim"), (masked(command), "bold green")), soft_wrap=True)
        console.print()
    broken = sum(finding.severity == "broken" for finding in findings)
    console.print(f"{checks} checks: {broken} broken, {len(findings) - broken} at risk" if findings
                  else f"{checks} checks: nothing was found", style="dim")  # fmt: skip
