"""A gluehook beside one torrent client: the handler that sets its port, with one memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from handlers.deluge.set_port import SetPort as OfDeluge
from handlers.qbittorrent.set_port import SetPort as OfQBittorrent
from handlers.transmission.set_port import SetPort as OfTransmission
from hooks.config.settings import Settings
from hooks.handler import GiveUp, Outcome
from hooks.world.model import Container, PortFile, World
from tests.handlers.contract import Clock, Notes, context
from tests.parts.targets import fakes_deluge, fakes_qbittorrent, fakes_transmission

HANDLERS: dict[str, Callable[[], Any]] = {
    "qbittorrent": OfQBittorrent, "transmission": OfTransmission, "deluge": OfDeluge,
}  # fmt: skip
FAKES = {
    "qbittorrent": (fakes_qbittorrent.fake_qbittorrent, fakes_qbittorrent.PASSWORD),
    "transmission": (fakes_transmission.fake_transmission, ""),  # it wants no login until it is told to
    "deluge": (fakes_deluge.fake_deluge, fakes_deluge.PASSWORD),
}
STARTED_AT = 10**18


@dataclass
class Runner:
    """A gluehook that knows this client. `wait`: for a real one, whose clock is the real one."""

    kind: str
    url: str
    password: str
    fake: Any = None
    secrets: dict[str, str] = field(default_factory=dict)  # beside the password
    settings: dict[str, str] = field(default_factory=lambda: {"transmission_username": fakes_transmission.USER})
    container: Container | None = None
    memory: Notes = field(default_factory=Notes)
    clock: Clock = field(default_factory=Clock)
    wait: Callable[[float], object] | None = None

    def __post_init__(self) -> None:
        self.handler = HANDLERS[self.kind]()
        self.args = self.handler.Args()
        self.container = Container(self.kind, "abc", running=True, started_at=STARTED_AT)

    def context(self, port: int = 40000, generation: str = "1") -> Any:
        file = PortFile((port,), generation=generation) if port else PortFile()
        password = {f"{self.kind.upper()}_PASSWORD": self.password} if self.password else {}
        ctx = context(
            settings=Settings(**{f"{self.kind}_url": self.url, **self.settings}),  # type: ignore[arg-type]
            world=World(containers={self.kind: self.container} if self.container else {}, file=file),
            memory=self.memory, secrets={**password, **self.secrets}, clock=self.clock,
        )  # fmt: skip
        return replace(ctx, wait=self.wait) if self.wait else ctx

    def set(self, port: int = 40000, generation: str = "1") -> Outcome:
        outcome: Outcome = self.handler.apply(self.args, self.context(port, generation))
        return outcome

    def plan(self, port: int = 40000, generation: str = "1") -> str | None:
        said: str | None = self.handler.plan(self.args, self.context(port, generation))
        return said

    def gives_up(self) -> str:
        with pytest.raises(GiveUp) as gave_up:
            self.set()
        return gave_up.value.said

    def starts_again(self, later_ns: int = 10**10) -> None:
        """Its container."""
        self.container = Container(self.kind, "abc", running=True, started_at=STARTED_AT + later_ns)

    def stops(self) -> None:
        """Its container."""
        self.container = Container(self.kind, "abc", running=False)

    @property
    def asks(self) -> int:
        """How many requests the fake has had."""
        counted = self.fake.calls if self.kind == "deluge" else self.fake.asks
        return counted if isinstance(counted, int) else len(counted)

    @property
    def wrong_logins(self) -> int:
        """How many logins the fake has had, while the password is wrong."""
        return int(self.fake.calls.count("auth.login") if self.kind == "deluge" else self.fake.fails)


@contextmanager
def beside(kind: str, **traits: Any) -> Iterator[Runner]:
    """Beside a fake client of this kind, which has these traits."""
    fake, password = FAKES[kind]
    with fake(**traits) as (made, url):
        yield Runner(kind, url, password, made)
