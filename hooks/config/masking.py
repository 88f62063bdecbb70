"""Hides what looks secret by its name or its place, in values and in lines of a rules file.

It works on the raw text, because a line is shown also when the file cannot be parsed.
In doubt it hides too much. Secrets whose values are known are masked by `secrets`.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple
from unicodedata import east_asian_width

from hooks.config.secrets import HIDDEN

_WIDEST = 140  # characters of a source line that are shown; a longer one is cut around the caret
_SHORT = 200  # characters of a text whose answer is kept
_BEFORE = 60  # of them, at most so many before the caret

_SECRET = re.compile(
    r"passw|passphrase|token|secret|api[-_]?key|authorization|credential|(?:^|[-_.])key$", re.IGNORECASE
)
_PART = r"""(?:"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|(?<![A-Za-z0-9_.-])[A-Za-z0-9_-]++|(?<=\.)[A-Za-z0-9_-]++)"""
_PAIR = re.compile(rf"({_PART}(?:[ \t]*\.[ \t]*{_PART}){{0,30}})[ \t]*=[ \t]*")
_VALUE = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*(?:"{3,5}|\Z)'
    r"|'''.*?(?:'{3,5}|\Z)"
    r'|"(?:[^"\\\n]|\\.)*"?'
    r"|'[^'\n]*'?"
    r"|[\[{].*?(?:[\]}][ \t]*,?[ \t]*(?=#|\r?$)|\Z)"  # a list or table: to the bracket that ends a line
    r"|[^,\]}\s#]+",
    re.DOTALL | re.MULTILINE,
)
_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,20})://([^\s\"'<>]*)")
_OPEN_SCHEMES = frozenset("http https ws wss tcp ftp ftps".split())  # others (Apprise) carry tokens as host names
# "Authorization: Bearer …" and "--password=…" within a text; ${secret:NAME} only names a secret
_SPOKEN = re.compile(
    r"(?<!\$\{)(?<![\w-])[\w-]*(?:passw\w{0,20}|passphrase|token|secret|api[-_]?key|authorization|credentials?)"
    r"[ \t]*[:=][ \t]*([^\s\"'=][^\"'\n]*)",
    re.IGNORECASE,
)
_NAMED = re.compile(r"\$\{secret:\w+(?: \| (?:upper|lower|json))*\}")  # which shows nothing
_DEFAULT = re.compile(r"\$\{\s*secret:[^{}\n]*?default\s*\(([^\n]*)")  # refused, and a secret in clear
_RULE_KEY = re.compile(r"^[ \t]*(?:\[\[[ \t]*rule[ \t]*\]\]|\[)|^[ \t]*(key)[ \t]*=", re.MULTILINE)


class SourceLine(NamedTuple):
    """A source line fit to be shown, and how many blanks put a caret under the place in question."""

    text: str
    indent: str


def looks_secret(name: str) -> bool:
    """Whether a key of this name may hold a secret."""
    return _SECRET.search(name) is not None


def secret_values(named: Mapping[str, str] | None) -> tuple[str, ...]:
    """The values whose names look as if they were secret."""
    return tuple(value for name, value in (named or {}).items() if looks_secret(name))


def is_secret(path: tuple[str | int, ...]) -> bool:
    """Whether the value at this path may be a secret. A rule's own `key` is none."""
    own_key = len(path) == 3 and path[0] == "rule" and path[2] == "key"
    return not own_key and any(looks_secret(part) for part in path if isinstance(part, str))


def without_secrets(text: str) -> str:
    """The text with what looks private hidden: user, password, path and query of URLs, headers, options."""
    return _known(text) if len(text) <= _SHORT else _searched(text)


def _searched(text: str) -> str:
    return _cut(text, 0, _merged(list(_in_text(text))))


_known = lru_cache(512)(_searched)  # the labels of a container come again with each of its events


def presentable(value: Any, name: str = "", mask: Callable[[str], str] = str) -> Any:
    """A plain value with what looks private hidden at any depth; `name` is its own. `mask` hides known secrets."""
    if isinstance(value, Mapping):
        return {key: presentable(inner, key, mask) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [presentable(inner, name, mask) for inner in value]
    if not isinstance(value, str):
        return value
    if looks_secret(name) and value and not _NAMED.fullmatch(value):
        return HIDDEN
    return mask(without_secrets(value))


def without_secret_labels(labels: Any) -> Any:
    """The labels of a container, those hidden whose names look as if they were secret."""
    if not isinstance(labels, Mapping):
        return labels
    return {name: HIDDEN if looks_secret(name) else value for name, value in labels.items()}


class MaskedText:
    """The text of a rules file, to show it or single lines of it."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._starts = [0, *(found.end() for found in re.finditer("\n", text))]
        self._hidden = _merged([*_in_pairs(text), *_in_text(text)])

    def whole(self) -> str:
        """All of the text with its secrets hidden."""
        return _cut(self._text, 0, self._hidden)

    def show(self, line: int, column: int) -> SourceLine:
        """The line, counted from 1, with its secrets hidden, and the caret's indent for that column."""
        start = self._starts[min(line, len(self._starts)) - 1]
        end = self._text.find("\n", start)
        raw = self._text[start : end if end >= 0 else None].rstrip("\r")
        shown = _printable(_cut(raw, start, self._hidden))
        before = _printable(_cut(raw[: column - 1], start, self._hidden))
        cut = max(0, len(before) - _BEFORE) if len(shown) > _WIDEST else 0
        return SourceLine(shown[cut : cut + _WIDEST], "".join(map(_blank, before[cut:])))


Span = tuple[int, int]


def _in_pairs(text: str) -> Iterator[Span]:
    own_keys = _own_keys(text)
    at = 0
    while found := _PAIR.search(text, at):
        at = found.end()
        if looks_secret(found[1].replace('"', "").replace("'", "").strip()) and found.start(1) not in own_keys:
            value = _VALUE.match(text, at)
            if value:
                yield value.span()
                at = value.end()


def _own_keys(text: str) -> set[int]:
    """Where a `key = …` stands that belongs to a rule itself: lines below [[rule]], not below [rule.do]."""
    own, in_rule = set(), False
    for found in _RULE_KEY.finditer(text):
        if found[1]:
            own |= {found.start(1)} if in_rule else set()
        else:
            in_rule = "rule" in found[0]
    return own


def _in_text(text: str) -> Iterator[Span]:
    yield from (found.span(1) for found in _SPOKEN.finditer(text))
    yield from (found.span(1) for found in _DEFAULT.finditer(text))
    yield from _in_urls(text)


def _in_urls(text: str) -> Iterator[Span]:
    for found in _URL.finditer(text):
        if found[1].lower() not in _OPEN_SCHEMES:
            yield found.span(2)
            continue
        authority = re.match(r"[^/?#]*", found[2])
        host_ends = found.start(2) + (authority.end() if authority else 0)
        user_ends = text.rfind("@", found.start(2), found.end(2))
        if user_ends >= 0:
            yield found.start(2), user_ends
            host_ends = max(host_ends, user_ends + 1)
        if host_ends + 1 < found.end(2):
            yield host_ends + 1, found.end(2)


def _merged(spans: list[Span]) -> list[Span]:
    merged: list[Span] = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _cut(raw: str, start: int, hidden: list[Span]) -> str:
    """`raw`, which begins at offset `start` of the whole text, with the hidden spans replaced."""
    shown, at = "", start
    end = start + len(raw)
    for span in hidden[max(0, bisect_right(hidden, (start, start)) - 1) :]:
        if span[0] >= end:
            break
        if span[1] > at:
            shown += raw[at - start : max(span[0], at) - start] + HIDDEN
            at = min(span[1], end)
    return shown + raw[at - start :]


def _printable(text: str) -> str:
    return "".join(sign if sign.isprintable() or sign == "\t" else "�" for sign in text)


def _blank(sign: str) -> str:
    if sign == "\t":
        return sign
    return "  " if east_asian_width(sign) in "WF" else " "
