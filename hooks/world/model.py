"""What is believed now: containers and gluetun's port. Every change answers with the events that it means."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from hooks.events.catalogue import CHANGES_WORLD, Event, Origin

_FIELDS = ("service", "project")
_FORMER = 200  # names: more than a home server makes and removes between two resyncs
EARLIER = 8  # ids of one name: whoever was not re-created in so many generations of another is known by its labels


@dataclass(frozen=True, slots=True)
class Container:
    """A container as Docker shows it. Times are ns since the Unix epoch, 0 where unknown or never."""

    name: str
    id: str
    image: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    running: bool = False
    health: str = ""  # "healthy", "unhealthy", "starting", or "" for no health check
    started_at: int = 0
    finished_at: int = 0
    exit_code: int = 0
    addresses: Mapping[str, str] = field(default_factory=dict)  # network -> the last known IPv4 (or IPv6) address
    network_mode: str = ""

    @property
    def state_since(self) -> int:
        """When it came to run, or to be dead."""
        return self.started_at if self.running else max(self.finished_at, self.started_at)


@dataclass(frozen=True, slots=True)
class PortFile:
    """One reading of gluetun's port file. `generation` changes whenever the file is written anew."""

    ports: tuple[int, ...] = ()
    reason: str = ""  # why it holds no valid port although it is not empty
    generation: str = ""  # mtime in ns and inode, "" where there is no file
    mtime: int = field(default=0, compare=False)  # ns since the Unix epoch; the generation tells it exactly


@dataclass(frozen=True, slots=True)
class World:
    """Everything that is believed at one instant. `gluetun` is the name of the container whose port the file tells."""

    gluetun: str = "gluetun"
    containers: Mapping[str, Container] = field(default_factory=dict)
    file: PortFile | None = None  # None: never read, or no rule asks
    gluetun_seen: bool = False  # once Docker has shown it, its absence means that it is down
    former: Mapping[str, Container] = field(default_factory=dict)  # who last bore a name that is free now
    earlier: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # name -> ids that bore it, the latest first

    @property
    def port(self) -> PortFile | None:
        """The reading, if it holds valid ports and is no leftover from before gluetun's start or death."""
        if self.file is None or not self.file.ports:
            return None
        vpn = self.containers.get(self.gluetun)
        return None if vpn and self.file.mtime < vpn.state_since else self.file

    @property
    def expects_port(self) -> bool:
        """Whether an absent port is news: the file is watched, and gluetun is not known to be down."""
        vpn = self.containers.get(self.gluetun)
        return self.file is not None and (vpn.running if vpn else not self.gluetun_seen)

    def last_known(self, name: str) -> Container | None:
        """The container of this name, or the one that bore it last: both tell whether the next is news."""
        return self.containers.get(name) or self.former.get(name)

    def ids(self) -> dict[str, tuple[str, ...]]:
        """Every id that is known of a name: the one that it has or had last, and earlier ones."""
        bearers = {**self.former, **self.containers}
        last = {name: (container.id,) for name, container in bearers.items()}
        return {name: (*last.get(name, ()), *self.earlier.get(name, ())) for name in {**last, **self.earlier}}

    def with_container(self, container: Container) -> World:
        """The world in which the container bears its name."""
        former = {name: gone for name, gone in self.former.items() if name != container.name}
        containers = {**self.containers, container.name: container}
        return replace(self, containers=containers, former=former, earlier=self._earlier_than(container))

    def without_container(self, name: str) -> World:
        """The world in which the name is free. Who bore it is remembered, the oldest forgotten."""
        containers = {n: c for n, c in self.containers.items() if n != name}
        former = {n: c for n, c in self.former.items() if n != name} | {name: self.containers[name]}
        return replace(self, containers=containers, former=dict(list(former.items())[-_FORMER:]))

    def _earlier_than(self, container: Container) -> Mapping[str, tuple[str, ...]]:
        name, known = container.name, self.last_known(container.name)
        if known is None or known.id == container.id:
            return self.earlier
        ids = (known.id, *(ident for ident in self.earlier.get(name, ()) if ident not in (known.id, container.id)))
        others = {n: earlier for n, earlier in self.earlier.items() if n != name}
        return dict(list({**others, name: ids[:EARLIER]}.items())[-_FORMER:])

    def with_port_file(self, file: PortFile, now: int) -> World:
        """The world after a reading of the port file. `now` is ns since the Unix epoch."""
        vpn = self.containers.get(self.gluetun)
        # a start that lies in the future: the clock was set back since, and what is there now is no leftover
        if vpn and vpn.running and vpn.started_at > now:
            file = replace(file, mtime=max(file.mtime, vpn.started_at))
        return replace(self, file=file)

    def state(self) -> dict[str, Any]:
        """What `${state.…}` can say."""
        ports = list(self.port.ports) if self.port else []
        return {"port": ports[0] if ports else None, "ports": ports}


def diff(before: World, after: World, origin: Origin, now: int) -> list[Event]:
    """What the step from one world to the other means, as events. `now` is ns since the Unix epoch."""
    if before is after:
        return []
    events: list[Event] = []
    for name, container in after.containers.items():
        if before.containers.get(name) is not container:
            events += _container_news(before.last_known(name), container, origin, now)
    for name, container in before.containers.items():
        if name not in after.containers:
            events.append(_event("container.destroy", container, now, origin))
    return events + list(_port_news(before, after, origin, now))


def present(world: World, now: int) -> list[Event]:
    """Every state that holds now, as a resync tells it: lanes know which of them are news to them."""
    events = []
    for container in world.containers.values():
        if container.running:
            events.append(_event("container.start", container, container.started_at or now, "resync"))
            if container.health in ("healthy", "unhealthy"):
                kind = f"container.{container.health}"
                events.append(_event(kind, container, container.started_at or now, "resync"))
    return events + list(_port_state(world, None, "resync", now))


def lasts(world: World, event: Event) -> bool:
    """Whether the state that the event began still lasts, as far as the world shows it."""
    container = world.containers.get(event.subject)
    match event.type:
        case "container.healthy" | "container.unhealthy":
            return container is not None and f"container.{container.health}" == event.type
        case "container.start" | "container.die":
            return (container is not None and container.running) == (event.type == "container.start")
        case "port.cleared":
            return world.expects_port and world.port is None
        case "port.forwarded":
            return world.port is not None
    return True


def after_event(world: World, event: Event) -> World:
    """The world after a raw container event. Addresses come only from a look at the engine.

    An event older than what is known changes nothing: after a reconnect Docker tells the past again.
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


def _renamed(world: World, event: Event) -> World:
    old_name = str(event.data.get("old_name"))
    old = world.containers.get(old_name)
    # two names are swapped through a third, so the name alone does not tell who is meant
    if old is None or old.id != event.data.get("id"):
        return world
    return world.without_container(old_name).with_container(replace(old, name=event.subject))


_CHANGES: Mapping[str, Callable[[Container, Event], Container]] = {
    "start": lambda c, e: replace(c, running=True, health="", started_at=e.time),
    "die": lambda c, e: replace(
        c, running=False, health="", finished_at=e.time, exit_code=int(e.data.get("exit_code", 0))
    ),
    "healthy": lambda c, _: replace(c, running=True, health="healthy"),
    "unhealthy": lambda c, _: replace(c, running=True, health="unhealthy"),
}


def _from_event(event: Event, known: Container | None) -> Container:
    # the addresses are kept until a look at the engine tells the new ones, so that their change is news
    labels = dict(event.data.get("labels") or {})
    for name in _FIELDS:
        if name in event.data:
            labels[f"com.docker.compose.{name}"] = event.data[name]
    return Container(
        event.subject, str(event.data.get("id", "")), str(event.data.get("image", "")), labels,
        addresses=known.addresses if known else {},
    )  # fmt: skip


def _container_news(old: Container | None, new: Container, origin: Origin, now: int) -> Iterator[Event]:
    if old and old.id != new.id:
        yield _event("container.recreated", new, now, origin, old_id=old.id)
    same = old is not None and old.id == new.id
    restarted = new.running and not (same and old is not None and old.running and old.started_at >= new.started_at)
    if restarted:
        yield _event("container.start", new, new.started_at or now, origin)
    elif not new.running and old is not None and old.running:
        yield _event("container.die", new, new.finished_at or now, origin, exit_code=new.exit_code)
    known = new.running and new.health in ("healthy", "unhealthy")
    if known and (restarted or old is None or old.health != new.health):
        yield _event(f"container.{new.health}", new, now, origin)
    yield from _address_news(old, new, origin, now)


def _address_news(old: Container | None, new: Container, origin: Origin, now: int) -> Iterator[Event]:
    for network, address in new.addresses.items():
        before = old.addresses.get(network, "") if old else ""
        if old and before and address and before != address:
            yield _event("container.ip_changed", new, now, origin, network=network, ip=address, old_ip=before)


def _port_news(before: World, after: World, origin: Origin, now: int) -> Iterator[Event]:
    file, was = after.file, before.file
    if file and file.reason and (was is None or was.generation != file.generation):
        data = {"container": after.gluetun, "reason": file.reason}
        yield Event("port.invalid", after.gluetun, file.mtime, "files", origin, data)
    stood = before.port if before.expects_port else None
    if after.port:
        # the ports too: within one tick of the kernel's clock two writes have the same generation
        news = stood is None or (stood.ports, stood.generation) != (after.port.ports, after.port.generation)
    else:
        news = after.expects_port and (stood is not None or not before.expects_port)
    if news:
        yield from _port_state(after, before, origin, now)


def _port_state(world: World, before: World | None, origin: Origin, now: int) -> Iterator[Event]:
    old = before.port if before else None
    more = {"old_port": old.ports[0]} if old else {}
    if world.port:
        data = {
            "container": world.gluetun, "port": world.port.ports[0], "ports": list(world.port.ports),
            "generation": world.port.generation, **more,
        }  # fmt: skip
        yield Event("port.forwarded", world.gluetun, world.port.mtime, "files", origin, data)
    elif world.expects_port:
        yield Event("port.cleared", world.gluetun, now, "files", origin, {"container": world.gluetun, **more})


def _event(kind: str, container: Container, time: int, origin: Origin, **more: Any) -> Event:
    data: dict[str, Any] = {
        "container": container.name, "id": container.id, "image": container.image,
        "labels": dict(container.labels), **more,
    }  # fmt: skip
    for name in _FIELDS:
        if f"com.docker.compose.{name}" in container.labels:
            data[name] = container.labels[f"com.docker.compose.{name}"]
    return Event(kind, container.name, time, "docker", origin, data)
