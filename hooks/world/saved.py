"""The world as JSON for the journal, so that the next run of gluehook knows what changed in between."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from hooks.world.model import Container, Forwarded, PortFile, World

_Json = dict[str, Any]


def dump(world: World) -> _Json:
    """The containers, the last ones of free names, previous ids, and the port file as last read."""
    return {
        "containers": [asdict(container) for container in world.containers.values()],
        "former": [asdict(container) for container in world.former.values()],
        "earlier": {name: list(ids) for name, ids in world.earlier.items()},
        "file": asdict(world.file) if world.file else None,
        "last_port": world.last_port,
        "gluetun_seen": world.gluetun_seen,
        "last_gluetun": world.last_gluetun,
        "main": world.main,
        "others": {name: one.last_port for name, one in world.others.items()},
    }


def load(saved: Any, world: World) -> World:
    """The saved world, with the names of `world`, which is returned itself if nothing usable was saved."""
    try:
        file = saved["file"]
        known = replace(
            world, containers=_containers(saved["containers"]), former=_containers(saved["former"]),
            file=_port(file) if file else None,
            last_port=saved.get("last_port", file["ports"][0] if file and file["ports"] else None),
            gluetun_seen=bool(saved["gluetun_seen"]),
            earlier={name: tuple(ids) for name, ids in saved.get("earlier", {}).items()},
            last_gluetun=str(saved.get("last_gluetun", "")), main=str(saved.get("main", "")),
            others={name: Forwarded(last_port=last) for name, last in saved.get("others", {}).items()},
        )  # fmt: skip
        return known.with_names(world.names)
    except (TypeError, KeyError):  # written by another version
        return world


def _containers(saved: list[_Json]) -> dict[str, Container]:
    return {fields["name"]: Container(**fields) for fields in saved}


def _port(saved: _Json) -> PortFile:
    return PortFile(
        tuple(saved["ports"]), saved["reason"], saved["generation"], saved["mtime"], saved.get("source", "files")
    )
