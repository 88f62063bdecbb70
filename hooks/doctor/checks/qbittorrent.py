"""Checks of qBittorrent: its port, what listens there, other programs that write it, and who may log in."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hooks.doctor.checks.check import Finding, broken, compose_up, risk
from hooks.doctor.facts.derived import forwarded_port, is_listening, lost_address, relisten_pending, variable
from hooks.doctor.facts.model import QBittorrent, Server, Unread

# Programs that set qBittorrent's port, by their image.
_WRITERS = re.compile(
    r"qsticky|glueforward|gluetun-qbittorrent|qbittorrent-port|port-manager|port-updater|qbit-gluetun|gluetun-watchguard"
    r"|gluetun-companion|gluetun-sync",
    re.IGNORECASE,
)
_EVERYBODY = re.compile(r"(?:^|[\s,])(?:0\.0\.0\.0|::)/0(?:$|[\s,])")
_SWITCHES = {"random_port": "a random port at each start", "upnp": "UPnP / NAT-PMP"}
_RUN = (compose_up("qbittorrent"),)
_HISTORY = ("docker compose exec gluehook gluehook history --rule forward-port",)


def _read(server: Server) -> QBittorrent | None:
    return server.qbittorrent if isinstance(server.qbittorrent, QBittorrent) else None


@broken("each start of qBittorrent sets its port back to that one, which is not the forwarded one")
def torrenting_port_set(server: Server) -> Iterator[Finding]:
    """`TORRENTING_PORT` is set at qBittorrent's container."""
    # it is a variable of linuxserver's image
    if port := variable(server.inspected_qbittorrent, "TORRENTING_PORT"):
        yield Finding(f"TORRENTING_PORT is {port}", "take it out of qbittorrent's environment", _RUN)


@broken("it then listens on, or advertises, another port than the one that gluetun forwards")
def random_port_or_upnp(server: Server) -> Iterator[Finding]:
    """qBittorrent chooses a random port, or asks the router for one by UPnP."""
    # gluehook switches both off whenever it sets the port
    seen = _read(server)
    on = [words for name, words in _SWITCHES.items() if seen and seen.preferences.get(name)]
    if on:
        yield Finding(
            f"switched on: {' and '.join(on)}",
            "the rule forward-port switches it off within 5 minutes; if it comes back, something else sets it. "
            "By hand: Web UI, Options, Connection",
        )


@broken("it has no network at all until the interface comes back")
def interface_missing(server: Server) -> Iterator[Finding]:
    """qBittorrent is bound to a network interface that does not exist."""
    # the interfaces are those that qBittorrent itself lists
    seen = _read(server)
    name = str(seen.preferences.get("current_network_interface") or "") if seen else ""
    if seen and name and seen.interfaces is not None and name not in seen.interfaces:
        yield Finding(
            f"it is bound to {name}, and its interfaces are {', '.join(seen.interfaces) or 'none'}",
            f"if {name} is gluetun's, its tunnel is down: see above. If not: Web UI, Options, Advanced, "
            "Network interface: tun0, or Any interface",
        )


@broken("it stores every port and listens on none of them")
def address_missing(server: Server) -> Iterator[Finding]:
    """qBittorrent is bound to an address that does not exist."""
    # a tunnel gets another address with another server or key
    seen = _read(server)
    if seen and (bound := lost_address(seen)):
        name = seen.preferences.get("current_network_interface") or "its network"
        yield Finding(
            f"it is bound to the address {bound}, and {name} has {', '.join(seen.bindable or ()) or 'none'}",
            "Web UI, Options, Advanced, Optional IP address to bind to: All addresses",
        )


@broken("nobody from outside can reach it")
def port_differs(server: Server) -> Iterator[Finding]:
    """qBittorrent's port is not the forwarded one."""
    # a port that is left over from an earlier tunnel is not compared
    seen, port = _read(server), forwarded_port(server)
    if seen and port and seen.preferences["listen_port"] != port:
        yield Finding(
            f"it is set to {seen.preferences['listen_port']}, and gluetun forwards {port}",
            "does gluehook run, and how did its rule forward-port end? If the port changes back each time, another "
            "tool writes it as well",
            _HISTORY,
        )


@broken("after gluetun has restarted its tunnel qBittorrent does not listen there, although it shows the right port")
def nothing_listens(server: Server) -> Iterator[Finding]:
    """Nothing listens on qBittorrent's port where the tunnel ends."""
    # the source is the socket table in its container
    seen = _read(server)
    if seen and is_listening(seen) is False and not lost_address(seen):
        where = "" if isinstance(seen.listening, Unread) else ", ".join(seen.listening)
        port, tunnel = seen.preferences["listen_port"], ", ".join(seen.tunnel)
        only = f"port {port} is open only on {where}; the tunnel is {tunnel}"
        yield Finding(
            only if where else f"nothing listens on port {port}",
            "Web UI, Options, Connection: set the port to another one, apply, and back. gluehook does that by itself "
            "each time gluetun writes its port",
        )


@broken("the tunnel may be another one: qBittorrent then listens on the one that is gone, and shows the right port")
def relisten_owed(server: Server) -> Iterator[Finding]:
    """gluetun wrote its port again, and gluehook has not made qBittorrent listen again since."""
    # gluehook remembers for which version of the port file it last set the port
    if _read(server) and forwarded_port(server) and relisten_pending(server):
        yield Finding(
            f"{server.settings.forwarded_port_file} was written after gluehook last set the port",
            "for a few seconds, nothing. If it stays: does gluehook run, and how did its rule forward-port end?",
            _HISTORY,
        )


@risk("two programs that set it in turn make it flap, and after each change the trackers have a wrong port for a while")
def another_writer(server: Server) -> Iterator[Finding]:
    """Another program writes qBittorrent's port as well."""
    # it may be gluetun's own command, a mod of linuxserver's image or one of the well-known containers
    if "listen_port" in variable(server.inspected_gluetun, "VPN_PORT_FORWARDING_UP_COMMAND"):
        yield Finding(
            "gluetun's VPN_PORT_FORWARDING_UP_COMMAND sets listen_port",
            "take VPN_PORT_FORWARDING_UP_COMMAND and VPN_PORT_FORWARDING_DOWN_COMMAND out of gluetun's environment",
            (compose_up("gluetun"),),
        )
    if _WRITERS.search(variable(server.inspected_qbittorrent, "DOCKER_MODS")):
        yield Finding("a mod in qbittorrent's DOCKER_MODS sets the port", "take it out of DOCKER_MODS", _RUN)
    for seen in server.containers.values():
        if seen.running and seen.id != server.own_id and _WRITERS.search(seen.image):
            found = f"container '{seen.name}' ({seen.image}) runs"
            yield Finding(found, "stop it, and take it out of the compose file", (f"docker stop {seen.name}",))


@risk("everybody who reaches its Web UI can run programs on this server through it")
def open_to_everybody(server: Server) -> Iterator[Finding]:
    """qBittorrent lets everybody in without a password."""
    # its white list holds all addresses
    seen = _read(server)
    if seen and seen.preferences.get("bypass_auth_subnet_whitelist_enabled"):
        subnets = str(seen.preferences.get("bypass_auth_subnet_whitelist") or "")
        if _EVERYBODY.search(subnets):
            yield Finding(
                "its white list holds every address",
                "Web UI, Options, Web UI, Bypass authentication for clients in whitelisted IP subnets: only gluehook's "
                "network, such as 172.18.0.0/16",
            )
