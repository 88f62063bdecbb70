"""`gluehook peers`: WireGuard's peers as a table, and the QR code of one; nothing else shows a key."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from hooks.doctor.facts.peers import Live, Row
    from hooks.handler import Context

_TARGET_TIMEOUT_S = 5.0
_WIDE = 200  # columns where the output is no terminal, so that a peer is one line for grep
_FILES = {"png": "QR", "ios.mobileconfig": "iOS", "macos.mobileconfig": "macOS"}
_BLACK, _WHITE = 16, 231  # of the 256 colours: these two are the same in every theme


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_context
def peers(ctx: click.Context, *, as_json: bool) -> int | None:
    """List WireGuard's peers; `peers show NAME` shows one's QR code.

    Reads only. The exit code is 0 if every peer that the server lets in is in step with it, and 1 otherwise.
    """
    return None if ctx.invoked_subcommand else _or_reason(lambda: _list(as_json=as_json))


@peers.command()
@click.argument("name")
def show(name: str) -> int:
    """Show the QR code of a peer, for its device to import.

    Only on a terminal, for it holds the device's private key: clear the screen afterwards.
    """
    return _or_reason(lambda: _show(name))


def _list(*, as_json: bool) -> int:
    from hooks.doctor.facts.peers import layout_of, rows

    ctx, mask = _context()
    layout = layout_of(ctx.settings)
    found = rows(layout, _live(ctx, mask), ctx.settings.wireguard_router)
    if as_json:
        click.echo(json.dumps([_record(row) for row in found], ensure_ascii=False, indent=1))
    else:
        _table(found, ctx.now())
    return 1 if any(row.out_of_step for row in found if row.let_in) else 0


def listed() -> dict[str, Any]:
    """The peers for the running gluehook, which answers with them on its control socket: no key, no QR code.

    {"peers": [as `gluehook peers --json` has them], "said": what could not be read, or ""}.
    """
    from hooks.doctor.facts.peers import layout_of, rows
    from hooks.handler import GiveUp, Retry

    said: list[str] = []
    try:
        ctx, mask = _context()
        live = _live(ctx, mask, said.append)
        found = [_record(row) for row in rows(layout_of(ctx.settings), live, ctx.settings.wireguard_router)]
    except (GiveUp, Retry) as why:
        return {"peers": [], "said": why.said}
    return {"peers": found, "said": "; ".join(said)}


def _show(name: str) -> int:
    from hooks.doctor.facts.peers import code, layout_of, profile_of

    profile = profile_of(layout_of(_context()[0].settings), name)
    if not sys.stdout.isatty():
        picture = profile.where.removesuffix(".conf") + ".png"
        click.echo(
            f"the QR code holds a private key, so it is shown on a terminal only; the picture is {picture}", err=True
        )
        return 2
    for line in code(profile):
        click.echo(click.style(line, fg=_BLACK, bg=_WHITE), color=True)
    return 0


def _or_reason(act: Callable[[], int]) -> int:
    """The exit code of `act`; 1 after its GiveUp or Retry was printed."""
    from hooks.handler import GiveUp, Retry

    try:
        return act()
    except (GiveUp, Retry) as why:
        click.echo(why.said, err=True)
        return 1


def _context() -> tuple[Context, Callable[[str], str]]:
    from hooks.cli.collector import collector_and_mask
    from hooks.doctor.facts.model import Docker

    collector, mask = collector_and_mask()
    return collector.context(Docker(), _TARGET_TIMEOUT_S), mask


def _live(ctx: Context, mask: Callable[[str], str], say: Callable[[str], object] | None = None) -> Live | None:
    from hooks.doctor.facts.peers import read_live
    from hooks.handler import GiveUp, Retry

    try:
        return read_live(ctx)
    except (GiveUp, Retry) as why:
        said = f"{mask(why.said)}; so only the files are shown"
        click.echo(said, err=True) if say is None else say(said)
        return None


def _record(row: Row) -> dict[str, Any]:
    return {**asdict(row), "in_step": not row.out_of_step}


def _table(found: Sequence[Row], now_s: float) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for head in ("peer", "address", "handshake", "seen at", "to import", "in step"):
        table.add_column(head, no_wrap=head in ("peer", "address"), overflow="fold")
    for row in found:
        at_home = " (at home)" if row.at_home else ""
        table.add_row(
            Text(row.name, "bold" if row.let_in else "dim"), row.address,
            Text(_handshake(row, now_s), "green" if row.connected else ""),
            Text(row.endpoint + at_home, "yellow" if at_home else ""),
            ", ".join(_FILES.get(name, name) for name in row.files) or "nothing",
            Text("; ".join(row.out_of_step) or "yes", "yellow" if row.out_of_step and row.let_in else "dim"),
        )  # fmt: skip
    console = Console(highlight=False, width=None if sys.stdout.isatty() else _WIDE)
    console.print(table if found else "no peers")


def _handshake(row: Row, now_s: float) -> str:
    from hooks.doctor.status.row import ago

    if row.handshake_s is None:
        return "?"
    return f"{ago(now_s - row.handshake_s)} ago" if row.handshake_s else "never"
