"""The contract of all handlers: what CASES names is put to the same test."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hooks.handler import Context, GiveUp, Handler, Outcome, Retry
from tests.handlers.contract import CASES, RETRY_AFTER_S, WORDS, Case, Notes, load_cases, misbehaving

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


def attempt(case: Case, verb: str, ctx: Context, address: str, handler: Handler[Any] | None = None) -> Any:
    """What one attempt answers or raises."""
    try:
        return getattr(handler or case.handler(), verb)(case.args(address), ctx)
    except (Retry, GiveUp) as end:
        return end


def said(end: Any) -> str:
    return end if isinstance(end, str) else "" if end is None else str(end.said)


@every_case
def test_applied_twice_the_second_finds_nothing_to_do(case: Case, tmp_path: Path) -> None:
    memory, handler, noted = Notes(), case.handler(), list[str]()
    with case.fine(tmp_path) as server:
        context = replace(case.context(server.address, memory=memory), saw=noted.append)
        first = attempt(case, "apply", context, server.address, handler)
        assert isinstance(first, Outcome), said(first)
        assert re.fullmatch(SAW.get(case.handler.name, ""), "\n".join(noted)), noted
        assert not case.leaks("\n".join(noted))
        assert first.status == case.first, first.said
        wrote = len(server.writes())
        assert wrote, "the first must have written something, or the test shows nothing"
        if case.second is None:
            return
        second = attempt(case, "apply", case.context(server.address, memory=memory), server.address, handler)
        assert (getattr(second, "status", None), server.writes()[wrote:]) == (case.second, []), said(second)
        assert not case.leaks(first.said + second.said)


@settling
def test_a_handler_that_was_restarted_finds_nothing_to_do_either(case: Case, tmp_path: Path) -> None:
    memory = Notes()
    with case.fine(tmp_path) as server:
        ends = [attempt(case, "apply", case.context(server.address, memory=memory), server.address) for _ in "12"]
        assert [getattr(end, "status", said(end)) for end in ends] == [case.first, case.second]


@every_case
def test_plan_writes_nothing_and_tells_what_would_change(case: Case, tmp_path: Path) -> None:
    with case.fine(tmp_path) as server:
        plan = attempt(case, "plan", case.context(server.address), server.address)
        assert isinstance(plan, str), f"the fine server needs a change, so there must be a plan: {plan!r}"
        assert list(server.writes()) == []
        assert not case.leaks(plan)


@settling
def test_plan_after_apply_has_nothing_to_tell(case: Case, tmp_path: Path) -> None:
    memory = Notes()
    with case.fine(tmp_path) as server:
        attempt(case, "apply", case.context(server.address, memory=memory), server.address)
        assert attempt(case, "plan", case.context(server.address, memory=memory), server.address) is None


@every_fault
@pytest.mark.parametrize("verb", ["apply", "plan"])
def test_each_fault_ends_in_its_word(case: Case, how: str, verb: str, tmp_path: Path) -> None:
    timeout_s = 0.4 if how == "timeout" else 10.0
    with misbehaving(how, tmp_path / "misbehaving.sock" if case.unix else None) as address:
        end = attempt(case, verb, case.context(address, timeout_s=timeout_s), address)
    if verb == "plan" and not case.handler.reconciles and not isinstance(end, Retry | GiveUp):
        return  # a mere deed may be planned without asking the other side
    word = case.words[how]
    assert (end.status if isinstance(word, str) else type(end)) == word, said(end)
    assert not case.leaks(f"{said(end)} {end}")
    if how == "busy_429" and isinstance(end, Retry):
        assert end.after == RETRY_AFTER_S


@every_case
def test_its_words_are_those_of_the_contract(case: Case) -> None:
    assert set(case.words) <= set(WORDS)
    if case.handler.reconciles:
        assert case.second in ("unchanged", "skipped")
    assert case.handler().targets(case.args("http://127.0.0.1:9"), case.settings("http://127.0.0.1:9"))
