"""Follows the port of each gluetun: its file, and its control server as far as `FORWARDED_PORT_SOURCE` wants that."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from hooks.config.settings import Settings
from hooks.events.catalogue import Event
from hooks.handler import PortReader
from hooks.pairs.port_files import port_files
from hooks.rules.table import Table
from hooks.runtime.handler_context import HandlerContexts
from hooks.sources.port_api import PortApi
from hooks.sources.port_apis import PortApis
from hooks.world.model import PortFile, World
from hooks.world.tracker import Tracker

PortReaders = Mapping[str, Callable[[], PortReader]]
_POLL_S = 10.0  # for all requests of one poll


def build(
    settings: Settings, tracker: Tracker, post: Callable[[Event], None], readers: PortReaders,
    contexts: HandlerContexts,
) -> PortApis:  # fmt: skip
    """The sources; they do nothing where the port comes from the file alone."""
    mode = settings.forwarded_port_source if readers else "file"

    def make(gluetun: str, file: str) -> PortApi:
        ask = _ask(gluetun, readers.get("gluetun"), tracker, contexts)
        return PortApi(tracker, post, ask, mode, file, gluetun=gluetun)

    return PortApis(make, settings.forwarded_port_file)


def _ask(
    gluetun: str, reader: Callable[[], PortReader] | None, tracker: Tracker, contexts: HandlerContexts
) -> Callable[[], PortFile]:
    """Asks this gluetun, "" for the main one. The reader is made at the first poll."""
    made = list[PortReader]()

    def ask() -> PortFile:
        if not made and reader:
            made.append(reader())
        name = gluetun or tracker.world.gluetun
        event = Event("poll", name, time.time_ns(), "gluetun", data={"gluetun": name})
        return made[0](contexts.make(event, "poll", time.monotonic() + _POLL_S))

    return ask


def _unread(world: World, *, moved: bool) -> World:
    """The world without the reading of a file that was not the main gluetun's."""
    return replace(world, file=None) if moved and world.file and world.file.source == "files" else world


class FollowedPorts:
    """Which port files are followed, as the containers of the server are now. Any thread may call it."""

    def __init__(
        self, settings: Settings, tracker: Tracker, own_id: str, apis: PortApis, table: Callable[[], Table]
    ) -> None:
        self.settings, self._tracker, self._own_id, self._apis, self._table = settings, tracker, own_id, apis, table
        self._lock = threading.Lock()
        self._known: dict[str, str] = {}

    def paths(self) -> dict[str, str]:
        """By gluetun, the main one first: the path of its port file, "" where it has none here."""
        return port_files(self._tracker.world, self.settings, self._own_id, self._table())

    def files(self) -> tuple[str | None, dict[str, str]]:
        """The main port file, None where no file counts, and those of other gluetuns, by their names."""
        if self.settings.forwarded_port_source == "api":
            return None, {}
        (_, main), *others = self.paths().items()
        return main, {gluetun: path for gluetun, path in others if path}

    def summary(self) -> list[str]:
        """Each gluetun's port, or that it has none."""
        world, paths = self._tracker.world, self.paths()
        if self.settings.forwarded_port_source == "api":
            paths = dict.fromkeys(paths, "")
        unread = self._tracker.port_is_remembered
        return [_summary(world.seen_from(name), path, len(paths) > 1, unread=unread) for name, path in paths.items()]

    def refresh(self) -> bool:
        """Follow what there is now. Returns whether that is something else than before."""
        with self._lock:
            found = self.paths()
            if list(found.items()) == list(self._known.items()):
                return False
            (main, path), *others = found.items()
            moved = self._known and self._known.get(main, next(iter(self._known.values()))) != path
            self._known = found
            self._tracker.update(
                lambda world: _unread(world.with_forwarders(main, [name for name, _ in others]), moved=bool(moved))
            )
            self._apis.follow(path, dict(others))
            return True


def _summary(world: World, path: str, several: bool, *, unread: bool) -> str:
    port = None if unread else world.port  # it could not be read yet
    whose = f" of '{world.gluetun}'" if several else ""
    if port:
        return f"the forwarded port{whose} is {port.ports[0]}"
    gluetun = world.containers.get(world.gluetun)
    if gluetun and gluetun.forwards_no_port:
        return f"'{gluetun.name}' forwards no port, as its VPN_PORT_FORWARDING is off"
    return f"{path} holds no valid port yet" if path else f"gluetun's control server{whose} shows no port yet"
