"""An inbox with a listener: the events and the news of a source, both to be waited on."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from hooks.events import signals
from hooks.events.catalogue import Event
from hooks.sources.docker import DockerSource
from hooks.world.model import World
from hooks.world.tracker import Tracker

WAIT_S = 10.0


class Ear:
    """What a source posts, and what it says."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.said: list[str] = []
        self.tracker = Tracker(World(), self.post, time.time_ns)  # of the source that was started last
        self._inbox: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._news = threading.Condition()
        signals.source_lost.connect(self._lost)
        signals.source_restored.connect(self._restored)
        signals.problem.connect(self._trouble)

    def post(self, event: Event) -> None:
        self._inbox.put(event)

    def until(self, kind: str, **fields: Any) -> Event:
        """The next event of this type with these fields; those before it are taken as well."""
        deadline = time.monotonic() + WAIT_S
        while True:
            try:
                event = self._inbox.get(timeout=max(0, deadline - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"no {kind} {fields} among {[e.type for e in self.events]}") from None
            self.events.append(event)
            if event.type == kind and fields.items() <= {**event.data, "origin": event.origin}.items():
                return event

    def told(self, kind: str) -> list[Event]:
        return [event for event in self.events if event.type == kind]

    def hears(self, words: str) -> str:
        """The first sentence with these words; waits for it."""
        with self._news:
            assert self._news.wait_for(lambda: any(words in said for said in self.said), WAIT_S), self.said
            return next(said for said in self.said if words in said)

    def count(self, words: str) -> int:
        return sum(words in said for said in self.said)

    def _lost(self, _: Any, *, name: str, reason: str) -> None:
        self._note(f"lost {name}: {reason}")

    def _restored(self, _: Any, *, name: str, detail: str = "") -> None:
        self._note(f"restored {name}: {detail}")

    def _trouble(self, _: Any, *, said: str, error: object = None) -> None:
        self._note(said)

    def _note(self, said: str) -> None:
        with self._news:
            self.said.append(said)
            self._news.notify_all()


@pytest.fixture
def ear() -> Ear:
    return Ear()


@pytest.fixture
def listen(ear: Ear) -> Iterator[Callable[..., DockerSource]]:
    """Start a source whose events and news the ear hears; stop it at the end."""
    started: list[DockerSource] = []

    def start(wanted: Callable[[Event], bool] = lambda _: False, **options: Any) -> DockerSource:
        ear.tracker = Tracker(World(), ear.post, time.time_ns)
        options = {"backoff_s": (0.01, 0.05), **options}
        started.append(source := DockerSource(ear.tracker, ear.post, wanted, **options))
        source.start()
        return source

    yield start
    for source in started:
        source.stop()
