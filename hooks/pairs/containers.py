"""The container of each role that one handler is about, where its setting is left at the default: by its role."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hooks.config.settings import Settings
from hooks.world.model import World

_BY_ROLE = ("gluetun", "qbittorrent", "transmission", "wireguard")


def with_containers(settings: Settings, world: World) -> Settings:
    """The settings with the names that the containers have in this world."""
    chosen = settings.containers
    names = {f"{role}_container": _named(role, settings, world) for role in _BY_ROLE if role not in chosen}
    changed: dict[str, Any] = {setting: name for setting, name in names.items() if name != getattr(settings, setting)}
    return replace(settings, **changed) if changed else settings


def _named(role: str, settings: Settings, world: World) -> str:
    if role == "gluetun":
        return world.gluetun
    usual, found = str(getattr(settings, f"{role}_container")), world.roles.get(role, ())
    return usual if usual in found else min(found, default=usual)
