"""Random servers where all is well, as facts: other names, images, networks, settings and neighbours each time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from handlers.shared.docker_rights import Use
from hooks.config.settings import Settings
from hooks.docker.container import InspectedContainer
from hooks.doctor.facts import docker as docker_facts
from hooks.doctor.facts.model import (
    AdGuard,
    Device,
    DockerAccess,
    Gluehook,
    Gluetun,
    HostName,
    QBittorrent,
    Server,
    WireGuard,
)
from hooks.world.model import PortFile
from tests.parts.values.server_facts import NOW_S, container, docker

VPN_IP, TUNNEL_IP, HOUSE_IP, ADGUARD_IP = "8.8.8.8", "10.8.0.2", "8.8.4.1", "172.18.0.5"
DAY_S = 86_400.0
IMAGES = (
    "lscr.io/linuxserver/sonarr:latest", "ghcr.io/hotio/radarr", "portainer/portainer-ce:2",
    "csmarshall/gluetun-monitor", "esanchezm/prometheus-qbittorrent-exporter", "ghcr.io/hotio/qbitmanage", "busybox",
    "jellyfin/jellyfin", "postgres:16", "traefik:v3", "ghcr.io/gethomepage/homepage", "prowlarr@sha256:0a",
    "willfarrell/autoheal",
)  # fmt: skip
DASHBOARD = {"HOMEPAGE_VAR_QBITTORRENT_URL": "http://x", "HOMEPAGE_VAR_GLUETUN_URL": "http://y"}


@dataclass
class Home:
    """A server before it is read: its containers and what its targets answer. `server` is what the doctor sees."""

    settings: Settings
    containers: dict[str, InspectedContainer] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)  # fields of Server
    doubts: tuple[str, ...] = ()  # what Docker's list does not tell

    def server(self) -> Server:
        """The facts, with the namespace as Docker shows it."""
        engine = replace(docker(*self.containers.values()), doubts=self.doubts)
        dependents, orphans = docker_facts.dependents(engine, self.settings.gluetun_container, {})
        facts = {"docker": engine, "dependents": dependents, "orphans": orphans, **self.facts}
        return Server(settings=self.settings, now_s=NOW_S, **facts)

    def change(self, name: str, **changed: Any) -> None:
        """Change a container."""
        self.containers[name] = replace(self.containers[name], **changed)

    def set_variables(self, name: str, **variables: str) -> None:
        """Set variables of a container."""
        self.change(name, environment={**self.containers[name].environment, **variables})

    def set_fact(self, name: str, **changed: Any) -> None:
        """Change a part of a fact, such as qbittorrent's preferences."""
        self.facts[name] = replace(self.facts[name], **changed)

    @property
    def gluetun(self) -> str:
        """gluetun's name."""
        return self.settings.gluetun_container

    @property
    def torrent(self) -> str:
        """qBittorrent's name."""
        return self.settings.qbittorrent_container

    @property
    def inside(self) -> bool:
        """Whether qBittorrent is in gluetun's network."""
        return self.containers[self.torrent].parent is not None


def random_home(rng: Random) -> Home:
    """A server where all is well."""
    gluetun, torrent = rng.choice([("gluetun", "qbittorrent"), ("vpn", "qbit"), ("media-gluetun-1", "media-torrent-1")])
    control, web_ui = rng.choice([8000, 8000, 9000]), rng.choice([8080, 8181])
    inside = rng.random() < 0.8
    folder, name = rng.choice([("/tmp/gluetun", "forwarded_port"), ("/gluetun/port", "vpn.port")])
    settings = Settings(
        gluetun_container=gluetun, qbittorrent_container=torrent, gluetun_url=f"http://{gluetun}:{control}",
        qbittorrent_url=f"http://{gluetun if inside else torrent}:{web_ui}", forwarded_port_file=f"/tmp/gluetun/{name}",
        forwarded_port_source="file",
    )  # fmt: skip
    home = Home(settings)
    started_s = rng.uniform(3600, 30 * DAY_S)
    add = _adder(rng, home)
    environment = _gluetun_environment(rng, control, f"{folder}/{name}")
    mounts = {folder: ("bind", "/srv/port")}
    add(gluetun, "qmcgaw/gluetun", started_s, health="healthy", environment=environment, mounts=mounts)
    joins = f"container:{gluetun}-id" if inside else "home"
    web_ui_name = rng.choice(["WEBUI_PORT", "QBT_WEBUI_PORT"])
    image = rng.choice(["lscr.io/linuxserver/qbittorrent", "qbittorrentofficial/qbittorrent-nox"])
    add(torrent, image, started_s * 0.9, network=joins, environment={web_ui_name: str(web_ui)})
    if rng.random() < 0.7:
        mounts = {"/tmp/gluetun": ("bind", "/srv/port")}
        add("gluehook", "gluehook", rng.uniform(60, started_s), mounts=mounts)
        home.facts["own_id"] = "gluehook-id"
    _others(rng, home, add, started_s)
    _targets(rng, home, inside=inside, started_s=started_s)
    _wireguard(rng, home, add)
    return home


def _adder(rng: Random, home: Home) -> Callable[..., None]:
    by_compose = rng.random() < 0.8

    def add(name: str, image: str, started_s: float, **more: Any) -> None:
        labels = {} if by_compose else {"labels": {}}
        made = container(name, image=image, started_s=started_s, **more)
        home.containers[name] = replace(made, **labels)

    return add


def _gluetun_environment(rng: Random, control: int, file: str) -> dict[str, str]:
    quote = rng.choice(["", "", '"', "'"])
    provider, regions = rng.choice([
        ("pia", "Panama"), ("private internet access", "Mexico, US East"), ("pia", "DK Copenhagen"),
        ("protonvpn", "US East"), ("mullvad", ""),
    ])  # fmt: skip
    environment = {"VPN_SERVICE_PROVIDER": provider, "SERVER_REGIONS": f"{quote}{regions}{quote}"}
    if rng.random() < 0.2:  # as the image sets it, and an owner of old names
        environment |= {"VPN_SERVICE_PROVIDER": "pia", "VPNSP": provider, "REGION": regions}
    forwarding = rng.choice(["VPN_PORT_FORWARDING", "VPN_PORT_FORWARDING", "PORT_FORWARDING"])
    environment["VPN_PORT_FORWARDING"] = "off"
    environment[forwarding] = rng.choice(["on", "true", f"{quote}on{quote}"])
    environment |= {"HTTP_CONTROL_SERVER_ADDRESS": f":{control}", "VPN_PORT_FORWARDING_STATUS_FILE": file}
    if rng.random() < 0.1:
        environment["VPN_PORT_FORWARDING_DOWN_COMMAND"] = "/bin/true"
    return environment


def _others(rng: Random, home: Home, add: Callable[..., None], started_s: float) -> None:
    """Neighbours: some share gluetun's network, some join those, some are stopped and stay so."""
    holders = [home.gluetun]
    for number in range(rng.choice([0, 1, 5, 20, 44])):
        name, holder = f"other-{number}", rng.choice(holders)
        joins = rng.random() < 0.2
        later_s = min(started_s, *(NOW_S - home.containers[one].started_at / 1e9 for one in holders)) * 0.9
        more: dict[str, Any] = {"network": f"container:{holder}-id"} if joins else {}
        if rng.random() < 0.1:
            more |= {"running": False, "exit_code": rng.choice([0, 137])}
        elif joins:
            holders.append(name)
        image = rng.choice(IMAGES)
        more["environment"] = DASHBOARD if "homepage" in image else {"AUTOHEAL_CONTAINER_LABEL": "autoheal"}
        add(name, image, later_s, **more)


def _targets(rng: Random, home: Home, *, inside: bool, started_s: float) -> None:
    port, more = rng.randrange(1024, 65536), rng.sample(range(1024, 65536), 2) if rng.random() < 0.1 else []
    written_s = rng.uniform(60, started_s * 0.8)
    preferences = {"listen_port": port, "random_port": False, "upnp": False,
                   "current_network_interface": rng.choice(["tun0", ""]) if inside else ""}  # fmt: skip
    listening = rng.choice([(TUNNEL_IP,), ("0.0.0.0",), ("::",)]) if inside else ("0.0.0.0",)
    rules = rng.choice([("forward-port", "heal-vpn", "rejoin-network"), ("set", "tunnel", "back")])
    home.facts |= {
        "gluehook": Gluehook(True, ("healthy: 4 rules in force",)),
        "access": rng.choice([
            DockerAccess("/var/run/docker.sock"), DockerAccess("tcp://proxy:2375", is_socket=False),
            DockerAccess("https://d:2376", is_socket=False, tls=True, unneeded=("IMAGES", "VOLUMES", "INFO")),
        ]),
        "port_file": PortFile((port, *more), "", "1-1", int((NOW_S - written_s) * 1e9)),
        "gluetun": Gluetun("running", VPN_IP, "Panama", port),
        "qbittorrent": QBittorrent(preferences, rng.choice(["connected", "firewalled"]), ("lo", "eth0", "tun0"),
                                   (TUNNEL_IP,) if inside else (), listening),
        "applied": rng.choice([None, {"generation": "1-1", "port": port}]),
        "uses": (Use(rules[0], "client.set_port"), Use(rules[1], "gluetun.restart_vpn"),
                 Use(rules[2], "containers.rejoin", {"if_recreated": rng.choice(["report", "recreate"])})),
    }  # fmt: skip


def _wireguard(rng: Random, home: Home, add: Callable[..., None]) -> None:
    if rng.random() < 0.3:
        return
    joins = {"network": f"container:{home.gluetun}-id"} if rng.random() < 0.2 else {"address": ADGUARD_IP}
    gluetuns_s = NOW_S - home.containers[home.gluetun].started_at / 1e9
    add("adguard", "adguard/adguardhome", rng.uniform(60, min(DAY_S, gluetuns_s)), **joins)
    add("wireguard", "lscr.io/linuxserver/wireguard", rng.uniform(60, DAY_S), environment={"LOG_CONFS": "false"})
    endpoint = f"home.example.net:{rng.randrange(1024, 65536)}"
    devices = tuple(
        Device(f"device-{n}", (ADGUARD_IP,), endpoint, "8.8.4.4:1", int(NOW_S) - 20, connected=rng.random() < 0.5)
        for n in range(rng.randrange(1, 4))
    )
    home.facts |= {
        "wireguard": WireGuard(devices), "adguard": AdGuard("adguard", True, {"home": ADGUARD_IP}, "NOERROR"),
        "names": (HostName("home.example.net", (HOUSE_IP,)),), "public_ip": rng.choice(["", HOUSE_IP]),
    }  # fmt: skip
