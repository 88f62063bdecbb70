"""Private Internet Access: which regions gluetun is told to use, and whether a port is to be had there."""

from __future__ import annotations

from collections.abc import Iterator

from hooks.doctor.checks import regions
from hooks.doctor.checks.check import Found, check, compose_up
from hooks.doctor.checks.gluetun import OFF, box_of, env, forwards_port
from hooks.doctor.facts.model import Box, Server

_UP = (compose_up("gluetun"),)


def _wanted(box: Box | None) -> regions.Regions | None:
    """The regions of a PIA tunnel that is to forward a port, or None for any other."""
    if box is None or not forwards_port(box):
        return None
    if env(box, "VPN_SERVICE_PROVIDER", "VPNSP").lower() != regions.PROVIDER:
        return None
    names = env(box, "SERVER_REGIONS", "REGION").split(",")
    return regions.classify(name.strip() for name in names if name.strip())


def _takes_any_server(box: Box | None) -> bool:
    """Whether it was told not to leave out servers that forward no port."""
    asked = env(box, "PORT_FORWARD_ONLY") if box else ""
    return bool(asked) and asked.lower() in OFF


@check(
    "broken",
    says="no region in `SERVER_REGIONS` forwards ports: with Private Internet Access none in the United States does",
    why="gluetun finds no server that would do, so its VPN crashes and is tried again for ever",
)
def region_cannot_forward(server: Server) -> Iterator[Found]:
    """Names are compared with gluetun's own list of servers."""
    box, wanted = box_of(server), _wanted(box_of(server))
    if wanted and wanted.do_not and not wanted.forward and not wanted.unknown and not _takes_any_server(box):
        yield Found(
            f"SERVER_REGIONS is {', '.join(wanted.do_not)}, and the servers there forward no port "
            f"(list of {regions.list_date()})",
            "at gluetun's environment: SERVER_REGIONS: Mexico,Panama (or any other outside the USA)",
            _UP,
        )


@check(
    "broken",
    says="`PORT_FORWARD_ONLY` is off, and a region in `SERVER_REGIONS` forwards no port",
    why="gluetun connects there and looks healthy, but gets no port, and qBittorrent stays firewalled",
)
def port_forward_only_off(server: Server) -> Iterator[Found]:
    """Without any region gluetun may choose each server, those too that forward no port."""
    box, wanted = box_of(server), _wanted(box_of(server))
    if box and wanted and _takes_any_server(box) and (wanted.do_not or not (wanted.forward or wanted.unknown)):
        which = ", ".join(wanted.do_not) or "some of the regions, which SERVER_REGIONS leaves open"
        yield Found(
            f"PORT_FORWARD_ONLY is {env(box, 'PORT_FORWARD_ONLY')}, and there is no port in {which} "
            f"(list of {regions.list_date()})",
            "take PORT_FORWARD_ONLY out of gluetun's environment (it is on by itself where a port is asked for), "
            "and those regions out of SERVER_REGIONS",
            _UP,
        )


@check(
    "risk",
    says="a region in `SERVER_REGIONS` is in no list",
    why="a name that gluetun does not know stops it at its start; a region that is only down for now comes back",
)
def region_unknown(server: Server) -> Iterator[Found]:
    """A region that was offline when the list was made is not in it."""
    wanted = _wanted(box_of(server))
    for name in wanted.unknown if wanted else ():
        near = regions.nearest(name)
        meant = f"write {near}" if near else "correct or remove it"
        yield Found(
            f"SERVER_REGIONS names '{name}', which the list of {regions.list_date()} does not have",
            f"{meant} in SERVER_REGIONS, unless `docker logs gluetun` shows that it connects there",
            _UP,
        )
