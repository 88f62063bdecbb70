"""`gluehook doctor`: what is wrong on this server, and how to mend it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import click

from hooks.cli.collector import collector_and_mask, console, records
from hooks.cli.options import seconds

if TYPE_CHECKING:
    from hooks.doctor.checks.check import Finding


@click.command()
@click.option("--public-ip", default="", metavar="ADDRESS", help="This house's address on the internet, to compare.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.option("--wait", default="5s", metavar="DURATION", show_default=True, help="How long a target may take.")
def doctor(*, public_ip: str, as_json: bool, wait: str) -> int:
    """Find what is wrong on this server, and how to mend it.

    Reads only, and works with any of the parts missing. The exit code is 0 if nothing was found, and 1 otherwise.
    """
    from hooks.doctor.examine import CHECKS, examine

    address, within_s = _address(public_ip), seconds("--wait", wait)
    collector, mask = collector_and_mask(address)
    findings = examine(collector.collect_all(within_s))
    if as_json:
        record = {"checks": len(CHECKS), "findings": records(findings, mask)}
        click.echo(json.dumps(record, ensure_ascii=False))
    else:
        _show(findings, len(CHECKS), mask)
    return 1 if findings else 0


def _address(text: str) -> str:
    """The address as Python writes it, so that it compares; "" stays "". Raises click.UsageError."""
    from ipaddress import ip_address

    try:
        return str(ip_address(text.strip())) if text else ""
    except ValueError:
        raise click.UsageError(f"--public-ip: '{text}' is no IP address; write one such as 203.0.113.7") from None


def _show(findings: Sequence[Finding], checks: int, mask: Callable[[str], str]) -> None:
    from rich.table import Table
    from rich.text import Text

    out = console()

    def line(head: str, says: str, style: str = "") -> None:
        row = Table.grid(padding=(0, 1))
        row.add_row(Text(f"  {head:4}", "dim"), Text(mask(says), style))
        out.print(row)

    for cause, following in _by_cause(findings):
        style = "bold red" if cause.severity == "broken" else "bold yellow"
        out.print(Text.assemble((f"{cause.severity:6} ", style), (cause.check, "bold")))
        line("seen", cause.seen)
        line("why", cause.why)
        line("fix", cause.fix, "green")
        for command in cause.run:
            out.print(Text.assemble(("  run  ", "dim"), (mask(command), "bold green")), soft_wrap=True)
        for one in following:
            line("so", f"{one.check}: {one.seen}", "dim")
        out.print()
    out.print(_summary(findings, checks), style="dim")


def _by_cause(findings: Sequence[Finding]) -> list[tuple[Finding, list[Finding]]]:
    """Each finding that has no cause, with those that stand under it."""
    found: list[tuple[Finding, list[Finding]]] = []
    for one in findings:
        if one.causes:
            found[-1][1].append(one)
        else:
            found.append((one, []))
    return found


def _summary(findings: Sequence[Finding], checks: int) -> str:
    causes = [one for one in findings if not one.causes]
    if not causes:
        return f"{checks} checks: nothing was found"
    broken = sum(one.severity == "broken" for one in causes)
    following = len(findings) - len(causes)
    more = f", and {following} that follow{'s' * (following == 1)} from that" if following else ""
    return f"{checks} checks: {broken} broken, {len(causes) - broken} at risk{more}"
