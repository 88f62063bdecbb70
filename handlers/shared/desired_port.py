"""The torrent clients that a step is about, and the port that each should have."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Protocol

from handlers.shared.http import address, shown
from hooks.config.settings import Settings
from hooks.handler import Context, GiveUp, Outcome, Retry
from hooks.images.roles import PROGRAMS
from hooks.pairs.model import Access, Client


class Args(Protocol):
    """What a step may say about its client."""

    @property
    def url(self) -> str | None:
        """Where it is reached."""

    @property
    def container(self) -> str | None:
        """Its container."""

    @property
    def port(self) -> int | None:
        """Its port."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a step says about the port of each of its clients."""

    port: int | None = None
    relisten: bool = False


@dataclass(frozen=True, slots=True)
class DesiredPort:
    """The port that one client should have."""

    client: Client
    port: int
    generation: str  # of the port file; "" without one
    relisten: bool = False  # the step wants it to listen anew, also where the port is set and it listens

    @property
    def who(self) -> str:
        """How a sentence about this client begins."""
        return who(self.client)

    def is_written_anew(self, ctx: Context) -> bool:
        """Whether gluetun wrote the port since `remember`: then tun0 and the public address may be new."""
        return bool(ctx.memory.get(self._key) != self._applied)

    def remember(self, ctx: Context) -> None:
        """Save that this port was set. It is the last thing that an attempt does, so that a broken one is repeated."""
        ctx.memory.put(self._key, self._applied)

    @property
    def _key(self) -> str:
        return f"{self.client.kind}.applied:{shown(self.client.url)}"

    @property
    def _applied(self) -> dict[str, Any]:
        return {"generation": self.generation, "port": self.port}


def who(client: Client) -> str:
    """How a sentence about this client begins."""
    return f"{PROGRAMS[client.kind]} at {shown(client.url)}"


def read_secret(name: str, ctx: Context) -> str:
    """The secret of this name, "" for none."""
    return (ctx.secret(name) if name else None) or ""


def one_client(kind: str, ctx: Context) -> Client:
    """The client of this kind that the settings, as a handler sees them, are about."""
    client = settings_client(kind, ctx.settings)
    known = ctx.pairs.client(client.name)
    return known if known and known.kind == kind else client


def named_client(kind: str, args: Args, settings: Settings) -> Client:
    """The client of this kind that a step names, and settings where it says nothing."""
    client = settings_client(kind, settings)
    url = {"url": args.url, "named_by": "the step's url"} if args.url else {}
    return replace(client, name=args.container or client.name, access=replace(client.access, **url))


def settings_client(kind: str, settings: Settings) -> Client:
    """The client of this kind that the settings name."""

    def of(name: str) -> str:
        return str(getattr(settings, f"{kind}_{name}", ""))

    word = kind.upper()
    access = Access(
        of("url"),
        of("username"),
        f"{word}_PASSWORD",
        f"{word}_API_KEY",
        of("ca_file"),
        of("fingerprint"),
        f"{word}_URL",
    )
    return Client(of("container"), kind, access, settings.gluetun_container)


def clients_of(kind: str, args: Args, ctx: Context) -> tuple[Client, ...]:
    """The one that the step names, else those that the event is about, else the one that the settings name."""
    named = named_client(kind, args, ctx.settings)
    if args.url or args.container:
        known = ctx.pairs.client(named.name)
        if known is None or known.kind != kind:
            return (named,)
        said = {"url": args.url, "named_by": named.access.named_by} if args.url else {}
        return (replace(known, access=replace(known.access, **said)),)
    return clients_of_event(kind, ctx) or (named,)


def clients_of_event(kind: str | None, ctx: Context) -> tuple[Client, ...]:
    """The client that the event is about, else those of its gluetun, else those of all: of one kind, or of each."""
    about = ctx.pairs.client(ctx.event.subject)
    if about and kind in (None, about.kind):
        return (about,)
    gluetun = ctx.pairs.gluetun_of(ctx.event)
    return ctx.pairs.clients(kind, gluetun.name if gluetun and len(ctx.pairs.gluetuns) > 1 else None)


def desired_port(client: Client, wish: Wish, ctx: Context) -> DesiredPort | Outcome:
    """The port that this client should have. The outcome where there is nothing to set.

    Raises GiveUp for a port that is none, and for a URL that cannot be called; Retry where Docker has not shown yet to
    which of several gluetuns a container belongs that was just created: its start is an event, its network is not.
    """
    known = ctx.world.containers.get(client.name)
    if known and not known.running:
        return Outcome("skipped", f"{known.name} is not running; its port is set when it starts")
    client = _with_gluetun(client, ctx)
    if known and not client.gluetun and not known.network_mode:
        raise Retry(f"Docker has not shown yet whose network '{known.name}' ({PROGRAMS[client.kind]}) shares")
    file = ctx.pairs.port_of(client.gluetun)
    port = wish.port
    if port is None:
        ports = file.ports if file else ()
        if len(ports) < client.port:
            return Outcome("skipped", _without_port(client, len(ports)))
        port = ports[client.port - 1]
    if not 1 <= port <= 65535:  # no client refuses one: -1 and 65536 end its listener
        raise GiveUp(f"{port} is no port that {who(client)} could listen on; write 1 to 65535")
    at = address(client.url, PROGRAMS[client.kind])
    if at != client.url:
        client = replace(client, access=replace(client.access, url=at))
    return DesiredPort(client, port, file.generation if file else "", wish.relisten)


def _with_gluetun(client: Client, ctx: Context) -> Client:
    """Where nothing says to which gluetun it belongs, it is the one of the server."""
    gluetuns = ctx.pairs.gluetuns
    return client if client.gluetun or len(gluetuns) > 1 else replace(client, gluetun=gluetuns[0].name)


def _without_port(client: Client, count: int) -> str:
    if not client.gluetun:
        return f"{who(client)} is in the network of no gluetun, so that no port is meant for it; it is left alone"
    if not count:
        return f"no forwarded port for {who(client)}; it is set when gluetun has one"
    return f"{who(client)} should have port number {client.port} of {client.gluetun}, which forwards {count}"
