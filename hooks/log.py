"""What the owner reads: one line per thing that happened, each saying what happens next."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from loguru import logger

from hooks import signals
from hooks.durations import text as duration
from hooks.events import Event
from hooks.runs import Note, Result, Run
from hooks.table import Table

if TYPE_CHECKING:
    from loguru import Record

_LEVELS = {"changed": "INFO", "unchanged": "DEBUG", "skipped": "INFO", "retry": "WARNING", "give_up": "ERROR"}


def set_up(level: str, form: str, mask: Callable[[str], str]) -> Log:
    """Write to stderr, as text for people or as JSON lines; secrets are masked at the last moment. Then listen."""
    logger.remove()

    def hide(record: Record) -> None:
        record["message"] = mask(record["message"])

    logger.configure(patcher=hide)
    if form == "json":
        logger.add(lambda line: sys.stderr.write(_as_json(line.record) + "\n"), level=level, format="{message}")
    else:
        form = "<dim>{time:YYYY-MM-DD HH:mm:ss}</dim> <level>{level: <7}</level> {message}"
        logger.add(sys.stderr, level=level, format=form, backtrace=False, diagnose=False)
    return Log()


class Log:
    """Turns the news into lines. The same failure again in a lane is a counter, not a new line."""

    def __init__(self) -> None:
        self._same: dict[tuple[str, str], tuple[str, int]] = {}  # lane -> (what it said, how often)
        signals.event_seen.connect(self._event)
        signals.run_ended.connect(self._ended)
        signals.run_overdue.connect(self._overdue)
        signals.noted.connect(self._noted)
        signals.source_lost.connect(self._lost)
        signals.source_restored.connect(self._restored)
        signals.rules_loaded.connect(self._loaded)
        signals.trouble.connect(self._trouble)

    def _event(self, _: object, event: Event) -> None:
        by_us = f", by our run {event.cause}" if event.cause else ""
        logger.debug("{}: {} ({}{})", event.type, event.subject, event.origin, by_us)

    def _ended(self, _: object, run: Run, result: Result, took_s: float, note: Note | None) -> None:
        level, text = _LEVELS[result.kind], f"{run.rule.name}: {result.said or 'nothing to do'}"
        times = self._count(run, result)
        if times > 1 and result.kind in ("retry", "give_up", "skipped"):
            level, text = "DEBUG", f"{text} (the {times}th time)"
        elif times < 0:
            text = f"{text} (after {-times} failed attempts)"
        text += _next(run, result, note)
        logger.bind(run=run.id, event=run.event.id, took_ms=round(took_s * 1000, 1)).log(level, "{}", text)

    def _count(self, run: Run, result: Result) -> int:
        """How often in a row the lane said this; negative, once, when failures are over."""
        lane = (run.rule.name, run.key)
        said, times = self._same.get(lane, ("", 0))
        if result.kind in ("changed", "unchanged"):
            self._same.pop(lane, None)
            return -times
        times = times + 1 if said == result.said else 1
        self._same[lane] = (result.said, times)
        return times

    def _overdue(self, _: object, run: Run, after_s: float) -> None:
        logger.error(
            "{}: still at work after {}, beyond its time-out; nothing else touches its target until it ends",
            run.rule.name, duration(round(after_s)),
        )  # fmt: skip

    def _noted(self, _: object, note: Note) -> None:
        event = f"{note.event.subject}: {note.event.type}"
        match note.kind:
            case "waits" if note.wait_s:
                logger.info("{}; {} runs in {} if that lasts", event, note.rule, duration(round(note.wait_s, 3)))
            case "exhausted":
                data = note.event.data
                logger.warning(
                    "{} has run {} times for {} and is exhausted; it does nothing more until the trouble ends",
                    note.rule, data.get("runs"), note.key,
                )  # fmt: skip
            case "dropped":
                logger.info("{} does not run for {}: {}", note.rule, event, note.why)
            case "blind" | "sees":
                logger.info("{} {}: {}", note.rule, "holds its breath" if note.kind == "blind" else "goes on", event)
            case _:
                logger.debug("{} {} ({}) {}", note.rule, note.kind, event, note.why)

    def _lost(self, _: object, name: str, reason: str) -> None:
        logger.warning("{} cannot be seen: {}", name, reason)

    def _restored(self, _: object, name: str, detail: str = "") -> None:
        logger.info("{} is seen{}", name, f": {detail}" if detail else "")

    def _loaded(self, _: object, table: Table) -> None:
        off = sum(not rule.enabled for rule in table.rules)
        logger.info(
            "{}: {} rules are in force{}", table.file, len(table.rules) - off, f", {off} are off" if off else ""
        )

    def _trouble(self, _: object, said: str, error: BaseException | None = None) -> None:
        logger.error("{}", said)
        if error is not None:
            logger.opt(exception=error).debug("where it broke")


def _next(run: Run, result: Result, note: Note | None) -> str:
    if note and note.kind == "retries":
        wait = duration(round(note.wait_s or 0.0, 1))
        return f"; trying again in {wait} (attempt {run.attempt + 1} of {run.rule.retry.attempts})"
    if result.kind == "retry":
        return f"; that was attempt {run.attempt} of {run.rule.retry.attempts}, the next event tries again"
    return "; not tried again until something changes" if result.kind == "give_up" else ""


def _as_json(record: Any) -> str:
    line = {
        "time": record["time"].isoformat(), "level": record["level"].name, "message": record["message"],
        **record["extra"],
    }  # fmt: skip
    if record["exception"]:
        line["exception"] = repr(record["exception"].value)
    return json.dumps(line, ensure_ascii=False)
