"""What `qbittorrent.set_port`, `transmission.set_port` and `deluge.set_port` have in common: which clients, and locks.

Each client has its own locks and its own memory. Those of the client that settings or step name are held already when
the handler is called, those of further ones are taken here.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Collection
from contextlib import ExitStack
from functools import partial
from typing import ClassVar, TypeVar

from handlers.shared.at_once import at_once, sentences, together
from handlers.shared.desired_port import Args, DesiredPort, Wish, clients_of, desired_port, named_client
from handlers.shared.http import shown
from hooks.config.settings import Settings
from hooks.handler import Context, Handler, Outcome
from hooks.pairs.model import Client

A = TypeVar("A", bound=Args)
R = TypeVar("R")


class SetPortOf(Handler[A]):
    """Sets the port in the clients of one kind."""

    kind: ClassVar[str]
    reconciles = True
    uses_port = True

    def targets(self, args: A, settings: Settings) -> tuple[str, ...]:
        """The container and its address."""
        return targets_of(named_client(self.kind, args, settings))

    def plan(self, args: A, ctx: Context) -> str | None:
        """What `apply` would set."""
        held = self.targets(args, ctx.settings)
        clients = clients_of(self.kind, args, ctx)
        plans = at_once([partial(self.plan_client, client, wish_of(args), ctx, held) for client in clients])
        return sentences(plan for plan in plans if plan) or None

    def apply(self, args: A, ctx: Context) -> Outcome:
        """Set it. Skipped without a port, or while the container is known not to run."""
        held = self.targets(args, ctx.settings)
        clients = clients_of(self.kind, args, ctx)
        return together(at_once([partial(self.apply_client, client, wish_of(args), ctx, held) for client in clients]))

    def plan_client(self, client: Client, wish: Wish, ctx: Context, held: Collection[str] = ()) -> str | None:
        """What `apply_client` would set in this one, None for nothing. `held`: the locks that the run has already."""
        desired = desired_port(client, wish, ctx)
        if isinstance(desired, Outcome):
            return None
        return _locked(client, ctx, held, lambda: self._plan(desired, ctx))

    def apply_client(self, client: Client, wish: Wish, ctx: Context, held: Collection[str] = ()) -> Outcome:
        """Set it in this one."""
        desired = desired_port(client, wish, ctx)
        return (
            desired if isinstance(desired, Outcome) else _locked(client, ctx, held, lambda: self._apply(desired, ctx))
        )

    @abstractmethod
    def _plan(self, desired: DesiredPort, ctx: Context) -> str | None:
        """What `_apply` would set, in one sentence."""

    @abstractmethod
    def _apply(self, desired: DesiredPort, ctx: Context) -> Outcome:
        """Read, compare, set what differs, read back."""


def wish_of(args: Args) -> Wish:
    """What the step says; not every kind can be made to listen anew."""
    return Wish(args.port, bool(getattr(args, "relisten", False)))


def targets_of(client: Client) -> tuple[str, str]:
    """The names of a client's locks."""
    return f"container:{client.name}", shown(client.url)


def _locked(client: Client, ctx: Context, held: Collection[str], work: Callable[[], R]) -> R:
    with ExitStack() as locks:
        for target in sorted(set(targets_of(client)) - set(held)):
            locks.enter_context(ctx.hold(target))
        return work()
