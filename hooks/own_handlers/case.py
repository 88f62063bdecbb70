"""What the contract must know of one handler: with which arguments it is called, and what is on the other side."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hooks.config.settings import Settings
from hooks.events.catalogue import Event
from hooks.handler import Context, Handler
from hooks.own_handlers.misbehaving import WORDS, Word
from hooks.world.model import World

_RUNS = itertools.count(1)  # each context is another run's


class Clock:
    """A clock that stands still until somebody waits on it. Seconds since the Unix epoch."""

    def __init__(self, now_s: float = 1_700_000_000.0) -> None:
        self.now_s = now_s
        self.waited_s: list[float] = []

    def now(self) -> float:
        """Seconds since the Unix epoch."""
        return self.now_s

    def wait(self, wait_s: float) -> None:
        """Let so many seconds pass at once."""
        self.waited_s.append(wait_s)
        self.now_s += wait_s


class Notes:
    """A Memory without a file."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    def get(self, key: str) -> Any:
        """The value, or None."""
        return self.values.get(key)

    def put(self, key: str, value: Any) -> None:
        """Keep it; None removes the key."""
        if value is None:
            self.values.pop(key, None)
        else:
            self.values[key] = value


def no_docker(_timeout_s: float) -> Any:
    """In place of Docker for a handler that does not use it."""
    raise AssertionError("this handler has no business with Docker")


def context(
    *,
    event: Event | None = None,
    settings: Settings | None = None,
    world: World | None = None,
    memory: Notes | None = None,
    secrets: Mapping[str, str] | None = None,
    docker: Callable[[float], Any] = no_docker,
    clock: Clock | None = None,
    timeout_s: float = 10.0,
    own_id: str = "",
    run: str = "run-1",
) -> Context:
    """What a handler is given, with a clock that jumps: `wait` costs nothing but `left`."""
    clock = clock or Clock()
    deadline_s = clock.now() + timeout_s
    return Context(
        event or Event("timer.tick", "5m", int(clock.now() * 1e9), data={"every": "5m"}),
        run, settings or Settings(), world or World(), memory or Notes(),
        dict(secrets or {}).get, docker, lambda: deadline_s - clock.now(), clock.wait, clock.now, own_id,
    )  # fmt: skip


@dataclass(frozen=True)
class Fine:
    """A well-behaved other side: where it is, and what was written to it so far."""

    address: str
    writes: Callable[[], Sequence[str]]


@dataclass(frozen=True)
class Case:
    """One handler with everything the contract needs to know about it. An address is a URL or `unix://PATH`."""

    handler: type[Handler[Any]]
    args: Callable[[str], Any]
    fine: Callable[[Path], AbstractContextManager[Fine]]  # is given an empty folder
    settings: Callable[[str], Settings] = lambda _: Settings()
    secrets: Mapping[str, str] = field(default_factory=dict)  # the values must appear in no message
    more_secrets: tuple[str, ...] = ()  # e.g. tokens inside of arguments
    event: Event | None = None
    world: Callable[[], World] = World
    docker: Callable[[str], Callable[[float], Any]] = lambda _: no_docker
    first: str = "changed"
    second: str | None = "unchanged"  # the status of applying twice; None: each time is a new deed
    words: Mapping[str, Word] = field(default_factory=lambda: WORDS)  # {} where no server is on the other side
    unix: bool = False
    label: str = ""

    @property
    def name(self) -> str:
        """The handler's name, and the label of this case of it."""
        return self.handler.name + (f" {self.label}" if self.label else "")

    def context(self, address: str, *, memory: Notes | None = None, timeout_s: float = 10.0) -> Context:
        """What the handler is given for an attempt, with a clock that jumps."""
        return context(
            event=self.event, settings=self.settings(address), world=self.world(), memory=memory,
            secrets=self.secrets, docker=self.docker(address), timeout_s=timeout_s, run=f"run-{next(_RUNS)}",
        )  # fmt: skip

    def leaks(self, text: str | None) -> list[str]:
        """The secrets that a message gives away."""
        return [s for s in (*self.secrets.values(), *self.more_secrets) if s in (text or "")]
