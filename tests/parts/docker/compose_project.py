"""The two projects that ship, brought up by real Docker Compose, each with a tiny image in place of its own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import threading
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from tests.parts.docker.dockerd import IMAGE, Dockerd
from tests.parts.places import TOP
from tests.parts.programs import MISSING, require
from tests.parts.targets.daemon import free_port

_SERVICE = "com.docker.compose.service"
# An override file: the image, the command, and what two servers on one machine cannot share. All else is as it ships.
_TINY = """
  {name}:
    image: {image}
    pull_policy: never
    command: {command}
    stop_signal: SIGKILL
"""
_SLEEP = "sleep 1000"
_HEALTHY = """[sh, -c, "touch /ok; sleep 1000"]
    healthcheck: {test: [CMD, test, -e, /ok], interval: 200ms, timeout: 10s, retries: 1}"""


class Project:
    """One compose file in a folder of its own, with an override file beside it."""

    def __init__(self, engine: Dockerd, folder: Path, services: dict[str, str]) -> None:
        self.engine, self.folder = engine, folder
        self.environment = {**os.environ, "DOCKER_HOST": engine.host}
        text = "services:"
        for name, more in services.items():
            command = _HEALTHY if name == "gluetun" else _SLEEP
            text += _TINY.format(name=name, image=IMAGE, command=command) + more
        (folder / "tiny.yaml").write_text(text)

    def compose(self, *arguments: str) -> None:
        """`docker compose` with both files. It has to succeed."""
        argv = ["docker", "compose", "-f", "compose.yaml", "-f", "tiny.yaml", *arguments]
        self.call(argv)

    def call(self, argv: list[str] | str) -> None:
        """Any other command of an owner's, in the project's folder."""
        ran = subprocess.run(
            argv, cwd=self.folder, env=self.environment, shell=isinstance(argv, str), check=False, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        assert ran.returncode == 0, f"{argv}: {ran.stdout}"

    def set(self, name: str, value: str) -> None:
        """Change a variable of .env."""
        file = self.folder / ".env"
        file.write_text(re.sub(rf"^{name}=.*$", f"{name}={value}", file.read_text(), flags=re.MULTILINE))

    def ids(self) -> dict[str, str]:
        """The containers of Compose on this engine, by service. Two of one service have a name each."""
        with closing(self.engine.client()) as client:
            found = [(str(one["Labels"].get(_SERVICE, "")), one) for one in client.containers(all=True)]
        names = [service for service, _ in found]
        return {
            service if names.count(service) == 1 else f"{service} {one['Names']}": str(one["Id"])
            for service, one in found
        }


class Creations:
    """Counts the containers that are created from now on, by their service. Close it."""

    def __init__(self, engine: Dockerd) -> None:
        self.count: Counter[str] = Counter()
        self._client = engine.client()
        self._stream = self._client.events(filters={"event": "create"}, decode=True)
        self._thread = threading.Thread(target=self._read, name="creations")
        self._thread.start()

    def close(self) -> None:
        """Hear no more."""
        self._stream.close()
        self._thread.join(10)
        self._client.close()

    def _read(self) -> None:
        for event in self._stream:
            service = event.get("Actor", {}).get("Attributes", {}).get(_SERVICE)
            if service and event.get("Type") == "container":
                self.count[service] += 1


def home(engine: Dockerd, folder: Path) -> Project:
    """container/compose.yaml, with the folders that it wants and every variable of .env set."""
    shutil.copytree(TOP / "container", folder)
    (folder / "config").mkdir(exist_ok=True)
    values = {"PIA_USER": "p1234567", "PIA_PASSWORD": "secret", "GLUETUN_API_KEY": "key",
              "DOCKER_GID": str(engine.socket.stat().st_gid)}  # fmt: skip
    (folder / ".env").write_text((folder / ".env.example").read_text())
    project = Project(engine, folder, {
        "gluetun": f'\n    ports: !override ["127.0.0.1:{free_port()}:8181"]\n',
        "qbittorrent": "",
        "gluehook": f"    build: !reset null\n    volumes: [\"{engine.socket}:/var/run/docker.sock:ro\"]\n",
    })  # fmt: skip
    for name, value in values.items():
        project.set(name, value)
    return project


def wireguard(of: Project) -> Project:
    """container/wireguard/compose.yaml, in the network of the other project."""
    folder = of.folder / "wireguard"
    (folder / ".env").write_text((of.folder / ".env").read_text())
    return Project(of.engine, folder, {
        "wireguard": f'    ports: !override ["127.0.0.1:{free_port()}:51820/udp"]\n',
        "adguard": f'    ports: !override ["127.0.0.1:{free_port()}:3000"]\n',
    })  # fmt: skip


def require_compose() -> str:
    """The version of Docker Compose. Skips the test where there is no Compose v2."""
    docker = require("docker", "docker.io")
    ran = subprocess.run([docker, "compose", "version", "--short"], capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        MISSING["docker compose"] = "docker-compose"
        pytest.skip("Docker Compose v2 is not installed: apt-get install docker-compose (Debian 13 or newer)")
    return ran.stdout.strip()
