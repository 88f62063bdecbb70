"""The messages of one trouble: which were sent, which were held back, and since when.

They are kept in the handlers' memory, so that a group goes on after a restart of gluehook. A group that nothing ends
must not swallow the messages of a later trouble: after `AGAIN_S` a title is sent again, and after `FORGET_S` without a
message the group is forgotten.

A message counts as sent once one address was reached. Attempts of the same run reach the other addresses.
"""

from __future__ import annotations

from typing import Any

from hooks.events.durations import format_duration
from hooks.handler import Memory

AGAIN_S = 86_400.0
FORGET_S = 30 * 86_400.0
MOST, MOST_TITLES = 100, 20  # groups, and titles of one; the oldest goes
_KEY = "notify.groups"


class Groups:
    """The groups of `memory` at `now`, seconds since the Unix epoch, as the run of this id finds them."""

    def __init__(self, memory: Memory, now: float, run: str) -> None:
        self._memory, self._now, self._run = memory, now, run
        kept = memory.get(_KEY) or {}
        self._groups: dict[str, Any] = {name: one for name, one in kept.items() if now - one["last"] < FORGET_S}

    def needless(self, group: str, ends: str, title: str) -> str:
        """Why a message is not sent, as a sentence; "" if it is."""
        if ends:
            is_open = self._groups.get(ends, {"ended": ""}).get("ended") in (None, self._run)
            return "" if is_open else f"no message of '{ends}' was sent, so there is none to end"
        told = self._titles(group).get(title)
        if told is None or told.get("run") == self._run or self._now - told["at"] >= AGAIN_S:
            return ""
        ago = format_duration(round(self._now - told["at"]))
        return f"'{title}' was sent {ago} ago; while '{group}' lasts, it is sent every {format_duration(AGAIN_S)}"

    def summary(self, ends: str) -> str:
        """What a message that ends this group adds to its text: how long it lasted, and what it was about."""
        group = self._groups.get(ends)
        if group is None:
            return ""
        lasted = format_duration(round(self._now - group["began"]))
        return f"\nIt lasted {lasted} from the first message on: {', '.join(map(_counted, group['titles'].items()))}."

    def hold_back(self, group: str, title: str) -> None:
        """A message of this title was not sent; the one that ends the group says how often there was one."""
        if title in (titles := self._titles(group)):
            titles[title]["count"] += 1
            self._save()

    def sent(self, group: str, title: str, ends: str, *, to_all: bool = True) -> None:
        """A message of this title has reached an address, as part of `group`, or as the end of `ends`.

        Without `to_all` another attempt of this run may reach the others.
        """
        if ends and to_all:
            del self._groups[ends]
        elif ends:
            self._groups[ends]["ended"] = self._run
        elif group:
            self._add(group, title)
        if group or ends:
            self._save()

    def _add(self, group: str, title: str) -> None:
        titles = dict(self._titles(group))
        began = self._groups[group]["began"] if titles else self._now
        before = titles.pop(title, {"count": 0})
        count = before["count"] + (before.get("run") != self._run)
        titles[title] = {"at": self._now, "count": count, "run": self._run}
        self._groups.pop(group, None)  # the newest stands last
        kept = dict(list(titles.items())[-MOST_TITLES:])
        self._groups[group] = {"began": began, "titles": kept, "last": self._now}

    def _titles(self, group: str) -> dict[str, Any]:
        """The titles of a group that has not ended."""
        found = self._groups.get(group, {})
        return {} if found.get("ended") else found.get("titles", {})

    def _save(self) -> None:
        self._memory.put(_KEY, dict(list(self._groups.items())[-MOST:]))


def _counted(told: tuple[str, dict[str, Any]]) -> str:
    title, count = told[0], told[1]["count"]
    return f"'{title}'" + (f" ({count} times)" if count > 1 else "")
