"""The words, tones and instants that all pages share. A state is shown by a word, a shape and a colour."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

from hooks.journal.pages import FAILED, OUTCOMES

Tone = Literal["well", "broken", "risk", "unknown", "plain", "busy"]

LONGEST_TEXT = 4_000  # characters of one text on a page
LONGEST_LINE = 400  # of one in a list
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")  # a page cannot hold them


class State(NamedTuple):
    """How something is: the tone gives the colour and the shape."""

    tone: Tone
    word: str


UNKNOWN = State("unknown", "not known")

_TONES: Mapping[str, Tone] = {"changed": "well", **dict.fromkeys(FAILED, "broken")}  # of outcomes; others are plain


_DECISIONS: Mapping[str, State] = {
    "accepted": State("well", "accepted"), "waits": State("busy", "waits"), "runs": State("well", "runs"),
    "merged": State("plain", "merged"), "dropped": State("plain", "dropped"),
    "exhausted": State("broken", "limit used up"), "renewed": State("plain", "state over"),
    "retries": State("risk", "is tried again"), "superseded": State("plain", "superseded"),
    "failed": State("broken", "failed"), "blind": State("unknown", "cannot be seen"),
    "sees": State("plain", "is seen again"), "paused": State("risk", "paused"), "resumed": State("plain", "resumed"),
    "left": State("unknown", "left over"),
}  # fmt: skip


def outcome(name: object) -> State:
    """The state of a run, of an attempt or of a step, by its outcome in the journal; None is one that has not ended."""
    if not name:
        return State("busy", "unfinished")
    word = OUTCOMES.get(str(name))
    return State(_TONES.get(str(name), "plain"), word) if word else State("unknown", cut(name, 40))


def decision(kind: object) -> State:
    """The state of a decision of the engine, in the journal or in a replay, by its kind."""
    return _DECISIONS.get(str(kind), State("plain", cut(kind, 40)))


def cut(text: object, most: int = LONGEST_TEXT) -> str:
    """The text, at most so many characters of it, and without characters that no page can hold."""
    words = "" if text is None else str(text)
    words = words if len(words) <= most else f"{words[: most - 1]}…"
    return _CONTROLS.sub("\ufffd", words)


def number(value: object, otherwise: float = 0.0) -> float:
    """The value if it is a finite number, else `otherwise`."""
    good = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e12
    return float(value) if good else otherwise  # type: ignore[arg-type]


def instant(value: object) -> float | None:
    """Seconds since the Unix epoch, or None for what is no instant."""
    return number(value) or None


def rows(value: object) -> list[Mapping[str, Any]]:
    """The objects of a JSON list; [] for what is none."""
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list | tuple) else []


def texts(value: object) -> list[str]:
    """The texts of a JSON list, or a text alone."""
    if isinstance(value, str):
        return [cut(value)] if value else []
    return [cut(one) for one in value if one not in (None, "")] if isinstance(value, list | tuple) else []


def clock(at: float | None, now: float) -> str:
    """The local time of an instant: "14:03:11", and with its date if that is not today."""
    if at is None:
        return "–"
    try:
        there, today = time.localtime(at), time.localtime(now)
    except (ValueError, OverflowError, OSError):
        return "–"
    if there[:3] == today[:3]:
        return time.strftime("%H:%M:%S", there)
    return time.strftime("%Y-%m-%d %H:%M:%S" if there[0] != today[0] else "%d %b %H:%M:%S", there)


def iso(at: float | None) -> str:
    """The instant for a program, in UTC; "" for none."""
    try:
        return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}" if at is not None else ""
    except (ValueError, OverflowError, OSError):
        return ""


def span(seconds: float) -> str:
    """A span for a person, in its two largest units: "850ms", "12s", "3m 20s", "2h 5m", "4d 2h"."""
    if seconds < 1:
        return f"{max(0.0, seconds) * 1000:.0f}ms" if seconds > 0 else "0s"
    if seconds < 10:
        return f"{seconds:.1f}s"
    whole = round(seconds)
    for name, size, lesser, part in (("d", 86_400, "h", 3_600), ("h", 3_600, "m", 60), ("m", 60, "s", 1)):
        if whole >= size:
            count, rest = divmod(whole, size)
            return f"{count}{name} {rest // part}{lesser}" if rest // part else f"{count}{name}"
    return f"{whole}s"
