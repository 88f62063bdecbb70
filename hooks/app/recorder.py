"""The sources of `gluehook record`: those of `gluehook run`, with a writer in place of rules.

The port comes from the files and control servers from which it would come to `gluehook run`. Nothing is kept: a
credential that a target rejects is tried once by each recorder.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

from hooks.app import forwarded_port
from hooks.config.secrets import Secrets
from hooks.config.settings import Settings
from hooks.docker.own_container import own_container_id
from hooks.events import signals
from hooks.events.catalogue import Event
from hooks.handler import Poll
from hooks.rules.subscriptions import Subscriptions
from hooks.rules.table import Table
from hooks.runtime.handler_context import HandlerContexts
from hooks.runtime.locks import TargetLocks
from hooks.sources.container_logs import ContainerLogs
from hooks.sources.docker import DockerSource, connect
from hooks.sources.files import FilesSource
from hooks.sources.polling import PollingSources
from hooks.sources.timer import TimerSource
from hooks.world.model import World
from hooks.world.names import Names
from hooks.world.tracker import Tracker

_FIRST_READ_S = 2.0  # a target that hangs must not keep the others out of the recording
_POLL_S = 10.0


class Recorder:
    """Sends every event of the live sources to `write`. No rule runs; the table only names what to follow.

    `types`: which of Docker's events to ask for. `polls` and `port_readers` are the handlers' own.
    """

    def __init__(
        self, write: Callable[[Event], None], settings: Settings, secrets: Secrets, table: Table, *,
        types: Collection[str], polls: Mapping[str, Poll], port_readers: forwarded_port.PortReaders,
    ) -> None:  # fmt: skip
        self._write, self._named, self._stopping = write, Subscriptions(table), threading.Event()
        tracker = self._tracker = Tracker(
            World(Names(settings.containers, table.roles)), self._put, time.time_ns, settled=False
        )
        own_id = own_container_id()
        self._contexts = HandlerContexts(
            settings, secrets, _Memory(), tracker, connect, own_id, TargetLocks(), self._stopping, time.monotonic,
            lambda: table,
        )  # fmt: skip
        self._apis = forwarded_port.build(settings, tracker, write, port_readers, self._contexts)
        self._ports = forwarded_port.FollowedPorts(settings, tracker, own_id, self._apis, lambda: table)
        self._ports.refresh()
        self._logs = ContainerLogs(tracker, write, own_id=own_id)
        tracker.read = self._containers_read
        main, others = self._ports.files()
        self._files = FilesSource(
            tracker, write, main, self._named.files, others=others, replaced=self._apis.replaces,
            accepted=self._apis.file_changed,
        )  # fmt: skip
        self._docker = DockerSource(tracker, write, lambda _: True, types=types)
        polling = {name: partial(self._poll, name, poll) for name, poll in polls.items()}
        self._polls = PollingSources(polling, write, every=settings.gluehook_look_every)
        self._sources = (
            self._files,
            self._docker,
            TimerSource(write, self._named.timers, self._named.schedules),
            self._polls,
            self._logs,
        )

    def start(self) -> None:
        """Start. The present states are recorded first. Returns once all is read, after a few seconds at most."""
        with _docker_known() as docker_known:
            for source in self._sources:
                source.start()
            self._polls.listen(self._named.types)
            self._logs.listen(self._named.logs)
            self._apis.set(listened=True)
            docker_known.wait(_FIRST_READ_S)  # its containers say where the control servers are
            self._apis.start()
        self._files.ready.wait(_FIRST_READ_S)
        self._apis.wait(_FIRST_READ_S, also_new=True)
        self._tracker.settle(tells=self._docker.ready.is_set())

    def stop(self) -> None:
        """Stop; nothing is written afterwards."""
        self._stopping.set()
        self._apis.stop()
        for source in reversed(self._sources):
            source.stop()

    def _put(self, event: Event) -> None:
        self._write(event)
        self._apis.note(event)
        self._logs.note(event)

    def _containers_read(self) -> None:
        self._logs.wake()
        if self._ports.refresh():
            main, others = self._ports.files()
            self._files.follow(main, self._named.files, others)

    def _poll(self, name: str, poll: Poll) -> Iterable[Event]:
        event = Event("poll", name, time.time_ns(), name)
        return poll(self._contexts.make(event, "poll", time.monotonic() + _POLL_S))


@contextmanager
def _docker_known() -> Any:
    """An event that is set once Docker has been seen, or is known to be away."""
    known = threading.Event()

    def note(_: object, name: str, **__: object) -> None:
        if name == "docker":
            known.set()

    with signals.source_lost.connected_to(note), signals.source_restored.connected_to(note):
        yield known


class _Memory:
    """The handlers' memory, for as long as the recorder lasts."""

    def __init__(self) -> None:
        self._values: dict[str, Any] = {}

    def get(self, key: str) -> Any:
        """The value, or None."""
        return self._values.get(key)

    def put(self, key: str, value: Any) -> None:
        """Keep it; None removes the key."""
        self._values[key] = value
