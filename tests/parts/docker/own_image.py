"""What the project's own image is built from in tests: a small Debian, the wheels and a copy of the tree."""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.parts.docker.dockerd import Dockerd
from tests.parts.places import TOP
from tests.parts.programs import require

# the base and the wheels, for the next run of any checkout
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gluehook" / "image-test"
BASE, IMAGE = "gluehook-base", "gluehook-test"
KEPT = ("hooks", "handlers", "container", "rules.toml", "pyproject.toml", "README.md", "LICENSE", "requirements.txt",
        "requirements-build.txt", "Makefile", ".dockerignore")  # fmt: skip
_NOT_IN_THE_BASE = ("proc/", "sys/", "dev/", "var/cache/apt/", "var/lib/apt/lists/", "usr/share/doc/", "usr/share/man/",
                    "usr/share/locale/")  # fmt: skip


def built(dockerd: Dockerd, tree: Path) -> str:
    """The image, made by `make image` on this engine from a copy of the tree in the empty folder `tree`."""
    require("docker", "docker.io")
    with _alone():
        wheels, made = _wheels(), _base()
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
