"""What a line of the log looks like, as text for people or as JSON.

A name, a label, the output of a program or the line of another log may stand in a message. None of it can begin a line
of the log, move a terminal's cursor or turn the direction of the text: a line begins with its time or with two blanks.
"""

from __future__ import annotations

import json
import re
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from hooks.config.secrets import printable

if TYPE_CHECKING:
    from loguru import Message, Record

_TEXT = "<dim>{time:YYYY-MM-DD HH:mm:ss}</dim> <level>{level: <7}</level> {message}\n"
_PLAIN = (int, float, type(None))
_END = re.compile(r"\r?\n")


def formatter(mask: Callable[[str], str]) -> Callable[[Record], str]:
    """The format of a line for people; secrets are masked before a line end in them is changed."""

    def form(record: Record) -> str:
        said = record["message"]
        if broken := record["exception"]:
            said += "\n" + "".join(traceback.format_exception(broken.type, broken.value, broken.traceback)).rstrip()
        record["message"] = in_line(mask(said))
        return _TEXT

    return form


def in_line(text: str) -> str:
    """The text as a part of a line: each further line is indented, � stands for what a terminal would obey."""
    return text if text.isprintable() else printable(_END.sub("\n  ", text))


def as_json(line: Message, mask: Callable[[str], str]) -> str:
    """The line as a JSON object; what is not printable is escaped."""
    record = line.record
    fields: dict[str, Any] = {"time": record["time"].isoformat(), "level": record["level"].name}
    fields |= {"message": record["message"], **record["extra"]}
    if broken := record["exception"]:
        # masked before repr: it escapes the line end of a secret
        fields["exception"] = f"{type(broken.value).__name__}({mask(str(broken.value))!r})"
    # what json cannot write must not raise here: loguru would print the record, with its secrets
    shown = {name: value if isinstance(value, _PLAIN) else mask(str(value)) for name, value in fields.items()}
    return _escaped(json.dumps(shown, ensure_ascii=False)) + "\n"


def _escaped(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else json.dumps(sign)[1:-1] for sign in text)
