"""Inspecting containers for the world: one list of them all, and an inspect where the list cannot tell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from hooks.docker.container import MALFORMED, ListedContainer, inspected, listed
from hooks.world.model import Container, World

_MOST_INSPECTS = 8  # beyond so many one list is cheaper


def inspect_one(client: Any, ident: str) -> Container | None:
    """The container of this name or id, by an inspect; None if there is none.

    Raises OSError for every failed request (requests' errors descend from it) and for a malformed answer.
    """
    try:
        return inspected(client.inspect_container(ident)).for_world()
    except OSError as error:
        if getattr(getattr(error, "response", None), "status_code", 0) == 404:
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
    return [listed(raw).for_world() for raw in _list(client) if raw["Id"] in wanted]


def inspect_all(client: Any, world: World, *, thorough: bool) -> dict[str, Container]:
    """Every container by name. Where an inspect fails, what the list shows must do.

    `thorough`: events may have been missed, so that every running container is inspected, whatever `world` has of it.
    Raises OSError if the list itself fails.
    """
    found = {}
    for raw in _list(client):
        try:
            one = listed(raw)
        except MALFORMED:
            continue
        container = _in_full(client, one, world, thorough=thorough)
        if container:
            found[container.name] = container
    return found


def _list(client: Any) -> list[Mapping[str, Any]]:
    answer = client.containers(all=True)
    if not isinstance(answer, list):
        raise OSError("Docker's list of containers is none of a Docker engine")
    return answer


def _in_full(client: Any, one: ListedContainer, world: World, *, thorough: bool) -> Container | None:
    known = world.containers.get(one.name)
    known = known if known and known.id == one.id else None
    matters = one.running or (known and known.running) or one.name == world.gluetun
    # the list does not show the health of a paused container
    if matters and (thorough or one.paused or known is None or _differs(known, one)):
        with suppress(OSError):  # one failed inspect must not hide the other containers
            return inspect_one(client, one.id)
    now = one.for_world()
    if known is None:
        return now
    return replace(
        now, health=known.health if one.paused else now.health, started_at=known.started_at,
        finished_at=known.finished_at, exit_code=known.exit_code, network_mode=now.network_mode or known.network_mode,
    )  # fmt: skip


def _differs(known: Container, one: ListedContainer) -> bool:
    if known.running != one.running:
        return True
    return one.running and (not known.started_at or _reported(known.health) != _reported(one.health))


def _reported(health: str) -> str:
    return "" if health == "starting" else health  # an event reports how a check ended, not that it began
