"""Checks of qBittorrent: its port, what listens there, and who may log in."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hooks.doctor.checks.check import NO_NETWORK, NO_TUNNEL, Finding, broken, risk
from hooks.doctor.checks.commands import past_runs, rule_for
from hooks.doctor.facts.derived import (
    expected_port,
    is_listening,
    lost_address,
    redirect_target,
    relisten_pending,
    settles,
    tunnel_restarts,
    tunnels_interface,
)
from hooks.doctor.facts.model import QBittorrent, Server, Unread

_EVERYBODY = re.compile(r"(?:^|[\s,])(?:0\.0\.0\.0|::)/0(?:$|[\s,])")
_SWITCHES = {"random_port": "a random port at each start", "upnp": "UPnP / NAT-PMP"}
_SET = ("client.set_port", "qbittorrent.set_port")


def _name(server: Server) -> str:
    return server.settings.qbittorrent_container


def _how_it_ended(server: Server) -> str:
    rule = rule_for(server, *_SET)
    if not rule:
        return f"no rule in force uses {_SET[0]}, so nothing sets it"
    return f"does gluehook run, and how did {rule} end?"


def _read(server: Server) -> QBittorrent | None:
    return server.qbittorrent if isinstance(server.qbittorrent, QBittorrent) else None


@broken("it then listens on, or advertises, another port than the one that gluetun forwards",
        follows=("gluehook-unwell",))  # fmt: skip
def random_port_or_upnp(server: Server) -> Iterator[Finding]:
    """qBittorrent chooses a random port, or asks the router for one by UPnP."""
    # gluehook switches both off whenever it sets the port
    seen = _read(server)
    on = [words for name, words in _SWITCHES.items() if seen and seen.preferences.get(name)]
    if on:
        rule = rule_for(server, *_SET)
        by_itself = f"the next run of {rule} switches it off; if it comes back, something else sets it. By hand: "
        fix = f"{by_itself if rule else ''}Web UI, Options, Connection"
        yield Finding(f"switched on: {' and '.join(on)}", fix, about=_name(server))


@broken("it has no network at all until the interface comes back", follows=(*NO_NETWORK, *NO_TUNNEL))
def interface_missing(server: Server) -> Iterator[Finding]:
    """qBittorrent is bound to a network interface that does not exist."""
    # the interfaces are those that qBittorrent itself lists
    seen = _read(server)
    name = str(seen.preferences.get("current_network_interface") or "") if seen else ""
    if name == tunnels_interface(server) and (tunnel_restarts(server) or settles(server)):
        return
    if seen and name and seen.interfaces is not None and name not in seen.interfaces:
        yield Finding(
            f"it is bound to {name}, and its interfaces are {', '.join(seen.interfaces) or 'none'}",
            "Web UI, Options, Advanced, Network interface: the one of the tunnel (tun0, unless gluetun's VPN_INTERFACE "
            "says otherwise), or Any interface",
            about=_name(server),
        )


@broken("it stores every port and listens on none of them", follows=(*NO_NETWORK, *NO_TUNNEL))
def address_missing(server: Server) -> Iterator[Finding]:
    """qBittorrent is bound to an address that does not exist."""
    # a tunnel gets another address with another server or key
    seen = _read(server)
    if seen and (bound := lost_address(seen)):
        name = seen.preferences.get("current_network_interface") or "its network"
        yield Finding(
            f"it is bound to the address {bound}, and {name} has {', '.join(seen.bindable or ()) or 'none'}",
            "Web UI, Options, Advanced, Optional IP address to bind to: All addresses",
            about=_name(server),
        )


@broken("nobody from outside can reach it",
        follows=("gluehook-unwell", "torrenting-port-set", "port-redirected", "another-writer",
                 "random-port-or-upnp"))  # fmt: skip
def port_differs(server: Server) -> Iterator[Finding]:
    """qBittorrent's port is not the forwarded one."""
    # a port that is left over from an earlier tunnel is not compared
    seen, port = _read(server), expected_port(server, server.reached_client.port)
    if seen and port and seen.preferences["listen_port"] != port:
        forwards = "redirects the forwarded port to" if redirect_target(server) else "forwards"
        yield Finding(
            f"it is set to {seen.preferences['listen_port']}, and gluetun {forwards} {port}",
            f"{_how_it_ended(server)} If the port changes back each time, another tool writes it as well",
            past_runs(server, *_SET),
            about=_name(server),
        )


@broken("after gluetun has restarted its tunnel qBittorrent does not listen there, although it shows the right port",
        follows=(*NO_NETWORK, *NO_TUNNEL, "random-port-or-upnp", "interface-missing"))  # fmt: skip
def nothing_listens(server: Server) -> Iterator[Finding]:
    """Nothing listens on qBittorrent's port where the tunnel ends."""
    # the source is the socket table in its container
    seen = _read(server)
    if settles(server) or (seen and not seen.tunnel and tunnel_restarts(server)):
        return
    if seen and is_listening(seen) is False and not lost_address(seen):
        where = "" if isinstance(seen.listening, Unread) else ", ".join(seen.listening)
        port, tunnel = seen.preferences["listen_port"], ", ".join(seen.tunnel)
        only = f"port {port} is open only on {where}; the tunnel is {tunnel}"
        yield Finding(
            only if where else f"nothing listens on port {port}",
            "Web UI, Options, Connection: set the port to another one, apply, and back. gluehook does that by itself "
            "each time gluetun writes its port",
            about=_name(server),
        )


@broken("the tunnel may be another one: qBittorrent then listens on the one that is gone, and shows the right port",
        follows=("gluehook-unwell", *NO_NETWORK, *NO_TUNNEL))  # fmt: skip
def relisten_owed(server: Server) -> Iterator[Finding]:
    """gluetun wrote its port again, and gluehook has not made qBittorrent listen again since."""
    # gluehook remembers for which version of the port file it last set the port
    if _read(server) and relisten_pending(server) and not settles(server):
        yield Finding(
            f"{server.settings.forwarded_port_file} was written after gluehook last set the port",
            _how_it_ended(server),
            past_runs(server, *_SET),
            about=_name(server),
        )


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
                about=_name(server),
            )
