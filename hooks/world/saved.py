"""The world as JSON, for the journal: what was believed last, so that what changed while nobody looked is news."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from hooks.world.model import Container, PortFile, World

_Json = dict[str, Any]


def dump(world: World) -> _Json:
    """The world's containers, those that bore their names before, their ids, and the last reading of the port file."""
    return {
        "containers": [asdict(container) for container in world.containers.values()],
        "former": [asdict(container) for container in world.former.values()],
        "earlier": {name: list(ids) for name, ids in world.earlier.items()},
        "file": asdict(world.file) if world.file else None,
        "gluetun_seen": world.gluetun_seen,
    }


def load(saved: Any, world: World) -> World:
    """The world as it was saved, for the same gluetun; the given one where nothing usable was."""
    try:
        file = saved["file"]
        return replace(
            world, containers=_containers(saved["containers"]), former=_containers(saved["former"]),
            file=PortFile(tuple(file["ports"]), file["reason"], file["generation"], file["mtime"]) if file else None,
            gluetun_seen=bool(saved["gluetun_seen"]),
            earlier={name: tuple(ids) for name, ids in saved.get("earlier", {}).items()},
        )  # fmt: skip
    except (TypeError, KeyError):  # written by another version
        return world


def _containers(saved: list[_Json]) -> dict[str, Container]:
    return {fields["name"]: Container(**fields) for fields in saved}
