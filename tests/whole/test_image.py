"""The project's own image, built without a network on a base made here, does its work as an ordinary user."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tarfile
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
from tests.parts.places import TOP
from tests.parts.programs import require

pytestmark = [pytest.mark.image, pytest.mark.timeout(300)]

# the base and the wheels, for the next run of any checkout
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gluehook" / "image-test"
BASE, IMAGE = "gluehook-base", "gluehook-test"
KEPT = ("hooks", "handlers", "container", "rules.toml", "pyproject.toml", "README.md", "LICENSE", "requirements.txt",
        "requirements-build.txt", "Makefile", ".dockerignore")  # fmt: skip
UID = 12345
PORT = 45678
RULES = """
version = 1
[[rule]]
name = "tell"
on = "port.forwarded"
do = { use = "notify.send", title = "news", message = "the port is ${event.port}" }
"""
_NOT_IN_THE_BASE = ("proc/", "sys/", "dev/", "var/cache/apt/", "var/lib/apt/lists/", "usr/share/doc/", "usr/share/man/",
                    "usr/share/locale/")  # fmt: skip


def _release() -> str:
    """The Debian release whose Python is of our own version, so that our wheels fit it."""
    releases = {"3.11": "bookworm", "3.13": "trixie"}
    version = ".".join(platform.python_version_tuple()[:2])
    if version not in releases:
        pytest.skip(f"no Debian release has Python {version}")
    return releases[version]


@contextmanager
def _alone() -> Iterator[None]:
    """Let one process at a time fill the cache."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _base() -> Path:
    """A small Debian with Python, as a tar file."""
    release = _release()
    made = CACHE / f"{release}.tar"
    if not made.exists():
        debootstrap = require("debootstrap", "debootstrap")
        root = CACHE / release
        shutil.rmtree(root, ignore_errors=True)
        argv = [debootstrap, "--variant=minbase", "--include=python3,python3-venv", release, str(root)]
        ran = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        assert ran.returncode == 0, ran.stdout[-3000:]
        with tarfile.open(made.with_suffix(".new"), "w") as tar:
            tar.add(root, arcname=".", filter=_wanted)
        made.with_suffix(".new").rename(made)
        shutil.rmtree(root)
    return made


def _wanted(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return None if member.name.removeprefix("./").startswith(_NOT_IN_THE_BASE) else member


def _wheels() -> Path:
    """What `make wheels` fetches, by the Python that runs the tests."""
    locks = [TOP / "requirements-build.txt", TOP / "requirements.txt"]
    content = b"".join(lock.read_bytes() for lock in locks) + sys.version.encode()
    folder = CACHE / f"wheels-{hashlib.sha256(content).hexdigest()[:16]}"
    if not folder.exists():
        fresh = folder.with_suffix(".new")
        shutil.rmtree(fresh, ignore_errors=True)
        argv = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--require-hashes",
                "--no-build-isolation", "--use-pep517", "--dest", str(fresh)]  # fmt: skip
        subprocess.run([*argv, *(part for lock in locks for part in ("-r", str(lock)))], check=True)
        fresh.rename(folder)
    return folder


@pytest.fixture(scope="module")
def image(dockerd: Dockerd, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The image, made by `make image` from a copy of the tree."""
    require("docker", "docker.io")
    with _alone():
        wheels, made = _wheels(), _base()
    tree = tmp_path_factory.mktemp("tree")
    for name in KEPT:
        copy = shutil.copytree if (TOP / name).is_dir() else shutil.copy2
        copy(TOP / name, tree / name)
    shutil.copytree(wheels, tree / "build" / "wheels")
    client = dockerd.client(120)
    with made.open("rb") as base:
        client.import_image_from_data(base, repository=BASE)
    client.close()
    # the engine has no bridge, so nothing in this build can reach a network
    env = {**os.environ, "DOCKER_HOST": dockerd.host, "DOCKER_BUILDKIT": "0"}
    argv = [require("make", "make"), "image", f"BASE={BASE}", f"IMAGE={IMAGE}"]
    ran = subprocess.run(
        argv, cwd=tree, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout[-5000:]
    return IMAGE


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
    return int(client.exec_inspect(made["Id"])["ExitCode"]), said


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
