"""Regular expressions of rules.toml: RE2, whose time grows with the text's length and no faster.

Python's own `re` may take for ever: `(a+)+b` on a label of forty `a`. A label comes from an image, so a stranger could
stop gluehook with it. RE2 knows no look-ahead, look-behind or back-reference. The rules reader reports those, a pattern
that is too large, and any pattern where RE2 is not installed, with `refusal`; `fits` is for patterns that passed it.

`\\d`, `\\w`, `\\s` and `\\b` mean ASCII. RE2 is loaded when the first pattern is used: it costs about 2 MiB.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

LONGEST_BYTES = 16_384  # of a text; a longer one fits no pattern
LARGEST = 2_000  # steps of a compiled pattern; with the longest text that is less than half a second
_MEMORY_BYTES = 1 << 20  # for the states of one pattern
_SURROGATE = re.compile("[\ud800-\udfff]")
_LITERAL_BRACES = re.compile(r"(?<!\\)\{(?:,\d+|\d{5,}(?:,\d*)?)\}")  # RE2 takes them for the characters themselves
_BACK_REFERENCE = re.compile(r"invalid escape sequence: \\[1-9]|invalid perl operator: \(\?P$")
_WHOLE = "correct it; it must fit the whole text"
# how RE2's reason begins, what the pattern does that RE2 cannot, and what to write
_BEYOND = (
    (re.compile(r"invalid perl operator: \(\?<?[=!]"), "looks ahead or behind",
     "write out the texts that it must fit, or { not = { regex = … } } where it only excludes"),
    (_BACK_REFERENCE, "refers back to a group", "write that part out a second time"),
    (re.compile(r"invalid perl operator: \(\?>|bad repetition operator: .\+"), "forbids to go back",
     "leave that out: a match in linear time never goes back"),
    (re.compile(r"pattern too large"), "is too large", "write smaller numbers in { }, or a glob such as web-*"),
)  # fmt: skip


def fits(pattern: str, text: str) -> bool:
    """Whether the whole text fits the pattern, which `refusal` has accepted."""
    try:
        data = text.encode()
    except UnicodeEncodeError:  # half a character, which no pattern can name
        data = _SURROGATE.sub("\ufffd", text).encode()
    return len(data) <= LONGEST_BYTES and _compiled(pattern).fullmatch(data) is not None


def captured(pattern: str, text: str) -> dict[str, str]:
    """The text of each named group that takes part where the whole text fits the pattern; {} where it does not fit."""
    if not fits(pattern, text):
        return {}
    found = _capturing(pattern).fullmatch(_SURROGATE.sub("\ufffd", text).encode())
    groups = found.groupdict() if found else {}
    return {name: value.decode(errors="replace") for name, value in groups.items() if value is not None}


def group_names(pattern: str) -> frozenset[str]:
    """The names of its groups."""
    return frozenset(_capturing(pattern).groupindex)


def refusal(pattern: str) -> tuple[str, str] | None:
    """What is wrong with the pattern, as the rest of a sentence, and what to write; None if it can be matched."""
    try:
        steps = _compiled(pattern).programsize
    except ImportError:
        return "cannot be matched: google-re2 is not installed", "install google-re2, or write a glob such as web-*"
    except UnicodeEncodeError:
        return "is no regular expression: it holds half a character", _WHOLE
    except _errors() as error:
        return _told(error.args[0].decode(errors="replace") if error.args else "")
    if braces := _LITERAL_BRACES.search(pattern):
        return f"is no regular expression: {braces[0]} repeats nothing", "write {0,3} for at most 3, up to {0,1000}"
    return _told("pattern too large") if steps > LARGEST else None


def _told(reason: str) -> tuple[str, str]:
    for beginning, does, instead in _BEYOND:
        if beginning.match(reason):
            return f"{does}, and a match here takes linear time (RE2), which cannot do that", instead
    if reason.startswith("invalid escape sequence: \\Z"):
        return "has \\Z, which RE2 does not know", "leave it out: a pattern must fit the whole text anyway"
    if reason.startswith("invalid repetition size"):
        return f"repeats too often: {reason.rpartition(' ')[2]}", "repeat at most 1,000 times, the smaller number first"
    return f"is no regular expression: {reason[:80]}", _WHOLE


@lru_cache(256)
def _compiled(pattern: str) -> Any:
    return _compile(pattern, never_capture=True)


@lru_cache(64)
def _capturing(pattern: str) -> Any:
    return _compile(pattern, never_capture=False)


def _compile(pattern: str, *, never_capture: bool) -> Any:
    import re2

    options = re2.Options()
    options.log_errors, options.never_capture, options.max_mem = False, never_capture, _MEMORY_BYTES
    return re2.compile(pattern, options)


def _errors() -> tuple[type[Exception], ...]:
    import re2

    return (re2.error,)
