"""The items of the control socket's `follow` as lines for people: when, what, and of which rule or run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hooks.config.secrets import on_one_line
from hooks.events.durations import format_duration
from hooks.events.wall_clock import local_time
from hooks.journal.pages import OUTCOMES

_NEXT = {"failed": "not tried again", "dropped": "not tried again, as its state has ended"}

Item = Mapping[str, Any]


class ItemLines:
    """Makes lines; of the rule of this name alone if one is given."""

    def __init__(self, rule: str = "") -> None:
        self._rule = rule

    def wants(self, item: Item) -> bool:
        """Whether the item is shown."""
        if not self._rule:
            return item["kind"] not in ("hello", "beat")
        # a step says its run alone, and a run's id begins with its rule
        return item.get("rule") == self._rule or str(item.get("run", "")).startswith(f"{self._rule}/")

    def of(self, item: Item) -> str:
        """The line of an item that is shown."""
        words = getattr(self, f"_{item['kind']}", None)
        what, says = words(item) if words else (item["kind"], "")
        at = float(item["at"])
        return f"{local_time(at)}.{int(at % 1 * 1000):03}  {what:10}  {on_one_line(says)}".rstrip()

    def _event(self, item: Item) -> tuple[str, str]:
        event = item["event"]
        by_us = f", by our run {event['cause']}" if event["cause"] else ""
        return "event", f"{event['subject']}: {event['type']} ({event['origin']}{by_us})"

    def _decision(self, item: Item) -> tuple[str, str]:
        why = f"; {item['why']}" if item["why"] else ""
        wait = f"; in {_duration(item['wait_s'])}" if "wait_s" in item else ""
        return str(
            item["decision"]
        ), f"{item['rule']} for {item['key']}, at {item['subject']}: {item['type']}{why}{wait}"

    def _run_started(self, item: Item) -> tuple[str, str]:
        return "begins", f"{item['run']}, attempt {item['attempt']} of {item['attempts']}"

    def _step(self, item: Item) -> tuple[str, str]:
        status = OUTCOMES.get(item["status"], item["status"])
        return f"step {item['number']}", f"{item['run']}: {item['use']}: {status}: {item['said']}"

    def _run_ended(self, item: Item) -> tuple[str, str]:
        after = _NEXT.get(item["next"] or "", "")
        if item["next"] == "retries":
            after = f"tried again in {_duration(item['wait_s'])}"
        elif item["outcome"] == "retry" and not after:
            after = "a newer event takes over"
        said = f": {item['said']}" if item["said"] else ""
        what = OUTCOMES.get(item["outcome"], str(item["outcome"]))
        return what, f"{item['run']} after {_duration(item['took_s'])}{said}{after and '; '}{after}"

    def _run_overdue(self, item: Item) -> tuple[str, str]:
        return "overdue", f"{item['run']} still runs after {_duration(item['after_s'])}"

    def _source(self, item: Item) -> tuple[str, str]:
        said = f": {item['said']}" if item["said"] else ""
        return "source", f"{item['name']} {'is seen' if item['is_up'] else 'cannot be seen'}{said}"

    def _rules(self, item: Item) -> tuple[str, str]:
        said = f"; {item['said']}" if item["said"] else ""
        return "rules", f"{item['file']} is in force, with {item['rules']} rules{said}"

    def _command(self, item: Item) -> tuple[str, str]:
        return "command", item["said"]

    def _problem(self, item: Item) -> tuple[str, str]:
        return "problem", item["said"]

    def _stopping(self, item: Item) -> tuple[str, str]:
        return "stops", item["said"]

    def _missed(self, item: Item) -> tuple[str, str]:
        return "missed", f"{item['count']} things that came too fast to be told; `gluehook history` has the runs"


def _duration(seconds: float) -> str:
    return format_duration(round(seconds, 3 if seconds < 1 else 0))
