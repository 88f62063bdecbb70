"""Parses TOML text table by table: one that cannot be read does not hide the errors of the others."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from bisect import bisect_left
from typing import Any, NamedTuple

from hooks.rules_file.errors import Diagnostic

_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
# a table ends where the next of ours begins; a line in a long text may begin with [, too
_HEADER = re.compile(r"^[ \t]*(?:\[\[[ \t]*(?:rule|test|gluetun|client)[ \t]*\]\]|\[[ \t]*defaults\b)", re.MULTILINE)
_NAME = re.compile(r"^[ \t]*name[ \t]*=[ \t]*[\"']([a-z0-9-]{1,60})[\"']", re.MULTILINE)
_UNSEEN = ("Cc", "Cf", "Zs", "Zl", "Zp")  # categories: control and format characters, blanks, separators
_QUOTES = "\u201c\u201d\u201e\u2018\u2019\u201a\u00ab\u00bb"
_MOST_ERRORS = 10
_DEEPEST = 30
_HINTS = (
    ("Invalid value", 'a text stands in quotes: key = "text"; a list is closed by ]'),
    ("Unterminated string", "close the quotes"),
    ("Illegal character", "a text in one pair of quotes ends on its line; close the quotes"),
    ("Expected '='", "write key = value"),
    ("Expected newline", "write one key = value a line, and a text in quotes"),
    ("Cannot overwrite", "the key stands twice; delete one of the two"),
    ("Cannot declare", "the table stands twice; delete one, or write [[…]] for one more rule"),
    ("Cannot mutate", "this table was written as a whole before; write everything in one place"),
    ("Invalid initial character", "an inline table { … } stands on one line, and no comma is before its }"),
    ("Unclosed array", "a list that begins above is still open; close it with ]"),
    ("Unclosed inline table", "close the table with } on the same line"),
    ("Unescaped", r"write \\ for a backslash, or put the text in single quotes"),
    ("Expected ']", "close the header: [[rule]]"),
    ("Invalid statement", "a line is [table], [[table]], key = value or # a comment"),
)


class ParsedText(NamedTuple):
    """The values that could be read, their text with unchanged lines, and the errors of the rest."""

    document: dict[str, Any]
    text: str
    errors: list[Diagnostic]


def parse(text: str) -> ParsedText:
    """The values of a TOML text, without the tables that cannot be read.

    After ten such tables the rest of the file is not read.
    """
    errors: list[Diagnostic] = []
    while (document := _load(text)) is None:
        start, end = _first_broken(text)
        errors.append(_diagnose(text, start, end))
        # line ends stay, so that every other position stays
        kept = re.sub(r"[^\n]+", "", text[start:end])
        text = text[:start] + kept + ("" if len(errors) == _MOST_ERRORS else text[end:])
    return ParsedText(document, text, errors)


def _load(text: str) -> dict[str, Any] | None:
    try:
        return _document(text)
    except (ValueError, RecursionError):
        return None


def _document(text: str) -> dict[str, Any]:
    document = tomllib.loads(text)
    level: list[Any] = [document]
    for _ in range(_DEEPEST):
        level = [inner for outer in level for inner in _inside(outer)]
        if not level:
            return document
    raise RecursionError


def _inside(value: Any) -> list[Any]:
    inner = value.values() if isinstance(value, dict) else value
    return [node for node in inner if isinstance(node, dict | list)]


def _first_broken(text: str) -> tuple[int, int]:
    """Begin and end of the first table that cannot be read.

    tomllib itself may notice an open bracket or quote only much later.
    """
    starts = [found.start() for found in _HEADER.finditer(text)]
    ends = [*starts, len(text)]
    place = bisect_left(ends, True, key=lambda end: _load(text[:end]) is None)
    place = min(place, len(ends) - 1)
    return [0, *starts][place], ends[place]


def _diagnose(text: str, start: int, end: int) -> Diagnostic:
    name = _NAME.search(text, start, end)
    rule = f"'{name[1]}'" if name else ""
    header = text.count("\n", 0, start) + 1
    try:
        _document(text[:end])
    except RecursionError:
        said = "values are nested too deeply to be meant"
        return Diagnostic("syntax", said, "write each rule in its own [[rule]]", rule, header, 1)
    except tomllib.TOMLDecodeError as error:
        return _syntax_error(str(error), text[:end], rule)
    except ValueError:
        return Diagnostic("syntax", "a number has thousands of digits", "write it as a text in quotes", rule, header, 1)
    raise AssertionError("a table that can be read was called broken")


def _syntax_error(message: str, text: str, rule: str) -> Diagnostic:
    place = _PLACE.search(message)
    said = message[: place.start()] if place else message
    hint = next((hint for begins, hint in _HINTS if said.startswith(begins)), "correct it; TOML's rules are at toml.io")
    said = re.sub(r"\((('[^']*'(, )?)+),?\)", lambda names: f"[{names[1].replace(', ', '.')}]", said)
    line, column = (int(place[1]), int(place[2])) if place and place[1] else _end(text)
    said, hint = _odd_character(text.split("\n")[line - 1][column - 1 : column]) or (said, hint)
    return Diagnostic("syntax", said[:1].lower() + said[1:120], hint, rule, line, column)


def _odd_character(character: str) -> tuple[str, str] | None:
    """What is wrong where a character stands that an editor does not show, or shows as another; None for any other."""
    if character and character in _QUOTES:
        return f"{character} is a typographic quote", 'write straight quotes: "text"'
    if character == "\r":
        return "a carriage return stands here without a line feed", "save it with the line ends of Linux or Windows"
    if character in ("", "\n", "\t", " ") or unicodedata.category(character) not in _UNSEEN:
        return None
    name = unicodedata.name(character, "a control character")
    said = f"a character that an editor may not show stands here, U+{ord(character):04X} ({name})"
    return said, "delete it, or write an ordinary blank there"


def _end(text: str) -> tuple[int, int]:
    written = text.rstrip()
    return written.count("\n") + 1, len(written) - written.rfind("\n")
