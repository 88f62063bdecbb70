"""The commands of the control socket: history, retry, run, pause, resume, explain.

The app builds `Commands` and hands its verbs to the server, whose thread calls them, one request at a time. What
changes the engine or reads it is done on the dispatcher's thread, between two events; if that thread does not answer
in time, nothing is done and the request is refused.

Guaranteed: a request that cannot be fulfilled changes nothing, and its refusal says why and what to write instead.
A retried run has the event of the past run and the rules that are in force now, whatever the rule waits for or is
limited to; only a pause delays it. `explain` runs nothing. Each command that changes something is logged.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from hooks.control.loop_calls import on_the_loop
from hooks.control.server import Refused, Request, Response, Verbs
from hooks.events import jsonl, signals
from hooks.events.catalogue import Event
from hooks.events.durations import parse
from hooks.events.wall_clock import local_time
from hooks.events.wording import did_you_mean
from hooks.journal.journal import Journal
from hooks.runtime.dispatcher import Dispatcher
from hooks.runtime.handler_memory import Memory
from hooks.runtime.pauses import Pauses

MOST_RUNS = 1000  # in one response
_NAMED = 5  # failed runs that a refusal names

T = TypeVar("T")


class Commands:
    """The verbs. Each takes the request and yields the response, or raises Refused.

    `state` returns what `${state.…}` in rules stands for now; `complete` adds the role of its container to an event.
    """

    def __init__(self, dispatcher: Dispatcher, journal: Journal, memory: Memory, pauses: Pauses,
                 state: Callable[[], Mapping[str, Any]], *,
                 complete: Callable[[Event], Event] = lambda event: event) -> None:  # fmt: skip
        self._dispatcher, self._journal, self._memory, self._pauses = dispatcher, journal, memory, pauses
        self._state, self._complete = state, complete

    def verbs(self) -> Verbs:
        """The verbs by name, for `Server`."""
        return {
            "history": self.history, "retry": self.retry, "pause": self.pause, "resume": self.resume,
            "explain": self.explain, "run": self.run,
        }  # fmt: skip

    def history(self, request: Request) -> Response:
        """Past runs, newest first: at most `most`, of `rule` alone, only `failed` ones."""
        most, rule = request.get("most", 20), str(request.get("rule", ""))
        if not isinstance(most, int) or not 0 < most <= MOST_RUNS:
            raise Refused(f"most is {most!r}: ask for 1 to {MOST_RUNS} runs")
        runs = self._runs(failed=request.get("failed") is True, rule=rule, most=most)
        yield from runs
        yield {"done": f"{len(runs)} runs"}

    def retry(self, request: Request) -> Response:
        """Run the rule of the past run `run` again with its event; rejected credentials are tried again."""
        run_id = str(request.get("run", ""))
        run, event = self._run(run_id)
        if any(attempt.run.id == run_id for attempt in self._dispatcher.attempts()):
            raise Refused(f"{run_id} runs now; `gluehook history` shows how it ends")
        manual = replace(event, origin="manual", cause=None)
        forgotten = self._on_the_loop(lambda: self._run_again(run["rule"], run["key"], manual))
        if forgotten is None:
            raise Refused(f"{run_id} cannot run again: its rule {run['rule']} is not in force any more")
        yield {"done": self._retried(run, forgotten)}

    def run(self, request: Request) -> Response:
        """Run `rule` by hand: with `event` (a line of a recording), else with the event of its last run."""
        name = self._rule(request)
        if name is None:
            raise Refused(f"no rule is named; the rules are {', '.join(self._names())}")
        event = self._complete(_event(request["event"])) if request.get("event") else self._last_event(name)
        rule = next(rule for rule in self._dispatcher.engine.table.rules if rule.name == name)
        if not rule.listens_to(event):
            raise Refused(f"{name} does not listen to this event, {event.type} of {event.subject}; "
                          "`gluehook explain` says why not")  # fmt: skip
        key, manual = rule.key_of(event), replace(event, origin="manual", cause=None)
        if self._on_the_loop(lambda: self._run_again(name, key, manual)) is None:
            raise Refused(f"{name} is switched off or not in force any more")
        said = f"{name} runs by hand for {key}, with {event.type} of {event.subject}{self._after_its_pause(name)}"
        signals.emit(signals.command_done, said=said)
        yield {"done": said}

    def pause(self, request: Request) -> Response:
        """Start no run of `rule`, or of any rule, for the duration `for`."""
        rule = self._rule(request)
        try:
            for_s = parse(request.get("for"))
        except ValueError as wrong:
            raise Refused(f"--for: {wrong}") from None
        if for_s == 0:
            raise Refused('--for: a pause of no time is none; write for example "30m"')
        yield {"done": self._on_the_loop(lambda: self._pauses.pause(rule, for_s))}

    def resume(self, request: Request) -> Response:
        """End the pause of `rule`, or every pause."""
        rule = str(request.get("rule") or "") or None  # no check: a paused rule may have left the file since
        yield {"done": self._on_the_loop(lambda: self._pauses.resume(rule))}

    def explain(self, request: Request) -> Response:
        """For each rule, whether it would run for `event` (a line of a recording), when, and if not, why not."""
        from hooks.workbench.explain import Situation, explain  # used seldom; the idle process need not hold it

        dispatcher = self._dispatcher
        completed = self._complete(_event(request.get("event")))

        def on_the_loop() -> list[dict[str, Any]]:
            executor = dispatcher.executor
            situation = Situation(executor.handlers, dispatcher.now(), self._state(), executor.mask, dispatcher.facts())
            return list(explain(dispatcher.engine, completed, situation))

        rules = self._on_the_loop(on_the_loop)
        yield from rules
        yield {"done": f"answered by the gluehook that runs, with the rules of {dispatcher.engine.table.file}"}

    def _run_again(self, rule: str, key: str, event: Event) -> list[str] | None:
        """The addresses whose rejected credentials are forgotten before the run begins; None if the rule is gone."""
        if not self._dispatcher.engine.run_manually(rule, key, event, self._dispatcher.now()):
            return None
        return self._memory.forget_rejections()

    def _after_its_pause(self, rule: str) -> str:
        until = self._pauses.of(rule)
        return f", after its pause, at {local_time(until)}" if until > time.time() else ""

    def _names(self) -> list[str]:
        return [rule.name for rule in self._dispatcher.engine.table.rules]

    def _last_event(self, rule: str) -> Event:
        found = self._runs(rule=rule, most=1)
        event = self._journal.event(found[0]["event"]) if found else None
        if event is None:
            raise Refused(f"the journal has no run of {rule}, so there is no event to run it with; give it one")
        return event

    def _rule(self, request: Request) -> str | None:
        name, known = str(request.get("rule") or ""), self._names()
        if name and name not in known:
            meant = did_you_mean(name, known, " ({})")
            raise Refused(f"there is no rule '{name}'{meant}; the rules are {', '.join(known)}")
        return name or None

    def _run(self, run_id: str) -> tuple[dict[str, Any], Event]:
        found = self._runs(run=run_id, most=1) if run_id else []
        if not found:
            raise Refused(f"there is no run '{run_id}'{self._instead(run_id)}")
        event = self._journal.event(found[0]["event"])
        if event is None:
            raise Refused(f"the event of {run_id} is not in the journal any more, so it cannot run again")
        return found[0], event

    def _instead(self, run_id: str) -> str:
        failed = [run["id"] for run in self._runs(failed=True, most=_NAMED)]
        near = did_you_mean(run_id, [run["id"] for run in self._runs(most=MOST_RUNS)], " ({})")
        return f"{near}; " + (f"these have failed: {', '.join(failed)}" if failed else "none has failed")

    def _runs(self, **which: Any) -> list[dict[str, Any]]:
        found = self._journal.history(**which)
        if not found and self._journal.problem:
            raise Refused(f"{self._journal.problem}; nothing is known of past runs")
        return found or []

    def _retried(self, run: Mapping[str, Any], forgotten: Sequence[str]) -> str:
        said = f"{run['rule']} runs again for {run['key']}, with what led to {run['id']}"
        said += self._after_its_pause(run["rule"])
        if forgotten:
            said += f"; tried again: the credentials rejected by {', '.join(forgotten)}"
        signals.emit(signals.command_done, said=said)
        return said

    def _on_the_loop(self, act: Callable[[], T]) -> T:
        return on_the_loop(self._dispatcher, act)


def _event(given: Any) -> Event:
    """The event of a request. Raises Refused."""
    try:
        event = jsonl.event_of(given)
    except (ValueError, KeyError, TypeError, AttributeError) as wrong:
        raise Refused(f"that is no event of a recording: {wrong}") from None
    if event is None:
        raise Refused("gluehook has no name for this event of Docker's")
    return event
