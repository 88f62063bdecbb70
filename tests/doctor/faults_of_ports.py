"""Faults of the tunnel and of the way of its port to gluehook, each with all that follows from it."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from hooks.doctor.facts.model import Gluetun
from hooks.world.model import PortFile
from tests.doctor.planting import EMPTY, SILENT, lose_tunnel, says_no_port, stop
from tests.doctor.random_servers import VPN_IP, Home


def vpn_is(status: str, home: Home, rng: Random) -> bool:
    home.facts["gluetun"] = Gluetun(status)
    lose_tunnel(home)
    says_no_port(home, rng)
    return True


def unhealthy(home: Home, rng: Random) -> bool:
    home.change(home.gluetun, health="unhealthy")
    home.facts["gluetun"] = Gluetun("running")
    lose_tunnel(home)
    says_no_port(home, rng)
    return True


def no_port(home: Home, rng: Random) -> bool:
    home.facts |= {"gluetun": Gluetun("running", VPN_IP, "Panama", 0), "port_file": EMPTY}
    says_no_port(home, rng)
    return True


def no_region_forwards(home: Home, rng: Random) -> bool:
    _regions(home, rng.choice(["US East", "us texas, US East", "'US Chicago'", "US Tennessee"]))
    home.facts["gluetun"] = Gluetun("crashed")
    lose_tunnel(home)
    says_no_port(home, rng)
    return True


def forward_only_off(home: Home, rng: Random) -> bool:
    _regions(home, "US East")
    home.set_variables(home.gluetun, PORT_FORWARD_ONLY='"off"')
    return no_port(home, rng)


def region_is_misspelt(home: Home, _: Random) -> bool:
    _regions(home, "Mexcio")
    stop(home, home.gluetun)
    return True


def _regions(home: Home, regions: str) -> None:
    kept = {k: v for k, v in home.containers[home.gluetun].environment.items() if k not in ("VPNSP", "REGION")}
    home.change(home.gluetun, environment={**kept, "VPN_SERVICE_PROVIDER": "pia", "SERVER_REGIONS": regions})


def control_is_silent(home: Home, _: Random) -> bool:
    """gluehook and gluetun have no network in common."""
    home.facts["gluetun"] = SILENT
    if home.inside:
        home.facts["qbittorrent"] = SILENT
    return True


def redirected(home: Home, rng: Random) -> bool:
    home.set_variables(
        home.gluetun,
        **{rng.choice(["VPN_PORT_FORWARDING_LISTENING_PORT", "VPN_PORT_FORWARDING_LISTENING_PORTS"]): "6881"},
    )
    return True


def file_is(file: PortFile, home: Home, _: Random) -> bool:
    home.facts["port_file"] = file
    return True


def folder_is_missing(home: Home, _: Random) -> bool:
    home.facts |= {"port_file": PortFile(), "port_folder_missing": True}
    return True


def other_folder(home: Home, _: Random) -> bool:
    home.facts["port_file"] = PortFile()
    return True


def stale_file(home: Home, _: Random) -> bool:
    """gluetun was killed, and does not get its port again; its control server shows nothing to gluehook."""
    old = home.containers[home.gluetun].started_at - 10**9
    home.facts["port_file"] = replace(home.facts["port_file"], mtime=old)
    home.facts["gluetun"] = Gluetun("starting")
    return True


def port_is_missing(home: Home, rng: Random) -> bool:
    """The control server shows no public address, so the tunnel's state is not known."""
    home.facts |= {"gluetun": Gluetun("running"), "port_file": EMPTY}
    says_no_port(home, rng)
    return True
