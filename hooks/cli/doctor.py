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
    for finding in findings:
        style = "bold red" if finding.severity == "broken" else "bold yellow"
        out.print(Text.assemble((f"{finding.severity:6} ", style), (finding.check, "bold")))
        for head, says in (("seen", finding.seen), ("why", finding.why), ("fix", finding.fix)):
            row = Table.grid(padding=(0, 1))
            row.add_row(Text(f"  {head:4}", "dim"), Text(mask(says), "green" if head == "fix" else ""))
            out.print(row)
        for command in finding.run:
            out.print(Text.assemble(("  run  ", "dim"), (mask(command), "bold green")), soft_wrap=True)
        out.print()
    broken = sum(finding.severity == "broken" for finding in findings)
    out.print(f"{checks} checks: {broken} broken, {len(findings) - broken} at risk" if findings
              else f"{checks} checks: nothing was found", style="dim")  # fmt: skip
