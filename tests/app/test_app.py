"""The composition root: what it loads, what it starts and stops in which order, and what it tells of itself."""

from __future__ import annotations

import json
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from hooks.app.shutdown import SignalHandlers
from hooks.docker.own_container import own_container_id
from hooks.handler import Context, Outcome
from hooks.runtime import heartbeat
from hooks.world.model import PortFile
from tests.parts.docker import fake_docker
from tests.parts.docker.fake_docker import FakeEngine
from tests.parts.places import TOP
from tests.parts.process import running as lives
from tests.parts.process.gluehook import Gluehook, assert_tidy, shipped, until
from tests.parts.process.playing import PlayArgs, changed
from tests.parts.process.running import RULES, WAIT_S, Running
from tests.parts.targets.fakes_qbittorrent import PASSWORD, fake_qbittorrent

started = lives.started  # a fixture
socket, fake = fake_docker.socket, fake_docker.fake  # fixtures


def test_the_heartbeat_is_there_as_soon_as_it_runs(started: Callable[..., Running]) -> None:
    running = started()
    file = Path(running.settings.gluehook_state) / heartbeat.FILE_NAME
    until(file.exists, "no heartbeat", wait_s=heartbeat.BEAT_S / 3)
    well, said = heartbeat.judge(str(file), time.time())
    assert well, said


@pytest.mark.parametrize("is_there", [True, False], ids=["Docker answers", "there is no Docker"])
def test_a_control_server_is_asked_when_docker_has_shown_where_it_is(
    started: Callable[..., Running], fake: FakeEngine, tmp_path: Path, is_there: bool
) -> None:
    """Before that it has the usual name only, and to look up a name that nobody has may take ten seconds."""
    if is_there:
        fake.has("tunnel.se", "5" * 64, image="qmcgaw/gluetun", network="lan", address="10.0.0.9")
    else:
        fake.stop()
    (tmp_path / "port").mkdir()
    asked: queue.Queue[str] = queue.Queue()

    def read(ctx: Context) -> PortFile:
        asked.put(ctx.settings.gluetun_url)
        return PortFile((5001,), generation="t1")

    running = started(readers={"gluetun": lambda: read})
    assert asked.get(timeout=10) == ("http://10.0.0.9:8000" if is_there else "http://gluetun:8000")
    running.hears("run_ended")
    assert running.calls


def test_it_tells_what_it_found(started: Callable[..., Running]) -> None:
    assert started().hears("ready").endswith("; Docker is not seen yet; the forwarded port is 40000")


def test_it_tells_at_the_start_which_secret_has_no_value(started: Callable[..., Running]) -> None:
    running = started(text=RULES + '[[gluetun]]\ncontainer = "vpn"\napi_key = "${secret:NOBODY_HAS}"\n')
    assert '${secret:NOBODY_HAS}", and that secret has no value' in running.hears("problem", "NOBODY_HAS")


def test_it_is_unhealthy_as_soon_as_it_has_stopped(started: Callable[..., Running]) -> None:
    running = started()
    running.hears("ready")
    running.stop()
    file = Path(running.settings.gluehook_state) / heartbeat.FILE_NAME
    well, said = heartbeat.judge(str(file), time.time())
    assert not well
    assert said[0].startswith("gluehook was stopped ")


def test_the_first_words_of_a_start_with_an_emptied_port_file_are_true(started: Callable[..., Running]) -> None:
    first = started()
    first.hears("ready")
    assert first.calls.get(timeout=WAIT_S)[1].event.data["port"] == 40000
    first.stop()
    first.port_file.write_text("")
    again = started()
    assert again.hears("ready").endswith("holds no valid port yet")
    again.stop()
    assert again.calls.empty(), "nobody acts on a port that is no more"
    seen = [kind_said[1] for kind_said in list(again.news.queue) if kind_said[0] == "event_seen"]
    assert not any("port.forwarded" in str(event) for event in seen)


@pytest.mark.parametrize("now", ["40000", "50000"])
def test_a_start_with_a_port_in_the_file_says_that_one(now: str, started: Callable[..., Running]) -> None:
    first = started()
    first.hears("ready")
    first.calls.get(timeout=WAIT_S)
    first.stop()
    first.port_file.write_text(now)
    again = started()
    assert again.hears("ready").endswith(f"the forwarded port is {now}")
    assert str(again.calls.get(timeout=WAIT_S)[1].event.data["port"]) == now


def test_a_stop_that_hangs_is_ended_in_time(tmp_path: Path) -> None:
    code = (
        "import os, signal, threading\nfrom hooks.app import shutdown\nfrom hooks.app.shutdown import SignalHandlers\n"
        "shutdown.END_S = 0.3\nwith SignalHandlers() as stop:\n stop.on_stop(lambda: None)\n"
        " os.kill(os.getpid(), signal.SIGTERM)\n threading.Event().wait()\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=TOP, timeout=WAIT_S, check=False)
    assert ran.returncode == 1


def test_a_start_is_an_event_and_so_are_its_rules(started: Callable[..., Running]) -> None:
    running = started()
    assert "gluehook.started" in running.hears("event_seen", "gluehook.started")
    assert "rules.loaded" in running.hears("event_seen", "rules.loaded")


def test_sources_stop_first_then_what_is_at_work_may_end(started: Callable[..., Running]) -> None:
    go_on = threading.Event()

    def slowly(_: PlayArgs, __: Context) -> Outcome:
        assert go_on.wait(WAIT_S)
        return changed("done in the end")

    running = started(slowly)
    running.calls.get(timeout=WAIT_S)
    running.app.stop()
    assert "act may end within 8s" in running.hears("stopping")
    until(lambda: not running.app.files.alive, "the files are still followed", WAIT_S)
    assert not any(t.name.startswith("docker") and t is not running.thread for t in threading.enumerate())
    assert running.thread.is_alive(), "it waits for what is at work"
    go_on.set()
    assert "done in the end" in running.hears("run_ended")
    running.hears("stopped")
    running.thread.join(WAIT_S)
    assert not running.thread.is_alive()


def test_what_does_not_end_is_cut_off_and_told(
    started: Callable[..., Running], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hooks.runtime.dispatcher.STOP_WAIT_S", 0.1)
    never = threading.Event()
    running = started(lambda *_: changed(str(never.wait(WAIT_S))))
    running.calls.get(timeout=WAIT_S)
    running.app.stop()
    assert running.hears("problem", "cut off") == (
        "act is cut off while it handles gluetun; it goes on at the next start"
    )
    running.hears("stopped")
    never.set()


def test_a_wait_ends_when_it_is_told_to_stop(started: Callable[..., Running]) -> None:
    def waits(_: PlayArgs, ctx: Context) -> Outcome:
        ctx.wait(WAIT_S * 10)
        return changed()

    running = started(waits)
    running.calls.get(timeout=WAIT_S)
    running.app.stop()
    assert "gluehook is stopping; it is done at the next start" in running.hears("run_ended")


def replace_by_a_file(folder: Path) -> None:
    """Put a file in the folder's place. The journal may make the folder anew in between, so it is tried again."""
    for number in range(100):
        folder.rename(folder.with_name(f"moved-{number}"))
        try:
            folder.write_text("")
        except IsADirectoryError:
            continue
        return
    raise AssertionError(f"{folder} comes back each time")


def test_a_folder_that_cannot_be_written_is_said_once(started: Callable[..., Running]) -> None:
    running = started()
    running.hears("ready")
    state = Path(running.settings.gluehook_state)
    replace_by_a_file(state)
    for _ in range(3):
        running.app.beat()
    assert "cannot be written" in running.hears("problem", "heartbeat")
    running.app.stop()
    running.hears("stopped")
    assert not any("heartbeat" in str(said) for kind, said in list(running.news.queue) if kind == "problem")


# -- stop ------------------------------------------------------------------------------------


def test_a_signal_is_handed_to_the_handler_of_then() -> None:
    told: queue.Queue[str] = queue.Queue()
    before = signal.getsignal(signal.SIGTERM)
    with SignalHandlers() as stop:
        stop.on_stop(lambda: told.put("first"))
        stop.on_stop(lambda: told.put("second"))
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)
        assert told.get(timeout=WAIT_S) == "second"
        assert stop.requested.is_set()
        stop.on_stop(lambda: told.put("who comes after it"))
        assert told.get(timeout=WAIT_S) == "who comes after it"
    assert told.empty(), "twice"
    assert signal.getsignal(signal.SIGTERM) is before
    assert "signals" not in {thread.name for thread in threading.enumerate()}


def test_another_signal_is_no_stop() -> None:
    before = signal.signal(signal.SIGHUP, lambda *_: None)
    try:
        with SignalHandlers() as stop:
            signal.raise_signal(signal.SIGHUP)
            signal.raise_signal(signal.SIGHUP)
            assert not stop.requested.wait(0.05)
    finally:
        signal.signal(signal.SIGHUP, before)


# -- our own container -----------------------------------------------------------------------

ID, OTHER = "0123456789abcdef" * 4, "f" * 64


@pytest.mark.parametrize(("line", "own"), [
    (f"1 2 8:1 /var/lib/docker/containers/{ID}/hostname /etc/hostname rw - ext4 /dev/sda1 rw", ID),
    (f"1 2 8:1 /home/me/.local/share/containers/storage/overlay-containers/{ID}/userdata/hosts /etc/hosts rw - x", ID),
    # a host sees what belongs to its containers, and a container what is mounted into it
    (f"1 2 0:9 / /var/lib/docker/containers/{OTHER}/mounts/shm rw - tmpfs shm rw", ""),
    (f"1 2 8:1 /var/lib/docker/containers/{OTHER}/x.log /logs/x.log ro - ext4 /dev/sda1 rw", ""),
    ("1 2 8:1 / / rw - ext4 /dev/sda1 rw", ""),
])  # fmt: skip
def test_own_container_id(tmp_path: Path, line: str, own: str) -> None:
    (tmp_path / "mountinfo").write_text(f"7 8 0:1 / /proc rw - proc proc rw\n{line}\n")
    assert own_container_id(str(tmp_path / "mountinfo")) == own


def test_own_container_id_where_there_is_no_such_table(tmp_path: Path) -> None:
    assert own_container_id(str(tmp_path / "absent")) == ""


# -- what it costs ---------------------------------------------------------------------------

_SPY = """
import sys, threading
from hooks.events import signals
work_done = threading.Event()
def ended(_, result, **__): result.kind == "changed" and work_done.set()
signals.run_ended.connect(ended)
def spy():
    done = work_done.wait(20)
    import os, signal
    print("modules:", *sys.modules if done else ())
    os.kill(os.getpid(), signal.SIGTERM)
threading.Thread(target=spy).start()
from hooks.__main__ import main
sys.argv[1:] = ["run"]
sys.exit(main())
"""


def test_the_running_process_never_loads_what_only_the_checks_need(tmp_path: Path) -> None:
    with fake_qbittorrent() as (fake, url):
        part = Gluehook(tmp_path, shipped(), QBITTORRENT_URL=url, QBITTORRENT_PASSWORD=PASSWORD)
        part.write_port(40123)
        ran = subprocess.run(
            [sys.executable, "-c", _SPY], cwd=tmp_path, env=part.environment, capture_output=True, text=True,
            timeout=30, check=False,
        )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert fake.preferences["listen_port"] == 40123
    modules = set(ran.stdout.split())
    assert {"hooks.app.app", "hooks.runtime.dispatcher", "handlers.qbittorrent.web_api", "pyinotify"} <= modules
    assert not modules & {"pydantic", "pydantic_core", "pydantic_settings", "apprise", "rich", "dotenv"}
    assert "requests" in modules
    assert "charset_normalizer" not in modules
    assert not modules & {
        "cryptography",
        "segno",
        "dns",
        "handlers.wireguard.regenerate_peers",
        "handlers.command.run",
    }  # nobody used them
    assert_tidy(ran.stderr.splitlines(), part.environment)
    assert str(TOP) not in ran.stderr


def test_a_rule_that_is_switched_off_counts_as_no_rule_in_force(
    started: Callable[..., Running], tmp_path: Path
) -> None:
    off = '[[rule]]\nname = "off"\non = "port.cleared"\ndo = "play.act"\nenabled = false\n'
    started(text=RULES + off).stop()
    assert json.loads((tmp_path / "state" / "heartbeat.json").read_bytes())["rules"] == 1
