"""`client.set_port`: sets the forwarded port in the torrent clients of the event's gluetun, of whichever kind they are.

The shipped rule forward-port calls it. Which clients there are is known by their images, by settings and by tables
(`ctx.pairs`). Each is set by the handler of its kind, at once, with its own locks and its own memory, so that the
failure of one stops no other. The run fails if any failed; its next try finds the others unchanged. It waits for one
that hangs at most 5 s after the first has ended, so that the next port of the others does not wait for long either.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from typing import Any

from handlers.shared.at_once import Patience, at_once, sentences, together
from handlers.shared.desired_port import Wish, clients_of_event, who
from handlers.shared.set_port import SetPortOf
from hooks.config.settings import Settings
from hooks.handler import Context, GiveUp, Handler, Outcome
from hooks.images.roles import PROGRAMS, TORRENT_CLIENTS
from hooks.pairs.model import Client


@dataclass(frozen=True, slots=True)
class SetPortArgs:
    """Arguments of `client.set_port`."""

    container: str | None = field(
        default=None, metadata={"says": "one client's container; default all of the event's gluetun"}
    )


class SetPort(Handler[SetPortArgs]):
    """Read what each client has, set what differs, read back."""

    name = "client.set_port"
    says = "sets the forwarded port in the torrent clients of the gluetun, qBittorrent, Transmission and Deluge"
    Args = SetPortArgs
    reconciles = True
    uses_port = True

    def __init__(self) -> None:
        self._setters: dict[str, SetPortOf[Any]] = {}

    def targets(self, args: SetPortArgs, settings: Settings) -> tuple[str, ...]:
        """The clients of one gluetun; each client's own locks are taken while its port is set."""
        return (f"clients:{args.container or settings.gluetun_container}",)

    def locks(self, args: SetPortArgs, ctx: Context) -> tuple[str, ...]:
        """None for an event that is about all gluetuns: a client that hangs must not delay those of another gluetun."""
        is_about_one = args.container or ctx.pairs.gluetun_of(ctx.event)
        return self.targets(args, ctx.settings) if is_about_one else ()

    def plan(self, args: SetPortArgs, ctx: Context) -> str | None:
        """What `apply` would set."""
        calls = [partial(self._of(one.kind).plan_client, one, Wish(), ctx) for one in _clients(args, ctx)]
        return sentences(plan for plan in at_once(calls) if plan) or None

    def apply(self, args: SetPortArgs, ctx: Context) -> Outcome:
        """Set it. Skipped where there is no torrent client, and each that has no port or is known not to run."""
        clients = _clients(args, ctx)
        if not clients:
            return Outcome(
                "skipped", f"no torrent client is known ({', '.join(PROGRAMS[kind] for kind in TORRENT_CLIENTS)})"
            )
        patience = Patience([who(one) for one in clients])
        bound = patience.bound(ctx)
        calls = [partial(self._of(one.kind).apply_client, one, Wish(), bound) for one in clients]
        return together(at_once(calls, patience))

    def _of(self, kind: str) -> SetPortOf[Any]:
        if kind not in self._setters:  # a server pays for the kinds that it has
            setter: SetPortOf[Any] = import_module(f"handlers.{kind}.set_port").SetPort()
            return self._setters.setdefault(kind, setter)
        return self._setters[kind]


def _clients(args: SetPortArgs, ctx: Context) -> tuple[Client, ...]:
    if not args.container:
        return clients_of_event(None, ctx)
    found = ctx.pairs.client(args.container)
    if found is None:
        raise GiveUp(f"no torrent client is called {args.container!r}; {_known(ctx)}")
    return (found,)


def _known(ctx: Context) -> str:
    names = [f"{one.name} ({PROGRAMS[one.kind]})" for one in ctx.pairs.clients()]
    return f"known are {', '.join(names)}" if names else "none is known"
