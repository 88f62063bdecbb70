"""One attempt at a run: its steps in order, each rendered, locked, timed and looked at when it is reached."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hooks.config.secrets import SecretError
from hooks.config.settings import Settings
from hooks.engine.runs import Result, Run, overall
from hooks.events import signals
from hooks.handler import Context, GiveUp, Handler, Outcome, Retry
from hooks.journal.books import Books
from hooks.rules.placeholders import Empty, Placeholder, event_value, render, walk
from hooks.rules.table import Step
from hooks.runtime.locks import TargetLocks


@dataclass(slots=True)
class Attempt:
    """A run at work. `deadline` is on the shell's clock; waiting for a lock does not count."""

    run: Run
    began: float
    deadline: float
    waits_for: tuple[str, ...] = ()
    overdue: bool = False


class Instances(dict[str, Handler[Any]]):
    """One instance of each handler that is used. It lives as long as gluehook, and may keep a warm session."""

    def __init__(self, classes: Mapping[str, type[Handler[Any]]]) -> None:
        self._classes = classes

    def __missing__(self, name: str) -> Handler[Any]:
        return self.setdefault(name, self._classes[name]())  # two threads may be here, and one instance stays


@dataclass(frozen=True, slots=True)
class Workshop:
    """What attempts are made with."""

    handlers: Mapping[str, Handler[Any]]
    settings: Settings
    context: Callable[[Attempt], Context]
    clock: Callable[[], float]
    mask: Callable[[str], str] = str
    confirm: Callable[[Run], bool | None] = lambda _: True  # do the states of a `for` run still last? None: unseen
    locks: TargetLocks = field(default_factory=TargetLocks)
    books: Books = field(default_factory=Books)

    def perform(self, attempt: Attempt) -> Result:
        """Do the run's steps from the first unfinished one on; the first failure ends it."""
        if attempt.run.states and attempt.run.attempt == 1:
            still = self.confirm(attempt.run)
            if not still:
                return Result("skipped", "its state has ended" if still is False else "its state cannot be seen now")
        return self._steps(attempt)

    def _steps(self, attempt: Attempt) -> Result:
        run = attempt.run
        changed, said, told = run.changed, run.said, []
        kinds = {"changed"} if run.changed else set[str]()
        for place in range(run.step, len(run.rule.do)):
            step = run.rule.do[place]
            if run.passes_over(step, changed=changed):
                continue
            try:
                outcome = self._step(step, attempt, said)
            except Retry as later:
                return Result("retry", self.mask(later.said), later.after, place, changed, step.use, said)
            except SecretError as unreadable:
                return Result("retry", str(unreadable), None, place, changed, step.use, said)
            except GiveUp as never:
                return Result("give_up", self.mask(never.said), None, place, changed, step.use, said)
            except Exception as error:  # noqa: BLE001 - a handler that breaks hurts nobody else
                broke = self.mask(f"{step.use} broke: {type(error).__name__}: {error}; this is a fault of gluehook's")
                signals.emit(signals.problem, said=broke, error=error)
                return Result("retry", broke, None, place, changed, step.use, said)
            changed = changed or outcome.status == "changed"
            kinds.add(outcome.status)
            said = self.mask(outcome.said)
            told.append(said)
            done = {"use": step.use, "status": outcome.status, "said": said}
            self.books.step(run, place + 1, done, changed=changed, said=said)
        return Result(overall(kinds), "; ".join(told), None, len(run.rule.do), changed)

    def _step(self, step: Step, attempt: Attempt, said: str) -> Outcome:
        handler = self.handlers[step.use]
        try:
            args = handler.Args(**self._render(step, attempt, said))
        except Empty as nothing:
            return Outcome("skipped", f"{step.use} has nothing to do: {nothing} is empty")
        targets = handler.targets(args, self.settings)
        attempt.waits_for, asked = targets, self.clock()
        with self.locks.hold(targets, attempt.run.id):
            attempt.deadline += self.clock() - asked
            attempt.waits_for = ()
            context = self.context(attempt)
            if attempt.run.rule.dry_run or self.settings.gluehook_dry_run:
                return _would(handler.plan(args, context))
            return handler.apply(args, context)

    def _render(self, step: Step, attempt: Attempt, said: str) -> dict[str, Any]:
        context = self.context(attempt)

        def lookup(placeholder: Placeholder) -> Any:
            match placeholder.root:
                case "event":
                    return event_value(attempt.run.event, placeholder)
                case "state":
                    return walk(context.world.state(), placeholder.path)
                case "secret":
                    return context.secret(placeholder.path)
            return walk({"said": said, "id": attempt.run.id}, placeholder.path)

        return {name: render(value, lookup) for name, value in step.args.items()}


def _would(plan: str | None) -> Outcome:
    if plan is None:
        return Outcome("unchanged", "dry run: nothing would change")
    return Outcome("changed", f"dry run, nothing was done: {plan}")
