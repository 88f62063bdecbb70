"""The gluetuns and torrent clients of the server, found by tables of rules.toml, settings and what Docker shows.

A handler asks `ctx.pairs`, and so does the doctor. What a setting chooses counts for the one that it is about: the
container that the setting names, else the one with the usual name; of one of each, that one. Everything else is what
Docker shows: who has the role, whose network a client shares, at which address it is reached.

Guaranteed: pure, nothing is raised, and there is always one gluetun at least, so that gluehook works without Docker.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from functools import cached_property
from typing import Any

from hooks.config.settings import Settings
from hooks.events.catalogue import Event
from hooks.images.roles import TORRENT_CLIENTS
from hooks.pairs.model import Access, Client, Gluetun
from hooks.pairs.reach import host_of, network_holder
from hooks.world.event_roles import gluetun_of
from hooks.world.model import Container, PortFile, World

_DEFAULTS = {field.name: field.default for field in fields(Settings)}
_PORTS = {"gluetun": 8000, "qbittorrent": 8080, "transmission": 9091, "deluge": 8112}


class Pairs:
    """The gluetuns and torrent clients in this world. `own_id`: the container that gluehook runs in, "" for none."""

    def __init__(self, world: World, settings: Settings, own_id: str = "") -> None:
        self._world, self._settings, self._own_id = world, settings, own_id

    def is_of(self, world: World) -> bool:
        """Whether they were found in this world."""
        return self._world is world

    @cached_property
    def gluetuns(self) -> tuple[Gluetun, ...]:
        """Every gluetun, the one that the settings are about first."""
        first = self._world.gluetun
        names = dict.fromkeys((first, *sorted(self._world.roles.get("gluetun", ()))))
        return tuple(Gluetun(name, self._access("gluetun", name, first)) for name in names)

    @cached_property
    def _clients(self) -> tuple[Client, ...]:
        return tuple(client for kind in TORRENT_CLIENTS for client in self._of_kind(kind))

    def clients(self, kind: str | None = None, gluetun: str | None = None) -> tuple[Client, ...]:
        """The torrent clients, of this kind or of the gluetun of this name alone if one is given."""
        return tuple(
            one for one in self._clients if kind in (None, one.kind) and gluetun in (None, one.gluetun)
        )  # fmt: skip

    def gluetun(self, name: str) -> Gluetun | None:
        """The gluetun of this name."""
        return next((one for one in self.gluetuns if one.name == name), None)

    def client(self, name: str) -> Client | None:
        """The torrent client whose container has this name."""
        return next((one for one in self._clients if one.name == name), None)

    def gluetun_of(self, event: Event) -> Gluetun | None:
        """The gluetun that the event is about; the only one of the server for an event that is about none."""
        client = self.client(event.subject)
        name = str(event.data.get("gluetun") or (client.gluetun if client else "") or "")
        return self.gluetun(name) if name else self.gluetuns[0] if len(self.gluetuns) == 1 else None

    def port_of(self, gluetun: str) -> PortFile | None:
        """What this gluetun forwards now, None for nothing."""
        return self._world.seen_from(gluetun).port

    def _of_kind(self, kind: str) -> Iterator[Client]:
        chosen, found = self._settings.containers.get(kind, ""), sorted(self._world.roles.get(kind, ()))
        usual = str(_DEFAULTS.get(f"{kind}_container") or kind)
        if not found and self._is_expected(kind):
            found = [chosen or usual]
        first = next((name for name in (chosen, usual) if name in found), next(iter(found), ""))
        for name in sorted(found, key=lambda name: name != first):
            yield Client(name, kind, self._access(kind, name, first), self._gluetun_of(name))

    def _is_expected(self, kind: str) -> bool:
        """Whether gluehook has to know a client of this kind that Docker does not show."""
        if self._chosen(f"{kind}_url") or self._chosen(f"{kind}_container"):
            return True
        return kind == "qbittorrent" and not any(role in self._world.roles for role in TORRENT_CLIENTS)

    def _gluetun_of(self, client: str) -> str:
        container = self._world.containers.get(client)
        if container:
            return gluetun_of(self._world, container)
        return self._world.gluetun if len(self.gluetuns) == 1 else ""

    def _access(self, role: str, name: str, first: str) -> Access:
        """How it is reached: the settings are about the container `first`, logins are for all of the role."""
        setting = f"{role}_url"
        named = self._chosen(setting) if name == first else ""
        container = self._world.containers.get(name)
        shown = "" if named or container is None else self._shown(role, container)
        word = role.upper()
        return Access(
            named or shown or self._unseen(role, name, first),
            str(self._get(f"{role}_username") or ""), f"{word}_PASSWORD", f"{word}_API_KEY",
            str(self._get(f"{role}_ca_file") or ""), str(self._get(f"{role}_fingerprint") or ""),
            "" if shown else setting.upper(),
        )  # fmt: skip

    def _shown(self, role: str, container: Container) -> str:
        host = host_of(container, self._world, self._own_id)
        return f"http://{host}:{container.web_port or _PORTS[role]}" if host else ""

    def _unseen(self, role: str, name: str, first: str) -> str:
        """Where Docker shows no way: the setting's default, but never another container's."""
        is_main = role == "gluetun" or self._gluetun_of(name) in ("", self._world.gluetun)
        if name == first and is_main and (default := self._get(f"{role}_url")):
            return str(default)
        container = self._world.containers.get(name)
        holder = network_holder(container, self._world) if container else None
        port = (container.web_port if container else 0) or _PORTS[role]
        return f"http://{holder.name if holder else name}:{port}"

    def _chosen(self, setting: str) -> str:
        value = self._get(setting)
        return str(value) if value and value != _DEFAULTS[setting] else ""

    def _get(self, setting: str) -> Any:
        return getattr(self._settings, setting, "")
