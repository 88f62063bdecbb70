"""gluetun.stop_vpn and start_vpn in the contract."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from handlers.gluetun.start_vpn import StartVpn, StartVpnArgs
from handlers.gluetun.stop_vpn import StopVpn, StopVpnArgs
from hooks.config.settings import Settings
from tests.handlers.contract import CASES, Case, Fine
from tests.parts.targets.fakes_gluetun import fake_gluetun

_SECRETS = {"GLUETUN_API_KEY": "fake-gluetun-key"}


@contextmanager
def _running(_: Path) -> Iterator[Fine]:
    with fake_gluetun(auth="apikey") as (fake, url):
        yield Fine(url, lambda: fake.writes)


@contextmanager
def _stopped(_: Path) -> Iterator[Fine]:
    with fake_gluetun(auth="apikey", status="stopped") as (fake, url):
        yield Fine(url, lambda: fake.writes)


CASES += [
    Case(StopVpn, lambda _: StopVpnArgs(), _running, lambda url: Settings(gluetun_url=url), _SECRETS),
    Case(StartVpn, lambda _: StartVpnArgs(), _stopped, lambda url: Settings(gluetun_url=url), _SECRETS),
]
