"""What the Docker engine shows when it is asked: one list of all containers, and an inspect where that cannot tell."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from hooks.events.jsonl import nanoseconds
from hooks.world.model import Container, World

_HEALTH = re.compile(r"\((?:health: )?(healthy|unhealthy|starting)\)")
_EXITED = re.compile(r"Exited \((\d+)\)")
# What a raw answer of the wrong shape raises. OSError is every failed request: requests' errors descend from it.
_BROKEN = (ValueError, KeyError, TypeError, AttributeError, IndexError)
_LOOKS_AT_ONCE = 8  # beyond so many inspects one list is cheaper

Change = Callable[[World], World]


def inspect_one(client: Any, ident: str) -> Container | None:
    """The container of this name or id by an inspect, None if there is none. Raises OSError where it cannot be told."""
    try:
        return from_inspect(client.inspect_container(ident))
    except OSError as error:
        if getattr(getattr(error, "response", None), "status_code", 0) == 404:
            return None
        raise
    except _BROKEN as error:
        raise OSError(f"Docker's answer about container {ident[:12]} is none of a Docker engine") from error


def inspect_some(client: Any, idents: Iterable[str], *, closely: bool) -> list[Container]:
    """The containers of these ids, gone ones left out: by inspect, or many of them by one list unless `closely`.

    Raises OSError where it cannot be told.
    """
    wanted = set(idents)
    if closely or len(wanted) <= _LOOKS_AT_ONCE:
        return [seen for ident in wanted if (seen := inspect_one(client, ident))]
    return [from_list(raw) for raw in _listed(client) if raw["Id"] in wanted]


def inspect_all(client: Any, world: World, *, thorough: bool) -> dict[str, Container]:
    """Every container by name. One that cannot be inspected is told as far as the list tells it.

    `thorough`: something may have been missed, so that no running container is taken to be what it was.
    Raises OSError if the list itself cannot be had.
    """
    found = {}
    for raw in _listed(client):
        try:
            listed = from_list(raw)
        except _BROKEN:
            continue
        seen = _closer(client, listed, raw, world, thorough=thorough)
        if seen:
            found[seen.name] = seen
    return found


def from_list(raw: Mapping[str, Any]) -> Container:
    """A container as `/containers/json` shows it: without StartedAt and FinishedAt."""
    status = str(raw.get("Status") or "")
    health, exited = _HEALTH.search(status), _EXITED.match(status)
    return Container(
        # a link of another container is listed as one more name, with two slashes
        name=min(raw["Names"], key=lambda name: name.count("/")).lstrip("/"),
        id=raw["Id"],
        image=raw.get("Image") or "",
        labels=dict(raw.get("Labels") or {}),
        running=raw.get("State") in ("running", "paused"),
        health=health[1] if health else "",
        exit_code=int(exited[1]) if exited else 0,
        addresses=_addresses(raw),
        network_mode=(raw.get("HostConfig") or {}).get("NetworkMode") or "",
    )


def from_inspect(raw: Mapping[str, Any]) -> Container:
    """A container as `/containers/{id}/json` shows it."""
    state, config = raw["State"], raw.get("Config") or {}
    return Container(
        name=raw["Name"].lstrip("/"),
        id=raw["Id"],
        image=config.get("Image") or "",
        labels=dict(config.get("Labels") or {}),
        # Docker calls a container that waits for its next restart running
        running=bool(state["Running"]) and not state.get("Restarting"),
        health=_no_check((state.get("Health") or state.get("Healthcheck") or {}).get("Status") or ""),
        started_at=nanoseconds(state.get("StartedAt") or ""),
        finished_at=nanoseconds(state.get("FinishedAt") or ""),
        exit_code=int(state.get("ExitCode") or 0),
        addresses=_addresses(raw),
        network_mode=(raw.get("HostConfig") or {}).get("NetworkMode") or "",
    )


def everything(before: World, found: Mapping[str, Container]) -> Change:
    """The change that a whole look means: `found` are all containers, `before` is the world when the look began."""

    def change(world: World) -> World:
        for name in before.containers:
            if name not in found and world.containers.get(name) is before.containers[name]:
                world = world.without_container(name)
        return these(before, found)(world)

    return change


def these(before: World, found: Mapping[str, Container | None]) -> Change:
    """The change that a look at some containers means; None is one that is gone.

    Where an event has told something since the look began, the event is right.
    """

    def change(world: World) -> World:
        for name, seen in found.items():
            if world.containers.get(name) is not before.containers.get(name):
                continue
            if seen is None:
                world = world.without_container(name) if name in world.containers else world
            elif world.containers.get(name) != (now := _with_old_addresses(world, seen)):
                world = world.with_container(now)
        return world

    return change


def addresses_of(seen: Container) -> Change:
    """The change that only tells its addresses: that it lives, and how, is told by the events in their order."""

    def change(world: World) -> World:
        known = world.containers.get(seen.name)
        if known is None or known.id != seen.id:
            return world
        now = replace(_with_old_addresses(world, seen), labels=known.labels)
        return world.with_container(replace(known, addresses=now.addresses, network_mode=now.network_mode))

    return change


def _listed(client: Any) -> list[Mapping[str, Any]]:
    listed = client.containers(all=True)
    if not isinstance(listed, list):
        raise OSError("Docker's list of containers is none of a Docker engine")
    return listed


def _closer(
    client: Any, listed: Container, raw: Mapping[str, Any], world: World, *, thorough: bool
) -> Container | None:
    known = world.containers.get(listed.name)
    known = known if known and known.id == listed.id else None
    paused = raw.get("State") == "paused"  # the list does not tell its health
    matters = listed.running or (known and known.running) or listed.name == world.gluetun
    if matters and (thorough or paused or known is None or _differs(known, listed)):
        with suppress(OSError):  # the others must be seen all the same
            return inspect_one(client, listed.id)
    if known is None:
        return listed
    return replace(
        known, labels=listed.labels, image=listed.image, running=listed.running, addresses=listed.addresses,
        health=known.health if paused else listed.health, network_mode=listed.network_mode,
    )  # fmt: skip


def _differs(known: Container, listed: Container) -> bool:
    if known.running != listed.running:
        return True
    return listed.running and (not known.started_at or _told(known.health) != _told(listed.health))


def _told(health: str) -> str:
    return "" if health == "starting" else health  # an event tells how a check ended, not that it began


def _no_check(health: str) -> str:
    return "" if health == "none" else health


def _with_old_addresses(world: World, seen: Container) -> Container:
    # one that is stopped or between two networks has none; the next is news against the last
    known = world.last_known(seen.name)
    return replace(seen, addresses={**known.addresses, **seen.addresses}) if known else seen


def _addresses(raw: Mapping[str, Any]) -> dict[str, str]:
    networks = (raw.get("NetworkSettings") or {}).get("Networks") or {}
    found = {name: n.get("IPAddress") or n.get("GlobalIPv6Address") for name, n in networks.items() if n}
    return {name: address for name, address in found.items() if address}
