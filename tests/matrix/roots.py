"""One folder for each release of Debian, made by debootstrap from the mirror that this machine's apt uses."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.matrix import programs
from tests.matrix.releases import RELEASES, Release

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gluehook" / "roots"
_LAYOUT = "1"  # raised when roots of the same packages have to be made anew
_TRIES = 3
_PAUSE_S = 5.0
_NOT_KEPT = ("var/cache/apt", "var/lib/apt/lists", "usr/share/doc", "usr/share/man", "usr/share/locale")


class RootError(Exception):
    """A root could not be made; the text says why."""


def root_of(release: Release) -> Path:
    """The root of this release. It is made if there is none with these packages; others of the release are removed.

    Raises:
        RootError: debootstrap failed three times, or it is not installed.
    """
    digest = hashlib.sha256(" ".join((_LAYOUT, *release.packages)).encode()).hexdigest()[:12]
    root = CACHE / f"{release.name}-{digest}"
    CACHE.mkdir(parents=True, exist_ok=True)
    with _locked(CACHE / f"{release.name}.lock"):
        if not root.exists():
            for old in CACHE.glob(f"{release.name}-*"):
                shutil.rmtree(old)
            fresh = root.with_name(f"{root.name}.new")
            _install(release, fresh)
            programs.patch(fresh, root, programs.patchelf_of(fresh if release is RELEASES[0] else root_of(RELEASES[0])))
            fresh.rename(root)
    return root


def version(root: Path, package: str) -> str:
    """The upstream version of an installed package, "26.1.5"."""
    file = root / "var/lib/dpkg/status"
    status = file.read_text(encoding="utf-8") if file.exists() else ""
    found = re.search(
        rf"^Package: {re.escape(package)}\n(?:.+\n)*?Version: (?:\d+:)?(\d+(?:\.\d+)*)", status, re.MULTILINE
    )
    return found[1] if found else "?"


def _install(release: Release, folder: Path) -> None:
    """Run debootstrap, with three tries: a mirror may be away for a moment.

    Raises:
        RootError: it failed three times, with its last words.
    """
    said = ""
    for attempt in range(_TRIES):
        if attempt:
            print(f"   debootstrap {release.name} failed (try {attempt} of {_TRIES}): {said}", flush=True)
            time.sleep(_PAUSE_S)
        shutil.rmtree(folder, ignore_errors=True)
        ran = _debootstrap(release, folder)
        if ran.returncode == 0:
            for name in _NOT_KEPT:
                shutil.rmtree(folder / name, ignore_errors=True)
            return
        said = " / ".join(ran.stdout.strip().splitlines()[-4:])
    shutil.rmtree(folder, ignore_errors=True)
    raise RootError(f"debootstrap could not install {release.name} in {_TRIES} tries; the last one said: {said}")


def _debootstrap(release: Release, folder: Path) -> subprocess.CompletedProcess[str]:
    if not shutil.which("debootstrap"):
        raise RootError("debootstrap is not installed: apt-get install debootstrap")
    # what debootstrap mounts in there is seen by nobody else, and gone when it ends
    argv = ["unshare", "--mount", "debootstrap", "--variant=minbase", f"--include={','.join(release.packages)}",
            release.name, str(folder), *_mirror()]  # fmt: skip
    env = {**_proxy(), **os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    return subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, env=env)


def _mirror() -> list[str]:
    """The address from which this machine's apt has the packages of Debian itself; none: debootstrap's own choice."""
    if not shutil.which("apt-get"):
        return []
    argv = ["apt-get", "indextargets", "--format", "$(ORIGIN) $(LABEL) $(COMPONENT) $(REPO_URI)",
            "Identifier: Packages"]  # fmt: skip
    ran = subprocess.run(argv, capture_output=True, text=True, check=False)
    found = [line.split()[3] for line in ran.stdout.splitlines() if line.startswith("Debian Debian main ")]
    return found[:1]


def _proxy() -> dict[str, str]:
    """The proxy that this machine's apt uses, for debootstrap's wget."""
    ran = subprocess.run(["apt-config", "shell", "proxy", "Acquire::http::Proxy"], capture_output=True, text=True,
                         check=False)  # fmt: skip
    found = re.search(r"proxy='(http[^']+)'", ran.stdout)
    return {"http_proxy": found[1]} if found else {}


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Two runs at once make one root once."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
