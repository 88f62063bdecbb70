"""A home server where all is well, as facts: tests change one thing at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from handlers.shared.docker_rights import Use
from hooks.config.settings import Settings
from hooks.docker.container import InspectedContainer
from hooks.doctor.facts import docker as docker_facts
from hooks.doctor.facts.model import (
    AdGuard,
    Device,
    Docker,
    DockerAccess,
    Gluehook,
    Gluetun,
    HostName,
    QBittorrent,
    Server,
    WireGuard,
)
from hooks.world.model import PortFile

NOW_S = 1_800_000_000.0
PORT = 40000
ADGUARD_IP, TUNNEL_IP, HOUSE_IP = "172.18.0.5", "10.8.0.2", "198.51.100.7"  # documentation's own address
PREFERENCES: Mapping[str, Any] = {
    "listen_port": PORT, "random_port": False, "upnp": False, "current_network_interface": "tun0",
}  # fmt: skip
GLUETUN_ENV = {
    "VPN_SERVICE_PROVIDER": "private internet access", "VPN_PORT_FORWARDING": "on", "SERVER_REGIONS": "Mexico,Panama",
    "OPENVPN_PASSWORD": "pia-s3cret-word",
}  # fmt: skip


USES = (
    Use("forward-port", "client.set_port"), Use("heal-vpn", "gluetun.restart_vpn"),
    Use("rejoin-network", "containers.rejoin", {"of": "gluetun", "if_recreated": "report"}),
    Use("peers-follow-dns", "wireguard.regenerate_peers"),
)  # fmt: skip
"""The steps of the shipped rules that a remedy names."""


def container(
    name: str, *, image: str = "busybox", network: str = "home", started_s: float = 3600, address: str = "", **more: Any
) -> InspectedContainer:
    """A container that Compose made and that runs, started `started_s` seconds ago; its id is its name with "-id"."""
    addresses = {} if ":" in network else {network: (address,) if address else ()}
    labels = {"com.docker.compose.project": "home", "com.docker.compose.service": name, **more.pop("labels", {})}
    facts = {"running": True, "started_at": int((NOW_S - started_s) * 1e9), "labels": labels, **more}
    return InspectedContainer(name, f"{name}-id", image, network_mode=network, addresses=addresses, **facts)


def docker(*containers: InspectedContainer) -> Docker:
    """An engine with these containers."""
    by_name = {one.name: one for one in containers}
    return Docker({name: one.for_world() for name, one in by_name.items()}, by_name, containers)


CONTAINERS = {
    "gluetun": container("gluetun", image="qmcgaw/gluetun", health="healthy", environment=GLUETUN_ENV),
    "qbittorrent": container(
        "qbittorrent", image="linuxserver/qbittorrent", network="container:gluetun-id", started_s=3000
    ),
    "wireguard": container("wireguard", image="linuxserver/wireguard", environment={"LOG_CONFS": "false"}),
    "adguard": container("adguard", image="adguard/adguardhome", address=ADGUARD_IP),
    "gluehook": container("gluehook", image="gluehook"),
}
DEVICE = Device("phone", (ADGUARD_IP,), "home.example.net:51820", "8.8.4.4:40001", int(NOW_S) - 20, connected=True)
QBITTORRENT = QBittorrent(PREFERENCES, "connected", ("lo", "eth0", "tun0"), (TUNNEL_IP,), (TUNNEL_IP,))


def well(**changed: Any) -> Server:
    """Everything is fine, but for what is changed: a field of `Server`, or `containers={name: a container or None}`."""
    containers = {**CONTAINERS, **changed.pop("containers", {})}
    engines = docker(*(one for one in containers.values() if one))
    server = Server(
        Settings(forwarded_port_source="file"), NOW_S, Gluehook(True, ("healthy: 4 rules in force",)), engines,
        access=DockerAccess("/var/run/docker.sock"),
        own_id="gluehook-id", port_file=PortFile((PORT,), "", "1-1", int((NOW_S - 60) * 1e9)),
        gluetun=Gluetun("running", "8.8.8.8", "Panama", PORT), qbittorrent=QBITTORRENT,
        wireguard=WireGuard((DEVICE,)), adguard=AdGuard("adguard", True, {"home": ADGUARD_IP}, "NOERROR"),
        names=(HostName("home.example.net", ("8.8.4.1",)),), uses=USES,
    )  # fmt: skip
    dependents, orphans = docker_facts.dependents(engines, "gluetun", {})
    return replace(server, **{"dependents": dependents, "orphans": orphans, **changed})


def having(*containers: InspectedContainer, **changed: Any) -> Server:
    """As `well`, with these containers instead of those of the same names."""
    return well(containers={one.name: one for one in containers}, **changed)
