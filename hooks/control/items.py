"""What followers are told: JSON objects, made from the arguments of the signals in hooks/events/signals.py.

Guaranteed: nothing here is called between an event and its handler; telling.py calls it later, in a thread of its own.
Every text is masked like the log, and an event holds what a recording of it would. What cannot be made into an item is
told as a problem, and raises nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from hooks.control.server import encoded
from hooks.events import jsonl

if TYPE_CHECKING:
    from hooks.engine.runs import Note, Result, Run
    from hooks.events.catalogue import Event
    from hooks.rules.table import Table

Item = dict[str, Any]
Mask = Callable[[str], str]

KINDS = (
    "event", "decision", "run_started", "step", "run_ended", "run_overdue", "source", "rules", "command", "problem",
    "stopping",
)  # fmt: skip
SIGNALS = (
    "event_seen", "accepted", "decided", "run_started", "step_done", "run_ended", "run_overdue", "source_lost",
    "source_restored", "rules_loaded", "command_done", "problem", "stopping",
)  # fmt: skip
"""Those that items are made of; `Items` has a method for each."""


class Items:
    """Makes items. `mask` hides secrets; `fingerprint` names the text of the rules file that is in force."""

    def __init__(self, mask: Mask, fingerprint: Callable[[], str] = str) -> None:
        self._mask, self._fingerprint = mask, fingerprint

    def lines(self, signal: str, at: float, arguments: Mapping[str, Any]) -> list[tuple[str, bytes]]:
        """The kind and the line of each item of a signal that was emitted `at` (seconds since the Unix epoch)."""
        try:
            made = list(getattr(self, f"_{signal}")(**arguments))
            items = [{"kind": item.pop("kind"), "at": at, **masked(item, self._mask)} for item in made]
            return [(item["kind"], encoded(item)) for item in items]
        except Exception as error:  # noqa: BLE001 - the next item must be told
            said = f"what the signal {signal} reports cannot be told ({type(error).__name__}); see the log"
            return [("problem", encoded({"kind": "problem", "at": at, "said": said}))]

    def event(self, event: Event) -> Item:
        """The item of an event: what a recording of it holds."""
        from hooks.workbench.private_fields import (
            without_private_fields,  # the process that nobody follows need not hold it
        )

        # `lines` masks the whole item, at once where nothing is to be hidden
        return {"kind": "event", "event": jsonl.plain(without_private_fields(event, str))}

    def _event_seen(self, event: Event) -> Iterator[Item]:
        yield self.event(event)

    def _accepted(self, note: Note) -> Iterator[Item]:
        yield _decision(note)

    def _decided(self, note: Note) -> Iterator[Item]:
        if note.kind == "exhausted":  # the engine has made this event, and has fed it to itself
            yield self.event(note.event)
        yield _decision(note)

    def _run_started(self, run: Run) -> Iterator[Item]:
        yield {"kind": "run_started", **_of_run(run), "attempts": run.rule.retry.attempts}

    def _step_done(self, run: Run, **step: Any) -> Iterator[Item]:
        yield _step(run, step)

    def _run_ended(self, run: Run, result: Result, took_s: float, note: Note | None) -> Iterator[Item]:
        wait = {} if note is None or note.wait_s is None else {"wait_s": round(note.wait_s, 3)}
        if result.failed_step:
            yield _step(run, result.failed_step)
        yield {
            "kind": "run_ended", **_of_run(run), "outcome": result.kind, "said": result.said,
            "took_s": round(took_s, 6), "next": note.kind if note else None, **wait,
        }  # fmt: skip
        if note is not None and note.kind == "failed":
            yield self.event(note.event)

    def _run_overdue(self, run: Run, after_s: float) -> Iterator[Item]:
        yield {"kind": "run_overdue", "run": run.id, "rule": run.rule.name, "key": run.key, "after_s": after_s}

    def _source_lost(self, name: str, reason: str) -> Iterator[Item]:
        yield {"kind": "source", "name": name, "is_up": False, "said": reason}

    def _source_restored(self, name: str, detail: str = "") -> Iterator[Item]:
        yield {"kind": "source", "name": name, "is_up": True, "said": detail}

    def _rules_loaded(self, table: Table, change: str = "") -> Iterator[Item]:
        yield {
            "kind": "rules", "file": table.file, "rules": len(table.rules), "fingerprint": self._fingerprint(),
            "said": change,
        }  # fmt: skip

    def _command_done(self, said: str) -> Iterator[Item]:
        yield {"kind": "command", "said": said}

    def _problem(self, said: str, error: BaseException | None = None) -> Iterator[Item]:
        del error  # its own text may hold anything
        yield {"kind": "problem", "said": said}

    def _stopping(self, said: str) -> Iterator[Item]:
        yield {"kind": "stopping", "said": said}


def _of_run(run: Run) -> Item:
    return {"run": run.id, "rule": run.rule.name, "key": run.key, "event": run.event.id, "attempt": run.attempt}


def _step(run: Run, step: Mapping[str, Any]) -> Item:
    known = {name: step[name] for name in ("number", "use", "status", "said") if name in step}
    return {"kind": "step", "run": run.id, **known, "saw": step.get("saw", []), "took_s": step.get("took_s")}


def _decision(note: Note) -> Item:
    more: Item = {} if note.wait_s is None else {"wait_s": round(note.wait_s, 3)}
    more |= {"run": note.run} if note.run else {}
    return {
        "kind": "decision", "rule": note.rule, "key": note.key, "event": note.event.id, "type": note.event.type,
        "subject": note.event.subject, "decision": note.kind, "why": note.why, **more,
    }  # fmt: skip


def masked(item: Item, mask: Mask) -> Item:
    """The item with each of its texts masked by itself, so that it stays JSON whatever a secret looks like."""
    together = "\n".join(_texts(item))
    return (
        item if mask(together) == together else dict(_each(item, mask))
    )  # mostly nothing is secret, and one look is cheap


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)


def _each(value: Any, mask: Mask) -> Any:
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, Mapping):
        return {name: _each(inner, mask) for name, inner in value.items()}
    return [_each(inner, mask) for inner in value] if isinstance(value, list | tuple) else value
