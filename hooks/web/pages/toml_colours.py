"""Lines of a rules file in colour: keys, texts, tables and comments as elements around escaped text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from markupsafe import Markup, escape

_ELEMENTS: Mapping[str, str] = {"comment": "i", "text": "u", "key": "b", "table": "em"}
_TOKEN = re.compile(
    r"(?P<comment>#.*)|(?P<text>\"\"\"|'''|\"(?:[^\"\\]|\\.)*\"?|'[^']*'?)|(?P<table>^\s*\[.*?\](?=\s*(?:\#|$)))"
    r"|(?P<key>^\s*[\w.\"'-]+(?=\s*=)|(?<=[{,])\s*[\w.-]+(?=\s*=))|(?P<other>[^#\"'\[{,]+|.)"
)


def coloured(text: str) -> Markup:
    """The lines of the text. It only colours: a text of several lines is shown as it stands."""
    return Markup("\n").join(Markup("").join(map(_html, _parts(line))) for line in text.split("\n"))


def _html(part: tuple[str, str]) -> Markup:
    kind, text = part
    element = _ELEMENTS.get(kind)
    return Markup("<{0}>{1}</{0}>").format(element, text) if element else escape(text)


def _parts(line: str) -> Iterator[tuple[str, str]]:
    """The line's parts and their kinds, those of one kind together."""
    kind, text = "other", ""
    for found in _TOKEN.finditer(line):
        if (found.lastgroup or "other") != kind and text:
            yield kind, text
            text = ""
        kind, text = found.lastgroup or "other", text + found[0]
        if kind == "other" and line[found.end() :].startswith("#") and line[: found.end()].strip():
            text = f"{text.rstrip()}  "  # the comment at the end of a line stands in a column of the file
    if text:
        yield kind, text
