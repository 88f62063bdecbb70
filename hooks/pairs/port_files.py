"""Where gluehook reads the port file of each gluetun: what a setting or table says, else a mount that both share.

A gluetun writes its file inside its own container. Where a folder or volume of it is mounted into gluehook's container,
too, the file has a path here. Of several gluetuns, FORWARDED_PORT_FILE is the file of the one whose file it is by the
mounts, else of the one that the settings are about.
"""

from __future__ import annotations

from collections.abc import Mapping

from hooks.config.settings import Settings
from hooks.pairs.reach import by_id
from hooks.rules.table import Table
from hooks.world.model import Container, World

_NO_TABLE = Table()


def port_files(world: World, settings: Settings, own_id: str = "", table: Table = _NO_TABLE) -> dict[str, str]:
    """By gluetun, the main one first: the path of its port file here, "" where it has none that gluehook could read."""
    named, known = settings.forwarded_port_file, sorted(world.roles.get("gluetun", ()))
    shared = {name: path for name in known if (path := _path_here(world.containers[name], world, own_id))}
    shared |= {one.container: one.port_file for one in table.gluetuns if one.port_file}
    tables = {one.container for one in table.gluetuns if one.port_file}
    owners = [name for name, path in shared.items() if path == named]
    main = world.gluetun if world.gluetun in owners or not owners else owners[0]
    path = named if named != Settings().forwarded_port_file and main not in tables else shared.get(main, named)
    found = {main: path}
    for name in dict.fromkeys((*known, *(one.container for one in table.gluetuns))):
        if name != main:
            other = shared.get(name, "")
            # a re-creation has two of one gluetun for a moment
            found[name] = other if other not in found.values() else ""
    return found


def _path_here(gluetun: Container, world: World, own_id: str) -> str:
    if not own_id:  # outside of a container a folder of the host has its own path
        return gluetun.port_file if gluetun.port_file.startswith("/") else ""
    own = by_id(world, own_id)
    return _inside(gluetun.port_file, own.mounts) if own else ""


def _inside(outside: str, mounts: Mapping[str, str]) -> str:
    for point, source in mounts.items():
        if outside and (outside == source or outside.startswith(source.rstrip("/") + "/")):
            return point.rstrip("/") + outside[len(source.rstrip("/")) :]
    return ""
