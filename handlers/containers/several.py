"""What the verbs of `containers.*` that take several containers have in common.

Each container has its own client of Docker and its own outcome: the failure of one stops no other, and a retry finds
those that are done as they should be. Containers that are named are locked all at once, those of a label or a project
as they come, under a lock of the label or project: so two runs never do opposite things to the same ones. Those of one
level of the order are handled at once, so that one that takes its time to stop delays none beside it.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from typing import Any, ClassVar, TypeVar

from handlers.containers import targets
from handlers.containers.order import levels
from handlers.containers.targets import Chosen, TargetArgs
from handlers.shared.at_once import at_once
from handlers.shared.docker import CONTROL, docker_client, find
from hooks.config.settings import Settings
from hooks.docker.container import InspectedContainer, ListedContainer
from hooks.docker.state_words import state_words
from hooks.events.wording import without_promise
from hooks.handler import Context, GiveUp, Handler, Outcome, Problem, Retry

A = TypeVar("A", bound=TargetArgs)
R = TypeVar("R")
_LEAST_S = 0.5  # with less time left a container is not begun
_ORDER = ("changed", "skipped", "unchanged")  # of several outcomes, the first of these


class SeveralContainers(Handler[A]):
    """One verb for one container, by name, or for several."""

    verb: ClassVar[str]  # completes "cannot … container 'web'"
    allow: ClassVar[str] = CONTROL  # what a socket proxy must allow
    one_of: ClassVar[tuple[str, ...]] = targets.WAYS
    dependents_first: ClassVar[bool] = False  # the order of a stop

    @abstractmethod
    def plan_one(self, client: Any, seen: InspectedContainer, args: A, ctx: Context) -> str | None:
        """As `Handler.plan`, of one container."""

    @abstractmethod
    def apply_one(self, client: Any, seen: InspectedContainer, args: A, ctx: Context) -> Outcome:
        """As `Handler.apply`, of one container."""

    @classmethod
    def problem(cls, given: Mapping[str, Any]) -> Problem | None:
        """That not exactly one of container, label and project is given."""
        return targets.problem(cls.name, given)

    def targets(self, args: A, settings: Settings) -> tuple[str, ...]:  # noqa: ARG002 - the base's signature
        """The containers."""
        return targets.locks(args)

    def plan(self, args: A, ctx: Context) -> str | None:
        """What would be done to each, or None."""
        named = targets.names(args)
        if len(named) == 1:
            return self._plan(named[0], args, ctx)
        ends: list[str | Retry | GiveUp | None] = []
        chosen = self._choose(args, ctx)
        for level in self._levels(chosen):
            ends += [_end(partial(self._plan, one.name, args, ctx)) for one in level]
        _raise_failures([*chosen.failed, *ends], [end for end in ends if isinstance(end, str)])
        return "; ".join(end for end in ends if isinstance(end, str)) or None

    def apply(self, args: A, ctx: Context) -> Outcome:
        """Do it to each."""
        named = targets.names(args)
        if len(named) == 1:
            return self._apply(named[0], args, ctx)
        chosen = self._choose(args, ctx)
        ends: list[Outcome | Retry | GiveUp] = []
        for level in self._levels(chosen):
            calls = [partial(_end, partial(self._locked, one.name, args, ctx)) for one in level]
            ends += at_once(calls)
        return _together(ends, chosen)

    def _choose(self, args: A, ctx: Context) -> Chosen:
        with docker_client(ctx, f"read {targets.described(args)}", self.allow) as client:
            return targets.choose(client, args, ctx)

    def _levels(self, chosen: Chosen) -> list[list[ListedContainer]]:
        found = levels(chosen.containers)
        return found[::-1] if self.dependents_first else found

    def _locked(self, name: str, args: A, ctx: Context) -> Outcome:
        lock = f"container:{name}"
        # what is named is locked already, so that no other run does the opposite to one of them meanwhile
        with nullcontext() if lock in targets.locks(args) else ctx.hold(lock):
            if ctx.left() < _LEAST_S:
                raise Retry(f"there was no time left for container '{name}'")
            return self._apply(name, args, ctx)

    def _plan(self, name: str, args: A, ctx: Context) -> str | None:
        with docker_client(ctx, f"read container '{name}'", self.allow) as client:
            return self.plan_one(client, find(client, name, ctx), args, ctx)

    def _apply(self, name: str, args: A, ctx: Context) -> Outcome:
        with docker_client(ctx, f"{self.verb} container '{name}'", self.allow) as client:
            seen = find(client, name, ctx)
            ctx.saw(state_words(seen))
            return self.apply_one(client, seen, args, ctx)


def _end(call: Callable[[], R]) -> R | Retry | GiveUp:
    try:
        return call()
    except (Retry, GiveUp) as end:
        return end


def _together(ends: Sequence[Outcome | Retry | GiveUp], chosen: Chosen) -> Outcome:
    """One outcome for all, whose sentence has that of each. Raises Retry or GiveUp if one has failed."""
    outcomes = [end for end in ends if isinstance(end, Outcome)]
    _raise_failures([*chosen.failed, *ends], [*(one.said for one in outcomes), *chosen.left_out])
    statuses = {one.status for one in outcomes}
    status: Any = next((word for word in _ORDER if word in statuses), "unchanged")
    said = "; ".join([*(one.said for one in outcomes), *chosen.left_out])
    return Outcome(status, said, again=any(one.again or one.status == "skipped" for one in outcomes))


def _raise_failures(ends: Sequence[object], others: Sequence[str]) -> None:
    """Raise Retry if one may work later, GiveUp if a person must change something: with what is said of all."""
    failed = [end for end in ends if isinstance(end, Retry | GiveUp)]
    if not failed:
        return
    said = "; ".join([*(without_promise(end.said) for end in failed), *others])
    later = [end for end in failed if isinstance(end, Retry)]
    if not later:
        raise GiveUp(said)
    raise Retry(said, after=min((end.after for end in later if end.after), default=None))
