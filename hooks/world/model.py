"""The world: the containers and gluetun's port file as gluehook last read them.

A `World` is a value: it never changes, and every method returns another one. The tracker (hooks/world/tracker.py) holds
the current one for all sources; handlers get it as `ctx.world`, placeholders as `${state.…}`. What the step from one
world to the next means as events stands in hooks/world/differences.py, how a raw event changes it in raw_events.py.
Guaranteed: a port is valid only if its file was written after gluetun's last start. Nothing here reads a clock, a file
or Docker (tests/test_layers.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from hooks.world.names import Names

COMPOSE_FIELDS = ("service", "project")  # an event's fields that are Compose's labels
_FORMER = 200  # names: more than a home server makes and removes between two resyncs
EARLIER = 8  # ids of one name; dependents of a container that is older than these are found by their labels


@dataclass(frozen=True, slots=True)
class Container:
    """A container as Docker last showed it. Times are ns since the Unix epoch, 0 where unknown or never."""

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
    # what only an inspect shows, for the programs that gluehook speaks to; kept while the id is the same
    web_port: int = 0  # of its Web UI, RPC or control server, inside; 0 where it is not known
    port_file: str = (
        ""  # where gluetun's port file is outside of it: "/srv/vpn/port", "volume:vpn/port"; "" for nowhere
    )
    mounts: Mapping[str, str] = field(default_factory=dict)  # of gluehook itself: path inside -> where that is outside
    paused: bool = False  # it runs, and its processes stand still
    forwards_no_port: bool = False  # of gluetun: its owner has turned that off (VPN_PORT_FORWARDING)
    unpaused_at: int = field(default=0, compare=False)  # when it was last unpaused, as far as that was seen
    # which program it is, "" for none that is known here; the world finds it by its `names`
    role: str = field(default="", compare=False)

    @property
    def service(self) -> str:
        """What its compose file calls it, "" without one."""
        return self.labels.get("com.docker.compose.service", "")

    @property
    def state_since(self) -> int:
        """When its present state began: that it runs, or that it is dead."""
        return self.started_at if self.running else max(self.finished_at, self.started_at)


@dataclass(frozen=True, slots=True)
class PortFile:
    """One reading of gluetun's port: of its file, or of its control server.

    `generation` changes whenever the file is written anew, or the control server has another tunnel's port.
    """

    ports: tuple[int, ...] = ()
    reason: str = ""  # why it holds no valid port although it is not empty
    generation: str = ""  # mtime in ns and inode; "" for no file
    mtime: int = field(default=0, compare=False)  # ns since the Unix epoch; the generation tells it exactly
    source: str = "files"  # the source of events that read it

    @property
    def is_empty(self) -> bool:
        """Whether the file is there and nothing is in it."""
        return bool(self.generation) and not self.ports and not self.reason


@dataclass(frozen=True, slots=True)
class Forwarded:
    """What one of several gluetuns forwards: the last reading, and the first port of the last valid one."""

    file: PortFile | None = None
    last_port: int | None = None


class OwnPort(NamedTuple):
    """The port of one gluetun, with all that decides whether it is valid."""

    gluetun: str
    file: PortFile | None
    last_port: int | None
    container: Container | None  # gluetun's
    is_seen: bool  # Docker has shown it, so that its absence means that it is down
    is_listed: bool  # Docker has shown all containers, so that one that it has never shown is not known to exist

    @property
    def port(self) -> PortFile | None:
        """The port file, if it holds valid ports and was written after gluetun last started or died."""
        file, container = self.file, self.container
        if file is None or not file.ports:
            return None
        return None if container and file.mtime < container.state_since else file

    @property
    def is_expected(self) -> bool:
        """Whether a missing port is an event: it is read, and gluetun runs and is not set to forward none."""
        refused = self.container is not None and self.container.forwards_no_port and not self.port
        return self.file is not None and self.gluetun_runs and not refused

    @property
    def gluetun_runs(self) -> bool:
        """Whether gluetun runs, as far as that is known. One that Docker does not show may have shown a port."""
        if self.container:
            return self.container.running
        return not self.is_seen and (not self.is_listed or self.last_port is not None)


@dataclass(frozen=True, slots=True)
class World:
    """What is known at one instant. `roles`: for each role the containers that have it, the first seen first."""

    names: Names = field(default_factory=Names)
    containers: Mapping[str, Container] = field(default_factory=dict)
    file: PortFile | None = None  # None: never read, or no rule uses the port
    last_port: int | None = None  # the first port of the last valid reading, kept while there is none
    gluetun_seen: bool = False  # once Docker has shown it, its absence means that it is down
    is_listed: bool = False  # Docker has shown all containers once
    former: Mapping[str, Container] = field(default_factory=dict)  # by name: the last container of a free name
    earlier: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # name -> previous ids of it, the latest first
    roles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    last_gluetun: str = ""  # what gluetun is called, or was when there was one
    main: str = ""  # of several gluetuns, the one that `file` belongs to
    others: Mapping[str, Forwarded] = field(default_factory=dict)  # by name: the other gluetuns whose port is read

    @property
    def gluetun(self) -> str:
        """The name of the container whose port stands in the port file; of several, in the one that settings name."""
        return self.main or self.last_gluetun or self.names.first("gluetun")

    @property
    def forwarders(self) -> tuple[str, ...]:
        """Every gluetun whose port is read."""
        return (self.gluetun, *self.others)

    def port_of(self, gluetun: str) -> OwnPort:
        """The port of this gluetun."""
        own, container = self.others.get(gluetun), self.containers.get(gluetun)
        if own is None and gluetun == self.gluetun:
            return OwnPort(gluetun, self.file, self.last_port, container, self.gluetun_seen, self.is_listed)
        own = own or Forwarded()
        # one that a table names is there without Docker, too, until Docker has shown it
        is_seen = gluetun not in self.names.tables or self.last_known(gluetun) is not None
        file = own.file if container or not is_seen else None
        return OwnPort(gluetun, file, own.last_port, container, is_seen, self.is_listed)

    def seen_from(self, gluetun: str) -> World:
        """The world whose port is this gluetun's: to be read, never to be kept."""
        if gluetun == self.gluetun:
            return self
        own = self.port_of(gluetun)
        return replace(
            self, main=gluetun, file=own.file, last_port=own.last_port, gluetun_seen=own.is_seen, others={}
        )  # fmt: skip

    def with_forwarders(self, main: str, others: Iterable[str]) -> World:
        """The world in which `file` belongs to `main`, and the ports of these others are read as well.

        A reading stays with its gluetun.
        """
        known = {**self.others, self.gluetun: Forwarded(self.file, self.last_port)}
        kept = {name: known.get(name, Forwarded()) for name in others if name != main}
        pinned = main if len(self.roles.get("gluetun", ())) > 1 else ""
        if (self.gluetun, self.main, list(self.others)) == (main, pinned, list(kept)):
            return self
        own = known.get(main, Forwarded())
        return replace(self, main=pinned, file=own.file, last_port=own.last_port, others=kept)

    @property
    def port(self) -> PortFile | None:
        """The port of the main gluetun, None where there is no valid one."""
        return self.port_of(self.gluetun).port

    def last_known(self, name: str) -> Container | None:
        """The container of this name, or the last one that had it: what the next one is compared with."""
        return self.containers.get(name) or self.former.get(name)

    def ids(self) -> dict[str, tuple[str, ...]]:
        """Every known id of each name: the present or last one, then previous ones."""
        known = {**self.former, **self.containers}
        last = {name: (container.id,) for name, container in known.items()}
        return {name: (*last.get(name, ()), *self.earlier.get(name, ())) for name in {**last, **self.earlier}}

    def with_names(self, names: Names) -> World:
        """The same world where settings and tables call containers so."""
        empty, known = replace(self, names=names, containers={}, roles={}), self.containers.values()
        for container in known:
            empty = empty.with_container(replace(container, role=""))
        return replace(empty, former=self.former, earlier=self.earlier)

    def with_container(self, container: Container) -> World:
        """The world in which this is the container of its name. A role is found for it, unless it has one."""
        if not container.role:
            role = self.names.role_of(container.name, container.image, container.service).name
            container = replace(container, role=role) if role else container
        known = self.containers.get(container.name)
        if known and known.id == container.id and known.unpaused_at > container.unpaused_at:  # no reading shows it
            container = replace(container, unpaused_at=known.unpaused_at)
        former = {name: gone for name, gone in self.former.items() if name != container.name}
        containers = {**self.containers, container.name: container}
        changed = replace(self, containers=containers, former=former, earlier=self._earlier_than(container))
        return changed._with_role(container.name, container.role)

    def without_container(self, name: str) -> World:
        """The world in which the name is free. Its last container is kept in `former`, for the latest 200 names."""
        containers = {n: c for n, c in self.containers.items() if n != name}
        former = {n: c for n, c in self.former.items() if n != name} | {name: self.containers[name]}
        return replace(self, containers=containers, former=dict(list(former.items())[-_FORMER:]))._with_role(name, "")

    def _with_role(self, name: str, role: str) -> World:
        if role == next((one for one, names in self.roles.items() if name in names), ""):
            return self
        roles = {one: tuple(each for each in names if each != name) for one, names in self.roles.items()}
        roles[role] = (*roles.get(role, ()), name)
        found = {one: names for one, names in roles.items() if one and names}
        main = self._gluetun_of(found.get("gluetun", ()))
        return replace(self, roles=found, last_gluetun=main)._with_readings_of(self)

    def _with_readings_of(self, before: World) -> World:
        """The same world, in which each reading is that of its gluetun, also where another one is the main one now."""
        others, main = {**self.others, before.gluetun: Forwarded(before.file, before.last_port)}, self.gluetun
        if main == before.gluetun or main not in self.others:
            return self
        own = others.pop(main)
        return replace(self, file=own.file, last_port=own.last_port, others=others)

    def _gluetun_of(self, found: tuple[str, ...]) -> str:
        """Of several, the one with the usual name; else the one so far, since a re-creation has two for a moment."""
        wanted = (self.names.first("gluetun"), self.last_gluetun)
        return next((name for name in wanted if name in found), min(found, default=self.last_gluetun))

    def _earlier_than(self, container: Container) -> Mapping[str, tuple[str, ...]]:
        name, known = container.name, self.last_known(container.name)
        if known is None or known.id == container.id:
            return self.earlier
        ids = (known.id, *(ident for ident in self.earlier.get(name, ()) if ident not in (known.id, container.id)))
        others = {n: earlier for n, earlier in self.earlier.items() if n != name}
        return dict(list({**others, name: ids[:EARLIER]}.items())[-_FORMER:])

    def with_port_file(self, file: PortFile, now: int, gluetun: str = "") -> World:
        """The world after a gluetun's port was read, "" for the main one. `now` is ns since the Unix epoch."""
        gluetun = gluetun or self.gluetun
        vpn = self.containers.get(gluetun)
        # a start in the future: the clock was set back since, so that the file is not older than the start
        if vpn and vpn.running and vpn.started_at > now:
            file = replace(file, mtime=max(file.mtime, vpn.started_at))
        if gluetun == self.gluetun:
            return replace(self, file=file)
        if gluetun not in self.others:  # it is read no more
            return self
        return self._with_other(gluetun, replace(self.others[gluetun], file=file))

    def with_last_port(self) -> World:
        """The world that remembers each port, where there is one: what the next one is compared with."""
        world = self
        for name in self.forwarders:
            own = world.port_of(name)
            port = own.port
            if port is None or port.ports[0] == own.last_port:
                continue
            last = port.ports[0]
            if name == world.gluetun:
                world = replace(world, last_port=last)
            else:
                world = world._with_other(name, replace(world.others[name], last_port=last))
        return world

    def _with_other(self, name: str, forwarded: Forwarded) -> World:
        return replace(self, others={**self.others, name: forwarded})

    def state(self) -> dict[str, Any]:
        """The values of `${state.…}`."""
        port = self.port
        ports = list(port.ports) if port else []
        return {"port": ports[0] if ports else None, "ports": ports}
