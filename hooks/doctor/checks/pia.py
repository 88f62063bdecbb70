"""Checks of Private Internet Access: whether the regions that gluetun may use forward ports."""

from __future__ import annotations

from collections.abc import Iterator

from hooks.doctor.checks import regions
from hooks.doctor.checks.check import Finding, broken, compose_up, risk
from hooks.doctor.facts.derived import OFF, asks_for_port, variable
from hooks.doctor.facts.model import Server

_RUN = (compose_up("gluetun"),)


def _chosen(server: Server) -> regions.Regions | None:
    """The regions of a tunnel of PIA that is to forward a port, None for any other tunnel."""
    container = server.inspected_gluetun
    if not asks_for_port(container) or variable(container, "VPN_SERVICE_PROVIDER", "VPNSP").lower() != regions.PROVIDER:
        return None
    names = variable(container, "SERVER_REGIONS", "REGION").split(",")
    return regions.classify(name.strip() for name in names if name.strip())


def _takes_any_server(server: Server) -> bool:
    """Whether gluetun is set to use servers that forward no port as well."""
    value = variable(server.inspected_gluetun, "PORT_FORWARD_ONLY")
    return bool(value) and value.lower() in OFF


@broken("gluetun finds no suitable server, so its VPN crashes and is started again for ever")
def region_cannot_forward(server: Server) -> Iterator[Finding]:
    """No region in `SERVER_REGIONS` forwards ports: with Private Internet Access none in the United States does."""
    # the names are compared with gluetun's own list of servers
    chosen = _chosen(server)
    if chosen and chosen.do_not and not chosen.forward and not chosen.unknown and not _takes_any_server(server):
        names = ", ".join(chosen.do_not)
        yield Finding(
            f"SERVER_REGIONS is {names}, and the servers there forward no port (list of {regions.list_date()})",
            "at gluetun's environment: SERVER_REGIONS: Mexico,Panama (or any other outside the USA)",
            _RUN,
        )


@broken("gluetun connects there and looks healthy, but gets no port, and qBittorrent stays firewalled")
def port_forward_only_off(server: Server) -> Iterator[Finding]:
    """`PORT_FORWARD_ONLY` is off, and a region in `SERVER_REGIONS` forwards no port."""
    # without any region gluetun may choose every server, also one that forwards no port
    chosen = _chosen(server)
    if chosen and _takes_any_server(server) and (chosen.do_not or not (chosen.forward or chosen.unknown)):
        value = variable(server.inspected_gluetun, "PORT_FORWARD_ONLY")
        where = ", ".join(chosen.do_not) or "some of the regions, which SERVER_REGIONS leaves open"
        yield Finding(
            f"PORT_FORWARD_ONLY is {value}, and there is no port in {where} (list of {regions.list_date()})",
            "take PORT_FORWARD_ONLY out of gluetun's environment (it is on by itself where a port is asked for), "
            "and those regions out of SERVER_REGIONS",
            _RUN,
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
            f"SERVER_REGIONS names '{name}', which the list of {regions.list_date()} does not have",
            f"{advice} in SERVER_REGIONS, unless `docker logs gluetun` shows that it connects there",
            _RUN,
        )
