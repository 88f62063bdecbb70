"""The verb `snapshot`: what the running gluehook knows now, as one JSON object; docs/control-socket.md has its fields.

What belongs to the engine is read on the dispatcher's thread, between two messages; the rest are immutable values.
Reading it changes nothing. URLs are without user and password, and every text is masked like the log.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hooks.control.items import Item, Mask, masked
from hooks.control.server import Refused, Request, Response
from hooks.control.waits import MOST, waiting
from hooks.world.event_roles import gluetun_of

if TYPE_CHECKING:
    from hooks.events.catalogue import Event
    from hooks.journal.journal import Journal
    from hooks.pairs.pairs import Pairs
    from hooks.rules.table import Table
    from hooks.runtime.dispatcher import Dispatcher
    from hooks.runtime.pauses import Pauses
    from hooks.world.model import World

_USER = re.compile(r"(?<=://)[^/?#\s]*@")
_REACH = {"port.open": "open", "port.closed": "closed"}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Where each part of it is read. `mask` hides secrets, `fingerprint` names the text of the rules in force.

    `health` has the heartbeat's sources, `reach` the last states of each client's port and since when (ns).
    """

    version: str
    dry_run: bool
    dispatcher: Dispatcher
    journal: Journal
    pauses: Pauses
    world: Callable[[], World]
    pairs: Callable[[World], Pairs]
    health: Callable[[], Mapping[str, Mapping[str, Any]]]
    reach: Callable[[], list[tuple[Event, int]]]
    mask: Mask
    fingerprint: Callable[[], str]
    began: float  # when gluehook did

    def snapshot(self, _: Request) -> Response:
        """The object, and that it was read."""
        try:
            engine = self.dispatcher.call(self._engine)
        except TimeoutError:
            raise Refused("the loop of gluehook does not answer: it is very busy or about to end; ask again") from None
        world = self.world()
        item = {
            "version": self.version, "began": self.began, "dry_run": self.dry_run,
            "fingerprint": self.fingerprint(), **engine,
            "containers": list(_containers(world)), "pairs": list(self._pairs(world)),
            "sources": {
                name: {"is_up": one["connected"], "since": one["since"], "said": one["reason"]}
                for name, one in self.health().items()
            },
            "journal": self.journal.backlog(),
        }  # fmt: skip
        yield masked(item, self.mask)
        yield {"done": f"as of {time.strftime('%H:%M:%S')}"}

    def _engine(self) -> Item:
        """What is the engine's; called on its thread."""
        now, wall, engine = self.dispatcher.now(), time.time(), self.dispatcher.engine
        attempts, paused = self.dispatcher.attempts(), self.pauses.all()
        waits = waiting(engine.lanes(), now, engine.paused_until, {attempt.run.id for attempt in attempts})
        for wait in waits:
            wait["until"] = None if wait["until"] is None else wall + wait["until"] - now
        return {
            "time": wall, "rules_file": engine.table.file, "rules": list(_rules(engine.table, paused)),
            "waits": waits[:MOST], "more_waits": max(0, len(waits) - MOST),
            "running": [
                {"run": a.run.id, "rule": a.run.rule.name, "key": a.run.key, "event": a.run.event.id,
                 "attempt": a.run.attempt, "began": wall + a.began - now, "overdue": a.overdue}
                for a in attempts
            ],
            "pauses": [{"rule": rule or "", "until": until} for rule, until in paused.items()],
        }  # fmt: skip

    def _pairs(self, world: World) -> Iterator[Item]:
        pairs, reach = self.pairs(world), {event.subject: (event, since) for event, since in self.reach()}
        known = {gluetun.name for gluetun in pairs.gluetuns}
        for gluetun in pairs.gluetuns:
            port = pairs.port_of(gluetun.name)
            is_file = port.source == "files" if port else bool(gluetun.port_file)
            yield {
                "gluetun": gluetun.name, "port": list(port.ports) if port else [],
                "port_since": port.mtime / 1e9 if port else None, "source": "file" if is_file else "api",
                "clients": [_client(one, reach) for one in pairs.clients(gluetun=gluetun.name)],
            }  # fmt: skip
        if others := [one for one in pairs.clients() if one.gluetun not in known]:
            nothing: Item = {"port": [], "port_since": None, "source": None}
            yield {"gluetun": "", **nothing, "clients": [_client(one, reach) for one in others]}


def _rules(table: Table, paused: Mapping[str | None, float]) -> Iterator[Item]:
    for rule in table.rules:
        yield {
            "name": rule.name, "enabled": rule.enabled, "dry_run": rule.dry_run, "paused_until": paused.get(rule.name),
            "waits": bool(rule.for_s or rule.debounce or rule.cooldown_s or rule.only_if),
        }  # fmt: skip


def _containers(world: World) -> Iterator[Item]:
    for one in world.containers.values():
        by = world.names.role_of(one.name, one.image, one.service).by if one.role else ""
        yield {
            "name": one.name, "role": one.role, "why": by, "image": one.image,
            "state": "running" if one.running else "exited", "health": one.health,
            "since": one.state_since / 1e9 or None, "gluetun": gluetun_of(world, one),
        }  # fmt: skip


def _client(client: Any, reach: Mapping[str, tuple[Event, int]]) -> Item:
    event, since = reach.get(client.name, (None, 0))
    return {
        "name": client.name, "kind": client.kind, "url": _USER.sub("", client.url),
        "connection": _REACH.get(event.type, "unknown") if event else "unknown",
        "connection_since": since / 1e9 or None,
    }  # fmt: skip
