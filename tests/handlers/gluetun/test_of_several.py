"""`gluetun.restart_vpn` of several gluetuns: the one that the event is about, with the login of its own table."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from handlers.gluetun.restart_vpn import RestartVpn, RestartVpnArgs
from hooks.config.settings import Settings
from hooks.events.catalogue import Event
from hooks.pairs.for_event import settings_for, world_for
from hooks.pairs.pairs import Pairs
from hooks.rules.servers import ServerTable
from hooks.rules.table import Table
from hooks.world.model import Container, World
from hooks.world.names import Names
from tests.handlers.contract import context
from tests.parts.targets.fakes_gluetun import fake_gluetun


def about(gluetun: str, table: Table, settings: Settings, **secrets: str) -> Any:
    """A context for an event of this gluetun."""
    world = World(Names(tables=table.roles))
    for name in ("vpn-a", "vpn-b"):
        world = world.with_container(Container(name, name * 12, "qmcgaw/gluetun", running=True, health="unhealthy"))
    event = Event("container.unhealthy", gluetun, 1, "docker", data={"container": gluetun, "gluetun": gluetun})
    pairs = Pairs(world, settings, table=table)
    made = context(
        settings=settings_for(event, settings, pairs, world), world=world_for(event, pairs, world), event=event,
        secrets=secrets,
    )  # fmt: skip
    return replace(made, pairs=pairs)


def test_each_is_restarted_with_its_own_login() -> None:
    key = {"auth": "apikey", "api_key": "of-b"}
    with fake_gluetun() as (fake_a, url_a), fake_gluetun(**key) as (fake_b, url_b):
        table = Table(
            gluetuns=(
                ServerTable("gluetun", "vpn-b", url=url_b, api_key="KEY_B"),
                ServerTable("gluetun", "vpn-a", url=url_a),
            )
        )
        ctx = about("vpn-b", table, Settings(), KEY_B="of-b", GLUETUN_API_KEY="of-a")
        assert RestartVpn().targets(RestartVpnArgs(), ctx.settings) == ("container:vpn-b", url_b)
        assert RestartVpn().apply(RestartVpnArgs(), ctx).status == "changed"
        assert (fake_a.restarts, fake_b.restarts) == (0, 1)
        ctx = about("vpn-a", table, Settings(), KEY_B="of-b")
        named = RestartVpnArgs(container="vpn-b")
        assert RestartVpn().apply(named, ctx).status == "changed", "an argument counts more than the event"
        assert (fake_a.restarts, fake_b.restarts) == (0, 2)
