"""Which variables of a torrent client's image are a port, and which programs write the port as well."""

from __future__ import annotations

import pytest

from hooks.images import port_writers, torrent


@pytest.mark.parametrize(("environment", "port"), [
    ({}, 8080), ({"WEBUI_PORT": "8181"}, 8181), ({"WEBUI_PORTS": "8282/tcp,8282/udp"}, 8282),
    ({"QBT_WEBUI_PORT": "8383"}, 8383), ({"WEBUI_PORT": '"8484"'}, 8484), ({"WEBUI_PORT": "${PORT}"}, 8080),
    ({"WEBUI_PORT": "99999"}, 8080),
])  # fmt: skip
def test_the_port_of_the_web_ui(environment: dict[str, str], port: int) -> None:
    assert torrent.web_ui_port(environment) == port


@pytest.mark.parametrize("name", [
    "TORRENTING_PORT", "QBT_TORRENTING_PORT", "INCOMING_PORT", "LISTEN_PORT", "LISTENING_PORT", "PEERPORT", "PEER_PORT",
    "TORRENT_PORT", "QBT_BITTORRENT__SESSION__PORT", "QBT_Preferences__Connection__PortRangeMin",
])  # fmt: skip
def test_a_variable_that_sets_the_port_for_peers(name: str) -> None:
    assert torrent.ports_at_start({name: "6881"}) == {name: 6881}
    assert torrent.ports_at_start({name: "tcp://10.0.0.1:6881"}) == {}


@pytest.mark.parametrize("name", ["WEBUI_PORT", "QBT_WEBUI_PORT", "HTTP_PORT", "PORT", "VPN_INPUT_PORTS", "PGID"])
def test_a_variable_that_does_not(name: str) -> None:
    assert torrent.ports_at_start({name: "6881"}) == {}


@pytest.mark.parametrize("image", [
    "snoringdragon/gluetun-qbittorrent-port-manager", "ghcr.io/monstermuffin/qsticky:latest",
    "geoffreycoulaud/glueforward",
    "ghcr.io/t-anc/gsp-qbittorent-gluetun-sync-port-mod:main", "ghcr.io/hononeko/qbit-gluetun-sync",
    "someone/gluetun-watchguard", "registry.example:5000/gluetun-companion@sha256:0a",
    "charlocharlie/qbittorrent-port-forward-file",
    "mjmeli/qbittorrent-port-forward-gluetun-server", "miklosbagi/gluetrans", "me/transmission-port-updater",
    "me/port-sync-deluge",
])  # fmt: skip
def test_an_image_that_sets_the_port(image: str) -> None:
    assert port_writers.by_image(image)


@pytest.mark.parametrize("image", [
    "qmcgaw/gluetun:latest", "lscr.io/linuxserver/qbittorrent", "ghcr.io/hotio/qbittorrent",
    "binhex/arch-qbittorrentvpn",
    "qbittorrentofficial/qbittorrent-nox", "esanchezm/prometheus-qbittorrent-exporter", "ghcr.io/hotio/qbitmanage",
    "csmarshall/gluetun-monitor", "linuxserver/transmission", "gluehook", "portainer/portainer-ce",
    "linuxserver/deluge",
    "me/gluetun-webui", "ghcr.io/vuetorrent/vuetorrent-lsio-mod", "busybox", "",
])  # fmt: skip
def test_an_image_that_does_not(image: str) -> None:
    assert not port_writers.by_image(image)


@pytest.mark.parametrize(("command", "does"), [
    ("/bin/sh -c 'wget --post-data \"json={\\\"listen_port\\\":{{PORT}}}\" http://127.0.0.1:8080'", "sets listen_port"),
    ("/bin/sh -c 'echo {{PORTS}} >> /ports'", "hands the port on"), ("/bin/sh -c 'x {{ PORT }}'", "hands the port on"),
    ("/scripts/up.sh", "runs a script"), ("sh -c /gluetun/port.sh arg", "runs a script"), ("/bin/true", ""), ("", ""),
])  # fmt: skip
def test_what_an_up_command_does(command: str, does: str) -> None:
    assert port_writers.by_command(command) == does


def test_the_variables_of_a_program_that_takes_the_port_on() -> None:
    assert port_writers.by_variables({"QBITTORRENT_URL": "x", "GLUETUN_PORT_FILE": "y"})
    assert port_writers.by_variables({"TRANSMISSION_HOST": "x", "FORWARDED_PORT_FILE": "y"})
    assert port_writers.by_variables({"HOMEPAGE_VAR_QBITTORRENT_URL": "x", "HOMEPAGE_VAR_GLUETUN_URL": "y"}) == ()
    assert port_writers.by_variables({"QBITTORRENT_URL": "x"}) == ()
    assert port_writers.by_variables({"GLUETUN_URL": "x"}) == ()
