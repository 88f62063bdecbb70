"""The contract of all handlers: what CASES names is put to the same test."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hooks.own_handlers import contract
from tests.handlers.contract import CASES, Case, load_cases

load_cases()

every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "-"))
settling = pytest.mark.parametrize(  # not those whose each time is a new deed
    "case", [case for case in CASES if case.second is not None], ids=lambda case: case.name.replace(" ", "-")
)
every_fault = pytest.mark.parametrize(
    ("case", "how"),
    [pytest.param(case, how, id=f"{case.name}-{how}".replace(" ", "-")) for case in CASES for how in case.words],
)


_QBITTORRENT = (
    r"qBittorrent at \S+: listen_port is 6881, upnp is on, and gluetun has written the port since\n"
    r"qBittorrent at \S+: connection_status is connected"
)
_DELUGE = r"Deluge at \S+: listen_ports is \[6881, 6891\], with random port and UPnP and NAT-PMP on; it listens on \d+"
SAW = {  # what each notes for the trace where it meets the well-behaved other side, line by line; others note nothing
    "client.set_port": f"{_QBITTORRENT}|{_DELUGE}",
    "command.run": "exit code 0",
    "containers.exec": "exit code 0",
    "containers.rejoin": r"container 'vpn' is running, started \S+ \S+\n"
    "container 'dep1' joins the network of 'vpn': stale",
    "containers.restart": r"container 'box' is running, started \S+ \S+",
    "containers.pause": r"container 'box' is running, started \S+ \S+",
    "containers.run": "exit code 0",
    "containers.signal": r"container 'box' is running, started \S+ \S+",
    "containers.start": "container 'box' is exited, exit code 0",
    "containers.stop": r"container 'box' is running, started \S+ \S+",
    "containers.unpause": r"container 'box' is paused, started \S+ \S+",
    "deluge.set_port": _DELUGE,
    "gluetun.restart_vpn": r"gluetun at \S+: VPN status running, public IP 203.0.113.1, port none",
    "gluetun.start_vpn": r"gluetun at \S+: VPN status stopped",
    "gluetun.stop_vpn": r"gluetun at \S+: VPN status running",
    "qbittorrent.set_port": _QBITTORRENT,
    "transmission.set_port": r"Transmission at \S+: peer-port is 51413, peer-port-random-on-start is on, "
    "port-forwarding-enabled is on",
    "wireguard.regenerate_peers": r"in \S+ differs: phone, laptop: DNS 172.18.0.14 → 172.18.0.15.*",
    "wireguard.set_dns_forward": r"\S+/Corefile forwards to /etc/resolv.conf, and CoreDNS does not reread it",
}


@every_case
def test_applied_twice_the_second_finds_nothing_to_do(case: Case, tmp_path: Path) -> None:
    noted = list[str]()
    contract.applied_twice(case, tmp_path, noted)
    assert re.fullmatch(SAW.get(case.handler.name, ""), "\n".join(noted)), noted


@settling
def test_a_handler_that_was_restarted_finds_nothing_to_do_either(case: Case, tmp_path: Path) -> None:
    contract.restarted(case, tmp_path)


@every_case
def test_plan_writes_nothing_and_tells_what_would_change(case: Case, tmp_path: Path) -> None:
    contract.plan_writes_nothing(case, tmp_path)


@settling
def test_plan_after_apply_has_nothing_to_tell(case: Case, tmp_path: Path) -> None:
    contract.plan_after_apply(case, tmp_path)


@every_fault
@pytest.mark.parametrize("verb", ["apply", "plan"])
def test_each_fault_ends_in_its_word(case: Case, how: str, verb: str, tmp_path: Path) -> None:
    contract.ends_in_its_word(case, how, verb, tmp_path)


@every_case
def test_it_describes_itself_in_the_words_of_the_contract(case: Case) -> None:
    contract.describes_itself(case)
