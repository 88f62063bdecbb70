"""Whether a state still lasts, by a fresh reading: asked before a run that waited with `for` does anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hooks.events.catalogue import Event
from hooks.sources.docker import DockerSource
from hooks.sources.files import FilesSource
from hooks.sources.polling import PollingSources
from hooks.sources.port_apis import PortApis
from hooks.world.differences import lasts
from hooks.world.tracker import Tracker


@dataclass(frozen=True, slots=True)
class Confirmation:
    """The sources that can be read again, and the world that they change."""

    tracker: Tracker
    docker: DockerSource
    files: FilesSource
    polls: PollingSources
    port_apis: PortApis

    def lasts(self, states: Sequence[Event]) -> bool | None:
        """Whether one of the states that these events began still lasts; None where that cannot be seen now."""
        if any(event.type == "source.lost" for event in states):
            return True  # it lasts until the source itself posts its end, and nothing can be read meanwhile
        names = {event.subject for event in states if event.source == "docker"}
        if names and not self.docker.inspect_again(names):
            return None
        gluetuns = {event.subject for event in states if event.source == "files"}
        if gluetuns and not self.files.read_again(gluetuns):
            return None
        if not self.port_apis.poll_now(states):
            return None
        if not self.polls.poll_now(states):
            return None
        return any(lasts(self.tracker.world, event) and self.polls.lasts(event) for event in states)
