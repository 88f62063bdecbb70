"""The gluetuns and torrent clients of the server, found by tables of rules.toml, settings and what Docker shows.

A handler asks `ctx.pairs`, and so does the doctor. A table counts for its container. What a setting chooses counts for
the one that it is about: the container that the setting names, else the one with the usual name; of one of each, that
one. Everything else is what Docker shows: who has the role, whose network a client shares, at which address it is
reached.

Guaranteed: pure, nothing is raised, and there is always one gluetun at least, so that gluehook works without Docker.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from functools import cached_property
from typing import Any

from hooks.config.settings import Settings
from hooks.events.catalogue import Event
from hooks.images.roles import TORRENT_CLIENTS
from hooks.pairs.access import DEFAULTS, Accesses, chosen
from hooks.pairs.model import Client, Gluetun
from hooks.pairs.port_files import port_files
from hooks.rules.table import Table
from hooks.world.event_roles import gluetun_of
from hooks.world.model import PortFile, World

_NO_TABLE = Table()


class Pairs:
    """The gluetuns and torrent clients in this world. `own_id`: the container that gluehook runs in, "" for none."""

    def __init__(self, world: World, settings: Settings, own_id: str = "", table: Table = _NO_TABLE) -> None:
        self._world, self._settings, self._own_id, self._table = world, settings, own_id, table
        self._accesses = Accesses(world, settings, own_id)
        self.settings: dict[tuple[str, Any], Settings] = {}  # what `settings_for` has found: each attempt asks again

    def seen_in(self, world: World, table: Table) -> Pairs:
        """The same ones in this world; found anew only if a container, a name or the table is another.

        A new port is another world, too, and finding them costs as much as the rest of the way to the handler.
        """
        before, same = self._world, self._table is table
        if before is world and same:
            return self
        same = same and before.containers is world.containers and before.roles is world.roles
        if not same or (before.gluetun, before.names, before.earlier) != (world.gluetun, world.names, world.earlier):
            return Pairs(world, self._settings, self._own_id, table)
        seen = copy(self)  # with what was found
        seen._world = world
        return seen

    @cached_property
    def gluetuns(self) -> tuple[Gluetun, ...]:
        """Every gluetun, the one that the settings are about first."""
        main, files = self._world.gluetun, port_files(self._world, self._settings, self._own_id, self._table)
        named = (one.container for one in self._table.gluetuns)
        names = dict.fromkeys((main, *sorted({*self._world.roles.get("gluetun", ()), *named})))
        alone = len(names) == 1
        return tuple(self._gluetun(name, files.get(name, ""), first=name == main, alone=alone) for name in names)

    @cached_property
    def _clients(self) -> tuple[Client, ...]:
        return tuple(client for kind in TORRENT_CLIENTS for client in self._of_kind(kind))

    def clients(self, kind: str | None = None, gluetun: str | None = None) -> tuple[Client, ...]:
        """The torrent clients, of this kind or of the gluetun of this name alone if one is given."""
        return tuple(one for one in self._clients if kind in (None, one.kind) and gluetun in (None, one.gluetun))

    def gluetun(self, name: str) -> Gluetun | None:
        """The gluetun of this name."""
        return next((one for one in self.gluetuns if one.name == name), None)

    def client(self, name: str) -> Client | None:
        """The torrent client whose container has this name."""
        return next((one for one in self._clients if one.name == name), None)

    def gluetun_of(self, event: Event) -> Gluetun | None:
        """The gluetun that the event is about; the only one of the server for an event that is about none."""
        client = self.client(event.subject)
        # a table says it before the namespace does
        name = client.gluetun if client and client.gluetun else str(event.data.get("gluetun") or "")
        return self.gluetun(name) if name else self.gluetuns[0] if len(self.gluetuns) == 1 else None

    def port_of(self, gluetun: str) -> PortFile | None:
        """What this gluetun forwards now, None for nothing."""
        return self._world.port_of(gluetun).port

    def _gluetun(self, name: str, file: str, *, first: bool, alone: bool) -> Gluetun:
        table = next((one for one in self._table.gluetuns if one.container == name), None)
        access = self._accesses.of("gluetun", name, table, first=first, main=True, alone=alone)
        by_setting = first and (alone or chosen(self._settings, "forwarded_port_file"))
        by_setting = by_setting and not (table and table.port_file)
        return Gluetun(name, access, file, "" if by_setting else f"the port_file of {access.in_table}")

    def _of_kind(self, kind: str) -> Iterator[Client]:
        named = [one.container for one in self._table.clients if one.role == kind]
        found = sorted({*self._world.roles.get(kind, ()), *named})
        usual = str(DEFAULTS.get(f"{kind}_container") or kind)
        container = self._settings.containers.get(kind, "") or usual
        if not found and self._is_expected(kind):
            found = [container]
        first = container if container in found else next(iter(found), "")
        for name in sorted(found, key=lambda name: name != first):
            yield self._client(kind, name, first=name == first, alone=len(found) == 1)

    def _client(self, kind: str, name: str, *, first: bool, alone: bool) -> Client:
        table = next((one for one in self._table.clients if one.container == name), None)
        gluetun = (table.gluetun if table else "") or self._gluetun_of(name)
        main = gluetun in ("", self._world.gluetun)
        access = self._accesses.of(kind, name, table, first=first, main=main, alone=alone)
        return Client(name, kind, access, gluetun, table.port if table else 1)

    def _is_expected(self, kind: str) -> bool:
        """Whether gluehook has to know a client of this kind that Docker does not show."""
        if self._is_chosen(kind):
            return True
        others = (other for other in TORRENT_CLIENTS if other in self._world.roles or self._is_chosen(other))
        return kind == "qbittorrent" and not self._table.clients and not any(others)

    def _is_chosen(self, kind: str) -> bool:
        return bool(chosen(self._settings, f"{kind}_url") or self._settings.containers.get(kind))

    def _gluetun_of(self, client: str) -> str:
        container = self._world.containers.get(client)
        if container:
            return gluetun_of(self._world, container)
        return self._world.gluetun if len(self.gluetuns) == 1 else ""
