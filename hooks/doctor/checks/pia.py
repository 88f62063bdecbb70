"""Checks of Private Internet Access: whether the regions that gluetun may use forward ports."""

from __future__ import annotations

from collections.abc import Iterator

from hooks.doctor.checks import regions
from hooks.doctor.checks.check import Finding, broken, risk
from hooks.doctor.checks.commands import up
from hooks.doctor.facts.derived import gluetun_settings
from hooks.doctor.facts.model import Server
from hooks.images.gluetun import PIA, GluetunSettings


def _settings(server: Server) -> GluetunSettings | None:
    """What gluetun is set to do, where that is a tunnel of PIA that is to forward a port."""
    seen = gluetun_settings(server)
    return seen if seen and seen.asks_for_port and seen.provider == PIA else None


def _chosen(server: Server) -> regions.Regions | None:
    """The regions of a tunnel of PIA that is to forward a port, None for any other tunnel."""
    seen = _settings(server)
    return regions.classify(seen.regions) if seen else None


def _takes_any_server(server: Server) -> bool:
    """Whether gluetun is set to use servers that forward no port as well."""
    seen = _settings(server)
    return bool(seen and seen.port_forward_only is False)


def _variable(server: Server) -> str:
    """The variable that names the regions: an old one wins over SERVER_REGIONS."""
    seen = _settings(server)
    return seen.regions_named_by if seen else "SERVER_REGIONS"


@broken("gluetun finds no suitable server, so its VPN crashes and is started again for ever")
def region_cannot_forward(server: Server) -> Iterator[Finding]:
    """No region in `SERVER_REGIONS` forwards ports: with Private Internet Access none in the United States does."""
    # the names are compared with gluetun's own list of servers
    chosen = _chosen(server)
    if chosen and chosen.do_not and not chosen.forward and not chosen.unknown and not _takes_any_server(server):
        names = ", ".join(chosen.do_not)
        yield Finding(
            f"{_variable(server)} is {names}, and the servers there forward no port (list of {regions.list_date()})",
            f"at gluetun's environment: {_variable(server)}: Mexico,Panama (or any other outside the USA)",
            up(server, server.settings.gluetun_container),
            about=server.settings.gluetun_container,
        )


@broken("gluetun connects there and looks healthy, but gets no port, and qBittorrent stays firewalled")
def port_forward_only_off(server: Server) -> Iterator[Finding]:
    """`PORT_FORWARD_ONLY` is off, and a region in `SERVER_REGIONS` forwards no port."""
    # without any region gluetun may choose every server, also one that forwards no port
    chosen = _chosen(server)
    if chosen and _takes_any_server(server) and (chosen.do_not or not (chosen.forward or chosen.unknown)):
        where = ", ".join(chosen.do_not) or "some of the regions, which SERVER_REGIONS leaves open"
        yield Finding(
            f"PORT_FORWARD_ONLY is off, and there is no port in {where} (list of {regions.list_date()})",
            "take PORT_FORWARD_ONLY out of gluetun's environment (it is on by itself where a port is asked for), "
            f"and those regions out of {_variable(server)}",
            up(server, server.settings.gluetun_container),
            about=server.settings.gluetun_container,
        )


@risk("a name that gluetun does not know stops it at its start; a region that is only down for now comes back")
def region_unknown(server: Server) -> Iterator[Finding]:
    """A region in `SERVER_REGIONS` is in no list."""
    # a region that was offline when the list was made is not in it
    chosen = _chosen(server)
    for name in chosen.unknown if chosen else ():
        nearest = regions.nearest(name)
        advice = f"write {nearest}" if nearest else "correct or remove it"
        yield Finding(
            f"{_variable(server)} names '{name}', which the list of {regions.list_date()} does not have",
            f"{advice} in {_variable(server)}, unless `docker logs {server.settings.gluetun_container}` shows that it "
            "connects there",
            up(server, server.settings.gluetun_container),
            about=server.settings.gluetun_container,
        )
