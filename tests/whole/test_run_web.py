"""The web process beside a `gluehook run`: whatever happens to it, the runner goes on and says little."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

import psutil
import pytest
import requests

from hooks.app import web_child
from hooks.app.web_child import WebChild
from hooks.config.secrets import Sources
from hooks.config.settings import Settings
from hooks.events import signals
from tests.parts.process.disk import mount, unmount
from tests.parts.process.gluehook import Gluehook, gluehook, until

RULES = """
version = 1
[[rule]]
name = "heard"
on   = "port.forwarded"
do   = { use = "command.run", command = ["/bin/true"] }
"""
LIMIT_S = 5.0


def free_address() -> str:
    with closing(socket.create_server(("127.0.0.1", 0))) as found:
        return f"127.0.0.1:{found.getsockname()[1]}"


class Server:
    """A runner, its web process, and a port that changes."""

    def __init__(self, part: Gluehook, address: str) -> None:
        self.part, self.address, self._port = part, address, 50_000

    @property
    def child(self) -> psutil.Process:
        (found,) = (one for one in psutil.Process(self.part.pid).children() if "web.process" in " ".join(one.cmdline()))
        return found

    def status(self, path: str = "/healthz") -> int:
        """The status of an answer; 0 if there is none."""
        with suppress(requests.RequestException):
            return requests.get(f"http://{self.address}{path}", timeout=LIMIT_S).status_code
        return 0

    def comes(self, path: str = "/readyz", status: int = 200) -> None:
        until(lambda: self.status(path) == status, f"{path} does not come to answer {status}")

    def works(self) -> None:
        """The runner handles an event."""
        self._port += 1
        since = self.part.mark()
        self.part.write_port(self._port)
        self.part.hears("heard: ", "done", since=since)


@contextmanager
def server(folder: Path, **environment: str) -> Iterator[Server]:
    address = free_address()
    with gluehook(folder, RULES, GLUEHOOK_HTTP=address, GLUEHOOK_LOG_LEVEL="INFO", **environment) as part:
        part.hears("is ready")
        part.hears("web: the page is on http://", "no password or token is set")
        it = Server(part, address)
        it.comes()
        yield it


def test_a_web_process_that_is_frozen_killed_or_flooded_does_not_reach_the_runner(tmp_path: Path) -> None:
    with server(tmp_path) as it:
        frozen = it.child
        frozen.suspend()
        it.works()
        frozen.resume()
        it.comes()
        since = it.part.mark()
        it.child.kill()
        it.works()
        it.part.hears(
            "the web process was ended by signal 9; it is started again in 1s, and the work goes on", since=since
        )
        it.part.hears("web: the page is on", since=since)
        it.comes()
        since = it.part.mark()
        with flood(it.address):
            it.works()
        it.comes()
        assert len(it.part.lines) - since <= 3, "a flood must not fill the log:\n" + "\n".join(it.part.lines[since:])
        memory = it.child.memory_info().rss / 2**20
        assert memory < 60, f"the web process has {memory:.1f} MiB"
        it.child.suspend()
        assert it.part.ends(wait_s=12) == 0, "a web process that stands still holds up no end"


@contextmanager
def flood(address: str) -> Iterator[None]:
    """Half requests that stay open, more than are served, and nonsense."""
    host, port = address.split(":")
    with ExitStack() as stack:
        for number in range(250):
            with suppress(OSError):
                connection = stack.enter_context(socket.create_connection((host, int(port)), timeout=LIMIT_S))
                connection.sendall(
                    (b"GET / HTTP/1.1\r\nHost: x", b"\x16\x03\x01" * 50, b"GET " + b"a" * 9000)[number % 3]
                )
        yield


def test_a_disk_that_is_full_and_then_gone_reaches_neither(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    mount(state)
    with server(tmp_path) as it, ExitStack() as stack:
        stack.callback(unmount, state, later=True)
        with suppress(OSError), (state / "fills").open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))
        it.works()
        it.part.hears("journal.db cannot be written")
        assert it.status("/healthz") == 200
        assert it.status("/") == 200
        (state / "fills").unlink()
        stack.close()  # the disk is gone while both have files on it
        it.works()
        it.comes(status=503)  # the control socket was on it
        assert it.status("/") == 200
        assert not [line for line in it.part.lines if "Traceback" in line]


def test_a_web_process_ends_with_a_runner_that_is_killed(tmp_path: Path) -> None:
    with server(tmp_path) as it:
        child = it.child
        os.kill(it.part.pid, signal.SIGKILL)
        child.wait(LIMIT_S)


def test_a_site_of_its_own_says_what_it_does_not_know_until_the_runner_is_there_again(tmp_path: Path) -> None:
    with gluehook(tmp_path, RULES) as part:
        part.hears("is ready")
        it = Server(part, free_address())
        argv = [sys.executable, "-m", "hooks", "web", "--listen", it.address]
        with subprocess.Popen(argv, cwd=tmp_path, env=part.environment, stderr=subprocess.PIPE, text=True) as site:
            try:
                it.comes()
                it.works()
                found = requests.get(f"http://{it.address}/api/v1/runs", timeout=LIMIT_S).json()["runs"]
                assert [run["outcome"] for run in found] == ["changed"]
                assert part.ends() == 0
                it.comes(status=503)
                unknown = requests.get(f"http://{it.address}/readyz", timeout=LIMIT_S).json()["unknown"]
                assert "no gluehook is running on the state folder" in unknown[-1]
                assert it.status("/api/v1/runs") == 200, "the journal is read without a runner"
                for file in part.state.glob("journal*"):
                    file.unlink()
                assert it.status("/api/v1/runs") == 503
                since = part.mark()
                part.start()
                part.hears("is ready", since=since)
                it.comes()
            finally:
                site.terminate()
                said = site.communicate(timeout=LIMIT_S)[1]
        assert site.returncode == 0
        assert "Traceback" not in said


def test_a_port_that_is_taken_is_said_and_tried_again(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with gluehook(tmp_path, RULES, GLUEHOOK_HTTP=address) as part:
            part.hears(f"web: {address} (GLUEHOOK_HTTP) cannot be listened on: Address already in use; end ")
            part.hears("the web process ended with status 1; it is started again in 1s, and the work goes on")
            it = Server(part, address)
            it.works()
            taken.close()
            it.comes()


def test_without_its_packages_there_is_no_page_and_the_runner_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_child, "missing_packages", lambda: ["uvicorn"])
    said: list[str] = []
    with signals.problem.connected_to(lambda _, **found: said.append(found["said"])):
        child = WebChild(Settings(gluehook_http="127.0.0.1:1"), Sources(), "1")
        child.start()
        child.stop()
    (sentence,) = said
    assert sentence.startswith("GLUEHOOK_HTTP is set, but uvicorn is not installed, so there is no page; pip install ")
    assert not any(thread.name == "web" for thread in threading.enumerate())


def test_a_child_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_child, "SILENT_S", 0.2)
    monkeypatch.setattr(web_child, "_STOP_S", 0.05)
    code = "import signal, os; signal.signal(15, signal.SIG_IGN); os.write(1, b'.'); signal.pause()"
    monkeypatch.setattr(web_child, "_CHILD", code)
    heard, said = threading.Event(), []

    def listen(_: object, **found: str) -> None:
        said.append(found["said"])
        heard.set()

    with signals.problem.connected_to(listen):
        child = WebChild(Settings(gluehook_http="127.0.0.1:1"), Sources(), "1")
        child.start()
        assert heard.wait(LIMIT_S)
        child.stop()
        child.thread.join(LIMIT_S)
    assert said[0].startswith("the web process has not answered for 200ms and is ended; it is started again in 1s")
