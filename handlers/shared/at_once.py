"""Several targets at once: the failure of one stops no other, and one sentence tells of all."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from queue import Empty, SimpleQueue
from typing import Literal, TypeVar

from hooks.config.secrets import SecretError
from hooks.events.wording import without_promise
from hooks.handler import Context, GiveUp, Outcome, Retry

R = TypeVar("R")
_STATUSES: tuple[Literal["changed", "unchanged", "skipped"], ...] = (
    "changed",
    "unchanged",
    "skipped",
)  # of several outcomes, the first of these


PATIENCE_S = 5.0
"""How long those that have ended wait for one that hangs: a new port of theirs would have to wait, too."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Ends `at_once` while a call still hangs. `whos` begin a sentence about each call."""

    whos: Sequence[str]
    is_over: threading.Event = field(default_factory=threading.Event)

    def bound(self, ctx: Context) -> Context:
        """The context of the calls. One that gets a lock only when the patience is over leaves it again at once: by
        then another attempt may have set a newer port.
        """

        @contextmanager
        def hold(target: str) -> Iterator[None]:
            with ctx.hold(target):
                if self.is_over.is_set():
                    raise Retry(f"{target} was in use for too long; it is tried again")
                yield

        return replace(ctx, hold=hold)

    def wait(self, ended: SimpleQueue[int]) -> None:
        """Return when all have ended, or PATIENCE_S after the first of them."""
        until: float | None = None
        for _ in self.whos:
            try:
                ended.get(timeout=None if until is None else max(0.0, until - time.monotonic()))
            except Empty:
                self.is_over.set()
                return
            until = until or time.monotonic() + PATIENCE_S

    def late(self) -> list[Retry]:
        """What is said of each that has not ended."""
        said = f"has not answered {PATIENCE_S:g} s after the others; it is tried again"
        return [Retry(f"{who} {said}", kind="late") for who in self.whos]


def at_once(calls: Sequence[Callable[[], R]], patience: Patience | None = None) -> list[R]:
    """What each call returns, each in a thread of its own.

    Raises Retry, or GiveUp where no try would help, once all have ended or `patience` is over: with the sentences of
    all that failed. Any other exception is raised as it is.
    """
    if len(calls) == 1:
        return [calls[0]()]
    from hooks.threads.lasting import LastingThread

    ends: list[R | Exception] = [*(patience.late() if patience else [Retry("it was not begun")] * len(calls))]
    ended: SimpleQueue[int] = SimpleQueue()

    def run(place: int) -> None:
        try:
            ends[place] = calls[place]()
        except Exception as error:  # noqa: BLE001 - it is raised where all have ended
            ends[place] = error
        ended.put(place)

    here = 0 if patience else 1  # the first may hang, too
    # their threads are daemons: a stop of gluehook waits for no call that hangs
    threads = [LastingThread(partial(run, n), f"at-once-{n}", "does a part of a run") for n in range(here, len(calls))]
    for thread in threads:
        thread.start()
    if patience:
        patience.wait(ended)
        return _without_failures(tuple(ends))
    if calls:
        run(0)
    for thread in threads:
        thread.join()  # each call is bounded by the attempt's time
    return _without_failures(ends)


def together(outcomes: Sequence[Outcome]) -> Outcome:
    """One outcome for all: changed if any has changed something."""
    if len(outcomes) == 1:
        return outcomes[0]
    status = next(status for status in _STATUSES if any(one.status == status for one in outcomes))
    return Outcome(status, sentences(one.said for one in outcomes), again=any(one.again for one in outcomes))


def sentences(said: Iterable[str]) -> str:
    """Several sentences as one text."""
    return ". ".join(said)


def _without_failures(ends: Sequence[R | Exception]) -> list[R]:
    failures = [_failure(end) for end in ends if isinstance(end, Exception)]
    if not failures:
        return [end for end in ends if not isinstance(end, Exception)]
    others = [end.said if isinstance(end, Outcome) else end for end in ends if not isinstance(end, Exception)]
    failed = [without_promise(one.said) for one in failures]  # the engine finds a promise at the end of a text only
    said = sentences([*failed, *(one for one in others if isinstance(one, str))])
    later = [one for one in failures if isinstance(one, Retry)]
    if not later:
        raise GiveUp(said, kind=failures[0].kind)
    raise Retry(
        said, after=min((one.after for one in later if one.after is not None), default=None), kind=later[0].kind
    )


def _failure(error: Exception) -> Retry | GiveUp:
    if isinstance(error, Retry | GiveUp):
        return error
    if isinstance(error, SecretError):
        return Retry(str(error))
    raise error
