"""Filters of placeholders: `${event.old_port | default('none')}`, `| upper`, `| lower`, `| json`; there are no others.

`placeholders.parse` reads them here, `Template.render` applies them in their order, and `rules_file.placeholders` asks
`result_types` whether they fit. Guaranteed: none raises, whatever the value; a value that is empty (absent, or a text
without characters) stays empty in each of them but `default`; a text that a filter makes of a secret is told to
whoever masks secrets by `placeholders.forms`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hooks.events.wording import did_you_mean

FILTERS = ("default", "upper", "lower", "json")
_LISTED = "the filters are default('…'), upper, lower and json"
_ONE = re.compile(
    r"""\s*\|\s*(?P<name>[^\s|()'"]*)"""
    r"""(?P<call>\s*\(\s*(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)'|(?P<number>-?[0-9]{1,18})|(?P<word>true|false)"""
    r"""|(?P<other>[^)|]*))\s*\))?\s*"""
)


class FilterError(ValueError):
    """A filter is not as it must be; the text is "what is wrong; what to write"."""


@dataclass(frozen=True, slots=True)
class Filter:
    """One filter; `value` is what `default` gives: a text, a whole number, or true or false."""

    name: str
    value: str | int = ""

    def __str__(self) -> str:
        if self.name != "default":
            return self.name
        if not isinstance(self.value, str):
            return f"default({json.dumps(self.value)})"
        quote = '"' if "'" in self.value else "'"
        return f"default({quote}{self.value}{quote})"

    def apply(self, value: Any) -> Any:
        """What it makes of the value; None and "" are empty."""
        is_empty = value is None or value == ""
        if self.name == "default":
            return self.value if is_empty else value
        if is_empty:
            return value
        if self.name == "json":
            return as_json(value)
        return as_text(value).upper() if self.name == "upper" else as_text(value).lower()


def parse(text: str) -> tuple[Filter, ...]:
    """The filters of a text that begins with the first `|`. Raises `FilterError`."""
    found: list[Filter] = []
    at = 0
    while at < len(text):
        one = _ONE.match(text, at)
        if one is None:  # it is not shown, as it may stand behind a secret
            raise FilterError(f"what stands behind | {found[-1]} is no filter; begin each with |")
        found.append(_read(one))
        at = one.end()
    return tuple(found)


def result_types(filters: tuple[Filter, ...], kind: type) -> tuple[type, ...]:
    """The types that a value of this type may have behind the filters. Raises `FilterError` where one does not fit."""
    types = [kind]
    for one in filters:
        wrong = next((given for given in types if given not in (str, object)), None)
        if one.name in ("upper", "lower") and wrong:
            says = {int: "a number", bool: "true or false", list: "a list", dict: "a table"}.get(wrong, "no text")
            raise FilterError(f"| {one.name} takes a text, and here it may get {says}; leave it out, or write | json")
        types = list(dict.fromkeys([*types, type(one.value)])) if one.name == "default" else [str]
    return tuple(types)


def as_text(value: Any) -> str:
    """A value within a text: true, numbers and texts as they are, tables and lists as JSON."""
    return value if type(value) is str else str(value) if type(value) is int else as_json(value)


def as_json(value: Any) -> str:
    """The value as JSON on one line."""
    return json.dumps(value, ensure_ascii=False, default=_plain)


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else str(value)


def _read(one: re.Match[str]) -> Filter:
    name, has_value = one["name"], one["call"] is not None
    if not name:
        raise FilterError("a | without a filter behind it; write for example | upper, or leave the | out")
    if name not in FILTERS:
        raise FilterError(f"there is no filter {name[:40]!r}; {did_you_mean(name, FILTERS) or _LISTED}")
    if name != "default":
        if has_value:
            raise FilterError(f"| {name} takes no value; write | {name}")
        return Filter(name)
    if not has_value or one["other"] == "":
        raise FilterError("| default does not say what it gives; write default('none')")
    if one["other"] is not None:
        said = "default(…) gives no text in quotes, no whole number, and not true or false"
        raise FilterError(f"{said}; write default('none')")
    if one["number"] is not None:
        return Filter(name, int(one["number"]))
    if one["word"] is not None:
        return Filter(name, one["word"] == "true")
    return Filter(name, one["double"] if one["double"] is not None else one["single"])
