"""Faults of the torrent client: its Web UI, its settings, what it listens on."""

from __future__ import annotations

from random import Random

from hooks.doctor.facts.model import OtherClient, Refusal
from tests.doctor.planting import SILENT, preference
from tests.doctor.random_servers import Home
from tests.parts.values.server_facts import container


def web_ui_is_silent(home: Home, _: Random) -> bool:
    home.facts["qbittorrent"] = SILENT
    return True


def refused(kind: str, home: Home, _: Random) -> bool:
    home.facts["qbittorrent"] = Refusal(kind, "qBittorrent answers no")
    return True


def whole_list_is_open(home: Home, _: Random) -> bool:
    preference("bypass_auth_subnet_whitelist_enabled", True, home, _)
    return preference("bypass_auth_subnet_whitelist", "10.0.0.0/8, 0.0.0.0/0", home, _)


def port_set_at_start(home: Home, rng: Random) -> bool:
    home.set_variables(
        home.torrent, **{rng.choice(["TORRENTING_PORT", "QBT_TORRENTING_PORT", "INCOMING_PORT"]): "6881"}
    )
    return preference("listen_port", 6881, home, rng) if rng.random() < 0.5 else True


def ninth_port_is_wanted(home: Home, _: Random) -> bool:
    home.facts["clients"] = (OtherClient("isos", "transmission", home.gluetun, 6881, 9),)
    return True


def wrong_port(home: Home, rng: Random) -> bool:
    return preference("listen_port", 6881, home, rng)


def bound_to_nothing(home: Home, rng: Random) -> bool:
    home.set_fact("qbittorrent", listening=())
    return preference("current_network_interface", "tun9", home, rng)


def bound_to_an_address_that_is_gone(home: Home, rng: Random) -> bool:
    home.set_fact("qbittorrent", listening=(), bindable=("10.8.0.2",))
    return preference("current_interface_address", "10.9.9.9", home, rng)


def does_not_listen(home: Home, _: Random) -> bool:
    home.set_fact("qbittorrent", listening=("172.18.0.2",) if home.inside else ())
    return True


def relisten_is_owed(home: Home, _: Random) -> bool:
    home.facts["applied"] = {"generation": "0-0", "port": 1}
    return True


def another_program(home: Home, rng: Random) -> bool:
    command = rng.choice(
        ["/bin/sh -c 'curl --data {{PORT}} x'", "/gluetun/up.sh", 'wget --post-data json={"listen_port":1}']
    )
    if rng.random() < 0.5:
        home.set_variables(home.gluetun, VPN_PORT_FORWARDING_UP_COMMAND=command)
    else:
        image = rng.choice(
            ["me/qbittorrent-port-manager:1", "ghcr.io/monstermuffin/qsticky", "geoffreycoulaud/glueforward"]
        )
        home.containers["writer"] = container("writer", image=image)
    return True
