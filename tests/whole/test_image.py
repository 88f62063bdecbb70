"""The project's own image, built without a network on a base made here, does its work as an ordinary user."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import docker
import pytest

from hooks.app.loading import SECRETS_FOLDER
from tests.parts.docker.compose_project import require_compose
from tests.parts.docker.dockerd import IMAGE as SMALL
from tests.parts.docker.dockerd import Dockerd
from tests.parts.docker.inside import exit_code
from tests.parts.docker.own_image import BASE, IMAGE, built
from tests.parts.programs import require

pytestmark = [pytest.mark.image, pytest.mark.timeout(300)]

UID = 12345
PORT = 45678
RULES = """
version = 1
[[rule]]
name = "tell"
on = "port.forwarded"
do = { use = "notify.send", title = "news", message = "the port is ${event.port}" }
"""


@pytest.fixture(scope="module")
def image(dockerd: Dockerd, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The image, made by `make image` from a copy of the tree."""
    return built(dockerd, tmp_path_factory.mktemp("tree"))


@pytest.fixture
def client(dockerd: Dockerd, image: str) -> Iterator[docker.APIClient]:
    """A client of the engine that has the image."""
    made = dockerd.client(60)
    yield made
    made.close()


@pytest.fixture
def port_folder(tmp_path: Path) -> Path:
    """gluetun's folder, empty, with gluetun's usual modes."""
    folder = tmp_path / "gluetun"
    folder.mkdir(mode=0o755)
    return folder


@pytest.fixture
def start(dockerd: Dockerd, client: docker.APIClient, port_folder: Path) -> Iterator[Callable[..., str]]:
    """Start gluehook beside its engine, as compose.yaml does; only the health check's interval is shorter."""
    check = client.inspect_image(IMAGE)["Config"]["Healthcheck"]
    socket = dockerd.socket.stat()

    def begin(*binds: str, groups: tuple[int, ...] = (socket.st_gid,)) -> str:
        host = client.create_host_config(
            network_mode="none",
            group_add=[str(group) for group in groups],
            cap_drop=["ALL"],
            security_opt=["no-new-privileges:true"],
            binds=[f"{dockerd.socket}:/var/run/docker.sock:ro", f"{port_folder}:/tmp/gluetun:ro", *binds],
        )
        made = client.create_container(
            IMAGE, user=f"{UID}:{UID}", host_config=host, name="gluehook",
            healthcheck={"test": check["Test"], "interval": 10**9, "timeout": check["Timeout"], "retries": 3},
        )  # fmt: skip
        client.start(made["Id"])
        return str(made["Id"])

    yield begin
    dockerd.remove("gluehook")


def in_container(client: docker.APIClient, container: str, *argv: str) -> tuple[int, str]:
    """Run a command inside; its exit code and output."""
    made = client.exec_create(container, list(argv))
    said = client.exec_start(made["Id"]).decode()
    return exit_code(client, made["Id"]), said


@contextmanager
def following(dockerd: Dockerd, *argv: str) -> Iterator[Iterable[str]]:
    """The lines of a docker command that never ends, for at most a minute."""
    command = [require("docker", "docker.io"), "--host", dockerd.host, *argv]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        timer = threading.Timer(60, process.kill)
        timer.start()
        try:
            yield process.stdout or ()
        finally:
            timer.cancel()
            process.kill()


def log_until(dockerd: Dockerd, container: str, *words: str) -> str:
    """The container's log up to the first line that holds all the words."""
    seen = ""
    with following(dockerd, "logs", "--follow", container) as log:
        for line in log:
            seen += line
            if all(word in line for word in words):
                return seen
    raise AssertionError(f"the log never says {words}:\n{seen}")


def health_becomes(dockerd: Dockerd, container: str, wanted: str) -> None:
    """Wait until the container's health is this."""
    seen = ""
    filters = ["--filter", f"container={container}", "--filter", "event=health_status", "--filter", "event=die"]
    with following(dockerd, "events", "--since", "0", *filters, "--format", "{{.Action}}") as events:
        for line in events:
            seen += line
            if line.strip() == f"health_status: {wanted}":
                return
    raise AssertionError(f"it never becomes {wanted}, only {seen}")


def test_the_image_says_what_it_is_and_runs_as_nobody_special(client: docker.APIClient) -> None:
    found = client.inspect_image(IMAGE)
    config: dict[str, Any] = found["Config"]
    assert config["Labels"]["org.opencontainers.image.licenses"] == "MIT"
    assert config["User"] == "1000:1000"
    assert config["Healthcheck"]["Test"] == ["CMD", "gluehook", "health"]
    assert (config["Entrypoint"], config["Cmd"]) == (["gluehook"], ["run"])
    assert SECRETS_FOLDER not in config.get("Volumes", {})
    own = found["Size"] - client.inspect_image(BASE)["Size"]
    print(f"image {found['Size'] / 1e6:.0f} MB, of which gluehook {own / 1e6:.0f} MB")
    assert own < 80e6


def test_it_listens_as_an_ordinary_user_and_is_healthy(
    dockerd: Dockerd, client: docker.APIClient, start: Callable[..., str], port_folder: Path
) -> None:
    running = start()
    log_until(dockerd, running, "is ready")
    (port_folder / "forwarded_port").write_text(f"{PORT}")
    said = log_until(dockerd, running, "forward-port", "http://gluetun:8080")  # there is no qBittorrent here
    assert "Traceback" not in said
    health_becomes(dockerd, running, "healthy")
    assert in_container(client, running, "gluehook", "health")[0] == 0
    status, said = in_container(client, running, "gluehook", "check")
    assert (status, said.count("error[")) == (0, 0), said
    assert "/config/rules.toml" in said
    assert in_container(client, running, "id", "-u") == (0, f"{UID}\n")
    for verb in (["events"], ["handlers"], ["history"], ["status"], ["explain", "port.forwarded", "port=5001"]):
        status, said = in_container(client, running, "gluehook", *verb)
        assert "Traceback" not in said, f"{verb}: {said}"
    status, said = in_container(client, running, "gluehook", "init")  # as `docker compose run --rm gluehook init`
    assert status == 0, said
    assert "\n# ---- compose.gluehook.yaml ----\n" in said
    assert "gluetun: not found" in said


@pytest.mark.compose
def test_compose_runs_init_once_and_it_finds_the_server(dockerd: Dockerd, image: str, tmp_path: Path) -> None:
    require_compose()
    with closing(dockerd.client()) as client:
        client.tag(SMALL, "qmcgaw/gluetun", "v3.41.3")
        client.tag(SMALL, "linuxserver/qbittorrent", "5.1.4")
    service = {"command": "sleep 1000", "pull_policy": "never", "stop_signal": "SIGKILL"}
    tunnel = {**service, "image": "qmcgaw/gluetun:v3.41.3", "container_name": "exit-node", "network_mode": "none"}
    torrents = {**service, "image": "linuxserver/qbittorrent:5.1.4", "container_name": "seedbox",
                "network_mode": "service:tunnel", "environment": {"WEBUI_PORT": "9091"}}  # fmt: skip
    ours = {"image": image, "pull_policy": "never", "network_mode": "none", "user": f"{UID}:{UID}", "cap_drop": ["ALL"],
            "group_add": [str(dockerd.socket.stat().st_gid)],
            "volumes": [f"{dockerd.socket}:/var/run/docker.sock:ro"]}  # fmt: skip
    compose = {"services": {"tunnel": tunnel, "torrents": torrents, "gluehook": ours}}
    (tmp_path / "compose.yaml").write_text(json.dumps(compose))  # JSON is YAML

    def call(*arguments: str) -> str:
        ran = subprocess.run(
            ["docker", "compose", *arguments], cwd=tmp_path, env={**os.environ, "DOCKER_HOST": dockerd.host}, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        )  # fmt: skip
        assert ran.returncode == 0, ran.stdout
        return ran.stdout

    try:
        call("up", "-d", "tunnel", "torrents")
        said = call("run", "--rm", "-T", "gluehook", "init")
        assert "exit-node" in said
        assert "seedbox" in said
        assert "9091" in said
        assert "\n# ---- compose.gluehook.yaml ----\n" in said
        assert "Traceback" not in said
    finally:
        call("down", "--timeout", "1")


def test_a_folder_with_rules_of_ones_own_takes_the_place_of_those_that_ship(
    dockerd: Dockerd, start: Callable[..., str], port_folder: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "config"
    folder.mkdir(mode=0o755)
    (folder / "rules.toml").write_text(RULES)
    running = start(f"{folder}:/config:ro")
    log_until(dockerd, running, "is ready")
    (port_folder / "forwarded_port").write_text(f"{PORT}")
    assert "forward-port" not in log_until(dockerd, running, f"the port is {PORT}")


def test_it_stops_in_time_and_keeps_its_state_to_itself(
    dockerd: Dockerd, client: docker.APIClient, start: Callable[..., str]
) -> None:
    running = start()
    log_until(dockerd, running, "is ready")
    status, said = in_container(client, running, "find", "/state", "-type", "f", "-printf", "%U %m %f\\n")
    assert status == 0, said
    assert f"{UID} 600 heartbeat.json" in said
    assert all(line.startswith(f"{UID} 600 ") for line in said.splitlines()), said
    client.stop(running, timeout=10)
    assert client.inspect_container(running)["State"]["ExitCode"] == 0


def test_without_the_group_of_the_socket_it_says_the_line_to_add(dockerd: Dockerd, start: Callable[..., str]) -> None:
    running = start(groups=())
    log_until(dockerd, running, f'group_add: ["{dockerd.socket.stat().st_gid}"]')
