"""Which gluetun a step of `gluetun.*` is about, and how its control server is reached."""

from __future__ import annotations

from dataclasses import dataclass, field

from handlers.gluetun.control_server import Control
from handlers.shared.http import shown
from hooks.config.settings import Settings
from hooks.handler import Context
from hooks.world.model import Container


@dataclass(frozen=True, slots=True)
class VpnArgs:
    """The arguments that name a gluetun."""

    url: str | None = field(
        default=None, metadata={"says": "the control server's address; default that of the event's gluetun"}
    )
    container: str | None = field(default=None, metadata={"says": "its container; default the event's gluetun"})


def container_of(args: VpnArgs, settings: Settings) -> str:
    """The name of its container."""
    return args.container or settings.gluetun_container


def targets_of(args: VpnArgs, settings: Settings) -> tuple[str, ...]:
    """The container and the control server's address, as lock names."""
    return f"container:{container_of(args, settings)}", shown(args.url or settings.gluetun_url)


def control_of(args: VpnArgs, ctx: Context) -> Control:
    """A conversation with its control server; close it."""
    container = container_of(args, ctx.settings)
    known = ctx.pairs.gluetun(container)
    return Control(args.url or (known.url if known else ctx.settings.gluetun_url), container, ctx)


def not_running(args: VpnArgs, ctx: Context) -> Container | None:
    """Its container, if that is known not to run."""
    known = ctx.world.containers.get(container_of(args, ctx.settings))
    return known if known and not known.running else None
