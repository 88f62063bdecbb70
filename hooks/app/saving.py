"""Saves what the next process must know beside the journal's own records: the world, and how far sources have read."""

from __future__ import annotations

from hooks.app.kept_schedules import KeptSchedules
from hooks.journal.journal import Journal
from hooks.sources.container_logs import ContainerLogs
from hooks.sources.docker import DockerSource
from hooks.sources.timer import TimerSource
from hooks.world import saved
from hooks.world.model import World
from hooks.world.tracker import Tracker


class Saving:
    """`known` is the world that the journal has."""

    def __init__(
        self, journal: Journal, tracker: Tracker, *, docker: DockerSource, logs: ContainerLogs, timer: TimerSource,
        schedules: KeptSchedules, known: World,
    ) -> None:  # fmt: skip
        self._journal, self._tracker, self._docker, self._logs = journal, tracker, docker, logs
        self._timer, self._schedules, self._known = timer, schedules, known

    def save(self, *, caught_up: bool) -> None:
        """Save what is another than the last time; `caught_up`: all that was posted is taken in."""
        # the world first: with a cursor older than it events come again, a newer one would leave some out
        cursor, places, world = self._docker.cursor, self._logs.places(), self._tracker.world
        schedules = self._timer.done()
        if world is not self._known:
            self._journal.save("world", saved.dump(world))
            self._known = world
        if not caught_up:  # else some that count as seen would not come again after a kill
            return
        self._journal.save("docker.cursor", cursor)
        self._schedules.save(schedules)
        if places is not None:
            self._journal.save("logs.places", places)
