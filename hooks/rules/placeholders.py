"""Placeholders: `${event.port}`, `${state.ports.1}`, `${secret:NAME}`, `${run.said}` in the arguments of steps.

`parse` makes a `Template` when a file is read, `render` fills it in when the step runs: the executor for real runs,
`step_arguments` for tests, replay and explain. The caller looks values up, so nothing here reads a file or a secret.
Guaranteed: a text that is one placeholder alone keeps the type of its value; everything else becomes text; a
placeholder whose value is None or "" raises `Empty`, so a step never runs with a hole in its arguments, unless a
`default` gives something in its place (hooks/rules/filters.py); other texts with `$` or braces stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hooks.events.catalogue import Event
from hooks.rules import filters
from hooks.rules.filters import Filter, as_text

# what stands in quotes may hold braces; a quotation mark that is never closed is a character like others
PATTERN = re.compile(r"""\$\{(?:((?:[^{}"']|"[^"]*"|'[^']*')*)|([^{}]*))\}""")
_INSIDE = re.compile(r"(event|state|run)\.([\w.:-]+)|(secret):([A-Za-z_][A-Za-z0-9_]*)")

Lookup = Callable[["Placeholder"], Any]
"""The value of a placeholder before its filters; the placeholder itself where it is not known."""


class Empty(Exception):  # noqa: N818 - it is no error: the step is skipped
    """A placeholder has no value; the text is the placeholder."""


@dataclass(frozen=True, slots=True)
class Placeholder:
    """One `${…}`: `root` is event, state, run or secret; `path` the rest, without the dot or colon."""

    root: str
    path: str
    filters: tuple[Filter, ...] = ()

    def __str__(self) -> str:
        behind = "".join(f" | {one}" for one in self.filters)
        return f"${{{self.root}{':' if self.root == 'secret' else '.'}{self.path}{behind}}}"

    @property
    def bare(self) -> Placeholder:
        """It without filters: a message must not show the default of a secret."""
        return Placeholder(self.root, self.path)

    @property
    def has_default(self) -> bool:
        """Whether there is a value also where it has none."""
        return any(one.name == "default" for one in self.filters)


@dataclass(frozen=True, slots=True)
class Template:
    """A text with placeholders. One that is exactly one placeholder keeps the value's type."""

    parts: tuple[str | Placeholder, ...]

    @property
    def placeholders(self) -> tuple[Placeholder, ...]:
        """The placeholders, in order."""
        return tuple(part for part in self.parts if isinstance(part, Placeholder))

    def render(self, lookup: Lookup) -> Any:
        """The text, or the value if it is one placeholder alone. Raises `Empty` if one has no value."""
        values = [part if isinstance(part, str) else _value(part, lookup) for part in self.parts]
        return values[0] if len(values) == 1 else "".join(map(as_text, values))


def parse(text: str) -> str | Template:
    """A `Template` if the text holds a placeholder, else the text as it is.

    Raises ValueError for a bad `${…}`: its text is that; `FilterError` for a bad filter of a good one.
    """
    parts: list[str | Placeholder] = []
    end = 0
    for found in PATTERN.finditer(text):
        head, pipe, behind = (found[1] or found[2] or "").partition("|")
        inside = _INSIDE.fullmatch(head.rstrip() if pipe else head)
        if inside is None:
            raise ValueError(found[0])
        if found.start() > end:
            parts.append(text[end : found.start()])
        names = inside[1] or inside[3], inside[2] or inside[4]
        parts.append(Placeholder(*names, filters.parse(pipe + behind)))
        end = found.end()
    if not parts:
        return text
    if end < len(text):
        parts.append(text[end:])
    return Template(tuple(parts))


def render(value: Any, lookup: Lookup) -> Any:
    """The value with every `Template` in it, at any depth, filled in. Raises `Empty`."""
    if isinstance(value, Template):
        return value.render(lookup)
    if isinstance(value, Mapping):
        return {k: render(v, lookup) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [render(v, lookup) for v in value]
    return value


def templates(value: Any) -> Iterator[Template]:
    """Every `Template` in the value, at any depth."""
    if isinstance(value, Template):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from templates(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from templates(inner)


def walk(tree: Any, path: str) -> Any:
    """Follow `a.0.b` into mappings and lists; None where it leads nowhere. A key may itself hold dots."""
    if not path:
        return tree
    if isinstance(tree, Mapping):
        for cut in range(len(path), 0, -1):
            if (cut == len(path) or path[cut] == ".") and path[:cut] in tree:
                return walk(tree[path[:cut]], path[cut + 1 :])
        return None
    head, _, rest = path.partition(".")
    if isinstance(tree, list | tuple) and head.isdecimal() and int(head) < len(tree):
        return walk(tree[int(head)], rest)
    return None


def event_value(event: Event, placeholder: Placeholder) -> object:
    """The value of `${event.…}`; None if the event has no such field."""
    return walk({"type": event.type, "subject": event.subject, **event.data}, placeholder.path)


def forms(placeholder: Placeholder, value: Any) -> Iterator[Any]:
    """What each of its filters makes of the value, one behind the other."""
    for one in placeholder.filters:
        value = one.apply(value)
        yield value


def canonical(text: str) -> str:
    """The text with each placeholder in the one way to write it; as it is where one is bad."""
    try:
        found = parse(text)
    except ValueError:
        return text
    return found if isinstance(found, str) else "".join(map(str, found.parts))


def _value(placeholder: Placeholder, lookup: Lookup) -> Any:
    value = lookup(placeholder)
    if value is placeholder:
        return str(placeholder)  # its value is not known: what the filters make of it is not known either
    for one in placeholder.filters:
        value = one.apply(value)
    if (value is None or value == "") and not placeholder.has_default:
        raise Empty(str(placeholder))
    return value
