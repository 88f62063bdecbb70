"""The executor: one attempt at a run, its steps in order.

The dispatcher calls `perform` in a thread of its own for each attempt. Each step is rendered, its targets are locked,
and its handler is called only when the step is reached: a retry five minutes later sends today's port.

Guarantees: `perform` raises nothing that a handler raises; it answers with a `Result`. A resumed or retried run begins
with its first unfinished step. A step that has ended well is in the journal before the next one begins. Before a run of
a `for` rule does anything, its state is read again, and before one with conditions (`only_if`), what those are about.
In a dry run only `plan` is called. No secret is in a result.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Any

from hooks.config.masking import without_secret_labels
from hooks.config.secrets import SecretError, printable
from hooks.config.settings import Settings
from hooks.engine.runs import Result, Run, overall
from hooks.events import signals
from hooks.events.catalogue import Event
from hooks.events.wording import without_promise
from hooks.handler import Context, GiveUp, Handler, Outcome, Retry
from hooks.journal.journal import Journal
from hooks.journal.records import StepDone
from hooks.rules.placeholders import Empty, Placeholder, event_value, forms, render, walk
from hooks.rules.table import Step
from hooks.rules.verdicts import HOLDS, Verdict
from hooks.runtime.locks import TargetLocks
from hooks.runtime.step_trace import StepTrace

_NO_WAIT_S = 0.001  # the locks were free


@dataclass(slots=True)
class Attempt:
    """An attempt that runs. `began` and `deadline` are on the dispatcher's clock; waiting for a lock does not count."""

    run: Run
    began: float
    deadline: float
    at: float = 0.0  # when it began, in seconds since the Unix epoch
    waits_for: tuple[str, ...] = ()  # the targets whose locks it waits for now
    overdue: bool = False


class Instances(dict[str, Handler[Any]]):
    """One instance of each handler that is used. It lives as long as gluehook, and may keep a warm session."""

    def __init__(self, classes: Mapping[str, type[Handler[Any]]]) -> None:
        self._classes = classes

    def __missing__(self, name: str) -> Handler[Any]:
        made = self._classes[name]()
        return self.setdefault(name, made) if made.kept else made  # two threads may be here, and one instance stays


@dataclass(frozen=True, slots=True)
class Executor:
    """What attempts are made with.

    `context(event, run id, deadline)` makes what a handler gets. `lasts(states)` says whether one of the states that a
    `for` rule waited on lasts, by a fresh reading; None where that cannot be seen. `hide(name, form)`: see `Secrets`.
    `conditions(run)` judges those of a run by a fresh reading.
    """

    handlers: Mapping[str, Handler[Any]]
    settings: Settings
    context: Callable[[Event, str, float], Context]
    clock: Callable[[], float]
    journal: Journal
    mask: Callable[[str], str] = str
    lasts: Callable[[Sequence[Event]], bool | None] = lambda _: True
    locks: TargetLocks = field(default_factory=TargetLocks)
    hide: Callable[[str, str], None] = lambda _name, _form: None
    conditions: Callable[[Run], Verdict] = lambda _: HOLDS

    def perform(self, attempt: Attempt) -> Result:
        """Do the run's steps from the first unfinished one on; the first failure ends it."""
        run = attempt.run
        if run.states and run.attempt == 1:
            still = self.lasts(run.states)
            if not still:
                return Result("skipped", "its state has ended" if still is False else "its state cannot be seen now")
        if run.rule.only_if and run.attempt == 1 and not (run.step or run.manual):
            verdict = self.conditions(run)
            if not verdict.holds:
                return Result("skipped", f"it does not begin: {verdict.sentence}", unmet=verdict)
        return self._steps(attempt)

    def _steps(self, attempt: Attempt) -> Result:
        run = attempt.run
        changed, said, all_said, again = run.changed, run.said, list[str](), False
        kinds = {"changed"} if run.changed else set[str]()
        for place in range(run.step, len(run.rule.do)):
            step = run.rule.do[place]
            if run.passes_over(step, changed=changed):
                continue
            trace = StepTrace(step.use, place + 1, run.attempt, self.journal.now(), self.clock())
            trace.told = place != len(all_said)  # steps before it were passed over, or done by another attempt
            try:
                outcome = self._step(step, attempt, said, trace)
            except Exception as error:  # noqa: BLE001 - a handler that breaks hurts nobody else
                trace.told = True
                failed = self._failed(error, step, Result("retry", "", None, place, changed, step.use, said))
                return replace(failed, failed_step=trace.record(failed.kind, failed.said, self.clock(), self.mask))
            changed = changed or outcome.status == "changed"
            kinds.add(outcome.status)
            again = again or outcome.again
            said = self._shown(outcome.said)
            all_said.append(said)
            done = trace.record(outcome.status, said, self.clock(), self.mask)
            self.journal.write([StepDone(run.id, place + 1, done, changed, said)])
            told = {name: value for name, value in done.items() if name not in ("at", "number")}
            signals.emit(signals.step_done, run=run, number=place + 1, **told)
        return Result(overall(kinds), "; ".join(all_said), None, len(run.rule.do), changed, again=again)

    def _shown(self, said: str) -> str:
        # a handler may repeat what a target answered
        return printable(self.mask(said))

    def _failed(self, error: Exception, step: Step, where: Result) -> Result:
        """How the attempt ends whose step raised this; `where` is what a next attempt goes on with."""
        if isinstance(error, Retry):
            # the last attempt's words go into rule.exhausted and run.failed, when nothing is tried again
            return replace(where, said=self._shown(without_promise(error.said)), after=error.after)
        if isinstance(error, GiveUp):
            return replace(where, kind="give_up", said=self._shown(error.said))
        if isinstance(error, SecretError):
            return replace(where, said=str(error))
        broke = self._shown(f"{step.use} broke: {type(error).__name__}: {error}; this is a fault of gluehook's")
        signals.emit(signals.problem, said=broke, error=error)
        return replace(where, said=broke)

    def _step(self, step: Step, attempt: Attempt, said: str, trace: StepTrace) -> Outcome:
        with closing(self.handlers[step.use]) as handler:
            return self._call(handler, step, attempt, said, trace)

    def _call(self, handler: Handler[Any], step: Step, attempt: Attempt, said: str, trace: StepTrace) -> Outcome:
        try:
            args = handler.Args(**self._render(step, attempt, said, trace))
        except Empty as nothing:
            return Outcome("skipped", f"{step.use} has nothing to do: {nothing} is empty")
        context = replace(self._context(attempt), saw=trace.saw)
        targets = handler.locks(args, context)
        attempt.waits_for, before = targets, self.clock()
        with self.locks.hold(targets, attempt.run.id):
            trace.waited_s = waited_s = self.clock() - before
            attempt.deadline += waited_s
            attempt.waits_for = ()
            if waited_s > _NO_WAIT_S:  # the world may be another one now
                context = replace(self._context(attempt), saw=trace.saw)
            if attempt.run.rule.dry_run or self.settings.gluehook_dry_run:
                return _would(handler.plan(args, context))
            return handler.apply(args, context)

    def _render(self, step: Step, attempt: Attempt, said: str, trace: StepTrace) -> dict[str, Any]:
        event = attempt.run.rule.with_groups(attempt.run.event)

        def lookup(placeholder: Placeholder) -> Any:
            match placeholder.root:
                case "event":
                    value = event_value(event, placeholder)
                    return without_secret_labels(value) if placeholder.path == "labels" else value
                case "state":
                    state = self._context(attempt).world.state()
                    trace.gave(placeholder.path, state)
                    return walk(state, placeholder.path)
                case "secret":
                    value = self._context(attempt).secret(placeholder.path)
                    for form in forms(placeholder, value) if value else ():
                        self.hide(placeholder.path, form)
                    return value
            return walk({"said": said, "id": attempt.run.id}, placeholder.path)

        return {name: render(value, lookup) for name, value in step.args.items()}

    def _context(self, attempt: Attempt) -> Context:
        return self.context(attempt.run.event, attempt.run.id, attempt.deadline)


def _would(plan: str | None) -> Outcome:
    if plan is None:
        return Outcome("unchanged", "dry run: nothing would change")
    return Outcome("changed", f"dry run, nothing was done: {plan}")
