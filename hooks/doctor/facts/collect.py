"""Collects the facts about the whole server: every target is read at the same time.

`gluehook status` calls `Collector.collect`, `gluehook doctor` calls `Collector.collect_all`, `gluehook peers` uses only
`Collector.context`. The reads of the targets are in the modules beside this one.

Guaranteed: nothing is changed on the server. Docker is read first, because the other reads need its containers; then
all others run at once, each limited in time, so that a target that does not answer costs its own fact only. Both
methods return in a known time and raise nothing for a target: what could not be read is `Unread`, what is not on this
server is None.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from handlers.containers.rejoin import remembered
from handlers.qbittorrent.web_api import Sessions
from handlers.shared.docker_rights import Use
from handlers.shared.http import shown
from hooks.config.settings import Settings
from hooks.docker import client
from hooks.doctor.facts import clients, gluetun, names, qbittorrent, wireguard
from hooks.doctor.facts import docker as docker_facts
from hooks.doctor.facts.derived import host_of
from hooks.doctor.facts.in_container import runner
from hooks.doctor.facts.model import (
    AdGuard,
    Docker,
    DockerAccess,
    Gluehook,
    HasRole,
    HostName,
    OtherClient,
    Server,
    Unread,
    WireGuard,
)  # fmt: skip
from hooks.doctor.facts.parallel import gather
from hooks.events.catalogue import Event
from hooks.handler import Context, Memory
from hooks.pairs.doubts import unclear_roles
from hooks.pairs.for_event import settings_for
from hooks.pairs.pairs import Pairs
from hooks.pairs.secret_names import Find, secrets_without_value
from hooks.rules.table import Table
from hooks.sources import port_file as portfile
from hooks.world.model import PortFile, World
from hooks.world.names import Names

_MOUNTS = "/proc/self/mountinfo"
_DOCKERS_SHARE = 2  # it answers several requests, and all other reads need its answers


@dataclass
class Collector:
    """Reads the server's facts. It keeps qBittorrent's session, so that a second collection needs no second login."""

    settings: Settings
    gluehook: Callable[[], Gluehook]  # reads the state folder
    secret: Callable[[str], str | None]
    memory: Memory  # of rejected credentials: none is tried twice
    docker: Callable[[float], Any] = client.connect
    own_id: str = ""
    table: Table | None = None  # the rules table that is in force
    uses: Sequence[Use] = ()  # every step of the rules that are in force
    public_ip: str = ""
    find_secret: Find = lambda _: None  # what is wrong about the secret of a name
    resolve: names.Resolve = names.system_resolver
    dns_port: int = names.PORT
    mounts: str = _MOUNTS
    sessions: Sessions = field(default_factory=Sessions)

    def collect(self, within_s: float, *, closely: bool = False) -> Server:
        """What `gluehook status` shows, in at most three times `within_s` seconds. `closely`: inspects all."""
        first = self.context(Docker(), _DOCKERS_SHARE * within_s)
        read = {"docker": lambda: docker_facts.read(first, closely=closely)}
        docker = gather(read, _DOCKERS_SHARE * within_s)["docker"]
        known = docker if isinstance(docker, Docker) else Docker()
        views = [self.context(known, within_s, about) for about in _subjects(self.context(known, within_s).pairs)]
        main = views[0]
        reads: dict[str, Callable[[], Any]] = {
            "gluehook": self.gluehook, "wireguard": lambda: wireguard.read(main),
            "refused": lambda: docker_facts.read_refused(main, self.uses),
        }  # fmt: skip
        for number, view in enumerate(views):
            reads |= {f"{number} {what}": read for what, read in self._reads(view, known).items()}
        others = [one for one in main.pairs.clients() if one.kind in clients.READERS]
        for one in others:
            reads[f"client {one.name}"] = partial(clients.read, one.kind, self.context(known, within_s, one.name))
        found = gather(reads, within_s)
        found["refused"] = () if isinstance(found["refused"], Unread) else found["refused"]
        _replace_unread_state(found)
        of_all = {what: found[what] for what in ("gluehook", "wireguard", "refused")}
        servers = [
            self._server(view, docker, of_all, {what: found[f"{number} {what}"] for what in self._reads(view, known)})
            for number, view in enumerate(views)
        ]
        seen = [OtherClient(one.name, one.kind, one.gluetun, found[f"client {one.name}"], one.port) for one in others]
        unclear = (
            unclear_roles(main.world, self.settings, self.table, self.own_id) if docker is known and self.table else ()
        )
        roles = _roles(main.world)
        of_others = [replace(server, roles=roles, clients=seen) for server in servers[1:]]
        secrets = [*secrets_without_value(self.table, self.find_secret)] if self.table else []
        return replace(
            servers[0], others=of_others, roles=roles, clients=seen, unclear_roles=unclear, secrets=secrets
        )  # fmt: skip

    def _reads(self, view: Context, docker: Docker) -> dict[str, Callable[[], Any]]:
        """What is read of one gluetun and one torrent client of its."""
        settings = view.settings
        return {
            "port_file": lambda: portfile.read(settings.forwarded_port_file),
            "port_folder": Path(settings.forwarded_port_file).parent.exists,
            "gluetun": lambda: gluetun.read(view),
            "qbittorrent": lambda: qbittorrent.read(
                view, self.sessions, runner(view, docker, settings.qbittorrent_container)
            ),
        }

    def _server(self, view: Context, docker: Docker | Unread, of_all: dict[str, Any], found: dict[str, Any]) -> Server:
        """The server as it is for one gluetun and one torrent client of its."""
        settings, known = view.settings, docker if isinstance(docker, Docker) else Docker()
        folder_missing = found.pop("port_folder") is False
        _replace_unread_file(found, settings.forwarded_port_file)
        dependents, orphans = docker_facts.dependents(
            known,
            settings.gluetun_container,
            of_all["gluehook"].earlier_ids,
            remembered(settings.gluetun_container, view),
        )
        return _without_absent(Server(
            settings=settings, now_s=time.time(), docker=docker, own_id=self.own_id, public_ip=self.public_ip,
            uses=self.uses, port_folder_missing=folder_missing,
            client=view.pairs.client(settings.qbittorrent_container),
            vpn=view.pairs.gluetun(settings.gluetun_container),
            port_file_is_mounted=_is_mounted(settings.forwarded_port_file, self.mounts),
            adguard=names.find_adguard(known), dependents=dependents, orphans=orphans,
            applied=self.memory.get(f"qbittorrent.applied:{shown(settings.qbittorrent_url)}"), **of_all, **found,
        ))  # fmt: skip

    def collect_all(self, within_s: float) -> Server:
        """As `collect`, and what only the doctor reads: the access to Docker, AdGuard's answer, the devices' names."""
        server = self.collect(within_s, closely=True)  # the sign of another writer may be in any container's variables
        ctx = self.context(Docker(), within_s)
        hosts = {host: lambda host=host: names.resolve_host(host, self.resolve) for host in _hosts(server)}
        question = next(iter(hosts), "localhost")
        more = gather({
            "access": lambda: docker_facts.read_access(ctx),
            "answer": lambda: self._answer(server, question, within_s),
            **hosts,
        }, within_s)  # fmt: skip
        access, answer = more.pop("access"), more.pop("answer")
        read: dict[str, Any] = {
            "access": access if isinstance(access, DockerAccess) else None,
            "adguard": replace(server.adguard, answer=answer) if server.adguard else None,
            "names": [
                found if isinstance(found, HostName) else HostName(host, error=found.why)
                for host, found in more.items()
            ],
        }
        return replace(server, others=[replace(one, **read) for one in server.others], **read)

    def context(self, docker: Docker, within_s: float, about: str = "server") -> Context:
        """A handler's context for reads of at most `within_s` seconds: the handlers' code makes the requests.

        `about` is the torrent client, or the gluetun, whose settings it has.
        """
        # a little less, because a request's own time-out gives a better reason than `gather`'s
        deadline = time.monotonic() + within_s * 0.9
        table = self.table or Table()
        world = World(containers=docker.containers).with_names(Names(self.settings.containers, table.roles))
        pairs, event = Pairs(world, self.settings, self.own_id, table), Event("status", about, time.time_ns())
        if pairs.gluetun(about):
            event = replace(event, data={"gluetun": about})
        return Context(
            event=event, run="status", settings=settings_for(event, self.settings, pairs, world), world=world,
            pairs=pairs, memory=self.memory, secret=self.secret,
            docker=self.docker, left=lambda: deadline - time.monotonic(), wait=time.sleep, now=time.time,
            own_id=self.own_id,
        )  # fmt: skip

    def _answer(self, server: Server, name: str, within_s: float) -> str | None:
        address = _reachable(server)
        return names.dns_answer(address, name, within_s, self.dns_port) if address else None


def _subjects(pairs: Pairs) -> list[str]:
    """The torrent clients and gluetuns that the facts are read of, one after the other, the main one first.

    A gluetun with a qBittorrent is read with that; the checks and rows know no other client.
    """
    found = pairs.clients("qbittorrent")
    main = pairs.gluetuns[0].name
    alone = [one.name for one in pairs.gluetuns[1:] if not pairs.clients("qbittorrent", one.name)]
    first = next((one for one in found if one.gluetun in ("", main)), None)
    return ["server", *(one.name for one in found if one is not first), *alone]


def _roles(world: World) -> list[HasRole]:
    """Which container has which role, and why."""
    return [
        HasRole(role, name, world.names.role_of(name, seen.image, seen.service).by, seen.image)
        for role, names_ in world.roles.items() for name in names_ for seen in [world.containers[name]]
    ]  # fmt: skip


def _replace_unread_state(found: dict[str, Any]) -> None:
    """Make a fact of a state folder that cannot be read in time, as on a network drive that hangs."""
    if isinstance(found["gluehook"], Unread):
        found["gluehook"] = Gluehook(False, (f"its state folder cannot be read: {found['gluehook'].why}",))


def _replace_unread_file(found: dict[str, Any], port_file: str) -> None:
    """As `_replace_unread_state`, of the port file."""
    if isinstance(found["port_file"], Unread):
        found["port_file"] = PortFile((), f"the port file {port_file} cannot be read: {found['port_file'].why}")


def _without_absent(server: Server) -> Server:
    """Make None of a target that does not answer and has no container on this engine: it is not here."""
    if not isinstance(server.docker, Docker):
        return server
    settings, containers = server.settings, server.docker.containers
    if isinstance(server.gluetun, Unread) and settings.gluetun_container not in containers:
        server = replace(server, gluetun=None)
    if isinstance(server.qbittorrent, Unread) and settings.qbittorrent_container not in containers:
        server = replace(server, qbittorrent=None)
    return server


def _hosts(server: Server) -> list[str]:
    """The names or addresses that devices call, each once."""
    devices = server.wireguard.devices if isinstance(server.wireguard, WireGuard) else ()
    return list(dict.fromkeys(host for device in devices if (host := host_of(device.endpoint))))


def _reachable(server: Server) -> str:
    """An address at which we can ask AdGuard, or "": on one of our own networks, if we run in a container."""
    adguard: AdGuard | None = server.adguard
    if adguard is None or not adguard.running:
        return ""
    own = server.own.addresses if server.own else None
    return next((a for network, a in adguard.addresses.items() if a and (own is None or network in own)), "")


def _is_mounted(path: str, mounts: str) -> bool:
    """Whether the file itself is a mount, by `mounts`, a file such as /proc/self/mountinfo."""
    with suppress(OSError):
        points = [line.split()[4] for line in Path(mounts).read_text().splitlines()]
        return path.replace(" ", "\\040") in points
    return False
