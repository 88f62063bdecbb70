"""The contract's cases for qBittorrent and gluetun."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from handlers.client import set_port as client_port
from handlers.deluge import set_port as deluge_port
from handlers.gluetun.restart_vpn import RestartVpn, RestartVpnArgs
from handlers.qbittorrent.set_port import SetPort, SetPortArgs
from handlers.transmission import set_port as transmission_port
from hooks.config.settings import Settings
from hooks.world.model import PortFile, World
from tests.handlers.contract import CASES, Case, Fine
from tests.parts.targets.fakes_deluge import PASSWORD as DELUGE_PASSWORD
from tests.parts.targets.fakes_deluge import fake_deluge
from tests.parts.targets.fakes_gluetun import MASTER, fake_gluetun
from tests.parts.targets.fakes_qbittorrent import API_KEY, PASSWORD, fake_qbittorrent
from tests.parts.targets.fakes_transmission import PASSWORD as TRANSMISSION_PASSWORD
from tests.parts.targets.fakes_transmission import USER, fake_transmission


def world() -> World:
    return World(file=PortFile((40000,), generation="1-1"))


def qbittorrent(**traits: Any) -> Callable[[Path], AbstractContextManager[Fine]]:
    @contextmanager
    def fine(_: Path) -> Iterator[Fine]:
        with fake_qbittorrent(**traits) as (fake, url):
            yield Fine(url, lambda: fake.writes)

    return fine


def transmission(**traits: Any) -> Callable[[Path], AbstractContextManager[Fine]]:
    @contextmanager
    def fine(_: Path) -> Iterator[Fine]:
        with fake_transmission(**traits) as (fake, url):
            yield Fine(url, lambda: fake.writes)

    return fine


def deluge(**traits: Any) -> Callable[[Path], AbstractContextManager[Fine]]:
    @contextmanager
    def fine(_: Path) -> Iterator[Fine]:
        with fake_deluge(**traits) as (fake, url):
            yield Fine(url, lambda: fake.writes)

    return fine


def gluetun(**traits: Any) -> Callable[[Path], AbstractContextManager[Fine]]:
    @contextmanager
    def fine(_: Path) -> Iterator[Fine]:
        with fake_gluetun(**traits, port_lost=True) as (fake, url):
            yield Fine(url, lambda: fake.writes)

    return fine


_password = Case(
    SetPort, lambda _: SetPortArgs(), qbittorrent(), lambda url: Settings(qbittorrent_url=url),
    {"QBITTORRENT_PASSWORD": PASSWORD}, world=world, label="5.2 password",
)  # fmt: skip
_transmission = Case(
    transmission_port.SetPort, lambda _: transmission_port.SetPortArgs(), transmission(login=True),
    lambda url: Settings(transmission_url=url, transmission_username=USER),
    {"TRANSMISSION_PASSWORD": TRANSMISSION_PASSWORD}, world=world, label="login",
)  # fmt: skip
_deluge = Case(
    deluge_port.SetPort, lambda _: deluge_port.SetPortArgs(), deluge(), lambda url: Settings(deluge_url=url),
    {"DELUGE_PASSWORD": DELUGE_PASSWORD}, world=world,
)  # fmt: skip
_key = Case(
    RestartVpn, lambda _: RestartVpnArgs(), gluetun(auth="apikey"), lambda url: Settings(gluetun_url=url),
    {"GLUETUN_API_KEY": "fake-gluetun-key"}, world=world, label="3.41 key",
)  # fmt: skip
_basic = Settings(gluetun_username="hooks")

CASES += [
    _password,
    replace(_password, secrets={"QBITTORRENT_API_KEY": API_KEY}, label="5.2 key"),
    replace(_password, fine=qbittorrent(version=(4, 1)), label="4.1 password"),
    replace(_password, fine=qbittorrent(bypass=True), secrets={}, label="bypass"),
    _transmission,
    replace(_transmission, fine=transmission(), secrets={}, label="open"),
    replace(_password, handler=client_port.SetPort, args=lambda _: client_port.SetPortArgs(), label="qBittorrent"),
    replace(_deluge, handler=client_port.SetPort, args=lambda _: client_port.SetPortArgs(), label="Deluge"),
    _deluge,
    replace(_deluge, fine=deluge(connected=False), label="not connected"),
    _key,
    replace(_key, fine=gluetun(auth="apikey", version=MASTER), label="master key"),
    replace(
        _key, fine=gluetun(auth="basic", version=(3, 40, 0)), secrets={"GLUETUN_PASSWORD": "fake-gluetun-password"},
        settings=lambda url: replace(_basic, gluetun_url=url), label="3.40 basic",
    ),
    replace(_key, fine=gluetun(version=(3, 39, 1)), secrets={}, label="3.39 open"),
]  # fmt: skip
