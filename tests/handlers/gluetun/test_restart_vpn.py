"""gluetun.restart_vpn against a control server that behaves as gluetun 3.39 to master do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from handlers.gluetun import control_server
from handlers.gluetun.restart_vpn import RestartVpn, RestartVpnArgs
from hooks.config.settings import Settings
from hooks.events.catalogue import Event
from hooks.handler import GiveUp, Outcome, Retry
from hooks.world.model import Container, PortFile, World
from tests.handlers.contract import Clock, Notes, context
from tests.parts.places import TOP
from tests.parts.process.gluehook import until
from tests.parts.targets import fakes_gluetun
from tests.parts.targets.fakes_gluetun import MASTER, FakeGluetun, fake_gluetun

_RUNNING = Container("gluetun", "abc", running=True, started_at=10**18)
_CLEARED = Event("port.cleared", "gluetun", 10**18, "files", data={"container": "gluetun"})
_STATUS = "PUT /v1/vpn/status"


@dataclass
class Runner:
    """A gluehook beside a fake gluetun, both on the same clock that jumps."""

    fake: FakeGluetun
    url: str
    clock: Clock
    secrets: dict[str, str] = field(default_factory=lambda: {"GLUETUN_API_KEY": "fake-gluetun-key"})
    container: Container | None = _RUNNING
    event: Event | None = _CLEARED
    file: PortFile | None = field(default_factory=PortFile)
    memory: Notes = field(default_factory=Notes)
    timeout_s: float = 150.0
    args: RestartVpnArgs = field(default_factory=RestartVpnArgs)

    def context(self, run: str = "run-1") -> Any:
        return context(
            settings=Settings(gluetun_url=self.url, gluetun_username="hooks"), memory=self.memory, clock=self.clock,
            secrets=self.secrets, event=self.event, run=run, timeout_s=self.timeout_s,
            world=World(containers={"gluetun": self.container} if self.container else {}, file=self.file),
        )  # fmt: skip

    def restart(self, run: str = "run-1") -> Outcome:
        return RestartVpn().apply(self.args, self.context(run))

    def plan(self) -> str | None:
        return RestartVpn().plan(self.args, self.context())

    def gives_up(self) -> str:
        with pytest.raises(GiveUp) as gave_up:
            self.restart()
        return gave_up.value.said

    @property
    def intends(self) -> bool:
        return any("restarting" in key for key in self.memory.values)


@contextmanager
def runner(**traits: Any) -> Iterator[Runner]:
    clock = Clock()
    with fake_gluetun(**{"now": clock.now, "port_lost": True, "auth": "apikey", **traits}) as (fake, url):
        yield Runner(fake, url, clock)


def test_stopped_then_running_then_it_waits_for_address_and_port() -> None:
    with runner(ip_after_s=5, port_after_s=9) as r:
        outcome = r.restart()
        assert (outcome.status, r.fake.writes) == ("changed", ["stopped", "running"])
        assert "public IP 203.0.113.2, port 40000 after 9.0 s" in outcome.said
        assert r.intends is False


def test_a_tunnel_that_is_fine_is_left_alone() -> None:
    with runner(port_lost=False) as r:
        assert (r.restart().status, r.fake.writes) == ("unchanged", [])


def test_a_tunnel_without_a_public_address_is_restarted() -> None:
    with runner(port_lost=False, began_s=10**12) as r:
        assert "no public IP and no port" in (r.plan() or "")
        assert r.restart().status == "changed"


def test_a_gluetun_that_forwards_no_port_is_fine_without_one() -> None:
    with runner(forwards=0) as r:
        r.container = replace(_RUNNING, forwards_no_port=True)
        assert r.restart().status == "unchanged"
        r.container = replace(r.container, health="unhealthy")
        assert r.restart("run-2").status == "changed"
    assert r.fake.writes == ["stopped", "running"]


def test_an_unhealthy_container_is_not_fine_whatever_the_control_server_remembers() -> None:
    with runner(port_lost=False) as r:
        r.container = replace(_RUNNING, health="unhealthy")
        assert "its health check fails" in (r.plan() or "")
        assert (r.restart().status, r.fake.restarts) == ("changed", 1)


def test_no_port_is_awaited_where_none_is_expected() -> None:
    with runner(forwards=0) as r:
        r.file, r.event = None, None
        assert r.restart().status == "unchanged"
        assert not [ask for ask in r.fake.asks if "port" in ask]


def test_a_second_gluetun_has_no_part_in_the_first_ones_port() -> None:
    with runner() as r:
        r.args = RestartVpnArgs(container="gluetun-2")
        assert r.restart().status == "unchanged"


def test_what_the_owner_stopped_stays_stopped() -> None:
    with runner(status="stopped") as r:
        assert r.plan() is None
        assert (r.restart().status, r.fake.writes) == ("skipped", [])


def test_the_owner_who_stops_it_between_our_look_and_our_word_wins() -> None:
    with runner() as r:
        r.fake.before = lambda route: setattr(r.fake, "status", "stopped") if route == _STATUS else None
        assert r.restart().status == "skipped"
        assert (r.fake.writes, r.intends) == (["stopped"], False)


def test_a_start_that_is_owed_is_made_good() -> None:
    with runner(status="stopped") as r:
        address = r.url
        r.memory.put(f"gluetun.restarting:{address}", {"run": "cut by kill -9", "at": 0})
        assert "stopped by us, would be started" in (r.plan() or "")
        assert (r.restart("run-2").status, r.fake.writes) == ("changed", ["running"])
        assert r.intends is False
        r.fake.status = "stopped"  # by the owner, this time
        assert r.restart("run-3").status == "skipped"


def test_the_intent_is_stored_before_stopped_is_sent() -> None:
    with runner() as r:
        seen = []
        r.fake.before = lambda route: seen.append((route, r.intends))
        r.restart()
        assert (_STATUS, True) in seen
        assert (_STATUS, False) not in seen


def test_what_was_stopped_is_started_although_the_first_tries_fail() -> None:
    with runner(stops_slowly=2) as r:
        put = r.fake.fails.setdefault(_STATUS, [])
        r.fake.before = lambda what: put.extend([503, 500] if what == "stop" else [])
        assert r.restart().status == "changed"
        assert r.fake.writes == ["stopped", "running", "running", "running"]


def test_a_start_that_was_never_accepted_is_still_owed() -> None:
    with runner(stops_slowly=10**6) as r:
        r.timeout_s = 10
        with pytest.raises(Retry, match="does not start it"):
            r.restart()
        assert r.intends is True
        r.fake.stops_slowly, r.fake.status = 0, "stopped"
        assert r.restart().status == "changed"
        assert (r.fake.writes.count("stopped"), r.intends) == (1, False)


def test_one_restart_per_run() -> None:
    with runner(port_after_s=500) as r:
        with pytest.raises(Retry, match=r"has no port after .* not restarted again by this run"):
            r.restart()
        with pytest.raises(Retry):
            r.restart()
        assert r.fake.restarts == 1
        with pytest.raises(Retry):
            r.restart("run-2")
        assert r.fake.restarts == 2
        r.clock.now_s += 500
        assert r.restart("run-3").status == "unchanged"


@pytest.mark.parametrize("starts", [True, False])
def test_crashed_is_gluetuns_own_business(starts: bool) -> None:
    with runner(status="running" if starts else "crashed", crashes=True) as r:
        assert "only a restart of the container comes next" in r.gives_up()
        assert r.fake.writes == (["stopped", "running"] if starts else [])
        assert r.intends is False


def test_what_is_starting_is_waited_for() -> None:
    with runner(status="starting", port_lost=False) as r:
        wait = r.clock.wait
        r.clock.wait = lambda wait_s: setattr(r.fake, "status", "running") or wait(wait_s)  # type: ignore
        assert (r.restart().status, r.clock.waited_s) == ("unchanged", [1.0])


def test_what_starts_for_ever_is_tried_later() -> None:
    with runner(status="starting") as r:
        with pytest.raises(Retry, match="for a whole attempt"):
            r.restart()
        assert r.fake.writes == []
        assert sum(r.clock.waited_s) <= r.timeout_s


def test_a_control_server_that_hiccups_after_the_restart_does_not_undo_it() -> None:
    with runner() as r:
        status = r.fake.fails.setdefault("GET /v1/vpn/status", [])
        r.fake.before = lambda what: status.extend([500, 502] if what == "start" else [])
        assert r.restart().status == "changed"


@pytest.mark.parametrize(("ports", "would"), [((40000,), None), ((), "its VPN would be restarted (no port)")])
def test_a_port_that_gluetun_holds_is_read_from_its_file(
    ports: tuple[int, ...], would: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control_server, "_PORT_S", 0.2)
    released = threading.Event()
    with runner(version=MASTER, port_lost=False, up_s=12.0, hold=lambda _: released.wait(10)) as r:
        r.file = PortFile(ports, generation="1", mtime=_RUNNING.started_at + 1)
        r.fake.run_up_command()
        try:
            assert (r.plan() or "").endswith(would or "")
            assert (r.plan() is None) is (would is None)
            if would is None:
                assert r.restart().status == "unchanged"
        finally:
            released.set()
    assert r.fake.writes == []


@pytest.mark.parametrize("container", [replace(_RUNNING, running=False), None], ids=["stopped", "unknown"])
def test_a_container_that_is_stopped_is_skipped_and_an_unknown_one_is_no_obstacle(container: Container | None) -> None:
    with runner() as r:
        r.container = container
        assert r.restart().status == ("skipped" if container else "changed")
        assert bool(r.fake.asks) is (container is None)


def test_the_fake_as_a_program_writes_and_empties_the_port_file(tmp_path: Path) -> None:
    file = tmp_path / "forwarded_port"
    program = subprocess.Popen(
        [sys.executable, "-m", fakes_gluetun.__name__, "--port-file", file, "--api-key", "fake-gluetun-key"],
        stdout=subprocess.PIPE, cwd=TOP, env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8"},
    )  # fmt: skip
    try:
        assert program.stdout
        url = program.stdout.readline().decode().strip()
        program.send_signal(signal.SIGUSR1)  # the port is lost
        until(lambda: file.read_text() == "", "it does not lose its port")
        with runner() as other:
            r = Runner(other.fake, url, Clock())
            outcome = r.restart()
        assert (outcome.status, file.read_text()) == ("changed", "40000"), outcome.said
        program.terminate()
        assert program.wait(5) == 0
        assert file.read_text() == ""
    finally:
        program.kill()
        program.communicate(timeout=5)
