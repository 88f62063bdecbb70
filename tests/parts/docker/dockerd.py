"""A private Docker engine with containers from a busybox image, independent of any other engine on the machine.

Its socket, data, run-time folder, configuration file and containerd namespace are its own. What engines share is the
machine's network: each takes networks of its own, from `Dockerd.net`, which two engines never have at once.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import docker
import pytest
from docker.errors import APIError, NotFound
from requests.exceptions import RequestException

from hooks.docker.answers import is_absent
from tests.parts.docker.busybox import root_filesystem
from tests.parts.docker.inside import exit_code
from tests.parts.process.tied import TIED
from tests.parts.programs import require

IMAGE = "busybox-gluehook"
_START_S = 20.0
_REMOVAL_S = 10
_NETS = range(200, 250)  # 10.200.0.0/16 to 10.249.0.0/16, one for each engine of this machine


class Dockerd:
    """One engine in one folder. It may be stopped, killed and frozen; its socket's path stays the same."""

    def __init__(self, program: str, folder: Path) -> None:
        self.folder, self._program = folder, program
        self.socket = folder / "docker.sock"
        self.host = f"unix://{self.socket}"
        self._running = folder / "exec"  # what belongs to running containers
        self._process: subprocess.Popen[bytes] | None = None
        self._claim = socket.socket(socket.AF_UNIX)  # held while this engine may have bridges
        self.net = _free_net(self._claim)
        """The first two numbers of the addresses that its networks have, "10.213"."""

    @property
    def pid(self) -> int:
        """The engine's process."""
        assert self._process
        return self._process.pid

    def client(self, timeout_s: int = 20) -> docker.APIClient:
        """A new low-level client; close it."""
        return docker.APIClient(base_url=self.host, version="auto", timeout=timeout_s)

    def start(self) -> None:
        """Start the engine and return when it answers."""
        with (self.folder / "dockerd.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*TIED, *self._argv()], stdout=log, stderr=log, start_new_session=True, env=self._environment()
            )
        for _ in range(int(_START_S / 0.02)):
            if self._answers():
                return
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(0.02)
                break
        raise RuntimeError((self.folder / "dockerd.log").read_text(errors="replace")[-2000:])

    def terminate(self) -> None:
        """Stop the engine in order; its containers stop with it."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End the engine as a crash does; its containers live on until the next start."""
        self._end(signal.SIGKILL)
        # where nobody reaps it, the dead containerd would pass for a living one
        (self._running / "containerd/containerd.pid").unlink(missing_ok=True)

    def restart(self) -> None:
        """Stop in order and start again."""
        self.terminate()
        self.start()

    def freeze(self) -> None:
        """The engine hangs: it takes connections and answers nothing."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """The engine goes on where it was frozen."""
        os.kill(self.pid, signal.SIGCONT)

    def mend(self) -> None:
        """Let the engine answer again, whatever a test has done to it."""
        if self._process is None or self._process.poll() is not None:
            self.start()
        self.thaw()

    def run(self, name: str, command: str | list[str] = "sleep 1000", *, network: str = "none", **config: Any) -> str:
        """Create and start a busybox container; its id. `host=` are host options, the rest is the container's."""
        with self._client() as client:
            host = client.create_host_config(network_mode=network, **config.pop("host", {}))
            # sleep as process 1 takes no SIGTERM: without this each stop would last ten seconds
            config = {"stop_signal": "KILL", "host_config": host, **config}
            made = client.create_container(IMAGE, command, name=name, **config)
            client.start(made["Id"])
            return str(made["Id"])

    def health(self, file: str = "/ok", interval_ms: int = 200) -> dict[str, Any]:
        """A `healthcheck=` that passes while the file is there."""
        return {"test": ["CMD", "test", "-e", file], "interval": interval_ms * 10**6, "retries": 1}

    def shell(self, container: str, command: str) -> int:
        """Run a command inside; its exit code."""
        with self._client() as client:
            made = client.exec_create(container, ["sh", "-c", command])
            client.exec_start(made["Id"])
            return exit_code(client, made["Id"])

    def remove(self, *names: str) -> None:
        """Remove containers, running or not, and return when they are gone. Without names, all. None is no error."""
        with self._client(_REMOVAL_S) as client:
            stuck = [name for name in names or _containers(client) if not _is_removed(client, name)]
        if stuck:  # Docker 20.10: the removal of a container with --rm that was restarted may never end
            self.restart()
            with self._client(_REMOVAL_S) as client:
                stuck = [name for name in stuck if not _is_removed(client, name)]
        assert not stuck, f"Docker does not remove {stuck}"

    def clear(self) -> None:
        """As it was at the start: it answers, and has no containers, networks or volumes."""
        self.mend()
        self.remove()
        with self._client() as client:
            client.prune_networks()  # a bridge would outlive its engine
            client.prune_volumes()

    def stop(self) -> None:
        """End everything that was started here: containers, bridges, the engine, its shims."""
        self.clear()
        self.terminate()
        self._claim.close()
        for pid in self._own_processes():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for mount in reversed(Path("/proc/self/mounts").read_text().splitlines()):
            if mount.split()[1].startswith(
                (str(self.folder), str(self._running))
            ):  # a killed engine leaves its own behind
                subprocess.run(["umount", "--lazy", mount.split()[1]], check=False)

    def import_image(self) -> None:
        """Make the image of busybox and links to its applets."""
        with self._client(60) as client:
            client.import_image_from_data(root_filesystem(require("busybox", "busybox-static")), repository=IMAGE)

    def _client(self, timeout_s: int = 20) -> _Closing:
        return _Closing(self.client(timeout_s))

    def _argv(self) -> list[str]:
        f, name = self.folder, f"gluehook-{self.net}"
        (f / "daemon.json").write_text("{}")  # not the machine's
        return [
            self._program, "--config-file", f"{f}/daemon.json", "--data-root", f"{f}/data", "--exec-root",
            str(self._running), "--pidfile", f"{f}/docker.pid", "-H", self.host, "--bridge=none", "--iptables=false",
            "--ip6tables=false",
            "--default-address-pool", f"base={self.net}.128.0/17,size=24", "--shutdown-timeout", "1",
            # where the machine has a containerd of its own, dockerd uses that one
            "--containerd-namespace", name, "--containerd-plugins-namespace", f"{name}-plugins",
        ]  # fmt: skip

    def _environment(self) -> dict[str, str]:
        return dict(os.environ)

    def _answers(self) -> bool:
        # docker-py leaks its socket when nobody answers
        with socket.socket(socket.AF_UNIX) as plain, suppress(OSError):
            plain.settimeout(_START_S)
            plain.connect(str(self.socket))
            plain.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
            return b" 200 " in plain.recv(100)
        return False

    def _end(self, how: signal.Signals) -> None:
        assert self._process
        began = self._own_processes("containerd.toml")
        self._process.send_signal(how)
        self._process.wait(_START_S)
        for pid in began:  # the next engine would take a dying containerd for a living one
            _wait_for_end(pid)

    def _own_processes(self, word: str = "") -> list[int]:
        return [pid for pid in _processes() if all(w in _command(pid) for w in (str(self._running), word))]


def _free_net(claim: socket.socket) -> str:
    # an abstract name belongs to one network, as bridges do, and is free again when its process ends
    for number in _NETS:
        with suppress(OSError):
            claim.bind(f"\0gluehook-dockerd-{number}")
            return f"10.{number}"
    raise RuntimeError(f"{len(_NETS)} private engines run on this machine; wait until one ends")


def _containers(client: docker.APIClient) -> list[str]:
    return [str(container["Id"]) for container in client.containers(all=True)]


def _is_removed(client: docker.APIClient, name: str) -> bool:
    """Remove it, and wait until it is gone. False where Docker refuses, or began its removal and does not end it."""
    try:
        if client.inspect_container(name)["State"]["Paused"]:
            client.unpause(name)
        client.remove_container(name, force=True, v=True)
    except APIError as error:
        if is_absent(error):
            return True
        if error.status_code != 409:
            return False
    else:
        return True
    with suppress(NotFound):  # its removal had begun already
        try:
            client.wait(name, timeout=_REMOVAL_S, condition="removed")
        except RequestException:  # it took too long
            return False
    return True


def _processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]


def _command(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace")
    return ""


def _wait_for_end(pid: int) -> None:
    with suppress(ProcessLookupError):
        descriptor = os.pidfd_open(pid)
        try:
            assert select.select([descriptor], [], [], _START_S)[0], f"process {pid} does not end"
        finally:
            os.close(descriptor)


class _Closing:
    """`with` for docker.APIClient, which has none in its stubs."""

    def __init__(self, client: docker.APIClient) -> None:
        self._client = client

    def __enter__(self) -> docker.APIClient:
        return self._client

    def __exit__(self, *_: object) -> None:
        self._client.close()


def chosen(folder: Path) -> Dockerd:
    """The engine that the matrix asks for, dockerd where it asks for none. Not started yet."""
    if os.environ.get("TEST_ENGINE", "").startswith("podman"):
        from tests.parts.docker.podman import Podman  # it is made of this module

        return Podman(require("podman", "podman"), folder)
    return Dockerd(require("dockerd", "docker.io"), folder)


@pytest.fixture(scope="session")
def dockerd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dockerd]:
    """The session's private engine, started when the first test asks for it."""
    require("busybox", "busybox-static")
    if os.geteuid() != 0:
        why = "a private dockerd can only be started by root"
        pytest.fail(why) if os.environ.get("NO_SKIPS") else pytest.skip(why)
    engine = chosen(tmp_path_factory.mktemp("dockerd"))
    engine.start()
    try:
        engine.import_image()
        yield engine
    finally:
        engine.stop()


@pytest.fixture
def engine(dockerd: Dockerd) -> Iterator[Dockerd]:
    """The session's engine, empty before and after the test, whatever the test did or another one left."""
    dockerd.clear()
    yield dockerd
    dockerd.clear()
