"""The Docker engine: everybody by one list, those that matter by an inspect each, and how wide the door to it is."""

from __future__ import annotations

import re
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, TypeVar

from handlers.containers.dependents import Dependent, Earlier, judged, members, orphans
from hooks.docker import client as docker_host
from hooks.docker import inspect, records, refusals
from hooks.docker.records import Listed
from hooks.doctor.facts.model import Box, Docker, DockerAccess
from hooks.handler import Context, GiveUp
from hooks.world.model import Container

T = TypeVar("T")
ADGUARDS = ("adguard", "adguardhome")
# healers and port setters: what they are set to do stands in their environment
_OTHERS = re.compile(r"autoheal|deunhealth|adguard|gluetun|qbit", re.IGNORECASE)
_BROKEN = (ValueError, KeyError, TypeError, AttributeError)
_UNNEEDED = {"/images/json": "IMAGES", "/volumes": "VOLUMES", "/info": "INFO"}  # path -> a proxy's word for it


def read(ctx: Context) -> Docker:
    """Everybody on the engine. Raises GiveUp with what keeps us from it and how to change that."""
    from docker.errors import DockerException

    try:
        with closing(ctx.docker(max(ctx.left(), 0.1))) as client:
            raws = _listed(client)
            containers = {seen.name: seen for seen in _each(inspect.from_list, raws)}
            names = [name for name, seen in containers.items() if _matters(seen, ctx)]
            boxes = {name: box for name in names if (box := _box(client, containers[name]))}
    except (OSError, DockerException) as error:  # what requests raises descends from OSError
        raise GiveUp(refusals.why(error, docker_host.where())) from None
    closely = {name: box.container for name, box in boxes.items()}
    return Docker({**containers, **closely}, boxes, tuple(_each(records.listed, raws)))


def read_access(ctx: Context) -> DockerAccess:
    """How we reach the engine.

    Over TCP three lists are asked for that gluehook does not need: a proxy that guards the socket refuses them.
    """
    where = docker_host.where()
    if where.startswith("/"):
        return DockerAccess(where, writable_by_all=bool(Path(where).stat().st_mode & stat.S_IWOTH))
    with closing(ctx.docker(max(ctx.left(), 0.1))) as client:
        answered = tuple(word for path, word in _UNNEEDED.items() if _answers(client, path))
        return DockerAccess(where, is_socket=False, tls=client.base_url.startswith("https:"), unneeded=answered)


def dependents(docker: Docker, parent: str, earlier: Earlier) -> tuple[list[Dependent], list[Listed]]:
    """Who belongs into the parent's namespace and how they are; and who joins one that nobody knows."""
    house = docker.boxes.get(parent)
    if house is None:
        return [], []
    found = members(house.seen, docker.listed, earlier)
    seen = {box.seen.id: box.seen for box in docker.boxes.values()}
    return judged(house.seen, found, seen), orphans(docker.listed, found)


def _listed(client: Any) -> list[Mapping[str, Any]]:
    listed = client.containers(all=True)
    if not isinstance(listed, list):
        raise GiveUp(f"what answers at {docker_host.where()} is no Docker engine; correct DOCKER_HOST")
    return listed


def _each(read: Callable[[Mapping[str, Any]], T], raws: Iterable[Mapping[str, Any]]) -> Iterator[T]:
    for raw in raws:
        with suppress(*_BROKEN):  # one strange record must not hide the others
            yield read(raw)


def _matters(seen: Container, ctx: Context) -> bool:
    settings = ctx.settings
    named = (settings.gluetun_container, settings.qbittorrent_container, settings.wireguard_container, *ADGUARDS)
    joins = seen.network_mode.startswith("container:")
    return seen.name in named or seen.id == ctx.own_id or joins or _OTHERS.search(seen.image) is not None


def _box(client: Any, listed: Container) -> Box | None:
    """By an inspect; None where it cannot be had, as of a container that is just being removed."""
    with suppress(OSError, *_BROKEN):
        raw = client.inspect_container(listed.id)
        return box_of(raw)
    return None


def box_of(raw: Mapping[str, Any]) -> Box:
    """A container as `/containers/{id}/json` shows it."""
    config, host = raw.get("Config") or {}, raw.get("HostConfig") or {}
    networks = (raw.get("NetworkSettings") or {}).get("Networks") or {}
    pairs = (str(line).partition("=") for line in config.get("Env") or ())
    return Box(
        inspect.from_inspect(raw),
        records.seen(raw),
        {name: value for name, _, value in pairs},
        tuple(str(mount["Destination"]) for mount in raw.get("Mounts") or ()),
        frozenset(networks),
        privileged=bool(host.get("Privileged")),
    )


def _answers(client: Any, path: str) -> bool:
    with suppress(OSError):
        return bool(client._get(client._url(path)).ok)
    return False
