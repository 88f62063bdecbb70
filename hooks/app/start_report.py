"""What is said once gluehook is ready, and after each reload: what it has found, and what does not fit together."""

from __future__ import annotations

from collections.abc import Callable

from hooks.app.forwarded_port import FollowedPorts
from hooks.app.reload import Reload
from hooks.config.missing_secrets import missing
from hooks.config.secrets import Secrets
from hooks.config.settings import Settings
from hooks.events import signals
from hooks.pairs.doubts import doubts
from hooks.pairs.secret_names import secrets_without_value
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
        self, settings: Settings, secrets: Secrets, tracker: Tracker, own_id: str, *, docker: DockerSource,
        table: Callable[[], Table],
    ) -> None:  # fmt: skip
        self._settings, self._secrets, self._tracker, self._own_id = settings, secrets, tracker, own_id
        self._docker, self._table = docker, table
        self._said = set[str]()

    def report(self) -> None:
        """Say what is new; nothing about containers before Docker was seen."""
        found = self._found()
        for sentence in found:
            if sentence not in self._said:
                signals.emit(signals.problem, said=sentence)
        self._said = set(found)

    def _found(self) -> list[str]:
        table = self._table()
        of_secrets = secrets_without_value(table, lambda name: missing(name, self._secrets))
        if not self._docker.ready.is_set():
            return [*of_secrets]
        return [*of_secrets, *doubts(self._tracker.world, self._settings, table, self._own_id)]
