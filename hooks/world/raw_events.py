"""How one raw event of Docker's changes the world.

The tracker applies each of them; what the change means as events stands in hooks/world/differences.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from hooks.events.catalogue import CHANGES_WORLD, Event
from hooks.world.model import COMPOSE_FIELDS, Container, World


def after_event(world: World, event: Event) -> World:
    """The world after a container event of Docker's. Addresses stay as they are: no event has them.

    An event that is older than the container's known state changes nothing: after a reconnect Docker sends past events
    again.
    """
    if event.type not in CHANGES_WORLD or not event.subject:
        return world
    word = event.type.removeprefix("container.")
    if word == "rename":
        return _renamed(world, event)
    known = world.containers.get(event.subject)
    same = known is not None and known.id == event.data.get("id")
    if word == "destroy":
        return world.without_container(event.subject) if same else world
    if known and event.time < known.state_since:
        return world
    base = known if known and same else _from_event(event, world.last_known(event.subject))
    return world.with_container(_CHANGES[word](base, event))


def with_old_name(world: World, event: Event) -> Event:
    """A rename with the name that the container had until now, which Podman does not say; any other event as it is."""
    if event.type != "container.rename" or event.data.get("old_name"):
        return event
    ident = event.data.get("id")
    old = next((name for name, one in world.containers.items() if one.id == ident and name != event.subject), "")
    return replace(event, data={**event.data, "old_name": old})


def _renamed(world: World, event: Event) -> World:
    old_name = str(event.data.get("old_name"))
    old = world.containers.get(old_name)
    # names are swapped through a third one, so the name alone does not say which container it is
    if old is None or old.id != event.data.get("id"):
        return world
    return world.without_container(old_name).with_container(replace(old, name=event.subject, role=""))


_CHANGES: Mapping[str, Callable[[Container, Event], Container]] = {
    "start": lambda c, e: replace(c, running=True, paused=False, health="", started_at=e.time),
    "pause": lambda c, _: replace(c, running=True, paused=True),
    "unpause": lambda c, e: replace(c, running=True, paused=False, unpaused_at=e.time),
    "die": lambda c, e: replace(
        c, running=False, paused=False, health="", finished_at=e.time, exit_code=int(e.data.get("exit_code", 0))
    ),
    "healthy": lambda c, _: replace(c, running=True, health="healthy"),
    "unhealthy": lambda c, _: replace(c, running=True, health="unhealthy"),
}


def _from_event(event: Event, known: Container | None) -> Container:
    # the last addresses are kept until an inspect shows the new ones, so that a change of them is an event
    labels = dict(event.data.get("labels") or {})
    for name in COMPOSE_FIELDS:
        if name in event.data:
            labels[f"com.docker.compose.{name}"] = event.data[name]
    return Container(
        event.subject, str(event.data.get("id", "")), str(event.data.get("image", "")), labels,
        addresses=known.addresses if known else {}, role=str(event.data.get("role", "")),
    )  # fmt: skip
