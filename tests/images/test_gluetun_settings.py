"""What gluetun makes of its environment: its own rules for names, blanks, quotes, lists and switches."""

from __future__ import annotations

import pytest

from hooks.images import gluetun

IMAGE = {"VPN_SERVICE_PROVIDER": "pia", "VPN_PORT_FORWARDING": "off", "SERVER_REGIONS": "", "VPN_INTERFACE": "tun0"}
"""What the image itself sets, so that an inspect shows it."""


def test_the_image_alone() -> None:
    seen = gluetun.read(IMAGE)
    assert (seen.provider, seen.asks_for_port, seen.regions) == (gluetun.PIA, False, ())
    assert (seen.port_file, seen.control_port, seen.interface) == ("/tmp/gluetun/forwarded_port", 8000, "tun0")
    assert seen.port_forward_only is None


@pytest.mark.parametrize("word", ["pia", "PIA", ' "Private Internet Access"\n', "'private internet access'"])
def test_names_of_private_internet_access(word: str) -> None:
    assert gluetun.read({**IMAGE, "VPN_SERVICE_PROVIDER": word}).provider == gluetun.PIA


def test_an_old_name_wins_over_the_new_one() -> None:
    old = {"VPNSP": "mullvad", "REGION": "panama", "PORT_FORWARDING": "on", "PORT_FORWARDING_STATUS_FILE": "/a/Port"}
    seen = gluetun.read({**IMAGE, "VPN_PORT_FORWARDING_STATUS_FILE": "/b/port", **old})
    assert (seen.provider, seen.regions, seen.asks_for_port) == ("mullvad", ("panama",), True)
    assert seen.regions_named_by == "REGION"
    assert seen.port_file == "/a/Port"


def test_an_old_name_that_is_set_to_nothing_wins_as_well() -> None:
    seen = gluetun.read(
        {**IMAGE, "VPN_SERVICE_PROVIDER": "mullvad", "VPNSP": "", "SERVER_REGIONS": "Panama", "REGION": ""}
    )
    assert (seen.provider, seen.regions) == (gluetun.PIA, ())


@pytest.mark.parametrize(("kind", "name"), [("openvpn", "tun7"), ('"WireGuard" ', "wg7"), ("", "tun7")])
def test_each_kind_of_vpn_has_an_old_name_for_its_interface(kind: str, name: str) -> None:
    old = {"OPENVPN_INTERFACE": "tun7", "WIREGUARD_INTERFACE": "wg7"}
    assert gluetun.read({**IMAGE, "VPN_TYPE": kind, **old}).interface == name


def test_of_two_old_names_the_oldest_wins() -> None:
    environment = {
        "PORT_FORWARDING": "off",
        "PRIVATE_INTERNET_ACCESS_VPN_PORT_FORWARDING": "on",
        "VPN_PORT_FORWARDING": "on",
    }
    assert not gluetun.read(environment).asks_for_port


@pytest.mark.parametrize(("word", "on"), [
    ("on", True), ("ON", True), ("enabled", True), ('"yes"', True), ("true ", True),
    ("off", False), ("disabled", False), ("no", False), ("1", False), ("", False),
])  # fmt: skip
def test_switches(word: str, *, on: bool) -> None:
    assert gluetun.read({"VPN_PORT_FORWARDING": word}).asks_for_port == on


@pytest.mark.parametrize(("text", "regions"), [
    ('"DK Copenhagen"', ("DK Copenhagen",)), ("'Mexico,Panama'", ("Mexico", "Panama")),
    (' "Mexico, Panama" ', ("Mexico", "Panama")), (",", ()),
])  # fmt: skip
def test_regions(text: str, regions: tuple[str, ...]) -> None:
    assert gluetun.read({"SERVER_REGIONS": text}).regions == regions


@pytest.mark.parametrize(("text", "port"), [(":9000", 9000), ("0.0.0.0:8100", 8100), ('":8001"', 8001), ("x", 8000)])
def test_the_control_servers_port(text: str, port: int) -> None:
    assert gluetun.read({"HTTP_CONTROL_SERVER_ADDRESS": text}).control_port == port


@pytest.mark.parametrize(("environment", "ports"), [
    ({"VPN_PORT_FORWARDING_LISTENING_PORT": "6881"}, (6881,)),
    ({"VPN_PORT_FORWARDING_LISTENING_PORTS": "6881,6882"}, (6881, 6882)),
    ({"VPN_PORT_FORWARDING_LISTENING_PORT": "0"}, ()),
    ({"VPN_PORT_FORWARDING_LISTENING_PORT": "x"}, ()),
])  # fmt: skip
def test_redirects(environment: dict[str, str], ports: tuple[int, ...]) -> None:
    assert gluetun.read(environment).redirects_to == ports
