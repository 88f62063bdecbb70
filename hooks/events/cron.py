"""Schedules of `timer.cron`: `0 4 * * sun`, `@daily`. When one is due, and what is wrong with a text that is none.

The reader of rules refuses with `refusal`, the timer source, the rule tests, `check` and `explain` ask `next_at`.
Debian cron's rules, by cronsim (https://github.com/cuu508/cronsim): a time of day that summer time leaves out is due
right after the gap, one that comes twice is due once, and a schedule whose minute or hour begins with `*` counts real
time. `L` (the last day, `5L` the last Friday) and `#` (`1#2` the second Monday) are known besides. cronsim is loaded
with the first schedule.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo

from hooks.events.catalogue import Event

LONGEST_CHARS = 120
NICKNAMES = {
    "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
}  # fmt: skip
_EXAMPLE = 'write minute, hour, day of the month, month, day of the week: at = "0 4 * * sun"'
_FIELDS = {
    "minute": (0, "0 to 59"), "hour": (1, "0 to 23"), "day-of-month": (2, "1 to 31, or L for the last one"),
    "month": (3, "1 to 12, or jan to dec"), "day-of-week": (4, "0 to 7, of which 0 and 7 are Sunday, or sun to sat"),
}  # fmt: skip
_LAST = re.compile(r"(?<![a-z])lw?(?![a-z])")
_SOME_DAY = datetime(2024, 1, 1, tzinfo=UTC)  # always the same, so that a file is good or not whenever it is read
_HOW = "each alone, in a list 1,2, as a range 1-5 that goes upwards, as * or as */2"


def canonical(text: str) -> str:
    """The schedule with one blank between its fields, and its names in small letters: what names its events."""
    return _LAST.sub(lambda found: found[0].upper(), " ".join(text.split()).lower())


def refusal(text: str) -> tuple[str, str] | None:
    """What is wrong with the text, as the rest of a sentence, and what to write; None if it is due some time."""
    if wrong := _form(text):
        return wrong
    from cronsim import CronSim, CronSimError

    try:
        next(CronSim(_plain(text), _SOME_DAY))
    except CronSimError as error:
        return _told(str(error).removeprefix("Bad "), text)
    except StopIteration:
        return _never()
    return None


def next_at(schedule: str, after: float, zone: tzinfo) -> float | None:
    """When it is due next, strictly after this instant (seconds since the Unix epoch); None if never."""
    from cronsim import CronSim

    for due in CronSim(_plain(schedule), datetime.fromtimestamp(after, zone)):
        if (at := due.timestamp()) > after:
            return at  # one before it is a time of day that has come twice
    return None


def last_at(schedule: str, until: float, since: float, zone: tzinfo) -> float | None:
    """When it was due last, after `since` and until then; None if it was not."""
    found = next_at(schedule, since, zone)
    if found is None or found > until:
        return None
    step_s = 60.0
    while step_s < until - found:  # look back further and further: a long time may hold very many
        later = next_at(schedule, until - step_s, zone)
        if later is not None and later <= until:
            found = later
            break
        step_s *= 4
    while (later := next_at(schedule, found, zone)) is not None and later <= until:
        found = later
    return found


def event_of(schedule: str, at: float, zone: tzinfo, late: str = "") -> Event:
    """The `timer.cron` of a schedule that was due at this instant; `late` says why it comes later, if it does."""
    due = datetime.fromtimestamp(at, zone).isoformat(timespec="seconds")
    data = {"at": schedule, "due": due} | ({"late": late} if late else {})
    return Event("timer.cron", schedule, round(at * 1e9), "timer", "backlog" if late else "live", data)


def _plain(text: str) -> str:
    return NICKNAMES.get(text.strip().lower(), text)


def _form(text: str) -> tuple[str, str] | None:
    """What is wrong with it as a text."""
    fields = text.split()
    if not fields:
        return "is empty", _EXAMPLE
    if not text.isascii() or not text.replace("\t", " ").isprintable():
        return "holds characters that no schedule has", _EXAMPLE
    if len(text) > LONGEST_CHARS:
        return f"is longer than {LONGEST_CHARS} characters", _EXAMPLE
    if fields[0].startswith("@"):
        if text.strip().lower() in NICKNAMES:
            return None
        if text.strip().lower() == "@reboot":
            return "is not a time", 'for the start of gluehook write on = "gluehook.started"'
        return "is no name of a schedule", f"the names are {', '.join(NICKNAMES)}"
    if len(fields) == len(_FIELDS):
        return _told("day-of-month", text) if "L/" in fields[2].upper() or "LW/" in fields[2].upper() else None
    seconds = ", without seconds" if len(fields) == len(_FIELDS) + 1 else ""
    return f"has {len(fields)} field{'s' * (len(fields) != 1)}, and a schedule has five{seconds}", _EXAMPLE


def _told(field: str, text: str) -> tuple[str, str]:
    if field not in _FIELDS:
        return "is no schedule", _EXAMPLE
    place, values = _FIELDS[field]
    part = text.split()[place]
    if field == "day-of-month" and all(one.isdecimal() and 1 <= int(one) <= 31 for one in part.split(",")):
        return _never()
    article = "an" if field == "hour" else "a"
    return f"has {article} {field.replace('-', ' ')} that does not exist: {part[:30]!r}", f"write {values}: {_HOW}"


def _never() -> tuple[str, str]:
    return "never comes: none of its months has such a day", "write a day that there is, or L for the last one"
