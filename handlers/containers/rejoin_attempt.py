"""One attempt to bring the dependents of a container into its new network namespace.

`containers.rejoin` (rejoin.py) calls `RejoinAttempt.apply` with the work that rejoin_work.py has found.
Dependents are handled in waves, in dependency order, up to `AT_ONCE` at once. A dependent whose parent failed waits
for the next attempt; the failure of one stops no other. Each dependent's target lock is held until all are read back,
so that no other run acts on what our restart causes.
While Compose or another tool may still re-create them (`grace`), nothing is re-created or reported. The grace is
counted from the first time that this parent was seen without them, in the handlers' memory, so that it outlives
gluehook.
What was done is saved, so that the next attempt of the same run reports it, too.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from threading import BoundedSemaphore
from typing import Any

from handlers.containers.companions import forget, save
from handlers.containers.dependents import Dependent
from handlers.containers.joined_starts import JoinedStarts
from handlers.containers.others_restarts import started_by_another
from handlers.containers.present_ids import PresentIds
from handlers.containers.recreate import recreate
from handlers.containers.rejoin_work import Work, by_hand, names, report, waves
from handlers.containers.restart_attempt import SETTLE_S, read_back, restart
from handlers.containers.restart_budget import RestartBudget
from handlers.shared.at_once import at_once
from handlers.shared.docker import CONTROL, docker_client, list_containers
from hooks.docker.container import InspectedContainer
from hooks.handler import WARNING, Context, GiveUp, Outcome, Retry

AT_ONCE = 4  # restarts under way: a home server has few cores


class RejoinAttempt:
    """The work on one namespace, and how it ended."""

    def __init__(self, parent: InspectedContainer, todo: Work, ids: PresentIds, ctx: Context) -> None:
        self._parent, self._todo, self._ids, self._ctx = parent, todo, ids, ctx
        self._done: dict[str, Dependent] = {}  # by name
        self._failed: set[str] = set()
        self._free = BoundedSemaphore(AT_ONCE)
        self._held = ExitStack()  # until all is read back: what happens to them is our doing

    def apply(self, grace_s: float, said: list[str]) -> Outcome:
        """Do the work. `said`: what was done before. Raises Retry if some is left, GiveUp if what is left is manual."""
        waits_s = self._leave_to_others(grace_s)
        work = [*self._todo.restarts, *self._todo.recreations]
        save(work, self._ids, self._ctx)
        with self._held:
            for wave in waves(work, self._ids.name):
                at_once([partial(self._handle, one) for one in wave])
            self._read_back()
        self._refusals = [budget.refusal() or "" for budget in self._todo.out_of_restarts]
        for budget in self._todo.out_of_restarts:
            budget.report_refusal()
        return self._end([*said, *self._deeds()], waits_s)

    def _leave_to_others(self, grace_s: float) -> float | None:
        """Put off what a re-creation is needed for while others may do that; for how many seconds, or None."""
        todo, gone = self._todo, [*self._todo.recreations, *self._todo.reports]
        waits_s = self._grace_left(grace_s, needed=bool(gone))
        if waits_s > 0:
            todo.recreations, todo.reports = [], []
            todo.later.append(
                f"'{self._parent.name}' has been re-created, so that {names(gone)} must be, too; "
                f"Compose, or the tool that did it, has {waits_s:.0f} s for that; then it is checked again"
            )
            return waits_s
        if todo.reports:
            todo.manual.append(report(self._parent, todo.reports))
        return None

    def _grace_left(self, grace_s: float, *, needed: bool) -> float:
        """How long others still have, since this parent was first seen without them. It outlives gluehook."""
        memory, key = self._ctx.memory, f"containers.rejoin:{self._parent.name}"
        if not needed:
            memory.put(key, None)
            return 0.0
        record = memory.get(key)
        if record is None or record["id"] != self._parent.id:
            record = {"id": self._parent.id, "since": self._ctx.now()}
            memory.put(key, record)
        return grace_s - abs(self._ctx.now() - float(record["since"]))  # a clock that was set back must not hold it up

    def _handle(self, one: Dependent) -> None:
        """Restart or re-create one of them. Its failure is kept for `_end`, so that the others are still handled."""
        with self._free:
            self._try(one)

    def _try(self, one: Dependent) -> None:
        name, doing = one.seen.name, "re-create" if one.state == "elsewhere" else "restart"
        try:
            self._wait_for_needed(one)
            self._held.enter_context(self._ctx.hold(f"container:{name}"))
            with docker_client(self._ctx, f"{doing} container '{name}'", CONTROL) as client:
                self._bring(client, one)
        except Retry as end:
            self._fail(name, self._todo.later, end.said)
        except GiveUp as end:
            self._fail(name, self._todo.manual, "; ".join([end.said, *by_hand([one])]))
        except Exception as error:  # noqa: BLE001 - the outcome of the others must not be lost
            from hooks.events import signals

            said = f"cannot {doing} container '{name}' ({type(error).__name__}: {error}); this is a fault of gluehook's"
            signals.emit(signals.problem, said=said, error=error)
            self._fail(name, self._todo.later, said)

    def _wait_for_needed(self, one: Dependent) -> None:
        """Raises Retry if it failed for one that must be there first."""
        needed = {one.joins.name, *map(self._ids.name, one.seen.references)}
        if failed := sorted(needed & self._failed):
            raise Retry(f"container '{one.seen.name}' waits for '{failed[0]}'")

    def _bring(self, client: Any, one: Dependent) -> None:
        if one.state == "elsewhere":
            if one.shares == "network" and one.seen.parent:
                self._ids.learn(one.joins.name, one.seen.parent)
            new_id = recreate(client, one.seen, self._ids.present, self._ctx)
            self._ids.put(one.seen.name, one.seen.id, new_id)
            self._done[one.seen.name] = one
        elif started_by_another(client, one, self._ctx):
            self._todo.left.append(f"container '{one.seen.name}' has been started meanwhile; it is left as it is")
        else:
            RestartBudget(one.seen.name, self._ctx).spend()
            restart(client, one.seen, None, self._ctx)
            self._done[one.seen.name] = one

    def _read_back(self) -> None:
        """Read back whether they run: one list for all, and an inspect of each that does not run."""
        if not self._done:
            return
        try:
            self._ctx.wait(SETTLE_S)
            with docker_client(self._ctx, "see whether what was restarted runs", CONTROL) as client:
                self._compare(client, {one.id for one in list_containers(client).containers if one.running})
        except (Retry, GiveUp) as end:
            self._todo.later.append(end.said)

    def _compare(self, client: Any, running: set[str]) -> None:
        ids = {name: self._ids.present(one.seen.id) for name, one in self._done.items()}
        forget((name for name, ident in ids.items() if ident in running), self._ctx)
        started = [(ids[name], one) for name, one in self._done.items() if one.joins.name not in self._done]
        JoinedStarts(self._ctx.memory, self._parent.name).save_started(started)
        for name, ident in ids.items():
            if ident not in running:
                one = self._done[name]
                self._inspect_again(client, replace(one.seen, id=ident), one)

    def _inspect_again(self, client: Any, before: InspectedContainer, one: Dependent) -> None:
        try:
            self._todo.left.append(read_back(client, before, _verb(one), self._ctx).said)
        except Retry as end:
            self._fail(one.seen.name, self._todo.later, end.said)
            del self._done[one.seen.name]

    def _fail(self, name: str, sentences: list[str], said: str) -> None:
        self._failed.add(name)
        sentences.append(said)

    def _deeds(self) -> list[str]:
        deeds: dict[str, list[Dependent]] = {}
        for one in self._done.values():
            whose = f"in the network of '{self._parent.name}'" if one.seen.parent else f"with '{one.joins.name}'"
            deeds.setdefault(f"{_verb(one)}, {whose}", []).append(one)
        return [f"{names(those)} {done}" for done, those in deeds.items()]

    def _end(self, deeds: list[str], waits_s: float | None) -> Outcome:
        todo = self._todo
        said = "; ".join([*deeds, *todo.manual, *todo.later, *todo.left])
        save_deeds(self._parent, deeds if todo.later else [], self._ctx)
        self._warn(None if waits_s else "; ".join([*todo.manual, *todo.later, *self._refusals]))
        if todo.later:  # whatever else is to be tried again does not wait for the others' time to be over
            raise Retry(said, after=waits_s if len(todo.later) == 1 else None)
        if todo.manual:
            raise GiveUp(said)
        waiting = todo.waiting or bool(todo.out_of_restarts)
        if deeds:
            return Outcome("changed", said, again=waiting)
        if waiting:
            return Outcome("skipped", said)
        return Outcome(
            "unchanged", said or f"every container in the network of '{self._parent.name}' is attached to it"
        )

    def _warn(self, said: str | None) -> None:
        """Let `gluehook health` show what is still cut off."""
        self._ctx.memory.put(f"{WARNING}containers.rejoin:{self._parent.name}", said or None)


def save_deeds(parent: InspectedContainer, deeds: list[str], ctx: Context) -> None:
    """Save what this run has done, so that its next attempt can report it."""
    ctx.memory.put(f"containers.rejoined:{parent.name}", {"run": ctx.run, "deeds": deeds} if deeds else None)


def saved_deeds(parent: InspectedContainer, ctx: Context) -> list[str]:
    """What earlier attempts of this run have done."""
    record = ctx.memory.get(f"containers.rejoined:{parent.name}") or {}
    return list(record["deeds"]) if record.get("run") == ctx.run else []


def _verb(one: Dependent) -> str:
    if one.state == "elsewhere":
        return "re-created"
    return "started" if one.seen.stopped else "restarted"
