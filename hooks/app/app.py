"""The composition root: builds everything, and knows the order in which it starts and stops."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from hooks.app.loading import Loaded
from hooks.app.reload import COPY_NAME, Reload
from hooks.config.secrets import Secrets
from hooks.config.settings import Settings
from hooks.control.commands import Commands
from hooks.control.server import FILE_NAME as CONTROL_FILE_NAME
from hooks.control.server import Server
from hooks.docker.own_container import own_container_id
from hooks.engine.engine import Engine
from hooks.engine.runs import Run
from hooks.events import signals
from hooks.events.catalogue import Event
from hooks.events.durations import format_duration as duration
from hooks.handler import Context, Handler, Poll, Retry
from hooks.journal.books import Books
from hooks.journal.journal import Durable
from hooks.rules.subscriptions import Subscriptions
from hooks.rules.table import Table
from hooks.runtime import heartbeat
from hooks.runtime.dispatcher import STOP_WAIT_S, Dispatch
from hooks.runtime.executor import Attempt, Instances, Workshop
from hooks.runtime.handler_memory import Memory
from hooks.runtime.pauses import Pauses
from hooks.sources.docker import DockerSource, connect
from hooks.sources.files import FilesSource
from hooks.sources.polling import PollingSources
from hooks.sources.timer import TimerSource
from hooks.world import saved
from hooks.world.differences import lasts
from hooks.world.model import World
from hooks.world.tracker import Tracker

_READY_WAIT_S = 10.0
_FIRST_LOOK_S = 2.0  # a file system that hangs must not keep what needs no file from its work
_PRUNE_S = 3600.0
_POLL_S = 10.0
# A thread that has waited for a port must not wait 5 ms, Python's own, for each thread that is busy with a burst.
_SWITCH_S = 0.0005


class App:
    """One running gluehook: a rule table in force, its sources, and the dispatch between them.

    `text` is what the table was read from; `broken` is what the rules file gave, where the table is of its copy.
    """

    def __init__(
        self, settings: Settings, secrets: Secrets, table: Table, handlers: Mapping[str, type[Handler[Any]]],
        version: str, *, polls: Mapping[str, Poll] | None = None, text: str = "", broken: Loaded | None = None,
    ) -> None:  # fmt: skip
        self.settings, self.secrets, self.version, self._handlers = settings, secrets, version, handlers
        self.table = table
        state = Path(settings.gluehook_state)
        self.durable = Durable(state)
        self.heartbeat = str(state / heartbeat.FILE_NAME)
        self.memory = Memory(state / "memory.json")
        self.own_id = own_container_id()
        self.interest = Subscriptions(table, settings.gluetun_container)
        books = Books(self.durable)
        workshop = Workshop(
            Instances(handlers), settings, self.context, time.monotonic,
            secrets.mask, self.confirm, books=books,
        )  # fmt: skip
        self._port_missing, self._port_since, self._write_trouble = False, time.time(), ""
        self._docker_looked = threading.Event()  # it has been seen, or is known to be away
        for news in (signals.source_lost, signals.source_restored):
            news.connect(self._looked)
        engine = Engine(table, last_id=books.last_number())
        self.dispatch = Dispatch(engine, workshop, books=books, beat=self.beat)
        world = saved.load(books.recall("world"), World(settings.gluetun_container))
        self.tracker = Tracker(world, self._post, time.time_ns)
        self.docker = DockerSource(
            self.tracker, self.dispatch.post, self._wants, types=self.interest.types,
            cursor=int(books.recall("docker.cursor") or 0),
        )  # fmt: skip
        self._books, self._saved = books, world
        self._prune_at = time.monotonic() + _PRUNE_S
        self.reload = Reload(
            settings.gluehook_rules, state / COPY_NAME, adopt=self.adopt, reject=self._reject, table=table, text=text,
            broken=broken,
        )  # fmt: skip
        self.files = FilesSource(self.tracker, self._hear, *self._followed())
        self.timer = TimerSource(self.dispatch.post, self.interest.timers)
        polling = {name: partial(self._poll, name, polls) for name in polls} if polls else {}
        self.polls = PollingSources(polling, self.dispatch.post, every=settings.gluehook_look_every)
        self.pauses = Pauses(self.dispatch, books, self._resync)
        commands = Commands(
            self.dispatch, self.durable, self.memory, self.pauses,
            lambda: self.tracker.world.state(),  # noqa: PLW0108 - the world is replaced, never changed
        )  # fmt: skip
        self.control = Server(state / CONTROL_FILE_NAME, commands.verbs())

    def run(self) -> None:
        """Start the sources, run until `stop()`, and end in the opposite order."""
        began = time.monotonic()
        sys.setswitchinterval(_SWITCH_S)
        signals.emit(signals.rules_loaded, table=self.table)
        sources = (self.files, self.docker, self.timer, self.polls, self.control, self.reload)
        threading.Thread(target=self._ready, args=(began,), name="ready", daemon=True).start()
        self.polls.listen(self.interest.types)
        for source in sources:
            source.start()
        self.files.ready.wait(_FIRST_LOOK_S)  # what is resumed must not set the port that an earlier life saw
        try:
            self.dispatch.run()
        finally:
            for source in reversed(sources):
                source.stop()
            self.pauses.close()
        self.dispatch.drain()
        for attempt in self.dispatch.attempts():
            cut = f"{attempt.run.rule.name} is cut off at its work on {attempt.run.key}"
            signals.emit(signals.problem, said=f"{cut}; it is looked at again at the next start")
        self._save()
        self.durable.close()
        signals.emit(signals.stopped, said="gluehook has stopped")

    def stop(self) -> None:
        """Make `run` end: nothing new begins, and what is at work has `STOP_WAIT_S`. Any thread may."""
        # told first: whoever waits hears of it at once, and says that it did
        signals.emit(signals.stopping, said=self._last_words())
        self.dispatch.stop()

    def adopt(self, table: Table, change: str) -> None:
        """Put another table in force and show it what is there now; `change` says what is new about it.

        Events that it wants are taken in from the same instant on. Raises TimeoutError if the loop does not come to it.
        """
        interest = Subscriptions(table, self.settings.gluetun_container)
        self.dispatch.call(lambda: self._swap(table, interest))
        self.docker.listen(interest.types)
        self.files.follow(*self._followed())
        self.files.ready.wait(_READY_WAIT_S)  # what is said to be in force must see the next change
        self.timer.set(interest.timers)
        self._resync()
        self._post_loaded()
        signals.emit(signals.rules_loaded, table=table, change=change)

    def context(self, attempt: Attempt) -> Context:
        """What the handlers of one attempt get."""
        return self._context(attempt.run.event, attempt.run.id, attempt.deadline)

    def confirm(self, run: Run) -> bool | None:
        """Whether one of the states that a `for` run waited on still lasts, by a fresh look; None if blind."""
        names = {event.subject for event in run.states if event.source == "docker"}
        if names and not self.docker.inspect_again(names):
            return None
        if any(event.source == "files" for event in run.states) and not self.files.read_again():
            return None
        if not self.polls.poll_now(run.states):
            return None
        return any(lasts(self.tracker.world, event) and self.polls.lasts(event) for event in run.states)

    def beat(self) -> None:
        """Save what the next life must know, and write the heartbeat that `gluehook health` reads."""
        self._save()
        if time.monotonic() >= self._prune_at:
            self._prune_at = time.monotonic() + _PRUNE_S
            self._books.prune()
        world, now = self.tracker.world, time.time()
        gluetun = world.containers.get(world.gluetun)
        missing = world.expects_port and not world.port
        if missing != self._port_missing:
            self._port_missing, self._port_since = missing, now
        overdue = (a for a in self.dispatch.attempts() if a.overdue)
        self._write({
            "sources": {"docker": self.docker.health(), "files": self.files.health()},
            "rules": len(self.table.rules), "rules_reason": "",
            "rules_rejected": self.reload.rejected,
            "overdue": [f"{a.run.id} is beyond its time-out of {duration(a.run.rule.timeout_s)}" for a in overdue],
            "port_used": self.interest.uses_port, "port_since": self._port_since,
            "port": list(world.port.ports) if world.port else [],
            "gluetun_runs": gluetun.running if gluetun else not world.gluetun_seen, "journal": self.durable.trouble,
        })  # fmt: skip

    def _context(self, event: Event, run: str, deadline: float) -> Context:
        locks = self.dispatch.workshop.locks
        return Context(
            event=event, run=run, settings=self.settings, world=self.tracker.world, memory=self.memory,
            secret=self.secrets.read, docker=connect, left=lambda: deadline - time.monotonic(), wait=self._wait,
            now=time.time, own_id=self.own_id,
            hold=lambda target: locks.hold((target,), run, max(0.0, deadline - time.monotonic())),
        )  # fmt: skip

    def _poll(self, name: str, polls: Mapping[str, Poll]) -> Sequence[Event]:
        event = Event("poll", name, time.time_ns(), name)
        return polls[name](self._context(event, "poll", time.monotonic() + _POLL_S))

    def _resync(self) -> None:
        """Tell every state that holds, also to rules that are new."""
        self.tracker.resync(lambda world: world)
        self.polls.listen(self.interest.types)

    def _swap(self, table: Table, interest: Subscriptions) -> None:
        self.table, self.interest = table, interest
        self.dispatch.engine.adopt(table, self.dispatch.workshop.clock())

    def _wants(self, event: Event) -> bool:
        return self.interest.accepts(event)

    def _followed(self) -> tuple[str | None, frozenset[str]]:
        port_file = self.settings.forwarded_port_file if self.interest.uses_port else None
        return port_file, self.interest.files | {self.reload.file}

    def _hear(self, event: Event) -> None:
        """What the files tell: of the rules file only to who reads it, unless a rule names that, too."""
        if event.type.startswith("file.") and event.subject == self.reload.file:
            self.reload.changed()
            if not self._wants(event):
                return
        self.dispatch.post(event)

    def _reject(self, errors: int) -> None:
        file = self.settings.gluehook_rules
        data = {"file": file, "errors": errors}
        self.dispatch.post(Event("rules.rejected", file, time.time_ns(), data=data))

    def _post_loaded(self) -> None:
        data = {"file": self.table.file, "rules": len(self.table.rules)}
        self.dispatch.post(Event("rules.loaded", self.table.file, time.time_ns(), data=data))

    def _save(self) -> None:
        # the world first: a cursor that is older than it tells events again, a newer one would leave some out
        cursor, world = self.docker.cursor, self.tracker.world
        if world is not self._saved:
            self._books.remember("world", saved.dump(world))
            self._saved = world
        if self.dispatch.caught_up:  # else some that it counts as seen would not be told again after a kill
            self._books.remember("docker.cursor", cursor)

    def _write(self, report: dict[str, Any]) -> None:
        try:
            heartbeat.write(self.heartbeat, {"time": time.time(), **report})
        except OSError as error:
            said = f"the heartbeat {self.heartbeat} cannot be written: {error.strerror}; health checks will fail"
            if said != self._write_trouble:
                signals.emit(signals.problem, said=said)
            self._write_trouble = said
        else:
            self._write_trouble = ""

    def _last_words(self) -> str:
        names = sorted({attempt.run.rule.name for attempt in self.dispatch.attempts()})
        if not names:
            return "gluehook stops: nothing is at work"
        return f"gluehook stops: nothing new begins, and {', '.join(names)} may end within {duration(STOP_WAIT_S)}"

    def _post(self, event: Event) -> None:
        if event.type == "port.invalid":
            signals.emit(signals.problem, said=event.data["reason"])
        # states of containers that no rule names end here, before they cost the engine anything
        if self._wants(event):
            self.dispatch.post(event)

    def _wait(self, wait_s: float) -> None:
        if self.dispatch.stopping.wait(wait_s):
            raise Retry("gluehook is stopping; it is done at the next start")

    def _looked(self, _: object, name: str, **__: object) -> None:
        if name == "docker":
            self._docker_looked.set()

    def _ready(self, began: float) -> None:
        self.files.ready.wait(_READY_WAIT_S)
        self._docker_looked.wait(_READY_WAIT_S)
        if not self.docker.ready.is_set():  # whose first look would tell again what lasts since an earlier life
            self.tracker.resync(lambda world: world)
        self.reload.changed()  # it may have been, between the reading and the watching
        data = {"version": self.version}
        self.dispatch.post(Event("gluehook.started", self.version, time.time_ns(), data=data))
        self._post_loaded()
        with suppress(TimeoutError):  # it stops already
            self.dispatch.call(self._save)  # before the first beat: a kill must not cost the ids that there were
        took = duration(round(time.monotonic() - began, 2))
        signals.emit(signals.ready, said=f"gluehook {self.version} is ready after {took}{self._state_of_things()}")

    def _state_of_things(self) -> str:
        port, file = self.tracker.world.port, self.settings.forwarded_port_file
        words = [] if self.docker.ready.is_set() else ["Docker is not seen yet"]
        if self.interest.uses_port:
            words.append(f"the forwarded port is {port.ports[0]}" if port else f"{file} holds no valid port yet")
        if self.settings.gluehook_dry_run:
            words.append("this is a dry run: nothing is changed or sent")
        return "".join(f"; {word}" for word in words)
