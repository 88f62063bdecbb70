"""Inspecting containers for the world: one list of them all, and an inspect where the list cannot tell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from math import inf
from typing import Any

from hooks.docker.answers import is_absent
from hooks.docker.container import MALFORMED, ListedContainer, inspected
from hooks.docker.listing import Skipped, list_containers
from hooks.images.roles import by_image, by_name, is_image_id
from hooks.world.model import Container, World

_MOST_INSPECTS = 8  # beyond so many one list is cheaper


def inspect_one(client: Any, ident: str) -> Container | None:
    """The container of this name or id, by an inspect; None if there is none.

    Raises OSError for every failed request (requests' errors descend from it) and for a malformed answer.
    """
    try:
        return inspected(client.inspect_container(ident)).for_world()
    except OSError as error:
        if is_absent(error):
            return None
        raise
    except MALFORMED as error:
        raise OSError(f"Docker's answer about container {ident[:12]} is none of a Docker engine") from error


def inspect_some(client: Any, idents: Iterable[str], *, in_full: bool) -> list[Container]:
    """The containers of these ids, without those that are gone: by inspects, or many of them by one list.

    `in_full`: by inspects however many they are, because the list does not show all. Raises OSError as `inspect_one`.
    """
    wanted = set(idents)
    if in_full or len(wanted) <= _MOST_INSPECTS:
        return [found for ident in wanted if (found := inspect_one(client, ident))]
    listed = [one for one in list_containers(client).containers if one.id in wanted]
    seen = (inspect_one(client, one.id) if _needs_inspect(one) else one.for_world() for one in listed)
    return [one for one in seen if one]


def _needs_inspect(one: ListedContainer) -> bool:
    # of a program that gluehook speaks to, its variables count
    return bool(by_image(one.image) or by_name(one.name, one.service))


@dataclass(frozen=True, slots=True)
class Reading:
    """Every container by name, and the entries of the list that cannot be read."""

    containers: Mapping[str, Container]
    skipped: tuple[Skipped, ...] = ()


def inspect_all(client: Any, world: World, *, since_s: float) -> Reading:
    """Every container. Where an inspect fails, what the list shows must do; of an entry that cannot be read, `world`.

    `since_s`: how long ago all were inspected before, in seconds. Whatever may have started since then is inspected,
    whether an event reported it or not. Infinity: events may have been missed, so that every running container is
    inspected. Raises OSError if the list itself fails.
    """
    listing = list_containers(client)
    seen = (_in_full(client, one, world, since_s) for one in listing.containers)
    found = {container.name: container for container in seen if container}
    unread = {one.ident for one in listing.skipped}
    known = {name: one for name, one in world.containers.items() if one.id in unread}
    return Reading({**known, **found}, listing.skipped)


def _in_full(client: Any, one: ListedContainer, world: World, since_s: float) -> Container | None:
    known = world.containers.get(one.name)
    known = known if known and known.id == one.id else None
    # the list shows an id for an image that has lost its name: only an inspect tells the role then
    nameless = is_image_id(known.image if known else one.image) and (known is None or since_s == inf)
    matters = one.running or (known and known.running) or one.name == world.gluetun or nameless
    # the list does not show the health of a paused container
    is_new = one.running and one.up_s < since_s
    if matters and (is_new or one.paused or known is None or nameless or _differs(known, one)):
        with suppress(OSError):  # one failed inspect must not hide the other containers
            return inspect_one(client, one.id)
    now = one.for_world()
    if known is None:
        return now
    return replace(
        now, image=known.image if is_image_id(now.image) else now.image,
        health=known.health if one.paused else now.health, started_at=known.started_at, finished_at=known.finished_at,
        exit_code=known.exit_code, network_mode=now.network_mode or known.network_mode, web_port=known.web_port,
        port_file=known.port_file, mounts=known.mounts, forwards_no_port=known.forwards_no_port,
    )  # fmt: skip


def _differs(known: Container, one: ListedContainer) -> bool:
    if known.running != one.running:
        return True
    return one.running and (not known.started_at or _reported(known.health) != _reported(one.health))


def _reported(health: str) -> str:
    return "" if health == "starting" else health  # an event reports how a check ended, not that it began
