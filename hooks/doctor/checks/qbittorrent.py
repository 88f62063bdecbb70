"""qBittorrent's port: whether it is the forwarded one, whether anything listens there, and who else writes it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hooks.doctor.checks.check import Found, check, compose_up
from hooks.doctor.checks.gluetun import box_of as gluetun_of
from hooks.doctor.facts.derived import forwarded_port, is_listening, relisten_pending
from hooks.doctor.facts.model import QBittorrent, Server, Unread

# Programs that set qBittorrent's port, by their image.
_WRITERS = re.compile(
    r"qsticky|glueforward|gluetun-qbittorrent|qbittorrent-port|port-manager|port-updater|qbit-gluetun|gluetun-watchguard"
    r"|gluetun-companion|gluetun-sync",
    re.IGNORECASE,
)
_ITS = (compose_up("qbittorrent"),)
_HISTORY = "docker compose exec gluehook gluehook history --rule forward-port"


def _seen(server: Server) -> QBittorrent | None:
    return server.qbittorrent if isinstance(server.qbittorrent, QBittorrent) else None


@check(
    "broken",
    says="`TORRENTING_PORT` is set at qBittorrent's container",
    why="each start of qBittorrent sets its port back to that one, which is not the forwarded one",
)
def torrenting_port_set(server: Server) -> Iterator[Found]:
    """A variable of linuxserver's image."""
    box = server.boxes.get(server.settings.qbittorrent_container)
    if box and (port := box.environment.get("TORRENTING_PORT")):
        yield Found(f"TORRENTING_PORT is {port}", "take it out of qbittorrent's environment", _ITS)


@check(
    "broken",
    says="qBittorrent chooses a random port, or asks the router for one by UPnP",
    why="it then listens on, or advertises, another port than the one that gluetun forwards",
)
def random_port_or_upnp(server: Server) -> Iterator[Found]:
    """gluehook switches both off whenever it sets the port."""
    seen = _seen(server)
    names = {"random_port": "a random port at each start", "upnp": "UPnP / NAT-PMP"}
    on = [words for name, words in names.items() if seen and seen.preferences.get(name)]
    if on:
        yield Found(
            f"switched on: {' and '.join(on)}",
            "the rule forward-port switches it off within 5 minutes; if it comes back, something else sets it. "
            "By hand: Web UI, Options, Connection",
        )


@check(
    "broken",
    says="qBittorrent is bound to a network interface that is not there",
    why="it has no network at all until the interface comes back",
)
def interface_missing(server: Server) -> Iterator[Found]:
    """As qBittorrent itself lists them."""
    seen = _seen(server)
    name = str(seen.preferences.get("current_network_interface") or "") if seen else ""
    if seen and name and seen.interfaces is not None and name not in seen.interfaces:
        there = ", ".join(seen.interfaces) or "none"
        yield Found(
            f"it is bound to {name}, and the interfaces there are {there}",
            f"if {name} is gluetun's, its tunnel is down: see above. If not: Web UI, Options, Advanced, "
            "Network interface: tun0, or Any interface",
        )


@check(
    "broken",
    says="qBittorrent's port is not the forwarded one",
    why="nobody from outside can reach it",
)
def port_differs(server: Server) -> Iterator[Found]:
    """Only a port that counts: one that is not left over."""
    seen, port = _seen(server), forwarded_port(server)
    if seen and port and seen.preferences["listen_port"] != port:
        yield Found(
            f"it is set to {seen.preferences['listen_port']}, and gluetun forwards {port}",
            "is gluehook running, and what became of its rule forward-port? If the port changes back each time, "
            "another tool writes it, too",
            (_HISTORY,),
        )


@check(
    "broken",
    says="nothing listens on qBittorrent's port where the tunnel ends",
    why="after gluetun has made its tunnel anew qBittorrent does not listen there, although it shows the right port",
)
def nothing_listens(server: Server) -> Iterator[Found]:
    """As the socket table in its container tells."""
    seen = _seen(server)
    if seen and is_listening(seen) is False:
        where = ", ".join(str(one) for one in seen.listening) if not isinstance(seen.listening, Unread) else ""
        yield Found(
            f"on port {seen.preferences['listen_port']} there listens "
            + (f"only {where}; the tunnel is {', '.join(seen.tunnel)}" if where else "nobody"),
            "Web UI, Options, Connection: set the port to another one, apply, and back. gluehook does that by itself "
            "each time gluetun writes its port",
        )


@check(
    "broken",
    says="gluetun wrote its port anew, and qBittorrent was not made to listen anew since",
    why="the tunnel may be another one: qBittorrent then listens on the one that is gone, and shows the right port",
)
def relisten_owed(server: Server) -> Iterator[Found]:
    """gluehook remembers of which writing it last set the port."""
    if _seen(server) and forwarded_port(server) and relisten_pending(server):
        yield Found(
            f"{server.settings.forwarded_port_file} was written after gluehook last set the port",
            "nothing, for a few seconds. If it stays: does gluehook run, and what became of its rule forward-port?",
            (_HISTORY,),
        )


@check(
    "risk",
    says="another program writes qBittorrent's port as well",
    why="two that set it in turn make it flap, and after each change the trackers know a wrong port for a while",
)
def another_writer(server: Server) -> Iterator[Found]:
    """gluetun's own command, a mod of linuxserver's, and the well-known containers."""
    gluetun = gluetun_of(server)
    if gluetun and "listen_port" in gluetun.environment.get("VPN_PORT_FORWARDING_UP_COMMAND", ""):
        yield Found(
            "gluetun's VPN_PORT_FORWARDING_UP_COMMAND sets listen_port",
            "take VPN_PORT_FORWARDING_UP_COMMAND and VPN_PORT_FORWARDING_DOWN_COMMAND out of gluetun's environment",
            (compose_up("gluetun"),),
        )
    box = server.boxes.get(server.settings.qbittorrent_container)
    if box and _WRITERS.search(box.environment.get("DOCKER_MODS", "")):
        yield Found("a mod in qbittorrent's DOCKER_MODS sets the port", "take it out of DOCKER_MODS", _ITS)
    for seen in server.containers.values():
        if seen.running and seen.id != server.own_id and _WRITERS.search(seen.image):
            said = f"container '{seen.name}' ({seen.image}) runs"
            yield Found(said, "stop it, and take it out of the compose file", (f"docker stop {seen.name}",))
