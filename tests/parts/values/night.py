"""A night of a home server in a journal: a tunnel that three restarts do not heal, then its container's restart.

Rules as once shipped decide and a real journal keeps it; the clock is virtual, and handlers end as the night says.

- 03:00:00 gluetun is unhealthy; heal-vpn waits until 03:03:00, and restarts the VPN at 03:03, 03:08 and 03:13, in vain
- 03:18 its limit is used up: heal-vpn-harder restarts the container, at the second attempt, and sends a message
- the container is healthy, which has that run as its cause: rejoin-network and forward-port run
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import Any

from handlers import HANDLERS
from hooks.config.settings import Settings
from hooks.engine.engine import Engine
from hooks.events.catalogue import Event
from hooks.handler import Context, Handler, Outcome, Retry
from hooks.journal.journal import Journal
from hooks.journal.trace_rows import rules_in_force
from hooks.rules.table import Table
from hooks.rules_file import reader
from hooks.runtime.dispatcher import Dispatcher
from hooks.runtime.executor import Attempt, Executor
from hooks.runtime.workers import Work
from hooks.world.model import PortFile, World
from tests.parts.places import TOP
from tests.parts.process.playing import Notes

RULES = TOP / "tests/samples/traces/rules.toml"  # as once shipped
BEGAN = 1_796_007_600.0  # 2026-11-30 03:00:00 UTC
RUN = "heal-vpn-harder/gluetun#4"  # the escalation
Act = Callable[["Night", Any, Context], Outcome]


@dataclass
class Night:
    """A dispatcher over the journal of `folder`. `acts` says by handler how a step ends."""

    folder: Path
    acts: Mapping[str, Act] = field(default_factory=lambda: ACTS)
    rules: str = field(default_factory=RULES.read_text)
    now: float = BEGAN
    attempts: dict[str, int] = field(default_factory=dict)  # by handler, how often it was called
    mask: Callable[[str], str] = str

    def __post_init__(self) -> None:
        self.journal = Journal(self.folder, now=lambda: self.now, clock=lambda: self.now)
        self.world = World(file=PortFile((51413,)))
        table = reader.read(self.rules, "/config/rules.toml", HANDLERS)
        assert isinstance(table, Table), table
        self.journal.write([rules_in_force(self.now, table.file, self.rules)])
        uses = {step.use: self._handler(step.use) for rule in table.rules for step in rule.do}
        executor = Executor(uses, Settings(), self._context, lambda: self.now, self.journal, self.mask)
        engine = Engine(table, last_id=self.journal.last_number())
        self.dispatcher = Dispatcher(engine, executor, self.journal, submit=self._submit, jitter=lambda: 0.0)
        self.dispatcher.resume()

    def event(self, kind: str, subject: str = "gluetun", **data: Any) -> None:
        """It happens now."""
        self.post(kind, subject, **data)
        self._settle()

    def post(self, kind: str, subject: str = "gluetun", **data: Any) -> None:
        """It happens now, and is taken in later: a handler may call this."""
        data = {"container": subject, "id": "1f2e3d4c5b6a", "role": "gluetun", "gluetun": "gluetun", **data}
        cause = data.pop("cause", None)
        event = Event(kind, subject, round(self.now * 1e9), "docker", "live", data, cause)
        self.dispatcher.post(event)

    def until(self, at: float) -> None:
        """Let time pass until so many seconds after the beginning."""
        while (due := min(self.dispatcher.engine.next_deadline(), BEGAN + at)) < BEGAN + at:
            self.now = max(self.now, due)
            self._settle()
        self.now = max(self.now, BEGAN + at)
        self._settle()

    def close(self) -> None:
        """End the process."""
        self.dispatcher.stopping.set()
        self._settle()
        self.journal.close()

    def _settle(self) -> None:
        self.dispatcher.turn(-inf)
        while not self.dispatcher.caught_up or self.dispatcher.engine.next_deadline() <= self.now:
            self.dispatcher.turn(-inf)
            if self.dispatcher.stopping.is_set():
                return

    def _submit(self, attempt: Attempt, work: Work) -> None:
        work(attempt)

    def _handler(self, use: str) -> Handler[Any]:
        """The real handler's name and arguments, and the night's answers."""
        real, night = HANDLERS[use], self

        class Played(real):  # type: ignore[misc, valid-type]
            def targets(self, args: Any, settings: Settings) -> tuple[str, ...]:
                return ()

            def locks(self, args: Any, ctx: Context) -> tuple[str, ...]:
                return ()

            def apply(self, args: Any, ctx: Context) -> Outcome:
                night.attempts[use] = night.attempts.get(use, 0) + 1
                return night.acts[use](night, args, ctx)

        return Played()

    def _context(self, event: Event, run: str, deadline: float) -> Context:
        return Context(event, run, Settings(), self.world, Notes(), {"TOKEN": "s3cret-t0ken"}.get, lambda _: None,
                       lambda: 30.0, lambda _: None, lambda: self.now)  # fmt: skip


def _restart_vpn(night: Night, args: Any, ctx: Context) -> Outcome:
    ctx.saw("gluetun http://gluetun:8000: status running, public IP none, port none; health unhealthy")
    night.now += 20.2
    raise Retry(
        "gluetun http://gluetun:8000: its VPN was restarted, but has no public IP and no port after 20.2 s; it is "
        "checked again, and not restarted again by this run"
    )


def _restart(night: Night, args: Any, ctx: Context) -> Outcome:
    ctx.saw(f"{args.container} is running, unhealthy, started 2026-11-28 09:12:40")
    if night.attempts["containers.restart"] == 1:
        night.now += 5.0
        raise Retry("Docker did not answer within 5 s; it is tried again")
    night.now += 6.4
    night.post("container.healthy", args.container, cause=ctx.run)
    return Outcome("changed", f"'{args.container}' was restarted and is healthy after 6.4 s")


def _send(night: Night, args: Any, ctx: Context) -> Outcome:
    night.now += 0.3
    return Outcome("changed", "sent to ntfy://ntfy.example.org")


def _plain(said: str, took_s: float) -> Act:
    def act(night: Night, args: Any, ctx: Context) -> Outcome:
        ctx.saw("listen_port is 51413")
        night.now += took_s
        return Outcome("unchanged", said)

    return act


ACTS: Mapping[str, Act] = {
    "gluetun.restart_vpn": _restart_vpn,
    "containers.restart": _restart,
    "notify.send": _send,
    "client.set_port": _plain("qBittorrent http://gluetun:8080 is set to 51413 already; nothing to do", 0.012),
    "containers.rejoin": _plain("nobody shares the network of gluetun", 0.05),
}  # fmt: skip


def live_through(folder: Path) -> None:
    """The whole night, in a journal in this folder."""
    with closing(Night(folder)) as night:
        night.event("container.unhealthy")
        night.until(1800.0)
