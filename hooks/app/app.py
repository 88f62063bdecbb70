"""The composition root: builds gluehook from its parts, and knows the order in which they start and stop.

No event passes through here: the sources hand events to the inbox, the dispatcher runs what is due, the executor calls
handlers. `App` puts another rules table in force, saves what the next process must know, and has the last word.
"""

from __future__ import annotations

import queue
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from hooks.app import doubts_report, forwarded_port, own_gaps, start_report
from hooks.app.condition_facts import LOOK_AGAIN_S, ConditionFacts
from hooks.app.control_socket import ControlSocket
from hooks.app.health_report import HealthReport, given_up, held_back
from hooks.app.kept_rules import KeptRules
from hooks.app.kept_schedules import KeptSchedules
from hooks.app.loading import Loaded
from hooks.app.reload import COPY_NAME, Reload
from hooks.app.rights import Rights
from hooks.app.saving import Saving
from hooks.app.shutdown import last_words, report_cut_off
from hooks.config.secrets import Secrets
from hooks.config.settings import Settings
from hooks.docker.own_container import own_container_id
from hooks.engine.engine import Engine
from hooks.events import signals
from hooks.events.catalogue import Event
from hooks.events.durations import format_duration as duration
from hooks.handler import Handler, Poll
from hooks.journal.journal import Journal
from hooks.own_handlers.in_force import InForce
from hooks.rules.subscriptions import Subscriptions
from hooks.rules.table import Table
from hooks.runtime.dispatcher import Dispatcher
from hooks.runtime.executor import Executor, Instances
from hooks.runtime.handler_context import HandlerContexts
from hooks.runtime.handler_memory import Memory
from hooks.runtime.inbox import Inbox
from hooks.runtime.locks import TargetLocks
from hooks.runtime.loop_watch import LoopWatch
from hooks.runtime.pauses import Pauses
from hooks.sources.container_logs import ContainerLogs
from hooks.sources.docker import DockerSource, connect
from hooks.sources.files import FilesSource
from hooks.sources.polling import PollingSources
from hooks.threads.lasting import LastingThread
from hooks.world import saved
from hooks.world.model import World
from hooks.world.names import Names
from hooks.world.tracker import Tracker

_READY_WAIT_S, _POLL_S, _PRUNE_S = 10.0, 10.0, 3600.0
_FIRST_READ_S = 2.0  # a file system that hangs must not keep what needs no file from its work
# A thread that has waited for a port must not wait 5 ms, Python's own, for each thread that is busy with a burst.
_SWITCH_S = 0.0005


class App:
    """One running gluehook: a rules table in force, its sources, and the dispatcher between them.

    `loaded` is what the table was read from. `broken` is what the rules file itself gave, where that is not `loaded`:
    then the table is that of the last good copy, or empty. Raises Taken if another gluehook uses the state folder.
    """

    def __init__(
        self, settings: Settings, secrets: Secrets, loaded: Loaded, handlers: Mapping[str, type[Handler[Any]]],
        version: str, *, polls: Mapping[str, Poll] | None = None,
        port_readers: forwarded_port.PortReaders | None = None, broken: Loaded | None = None,
    ) -> None:  # fmt: skip
        self.settings, self.version = settings, version
        self._table = table = loaded.table or Table()
        state = Path(settings.gluehook_state)
        self._docker_known = threading.Event()  # it has been seen, or is known to be away
        for signal in (signals.source_lost, signals.source_restored):
            signal.connect(self._note_source)
        self.journal = Journal(state)
        self._kept_rules, self._kept_schedules = KeptRules(self.journal), KeptSchedules(self.journal)
        self.reload = Reload(
            settings.gluehook_rules, state / COPY_NAME, adopt=self.adopt, reject=self._reject,
            settled=self._beat_now, table=table, text=loaded.text, broken=broken,
        )  # fmt: skip
        messages: queue.SimpleQueue[Any] = queue.SimpleQueue()  # from the sources to the dispatcher
        subscriptions = Subscriptions(table)
        self.inbox = Inbox(messages.put, subscriptions, self.reload.file, self.reload.changed)
        world = saved.load(self.journal.load("world"), World(Names(settings.containers, table.roles)))
        self.tracker = Tracker(world, self._put, time.time_ns, settled=False)
        memory, locks, stopping = Memory(state / "memory.json"), TargetLocks(), threading.Event()
        own_id = own_container_id()
        self._contexts = HandlerContexts(
            settings, secrets, memory, self.tracker, connect, own_id, locks, stopping, time.monotonic,
            lambda: self._table,
        )  # fmt: skip
        self.port_apis = forwarded_port.build(settings, self.tracker, messages.put, port_readers or {}, self._contexts)
        self._ports = forwarded_port.FollowedPorts(settings, self.tracker, own_id, self.port_apis, lambda: self._table)
        self._rights = Rights(lambda: self.reload.table)
        self._build_sources(subscriptions, messages.put, polls or {})
        self._doubts = doubts_report.Doubts(
            settings, secrets, self.tracker, own_id, docker=self.docker, table=lambda: self._table
        )  # fmt: skip
        readings = ConditionFacts(self.tracker, self.docker, self.files, self.polls, self.port_apis)
        executor = Executor(
            Instances(InForce(handlers, lambda: self._table)), settings, self._contexts.make, time.monotonic,
            self.journal, secrets.mask, readings.lasts, locks, secrets.hide, readings.judge_anew,
        )  # fmt: skip
        engine = Engine(table, last_id=self.journal.last_number(), look_again_s=LOOK_AGAIN_S)
        self.dispatcher = Dispatcher(engine, executor, self.journal, messages=messages, beat=self.beat,
                                     stopping=stopping, facts=readings.now)  # fmt: skip
        self._saving = Saving(self.journal, self.tracker, docker=self.docker, logs=self.logs, timer=self.timer,
                              schedules=self._kept_schedules, known=world)  # fmt: skip
        self.health = HealthReport(
            state, docker=self.docker, files=self.files, journal=self.journal, reload=self.reload,
            tracker=self.tracker, attempts=self.dispatcher.attempts, threads=self.threads, port_apis=self.port_apis,
            logs=self.logs, warnings=lambda: [*self._rights.warnings(), *memory.warnings(), *given_up(engine.lanes())],
            waits=lambda: list(held_back(engine.lanes(), self.dispatcher.now())),
        )  # fmt: skip
        self.watch = LoopWatch(self.dispatcher.steps.busy)
        self.pauses = Pauses(self.dispatcher, self.journal, self._resync)
        self.control = ControlSocket(
            settings, version, secrets.mask, dispatcher=self.dispatcher, journal=self.journal, memory=memory,
            pauses=self.pauses, tracker=self.tracker, contexts=self._contexts, polls=self.polls,
            sources=self.health.sources, fingerprint=lambda: self.reload.fingerprint,
        )  # fmt: skip
        self.other_threads: list[LastingThread] = []  # that are not the app's own, and belong into the heartbeat
        self._prune_at = time.monotonic() + _PRUNE_S

    def _build_sources(
        self, subscriptions: Subscriptions, post: Callable[[Event], None], polls: Mapping[str, Poll]
    ) -> None:
        self.docker = DockerSource(
            self.tracker, post, self.inbox.wants, types=subscriptions.types,
            cursor=int(self.journal.load("docker.cursor") or 0), inspected=self._rights.ask,
        )  # fmt: skip
        self.logs = ContainerLogs(
            self.tracker, self.inbox.put, saved=self.journal.load("logs.places"), own_id=own_container_id()
        )  # fmt: skip
        self._ports.refresh()
        self.tracker.read = self._containers_read
        port_file, files, others = self._followed(subscriptions)
        self.files = FilesSource(
            self.tracker, self.inbox.put_file, port_file, files, others=others,
            replaced=self.port_apis.replaces, accepted=self.port_apis.file_changed,
        )  # fmt: skip
        self.timer = self._kept_schedules.timer(post, subscriptions)
        polling = {name: partial(self._poll, name, poll) for name, poll in polls.items()}
        self.polls = PollingSources(polling, post, every=self.settings.gluehook_look_every)

    def _put(self, event: Event) -> None:
        self.inbox.put(event)
        self.port_apis.note(event)
        self.logs.note(event)

    def _containers_read(self) -> None:
        self.logs.wake()
        if self._ports.refresh():
            self.files.follow(*self._followed(self.inbox.subscriptions))

    def run(self) -> None:
        """Start the sources, run until `stop()`, and end in the opposite order."""
        began = time.monotonic()
        sys.setswitchinterval(_SWITCH_S)
        own_gaps.keep(self.journal, Path(self.settings.gluehook_state))
        if self.reload.in_force:
            self._kept_rules.keep(self._table)
            signals.emit(signals.rules_loaded, table=self.reload.table)
        sources = (self.watch, self.files, self.docker, self.timer, self.polls, self.logs, self.control, self.reload)
        first_reading = LastingThread(partial(self._ready, began), "ready", "waits for every source's first reading")
        first_reading.start()
        self._listen()
        for source in sources:
            source.start()  # the port APIs start once Docker is known
        self.files.ready.wait(_FIRST_READ_S)  # what is resumed must not set the port that a previous process saw
        self.port_apis.wait(_FIRST_READ_S)
        try:
            self.dispatcher.run()
        finally:
            self.port_apis.stop()
            for source in reversed(sources):
                source.stop()
            self.pauses.close()
        self.dispatcher.drain()
        report_cut_off(self.dispatcher.attempts())
        self.control.end()
        self._saving.save(caught_up=self.dispatcher.caught_up)
        self.health.write(self.inbox.subscriptions, stopped=True)
        self.journal.close()
        signals.emit(signals.stopped, said="gluehook has stopped")

    def stop(self) -> None:
        """Make `run` end: nothing new begins, and running attempts have `STOP_WAIT_S`. Any thread may."""
        # emitted first: what waits for the stop then reports that it did
        signals.emit(signals.stopping, said=last_words(self.dispatcher.attempts()))
        self.dispatcher.stop()

    def adopt(self, table: Table, change: str) -> None:
        """Put another table in force and show it the present states; `change` says what is new about it.

        Its events are taken in from the same instant on. Raises TimeoutError if the loop does not come to it.
        """
        subscriptions, at = Subscriptions(table), time.time()
        self.dispatcher.call(lambda: self._swap(table, subscriptions))
        self._kept_rules.keep(table, at)
        self.docker.listen(subscriptions.types)
        self.tracker.name(Names(self.settings.containers, table.roles))
        self._ports.refresh()
        self.files.follow(*self._followed(subscriptions))
        self.files.ready.wait(_READY_WAIT_S)  # a table that is said to be in force must see the next change
        self._kept_schedules.follow(self.timer, subscriptions)
        self._resync()
        self._post_loaded(table)
        signals.emit(signals.rules_loaded, table=table, change=change)
        self._doubts.report()

    def threads(self) -> list[LastingThread]:
        """Every thread that must run while gluehook does."""
        parts = (part.thread for part in (self.files, self.timer, self.control, self.reload, self.watch))
        sources = (*self.docker.threads, *self.port_apis.threads, *self.polls.threads, *self.logs.threads)
        return [*parts, *sources, *self.other_threads]

    def beat(self) -> None:
        """Save what the next process must know, and write the heartbeat that `gluehook health` reads."""
        self._saving.save(caught_up=self.dispatcher.caught_up)
        for part in (self.port_apis, self._doubts, self.control):
            part.beat()
        if time.monotonic() >= self._prune_at:
            self._prune_at = time.monotonic() + _PRUNE_S
            self.journal.prune()
        self.health.write(self.inbox.subscriptions)

    def _beat_now(self) -> None:
        self._kept_rules.keep(self.reload.table)  # only its comments may be others
        with suppress(TimeoutError):  # the loop is busy or ends: the next beat is soon
            self.dispatcher.call(self.beat)

    def _poll(self, name: str, poll: Poll) -> Iterable[Event]:
        return poll(self._contexts.make(Event("poll", name, time.time_ns(), name), "poll", time.monotonic() + _POLL_S))

    def _resync(self) -> None:
        """Report every state that holds, also to rules that are new."""
        self.tracker.resync()
        self._listen()

    def _listen(self) -> None:
        self.polls.listen(self.inbox.subscriptions.types)
        self.logs.listen(self.inbox.subscriptions.logs)
        self.port_apis.set(listened=self.inbox.subscriptions.uses_port)

    def _swap(self, table: Table, subscriptions: Subscriptions) -> None:
        self.inbox.subscriptions = subscriptions
        self._table = table
        self.dispatcher.engine.adopt(table, self.dispatcher.now())

    def _followed(self, subscriptions: Subscriptions) -> tuple[str | None, frozenset[str], Mapping[str, str]]:
        """The main port file, if a rule uses the port, the files of rules, and the port files of other gluetuns."""
        files = subscriptions.files | subscriptions.handler_files | {self.reload.file}
        main, others = self._ports.files() if subscriptions.uses_port else (None, {})
        return main, files, others

    def _reject(self, errors: int) -> None:
        file = self.settings.gluehook_rules
        self.dispatcher.post(Event("rules.rejected", file, time.time_ns(), data={"file": file, "errors": errors}))

    def _post_loaded(self, table: Table) -> None:
        data = {"file": table.file, "rules": len(table.rules)}
        self.dispatcher.post(Event("rules.loaded", table.file, time.time_ns(), data=data))

    def _note_source(self, _: object, name: str, **__: object) -> None:
        if name == "docker":
            self._docker_known.set()
            self.port_apis.start()

    def _ready(self, began: float) -> None:
        if not self._docker_known.wait(_FIRST_READ_S):  # its containers say where the control servers are; it hangs
            self.port_apis.start()
        self.files.ready.wait(_READY_WAIT_S)
        self.port_apis.wait(_FIRST_READ_S, also_new=True)
        for ready in (self._docker_known.wait, self.files.ready.wait, self.logs.wait_open):
            ready(_READY_WAIT_S)  # the files again, as the containers say where the port files are
        self.tracker.settle(tells=self.docker.ready.is_set())
        if not self.docker.ready.is_set():  # whose first list would report again what lasts since before the start
            self.tracker.resync()
        self.timer.catch_up(self.inbox.subscriptions.catch_up)
        self.reload.changed()  # it may have been, between the reading and the watching
        self.dispatcher.post(Event("gluehook.started", self.version, time.time_ns(), data={"version": self.version}))
        if self.reload.in_force:
            self._post_loaded(self.reload.table)
        with suppress(TimeoutError):  # it stops already
            # before the first beat: a kill must not cost the ids of containers
            self.dispatcher.call(partial(self._saving.save, caught_up=self.dispatcher.caught_up))
        took = duration(round(time.monotonic() - began, 2))
        summary = start_report.summary(self.reload, self.docker, self.inbox.subscriptions, self._ports)
        signals.emit(signals.ready, said=f"gluehook {self.version} is ready after {took}{summary}")
        self._doubts.report()
