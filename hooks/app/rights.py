"""Which requests that the rules in force need are refused: said in the log, and a warning of the heartbeat.

The Docker source calls `ask` after each resync. It asks for each new connection, because a proxy may have been
re-created with other rights, and once for each new table.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

from handlers.shared import docker_rights
from handlers.shared.docker_rights import Refused, Use
from hooks.docker.client import connect
from hooks.events import signals
from hooks.rules.table import Table

_REQUEST_S = 2.0


class Rights:
    """What is refused, as last asked. `table` returns the rules table that is in force."""

    def __init__(self, table: Callable[[], Table]) -> None:
        self._table = table
        self._asked: tuple[Use, ...] | None = None
        self._refused: tuple[Refused, ...] = ()

    def ask(self, anew: bool) -> None:
        """Ask Docker, if the connection or the rules are new, and report what is newly refused. Raises nothing."""
        steps = docker_rights.uses(self._table().rules)
        if not anew and steps == self._asked:
            return
        try:
            with closing(connect(_REQUEST_S)) as client:
                found = docker_rights.ask(client, steps)
        except Exception:  # noqa: BLE001 - if the engine is away the source reports it
            return
        before, self._asked, self._refused = self._refused, steps, found
        if self._refused and self._refused != before:
            signals.emit(signals.problem, said=f"Docker does not allow all that the rules need: {self._said()}")

    def warnings(self) -> list[str]:
        """One sentence for the heartbeat, without full stop; none where nothing is refused."""
        return [self._said()] if self._refused else []

    def _said(self) -> str:
        return f"{docker_rights.told(self._refused)}; {docker_rights.cure(self._refused)}"
