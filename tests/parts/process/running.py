"""A whole app in a thread, with one handler that a test plays; it may be stopped and begun again on its folder."""

from __future__ import annotations

import queue
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from hooks.app.app import App
from hooks.app.loading import Loaded
from hooks.config.secrets import Secrets, Sources
from hooks.config.settings import Settings
from hooks.events import signals
from hooks.handler import Context, Handler, Outcome, PortReader
from hooks.rules.table import Table
from hooks.rules_file import reader
from tests.parts.process.playing import Play, PlayArgs, changed

WAIT_S = 10.0
RULES = 'version = 1\n[[rule]]\nname = "act"\non = "port.forwarded"\ndo = "play.act"\n'


class Running:
    """An app in a thread, and what it tells."""

    def __init__(
        self, folder: Path, act: Callable[[PlayArgs, Context], Outcome], text: str,
        readers: Mapping[str, Callable[[], PortReader]] | None = None,
    ) -> None:  # fmt: skip
        self.port_file = folder / "port" / "forwarded_port"
        if not self.port_file.parent.exists():
            self.port_file.parent.mkdir()
            self.port_file.write_text("40000")
        file = folder / "rules.toml"
        file.write_text(text)
        play = Play(act)
        handlers: dict[str, type[Handler[Any]]] = {"play.act": type("Acting", (Play,), {"__init__": lambda _: None})}
        handlers["play.act"].act = lambda _, args, ctx: act(args, ctx)  # type: ignore[attr-defined]
        handlers["play.act"].calls = play.calls  # type: ignore[attr-defined]
        self.calls = play.calls
        table = reader.read(text, str(file), handlers)
        assert isinstance(table, Table), table
        self.settings = Settings(
            gluehook_state=str(folder / "state"), gluehook_rules=str(file), forwarded_port_file=str(self.port_file)
        )
        self.app = App(
            self.settings, Secrets(Sources()), Loaded(table=table, text=text), handlers, "1.2.3", port_readers=readers
        )
        self.news: queue.Queue[tuple[str, Any]] = queue.Queue()
        for name in ("ready", "stopping", "stopped", "problem", "run_ended", "event_seen"):
            getattr(signals, name).connect(self._hearer(name), weak=False)
        self.thread = threading.Thread(target=self.app.run)
        self.thread.start()

    def stop(self) -> None:
        """End this life."""
        self.app.stop()
        self.thread.join(WAIT_S)
        assert not self.thread.is_alive(), "it does not end"

    def hears(self, name: str, words: str = "") -> str:
        """The next news of this name that has the words."""
        while True:
            kind, said = self.news.get(timeout=WAIT_S)
            if kind == name and words in str(said):
                return str(said)

    def _hearer(self, name: str) -> Callable[..., None]:
        def hear(_: object, **news: Any) -> None:
            self.news.put((name, news.get("said") or news.get("event") or news.get("result")))

        return hear


@pytest.fixture
def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Running]]:
    """Start an app on this test's folder, and on the engine whose socket is there, if one is."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/docker.sock")
    apps: list[Running] = []
    before = {name: dict(value.receivers) for name, value in vars(signals).items() if hasattr(value, "receivers")}

    def start(
        act: Callable[[PlayArgs, Context], Outcome] = lambda *_: changed(), text: str = RULES,
        readers: Mapping[str, Callable[[], PortReader]] | None = None,
    ) -> Running:  # fmt: skip
        apps.append(Running(tmp_path, act, text, readers))
        return apps[-1]

    interval_s = sys.getswitchinterval()
    yield start
    sys.setswitchinterval(interval_s)
    for running in apps:
        running.stop()
    for name, receivers in before.items():
        for key in set(getattr(signals, name).receivers) - set(receivers):
            getattr(signals, name).receivers.pop(key)
