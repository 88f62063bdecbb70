"""The reference of events and handlers, read from the catalogue and the handlers themselves: facts and tables.

`gluehook events` and `gluehook handlers` show them; docs/ is made from the same facts.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hooks.events.catalogue import CATALOGUE, EventType
from hooks.handler import Handler
from hooks.rules_file.arguments import Argument, arguments, field_kind

if TYPE_CHECKING:
    from rich.text import Text

_WIDEST = 110  # columns: a longer line is hard to read
_NOT_A_TERMINAL = 200  # columns: for grep, an entry is one line
_FEW = 5  # entries whose details are shown in full


# -- facts -------------------------------------------------------------------------------------


def events() -> list[dict[str, Any]]:
    """Every event type: name, what it says, its fields with type and meaning, whether it may carry `for`."""
    return [_event(kind) for kind in CATALOGUE.values()]


def handlers(table: Mapping[str, type[Handler[Any]]]) -> list[dict[str, Any]]:
    """Every handler: name, what it says, whether it reconciles, its arguments with type, default and meaning.

    Of a handler of one's own also where it is `from`.
    """
    return [
        {
            "name": name,
            "says": handler.says,
            "reconciles": handler.reconciles,
            "args": [*map(_argument, arguments(handler.Args).values())],
            **_origin(handler),
        }
        for name, handler in table.items()
    ]


def _origin(handler: type[Handler[Any]]) -> dict[str, str]:
    """Where a handler of one's own comes from."""
    own = getattr(handler, "own", None)
    return {"from": own.source.said} if own else {}


def default(line: Mapping[str, Any]) -> str:
    """The default of an argument as text; "" if its meaning says what holds without it."""
    if line["required"]:
        return "required"
    return "" if line["default"] is None else json.dumps(line["default"])


def _event(kind: EventType) -> dict[str, Any]:
    fields = [{"name": name, "type": field_kind(f.type).written, "says": f.says} for name, f in kind.fields.items()]
    return {"name": kind.name, "says": kind.says, "state": kind.is_state, "subject": kind.subject, "fields": fields}


def _argument(argument: Argument) -> dict[str, Any]:
    written = " or ".join(kind.written for kind in argument.kinds)
    return {
        "name": argument.name, "type": written, "required": argument.required, "default": argument.default,
        "says": argument.says,
    }  # fmt: skip


# -- for the terminal ----------------------------------------------------------------------------


def show(entries: Sequence[Mapping[str, Any]], what: str, *, details: bool) -> None:
    """A table for people on standard output; `details` adds the fields of events or the arguments of handlers."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    console.width = min(console.width, _WIDEST) if console.is_terminal else _NOT_A_TERMINAL
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(what, no_wrap=True)
    table.add_column("meaning")
    for entry in entries:
        table.add_row(*_head(entry))
        for row in _details(entry, in_full=len(entries) <= _FEW) if details else ():
            table.add_row(*row)
    console.print(table)
    if not details:
        console.print(
            f"\n`gluehook {what}s NAME` shows more about one, or about all whose names begin with NAME.", style="dim"
        )


def _head(entry: Mapping[str, Any]) -> tuple[Text, Text]:
    from rich.text import Text

    mark = " (a state, may carry `for`)" if entry.get("state") else ""
    mark += f" (from {entry['from']})" if "from" in entry else ""
    return Text(entry["name"], "bold"), Text.assemble(entry["says"], (mark, "dim"))


def _details(entry: Mapping[str, Any], *, in_full: bool) -> Iterator[tuple[Text, Text]]:
    from rich.text import Text

    lines = entry.get("args", entry.get("fields", ()))
    if not in_full:
        yield Text(""), Text(", ".join(line["name"] for line in lines), "dim")
        return
    for line in lines:
        left = default(line) if "required" in line else ""
        more = f" ({left})" if left == "required" else f" (default: {left})" if left else ""
        yield Text.assemble("  ", line["name"], " ", (line["type"], "dim")), Text.assemble(line["says"], (more, "dim"))
