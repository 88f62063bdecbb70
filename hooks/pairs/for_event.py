"""The settings and the world as a handler sees them: those of the gluetun that the event is about."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hooks.config.settings import Settings
from hooks.events.catalogue import Event
from hooks.images.roles import TORRENT_CLIENTS
from hooks.pairs.pairs import Pairs
from hooks.world.model import World

_MOST = 200  # events are about containers, and now and then about a file or a peer


def settings_for(event: Event, settings: Settings, pairs: Pairs, world: World) -> Settings:
    """The settings with the names and addresses of what the event is about, and of the one WireGuard."""
    key = (event.subject, event.data.get("gluetun"))
    found = pairs.settings.get(key)  # several threads may ask at once
    if found is None:
        if len(pairs.settings) > _MOST:
            pairs.settings.clear()
        found = pairs.settings[key] = _settings_for(event, settings, pairs, world)
    return found


def _settings_for(event: Event, settings: Settings, pairs: Pairs, world: World) -> Settings:
    gluetun = pairs.gluetun_of(event) or pairs.gluetuns[0]
    changed: dict[str, Any] = {
        "gluetun_container": gluetun.name, "gluetun_url": gluetun.url, "gluetun_username": gluetun.access.username,
        "forwarded_port_file": gluetun.port_file,
    }  # fmt: skip
    about = pairs.client(event.subject)
    for kind in TORRENT_CLIENTS:
        found = (about,) if about and about.kind == kind else pairs.clients(kind, gluetun.name)
        if found and hasattr(settings, f"{kind}_container"):
            changed |= {f"{kind}_container": found[0].name, f"{kind}_url": found[0].url}
            changed |= {f"{kind}_username": found[0].access.username} if hasattr(settings, f"{kind}_username") else {}
    usual, wireguards = settings.wireguard_container, world.roles.get("wireguard", ())
    changed["wireguard_container"] = usual if usual in wireguards else min(wireguards, default=usual)
    return replace(settings, **changed)


def world_for(event: Event, pairs: Pairs, world: World) -> World:
    """The world whose port is that of the gluetun that the event is about; the main one's where it is about none."""
    gluetun = pairs.gluetun_of(event)
    return world.seen_from(gluetun.name) if gluetun else world
