"""What does not fit together is said once, also when it comes later, and once more when it is over."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hooks.app.doubts_report import LASTS_S, Doubts
from hooks.config.secrets import Secrets, Sources
from hooks.config.settings import Settings
from hooks.events import signals
from hooks.rules.servers import ServerTable
from hooks.rules.table import Table
from hooks.world.model import Container, World
from hooks.world.names import Names
from hooks.world.tracker import Tracker

VPN = Container("vpn", "a" * 64, "qmcgaw/gluetun", running=True)
LACKS = 'a [[gluetun]] says container = "vpn", and no container has that name'
NO_SECRET = "the [[gluetun]] of 'vpn' has api_key"


class Said:
    """A report with a clock of its own, and what it says."""

    def __init__(self, folder: Path, *, ready: bool = True, key: str = "") -> None:
        table = Table(gluetuns=(ServerTable("gluetun", "vpn", api_key=key),))
        self.tracker = Tracker(World(Names(tables=table.roles)), lambda _: None, lambda: 0)
        self.now, self.ready, self.said = 0.0, threading.Event(), list[str]()
        if ready:
            self.ready.set()
        docker: Any = SimpleNamespace(ready=self.ready)
        self.doubts = Doubts(
            Settings(), Secrets(Sources({}, str(folder))), self.tracker, "", docker=docker, table=lambda: table,
            clock=lambda: self.now,
        )  # fmt: skip
        for signal in (signals.problem, signals.settled):
            signal.connect(self._hear)

    def _hear(self, _: object, said: str, **__: object) -> None:
        self.said.append(said)

    def report(self) -> list[str]:
        """What the start or a reload says."""
        self.doubts.report()
        return self._take()

    def after(self, seconds: float) -> list[str]:
        """What is said so much later, by beats of 15 s."""
        until = self.now + seconds
        while self.now < until:
            self.now += 15
            if self.doubts.is_due:
                self.doubts.look()
        return self._take()

    def becomes(self, *containers: Container) -> None:
        """These are the server's containers from now on."""

        def change(world: World) -> World:
            for name in world.containers:
                world = world.without_container(name)
            for one in containers:
                world = world.with_container(one)
            return world

        self.tracker.update(change)

    def _take(self) -> list[str]:
        said, self.said[:] = list(self.said), []
        return [one[: len(LACKS)] if one.startswith(LACKS) else one for one in said]


@pytest.fixture
def heard() -> Iterator[list[Said]]:
    """To keep what a test listens with, and to let go of it afterwards."""
    kept = list[Said]()
    yield kept
    for one in kept:
        for signal in (signals.problem, signals.settled):
            signal.disconnect(one._hear)


def test_a_change_is_said_once_it_has_lasted_and_so_is_its_end(heard: list[Said], tmp_path: Path) -> None:
    heard.append(it := Said(tmp_path))
    it.becomes(VPN)
    assert it.report() == it.after(300) == []
    assert not it.doubts.is_due, "nothing has changed, so nothing is looked at"
    it.becomes()
    assert it.after(LASTS_S - 15) == [], "it may be re-created"
    it.becomes(VPN)
    assert it.after(300) == []
    it.becomes()
    assert it.after(LASTS_S + 15) == [LACKS]
    assert it.after(300) == it.report() == [], "once"
    it.becomes(VPN)
    assert it.after(LASTS_S - 15) == [], "it may go again"
    assert it.after(30) == [f"no longer so: {LACKS}"]
    assert not it.doubts.is_due


def test_docker_may_come_late(heard: list[Said], tmp_path: Path) -> None:
    heard.append(it := Said(tmp_path, ready=False))
    assert not it.doubts.is_due, "the start says it first"
    assert it.report() == []
    it.ready.set()
    it.becomes(Container("web", "b" * 64))
    assert it.after(LASTS_S + 15) == [LACKS]


def test_a_secret_that_is_put_there_later_settles_it(heard: list[Said], tmp_path: Path) -> None:
    heard.append(it := Said(tmp_path, key="VPN_KEY"))
    it.becomes(VPN)
    (said,) = it.report()
    assert said.startswith(NO_SECRET)
    (tmp_path / "vpn_key").write_text("x")
    (over,) = it.after(LASTS_S + 15)
    assert over.startswith(f"no longer so: {NO_SECRET}")
    assert not it.doubts.is_due
