"""One gluetun, its port file, and the source that polls its control server, on a clock that jumps."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from hooks.events.catalogue import Event
from hooks.sources.followed import FollowedPort
from hooks.sources.port_api import PortApi
from hooks.world.model import PortFile, World
from hooks.world.tracker import Tracker
from tests.parts.values.world_events import happened

A, B = "a" * 64, "b" * 64
S = 10**9
Answer = PortFile | Exception


def ports(*numbers: int, tunnel: str = "t1") -> PortFile:
    return PortFile(numbers, generation=tunnel if numbers else "")


class Refusal(Exception):  # noqa: N818 - as the handlers' own are called
    """As a handler's Retry or GiveUp."""

    def __init__(self, said: str, kind: str = "", *, is_final: bool = False, after: float | None = None) -> None:
        super().__init__(said)
        self.said, self.kind, self.is_final, self.after = said, kind, is_final, after


LATE, REFUSED = Refusal("it is held", "late"), Refusal("401", is_final=True)


class Story:
    """One gluetun, its port file, and the source that polls it, on a clock that jumps."""

    def __init__(self, folder: Path, mode: Any, world: World | None = None) -> None:
        self.file = folder / "forwarded_port"
        self.now, self.asked = 1000.0, 0
        self.answer: Answer = ports()
        self.posted: list[Event] = []
        self.tracker = Tracker(world or World(), self._post, lambda: self.ns)
        self.api = PortApi(
            self.tracker, self.posted.append, self._ask, mode, str(self.file), clock=lambda: self.now,
            now_ns=lambda: self.ns, wait=self._sleep,
        )  # fmt: skip
        self.followed = FollowedPort(str(self.file), self.tracker, self.api.replaces, self.api.file_changed)
        self.api.set(listened=True)

    @property
    def ns(self) -> int:
        return round(self.now * S)

    def container(self, word: str, ident: str = A) -> None:
        self.tracker.apply(happened(word, "gluetun", ident, self.ns))

    def write(self, text: str | None) -> None:
        """As gluetun writes its file, and as the files source reads it then."""
        if text is None:
            self.file.unlink()
        else:
            self.file.write_text(text)
            os.utime(self.file, ns=(self.ns, self.ns))
        if self.followed.read().is_new:
            self.followed.accept()

    def turn(self, answer: Answer | None = None, later_s: float = 0.0) -> float | None:
        """One turn; the source sleeps as long as it says."""
        self.now += later_s
        self.answer = self.answer if answer is None else answer
        return self.api.turn()

    def resync(self, answer: Answer) -> None:
        self.now += 300
        self.tracker.resync()
        self.turn(answer)

    def types(self) -> list[str]:
        seen = [event.type for event in self.posted if not event.type.startswith("container.")]
        self.posted.clear()
        return seen

    def ended(self) -> bool:
        """Whether the source's thread ends by itself."""
        self.api.thread.join(10)
        return not self.api.thread.is_alive()

    def _sleep(self, _: object, seconds: float | None) -> None:
        self.now += seconds or 0.0

    def _ask(self) -> PortFile:
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def _post(self, event: Event) -> None:
        self.posted.append(event)
        self.api.note(event)
