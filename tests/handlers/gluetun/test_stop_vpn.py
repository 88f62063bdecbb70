"""gluetun.stop_vpn, start_vpn and restart_vpn agree on whose a stopped VPN is, also after a kill."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from handlers.gluetun.start_vpn import StartVpn, StartVpnArgs
from handlers.gluetun.stop_vpn import StopVpn, StopVpnArgs
from hooks.handler import GiveUp, Outcome, Retry
from hooks.world.model import PortFile
from tests.handlers.gluetun.test_restart_vpn import Runner, runner


class Killed(BaseException):
    """gluehook was killed: no handler catches it."""


def stop(r: Runner) -> Outcome:
    return StopVpn().apply(StopVpnArgs(), r.context())


def start(r: Runner, *, only_ours: bool = True, run: str = "run-2") -> Outcome:
    return StartVpn().apply(StartVpnArgs(only_ours=only_ours), r.context(run))


def gluetun_restarts(r: Runner) -> None:
    assert r.container
    r.container = replace(r.container, started_at=r.container.started_at + 10**12)


def written_since(r: Runner) -> None:
    r.file = PortFile((), "", "x", int((r.clock.now() + 60) * 1e9))


def nothing(_: Runner) -> None:
    pass


BETWEEN: dict[str, tuple[Callable[[Runner], None], str]] = {
    "nothing happens": (nothing, "changed its VPN was started; public IP 203.0.113.2"),
    "gluetun restarts and its owner stops the VPN": (
        gluetun_restarts, "unchanged 'gluetun' has started since gluetun.stop_vpn stopped it",
    ),
    "its owner starts and stops it": (written_since, "unchanged it has run since gluetun.stop_vpn stopped it"),
}  # fmt: skip


@pytest.mark.parametrize("between", BETWEEN)
def test_only_what_stop_vpn_stopped_is_started(between: str) -> None:
    happens, said = BETWEEN[between]
    with runner() as r:
        assert stop(r).said.endswith("its VPN was stopped")
        assert stop(r).said.endswith("its VPN is stopped, by gluetun.stop_vpn")
        happens(r)
        status, _, words = said.partition(" ")
        outcome = start(r)
        assert (outcome.status, words in outcome.said) == (status, True), outcome.said
        assert start(r, only_ours=False).status == ("unchanged" if status == "changed" else "changed")


def test_a_vpn_that_its_owner_stopped_stays_his() -> None:
    with runner(status="stopped") as r:
        assert stop(r).said.endswith("its VPN is stopped already, not by gluetun.stop_vpn")
        outcome = start(r)
        assert outcome.said.endswith("its VPN stays stopped until you start it: it was not stopped by gluetun.stop_vpn")
        assert r.fake.writes == []
        assert "not by us" in r.restart().said


def test_heal_vpn_leaves_what_stop_vpn_stopped_and_start_vpn_starts_it() -> None:
    with runner() as r:
        stop(r)
        healed = r.restart("run-3")
        assert (healed.status, r.fake.writes) == ("skipped", ["stopped"])
        assert healed.said.endswith("stopped by gluetun.stop_vpn; it stays so until gluetun.start_vpn starts it")
        assert r.plan() is None
        assert start(r).status == "changed"


def test_a_vpn_that_was_started_between_is_its_owners_when_he_stops_it() -> None:
    with runner() as r:
        stop(r)
        r.fake.status = "running"
        assert start(r).said.endswith("its VPN runs")
        r.fake.status = "stopped"
        assert start(r).status == "unchanged"
        assert "not by us" in r.restart().said


def test_a_kill_between_the_act_and_the_note_changes_nothing() -> None:
    with runner() as r:
        put, puts = r.memory.put, list[Any]()

        def die(key: str, value: Any) -> None:
            if puts:
                raise Killed
            puts.append(value)
            put(key, value)

        r.memory.put = die  # type: ignore[method-assign]
        with pytest.raises(Killed):
            stop(r)
        r.memory.put = put  # type: ignore[method-assign]
        assert r.fake.status == "stopped"
        assert stop(r).said.endswith("its VPN is stopped, by gluetun.stop_vpn")
        assert start(r).status == "changed"


def test_a_stop_takes_over_what_a_restart_that_was_cut_off_has_stopped() -> None:
    with runner(status="stopped") as r:
        r.memory.put(f"gluetun.restarting:{r.url}", {"run": "run-0", "at": r.clock.now()})
        assert stop(r).said.endswith("its VPN is stopped, by gluetun.stop_vpn")
        assert "stays so until gluetun.start_vpn" in r.restart().said, "else heal-vpn would start it"
        assert start(r).status == "changed"


def test_what_is_not_ready_is_tried_again() -> None:
    with runner(status="crashed") as r:
        with pytest.raises(Retry, match="has crashed, and gluetun stops none that has"):
            stop(r)
        assert start(r).status == "skipped"
    with runner(status="stopped", ip_after_s=1000) as r:
        with pytest.raises(Retry, match="was started, but has no public IP"):
            start(r, only_ours=False)
        r.fake.ip_after_s = 0
        assert start(r, only_ours=False).said.endswith("its VPN was started; public IP 203.0.113.2"), "the same run"
        assert start(r, only_ours=False, run="run-9").said.endswith("its VPN runs")
    with runner(status="starting") as r, pytest.raises(Retry, match="its VPN is starting for a whole attempt"):
        stop(r)


def test_a_role_that_allows_no_stop_leaves_no_note() -> None:
    with runner(routes=frozenset({"GET /v1/vpn/status"})) as r:
        with pytest.raises(GiveUp, match="401 to PUT /v1/vpn/status"):
            stop(r)
        assert not [key for key in r.memory.values if "stopped" in key]


def test_nothing_is_asked_of_a_gluetun_that_does_not_run() -> None:
    with runner() as r:
        assert r.container
        r.container = replace(r.container, running=False)
        assert (stop(r).status, start(r).status, r.fake.asks) == ("skipped", "skipped", [])
