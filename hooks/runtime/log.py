"""The log: one line for each thing that happened, what was done, and what comes next.

It listens to the signals of hooks.events.signals and is the only module that knows loguru. A failure is a warning while
it is tried again and an error when it is not. The same failure again in a lane is a counter, not a new line: it is
written for the 1st, 10th, 100th time. Secrets are masked at the last moment, in every field, and nothing in a message
can begin a line or command a terminal (log_text.py). A log that nobody reads stops nothing (log_writer.py).
"""

from __future__ import annotations

import logging
import re
import sys
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from loguru import logger

from hooks.engine.runs import Note, Result, Run
from hooks.events import signals
from hooks.events.catalogue import Event
from hooks.events.durations import format_duration as duration
from hooks.events.wording import without_promise
from hooks.rules.table import Table
from hooks.runtime import log_text
from hooks.runtime.log_writer import LogWriter

if TYPE_CHECKING:
    from blinker import Signal

_LEVELS = {"changed": "INFO", "unchanged": "DEBUG", "skipped": "INFO", "retry": "WARNING", "give_up": "ERROR"}
_VARIES = re.compile(r"\d+(\.\d+)? ?(ms|s|m|h|d|more minutes)\b|\s*\([^()]*\)$")  # in one failure, reported twice
_LANES = 1000  # whose failures are counted; with `key = "${event.id}"` there may come ever more


def set_up(level: str, form: str, mask: Callable[[str], str]) -> Log:
    """Write to stderr, as text for people or as JSON lines; secrets are masked at the last moment. Then listen."""
    logger.remove()
    writer = LogWriter(_say_dropped)
    logging.getLogger().addHandler(logging.NullHandler())  # else Python prints what libraries warn of, unmasked
    if form == "json":
        logger.add(lambda line: writer.write(log_text.as_json(line, mask)), level=level, format="{message}")
    else:
        colour = sys.stderr.isatty()
        logger.add(writer.write, level=level, format=log_text.formatter(mask), colorize=colour)
    return Log(writer, level)


class Log:
    """Turns signals into lines. The same failure again in a lane is a counter, not a new line."""

    def __init__(self, writer: LogWriter, level: str = "DEBUG") -> None:
        self.writer = writer
        self._is_detailed = logger.level(level).no <= logger.level("DEBUG").no
        self._repeats = Repeats()
        self._last_problem, self._in_a_row, self._stopping = "", 0, False
        for signal, listener in self._listeners():
            signal.connect(listener)

    def close(self) -> None:
        """Stop listening, and write what still waits, for a second at most."""
        for signal, listener in self._listeners():
            signal.disconnect(listener)
        self.writer.close()

    def _listeners(self) -> tuple[tuple[Signal, Callable[..., None]], ...]:
        # both lie between an event and its run, where a line that nobody reads would cost time
        details = ((signals.event_seen, self._event), (signals.run_started, self._started))
        return (
            *(details if self._is_detailed else ()), (signals.decided, self._decided),
            (signals.run_ended, self._ended), (signals.run_overdue, self._overdue), (signals.source_lost, self._lost),
            (signals.source_restored, self._restored), (signals.rules_loaded, self._loaded),
            (signals.ready, self._simply), (signals.stopping, self._stops), (signals.stopped, self._simply),
            (signals.command_done, self._simply), (signals.settled, self._simply),
            (signals.problem, self._problem),
        )  # fmt: skip

    # -- runs ----------------------------------------------------------------------------

    def _started(self, _: object, run: Run) -> None:
        of = f"attempt {run.attempt} of {run.rule.retry.attempts}"
        _about(run).debug("{} begins for {} ({})", run.rule.name, run.key, of)

    def _ended(self, _: object, run: Run, result: Result, took_s: float, note: Note | None) -> None:
        self._last_problem = ""
        words = without_promise(result.said) if result.kind == "retry" else result.said
        said = f"{run.rule.name}: {words or 'there was nothing to do'}"
        if result.kind in ("changed", "unchanged"):
            level, more = self._well(run, result)
        else:
            level, more = self._unwell(run, result, note)
        if run.rule.escalates and level == "INFO":
            level = "WARNING"  # a rule before it did not help: the owner wants to know what this one does
        about = _about(run).bind(result=result.kind, attempt=run.attempt, took_ms=round(took_s * 1000, 1))
        about.log(level, "{}", said + more)

    def _well(self, run: Run, result: Result) -> tuple[str, str]:
        failures = self._repeats.over(run)
        again = f" (after {failures} failed attempt{'s' * (failures > 1)})"
        return ("INFO", again) if failures else (_LEVELS[result.kind], "")

    def _unwell(self, run: Run, result: Result, note: Note | None) -> tuple[str, str]:
        if self._stopping:  # no failure, and what would come next comes in the next process
            return "INFO", ""
        final = note is not None and note.kind == "failed"
        times = self._repeats.again(run, result, final=final)
        more = "" if times == 1 else f" (for the {times}. time)"
        if result.kind != "skipped":
            more += "; " + _next(run, result, note)
        if not _is_round(times):
            return "DEBUG", more
        return "ERROR" if final else _LEVELS[result.kind], more

    def _overdue(self, _: object, run: Run, after_s: float) -> None:
        took, most = duration(round(after_s)), duration(run.rule.timeout_s)
        said = f"{run.rule.name}: still running after {took}, beyond its timeout of {most}"
        _about(run).error("{}; no other run changes its target until it ends", said)

    # -- what the engine decided ---------------------------------------------------------

    def _decided(self, _: object, note: Note) -> None:
        what = f"{note.event.subject}: {note.event.type}"
        about = logger.bind(rule=note.rule, key=note.key, event=note.event.id)
        match note.kind:
            case "waits" if note.why:
                later = f"; they may hold in {_roughly(note.wait_s)}" if note.wait_s else ""
                about.info("{}; {} waits for its conditions: {}{}", what, note.rule, note.why, later)
            case "waits" if note.wait_s:
                about.info("{}; {} runs in {} if that lasts", what, note.rule, duration(round(note.wait_s, 3)))
            case "exhausted":
                again = "once its state has ended" if note.wait_s is None else f"in {_roughly(note.wait_s)}"
                last = note.event.data.get("said")
                about.warning("{} stops for {}: {}; it may run again {}; its last attempt said: {}",
                              note.rule, note.key, note.why, again, last)  # fmt: skip
            case "dropped":
                about.info("{} does not run: {} ({})", note.rule, note.why, what)
            case "blind":
                about.info("{} cannot see whether '{}' lasts; its clock stands still until it can", note.rule, what)
            case "sees":
                about.info("{} can see again; its clock goes on ({})", note.rule, what)
            case _:
                about.debug("{} {} ({}) {}", note.rule, note.kind, what, note.why)

    # -- everything else -----------------------------------------------------------------

    def _event(self, _: object, event: Event) -> None:
        by_us = f", by our run {event.cause}" if event.cause else ""
        logger.bind(event=event.id).debug("{}: {} ({}{})", event.subject, event.type, event.origin, by_us)

    def _lost(self, _: object, name: str, reason: str) -> None:
        logger.bind(source=name).warning("{} cannot be seen: {}", name, reason)

    def _restored(self, _: object, name: str, detail: str = "") -> None:
        logger.bind(source=name).info("{} is seen{}", name, f": {detail}" if detail else "")

    def _loaded(self, _: object, table: Table, change: str = "") -> None:
        off = [rule.name for rule in table.rules if not rule.enabled]
        without = f"; switched off: {', '.join(off)}" if off else ""
        changed = f"; {change}" if change else ""
        logger.info("{}: {} in force{}{}", table.file, _are(len(table.rules) - len(off)), changed, without)

    def _simply(self, _: object, said: str) -> None:
        logger.info("{}", said)

    def _stops(self, _: object, said: str) -> None:
        self._stopping = True
        logger.info("{}", said)

    def _problem(self, _: object, said: str, error: BaseException | None = None) -> None:
        # a problem that comes every second must not fill the disk
        self._in_a_row = self._in_a_row + 1 if said == self._last_problem else 1
        self._last_problem = said
        again = "" if self._in_a_row == 1 else f" (for the {self._in_a_row}. time)"
        logger.log("ERROR" if _is_round(self._in_a_row) else "DEBUG", "{}", said + again)
        if error is not None:
            logger.opt(exception=error).debug("where it broke")


class Repeats:
    """How often each lane has failed in the same way since its last success."""

    def __init__(self) -> None:
        self._lanes: dict[tuple[str, str], Counter[tuple[bool, bool, str]]] = {}

    def again(self, run: Run, result: Result, *, final: bool) -> int:
        """Count it: 1 when it is new. Two sentences that differ in a length of time or a last bracket are the same."""
        lane = (run.rule.name, run.key)
        failures = self._lanes.setdefault(lane, Counter())
        what = (result.kind != "skipped", final, _VARIES.sub("", result.said))
        failures[what] += 1
        if len(self._lanes) > _LANES:
            del self._lanes[next(iter(self._lanes))]
        return failures[what]

    def over(self, run: Run) -> int:
        """The lane has succeeded. How many of its attempts had failed before; a skipped one had not."""
        failures = self._lanes.pop((run.rule.name, run.key), Counter())
        return sum(times for (failed, _, _), times in failures.items() if failed)


def _next(run: Run, result: Result, note: Note | None) -> str:
    """What happens after an attempt that failed."""
    kind = note.kind if note else ""
    if note and kind == "retries":
        wait = duration(round(note.wait_s or 0.0, 1))
        return f"trying again in {wait} (attempt {run.attempt + 1} of {run.rule.retry.attempts})"
    if kind == "dropped":
        return "not tried again, as the state has ended"
    if result.kind == "give_up":
        return "not tried again until something changes"
    if kind != "failed":
        return "a newer event takes over"
    later = f"in {duration(run.rule.cooldown_s)}, if it lasts" if run.rule.repeat else "at the next event"
    attempts = run.rule.retry.attempts
    return f"tried again {later}" if attempts == 1 else f"{attempts} attempts failed, tried again {later}"


def _roughly(seconds: float) -> str:
    return duration(round(seconds, 1 if seconds < 60 else 0))


def _is_round(times: int) -> bool:
    return str(times).rstrip("0") == "1"  # 1, 10, 100, …: a failure that lasts for days is reported now and then


def _are(rules: int) -> str:
    return "1 rule is" if rules == 1 else f"{rules} rules are"


def _about(run: Run) -> Any:
    return logger.bind(rule=run.rule.name, key=run.key, run=run.id, event=run.event.id)


def _say_dropped(count: int) -> None:
    lines = "1 line of the log is" if count == 1 else f"{count} lines of the log are"
    logger.warning("{} missing here: standard error was not read, and gluehook does not wait for that", lines)
