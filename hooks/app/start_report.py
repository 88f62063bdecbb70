"""What is said once gluehook is ready, and after each reload: what it has found, and what does not fit together."""

from __future__ import annotations

from collections.abc import Callable

from hooks.app.forwarded_port import FollowedPorts
from hooks.app.reload import Reload
from hooks.config.settings import Settings
from hooks.events import signals
from hooks.pairs.doubts import doubts
from hooks.rules.subscriptions import Subscriptions
from hooks.rules.table import Table
from hooks.sources.docker import DockerSource
from hooks.world.tracker import Tracker


def summary(reload: Reload, docker: DockerSource, subscriptions: Subscriptions, ports: FollowedPorts) -> str:
    """How the sentence goes on that says that gluehook is ready."""
    words = [] if reload.in_force else ["no rule is in force yet"]
    words += [] if docker.ready.is_set() else ["Docker is not seen yet"]
    words += ports.summary() if subscriptions.uses_port else []
    words += ["this is a dry run: nothing is changed or sent"] if ports.settings.gluehook_dry_run else []
    return "".join(f"; {word}" for word in words)


class Doubts:
    """Says what does not fit together, each sentence once. `table` returns the rules table that is in force."""

    def __init__(
        self, settings: Settings, tracker: Tracker, own_id: str, docker: DockerSource, table: Callable[[], Table]
    ) -> None:
        self._settings, self._tracker, self._own_id = settings, tracker, own_id
        self._docker, self._table = docker, table
        self._said = set[str]()

    def report(self) -> None:
        """Say what is new; nothing before Docker was seen."""
        if not self._docker.ready.is_set():
            return
        found = doubts(self._tracker.world, self._settings, self._table(), self._own_id)
        for sentence in found:
            if sentence not in self._said:
                signals.emit(signals.problem, said=sentence)
        self._said = set(found)
