"""Faults of containers, of Docker and of gluehook itself, each with all that follows from it."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from hooks.doctor.facts.model import Gluehook, Gluetun, Unread
from tests.doctor.planting import EMPTY, SILENT, lose_network, preference, stop
from tests.doctor.random_servers import VPN_IP, Home
from tests.parts.values.server_facts import NOW_S, container


def gluetun_stops(home: Home, rng: Random) -> bool:
    stop(home, home.gluetun, killed=rng.random() < 0.5)
    home.change(home.gluetun, health=rng.choice(["", "unhealthy"]))  # an inspect may keep the last health
    return True


def container_has_another_name(home: Home, rng: Random) -> bool:
    """A setting goes on naming it as before; everything is reached as before."""
    name = rng.choice([home.gluetun, home.torrent])
    home.containers["stack-program-1"] = replace(home.containers.pop(name), name="stack-program-1")
    return True


def torrent_stops(home: Home, rng: Random) -> bool:
    stop(home, home.torrent, killed=rng.random() < 0.5)
    return True


def adguard_stops(home: Home, _: Random) -> bool:
    if "adguard" not in home.containers:
        return False
    home.change("adguard", running=False, addresses={})
    home.set_fact("adguard", running=False, addresses={}, answer=None)
    return True


def is_paused(home: Home, rng: Random) -> bool:
    name = rng.choice([home.gluetun, home.torrent])
    home.change(name, paused=True)
    if name == home.gluetun:
        home.facts["gluetun"] = SILENT
    else:
        home.facts["qbittorrent"] = SILENT
    return True


def another_holder_stops(home: Home, rng: Random) -> bool:
    """A container in whose network another one is, and which gluehook knows by no setting."""
    joined = {one.parent: one for one in home.containers.values() if one.parent and one.running}
    holders = [one for one in home.containers.values() if one.id in joined and one.name != home.gluetun]
    if not holders or not home.inside or any(one.name == home.torrent for one in holders):
        return False
    stop(home, rng.choice(holders).name)
    return True


def gluetun_restarts(home: Home, _: Random) -> bool:
    """Its dependents are left in the old namespace."""
    if not home.inside:
        return False
    home.change(home.gluetun, started_at=int((NOW_S - 45) * 1e9))
    home.facts["port_file"] = replace(home.facts["port_file"], mtime=int((NOW_S - 35) * 1e9))
    lose_network(home, home.gluetun)
    home.facts["gluetun"] = Gluetun("running", VPN_IP, "Panama", home.facts["port_file"].ports[0])
    return True


def could_not_join(home: Home, _: Random) -> bool:
    if not home.inside:
        return False
    home.change(home.torrent, running=False, error="cannot join network of a non running container: abc", exit_code=128)
    home.facts["qbittorrent"] = SILENT
    return True


def gluetun_is_re_created(home: Home, rng: Random) -> bool:
    """By its labels Compose shows whose containers these are."""
    if not home.inside or not home.containers[home.gluetun].labels:
        return False
    for name, one in home.containers.items():
        if one.parent == f"{home.gluetun}-id":
            depends = {"com.docker.compose.depends_on": f"{home.gluetun}:service_started:true"}
            home.change(name, labels={**one.labels, **depends})
    home.change(home.gluetun, id="new-id", started_at=int((NOW_S - 100) * 1e9))
    home.facts["port_file"] = replace(home.facts["port_file"], mtime=int((NOW_S - rng.uniform(40, 80)) * 1e9))
    lose_network(home, home.gluetun)
    home.facts["gluetun"] = Gluetun("running", VPN_IP, "Panama", home.facts["port_file"].ports[0])
    return True


def its_holder_is_gone(home: Home, _: Random) -> bool:
    home.change(home.torrent, network_mode="container:gone-for-good", addresses={}, labels={})
    home.facts["qbittorrent"] = SILENT
    return True


def gluetun_is_being_re_created(home: Home, _: Random) -> bool:
    if not home.inside:
        return False
    del home.containers[home.gluetun]
    lose_network(home, home.gluetun)
    home.facts |= {"gluetun": None, "port_file": EMPTY}
    return True


def gluehook_is_inside(home: Home, _: Random) -> bool:
    if "gluehook" not in home.containers:
        return False
    home.change("gluehook", network_mode=f"container:{home.gluetun}-id", addresses={})
    home.facts |= {"gluetun": SILENT, "qbittorrent": SILENT}
    return True


def healer(home: Home, rng: Random) -> bool:
    labels, image = rng.choice(
        [({}, "willfarrell/autoheal"), ({"deunhealth.restart.on.unhealthy": "true"}, "qmcgaw/deunhealth")]
    )
    home.change(home.gluetun, labels={**home.containers[home.gluetun].labels, **labels})
    environment = {} if labels else {"AUTOHEAL_CONTAINER_LABEL": "all"}
    home.containers["healer"] = container("healer", image=image, environment=environment)
    return True


def docker_is_gone(home: Home, _: Random) -> bool:
    home.facts |= {"docker": Unread("nothing listens at /var/run/docker.sock: Docker is not running there"),
                   "dependents": (), "orphans": (), "wireguard": None, "adguard": None, "names": ()}  # fmt: skip
    home.facts["gluehook"] = Gluehook(False, ("the source docker is lost for 70 s: nothing listens",))
    return True


def list_is_incomplete(home: Home, _: Random) -> bool:
    """An entry of Docker's list has no name, as a dead container's."""
    home.doubts = ("an entry of Docker's list has no name",)
    return True


def open_access(home: Home, rng: Random) -> bool:
    if rng.random() < 0.5:
        home.facts["access"] = replace(home.facts["access"], is_socket=False, tls=False, unneeded=("INFO",))
    elif "gluehook" in home.containers:
        home.change("gluehook", privileged=True)
    else:
        home.facts["access"] = replace(home.facts["access"], is_socket=True, writable_by_all=True)
    return True


def gluehook_is_down(home: Home, rng: Random) -> bool:
    home.facts["gluehook"] = Gluehook(False, ("no heartbeat at /state/heartbeat.json: gluehook is not running",))
    return preference("listen_port", 6881, home, rng) if rng.random() < 0.5 else True
