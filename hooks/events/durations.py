"""Durations as users write them ("250ms", "30s", "5m", "1h30m", "1d"), in seconds inside; and the one back-off.

The engine imports this module, so it reads no clock (tests/test_layers.py holds that).
"""

from __future__ import annotations

import re

_UNITS_MS = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1_000, "ms": 1}
_TEXT = re.compile("".join(rf"(?:([0-9]{{1,9}}){unit}(?![a-z]))?" for unit in _UNITS_MS))
PATTERN = "^" + "".join(f"([0-9]{{1,9}}{unit})?" for unit in _UNITS_MS) + "$"
"""The same as a regular expression of any language, for editors; it also accepts the empty text."""
_LONGEST_MS = 3_650 * _UNITS_MS["d"]  # beyond it the operating system's waits overflow
_MOST_DOUBLINGS = 64  # from a millisecond on these lead beyond every duration that can be written


def parse(value: object) -> float:
    """The seconds that a duration's text means.

    Raises ValueError for anything else, a bare number too. Its message is
    "what is wrong; what to write".
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise ValueError(f'{value} is a bare number, and nobody knows its unit; write "{_guess(value)}"')
    if not isinstance(value, str):
        raise ValueError('it is no duration; write a text such as "30s", "5m" or "1h30m"')
    found = _TEXT.fullmatch(value)
    if not value or found is None:
        raise ValueError(f"{value[:40]!r} is no duration; {_advice(value)}")
    ms = sum(int(count) * unit for count, unit in zip(found.groups(), _UNITS_MS.values(), strict=True) if count)
    if ms > _LONGEST_MS:
        raise ValueError(f'{value!r} is longer than ten years; write at most "3650d"')
    return ms / 1000


def format_duration(seconds: float) -> str:
    """The canonical text of so many seconds, rounded to a millisecond: 300 is "5m"."""
    rest, words = round(seconds * 1000), ""
    for name, unit in _UNITS_MS.items():
        count, rest = divmod(rest, unit)
        words += f"{count}{name}" if count else ""
    return words or "0s"


def backoff(first_s: float, max_s: float, n: int) -> float:
    """The seconds to wait before try number `n` after the first (n = 0: `first_s`): doubled each time, up to `max_s`.

    Jitter is the caller's, because the engine gets its own handed in. `n` may grow for ever.
    """
    return min(max_s, first_s * 2.0 ** min(n, _MOST_DOUBLINGS))


def _guess(number: float) -> str:
    return f"{number}s" if isinstance(number, int) and number >= 0 else "30s"


def _advice(value: str) -> str:
    if value.isascii() and value.isdecimal():
        return f'a unit is missing: write "{value[:9]}s", "{value[:9]}m" or "{value[:9]}h"'
    return 'write whole numbers with d, h, m, s, ms in this order: "250ms", "30s", "5m", "1h30m"'
