"""The messages of one trouble: which were sent, which were held back, and since when.

They are kept in the handlers' memory, so that a group goes on after a restart of gluehook. A group that nothing ends
must not swallow the messages of a later trouble: after `AGAIN_S` a title is sent again, and after `FORGET_S` without a
message the group is forgotten.
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
    """The groups of `memory` at `now`, seconds since the Unix epoch."""

    def __init__(self, memory: Memory, now: float) -> None:
        self._memory, self._now = memory, now
        kept = memory.get(_KEY) or {}
        self._groups: dict[str, Any] = {name: one for name, one in kept.items() if now - one["last"] < FORGET_S}

    def needless(self, group: str, ends: str, title: str) -> str:
        """Why a message is not sent, as a sentence; "" if it is."""
        if ends:
            return "" if ends in self._groups else f"no message of '{ends}' was sent, so there is none to end"
        told = self._groups.get(group, {}).get("titles", {}).get(title)
        if told is None or self._now - told["at"] >= AGAIN_S:
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
        if group in self._groups and title in self._groups[group]["titles"]:
            self._groups[group]["titles"][title]["count"] += 1
            self._save()

    def sent(self, group: str, title: str, ends: str) -> None:
        """A message of this title was sent, as part of `group`, or as the end of `ends`."""
        if ends:
            del self._groups[ends]
        elif group:
            known = self._groups.pop(group, {"began": self._now, "titles": {}})  # the newest stands last
            count = known["titles"].pop(title, {"count": 0})["count"] + 1
            titles = {**known["titles"], title: {"at": self._now, "count": count}}
            self._groups[group] = {**known, "titles": dict(list(titles.items())[-MOST_TITLES:]), "last": self._now}
        if group or ends:
            self._save()

    def _save(self) -> None:
        self._memory.put(_KEY, dict(list(self._groups.items())[-MOST:]))


def _counted(told: tuple[str, dict[str, Any]]) -> str:
    title, count = told[0], told[1]["count"]
    return f"'{title}'" + (f" ({count} times)" if count > 1 else "")
