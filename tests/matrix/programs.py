"""Programs of a root that run outside of it: engines with the root's own libraries, qBittorrent by chroot."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

PLUGINS = "usr/libexec/docker/cli-plugins"
HELPERS = "usr/lib/podman"  # netavark and aardvark-dns
_ENGINES = (
    "usr/bin/docker", "usr/sbin/dockerd", "usr/sbin/docker-proxy", "usr/bin/docker-proxy", "usr/bin/docker-init",
    "usr/bin/containerd", "usr/bin/containerd-shim-runc-v2", "usr/sbin/runc", "usr/bin/podman", "usr/bin/conmon",
    "usr/bin/crun",
)  # fmt: skip
# A mount namespace of its own, with this machine's processes, devices and temporary files in the root. The process
# stays the same, so that the process that started it may signal it.
_CHROOT = """\
#!/bin/sh
exec unshare --mount --propagation private sh -c '
  for folder in /proc /dev {temporary}; do
    mkdir -p "$0$folder" && mount --rbind "$folder" "$0$folder" || exit 1
  done
  exec chroot "$0" /usr/bin/qbittorrent-nox "$@"' {root} "$@"
"""


def patchelf_of(root: Path) -> list[str]:
    """The patchelf of a root, run by that root's loader. Newer ones than bookworm's 0.14 break podman (0.18 does)."""
    loader = next(root.glob("lib*/ld-linux-*.so.*"))
    return [str(loader), "--library-path", str(_libraries(root)), str(root / "usr/bin/patchelf")]


def patch(folder: Path, root: Path, patchelf: list[str]) -> None:
    """Make the engines in `folder` use the loader and the libraries of `root`, where the folder is moved to later.

    Raises:
        subprocess.CalledProcessError: patchelf refused a program.
    """
    libraries = root / _libraries(folder).relative_to(folder)
    for name in (*_ENGINES, *_all_in(folder, PLUGINS), *_all_in(folder, HELPERS)):
        if (folder / name).is_file():
            _use(folder, name, root, libraries, patchelf)


def put(root: Path, compose: Path, folder: Path) -> dict[str, str]:
    """Fill a folder with links to the programs of one root and to the Compose of another. The environment for them."""
    plugins, found = folder / "docker" / "cli-plugins", folder / "bin"
    plugins.mkdir(parents=True)
    found.mkdir()
    for name in _all_in(compose, PLUGINS):
        (plugins / Path(name).name).symlink_to(compose / name)
    for name in _ENGINES:
        if (root / name).is_file():
            (found / Path(name).name).symlink_to(root / name)
    wrapper = found / "qbittorrent-nox"
    wrapper.write_text(_CHROOT.format(root=root, temporary=tempfile.gettempdir()))
    wrapper.chmod(0o755)
    return {
        "PATH": f"{found}:{os.environ['PATH']}", "DOCKER_CONFIG": str(folder / "docker"),
        "CONTAINERS_HELPERS": str(root / HELPERS),
    }  # fmt: skip


def _use(folder: Path, name: str, root: Path, libraries: Path, patchelf: list[str]) -> None:
    """Set one program's loader and libraries; a program without a loader needs neither."""
    program = str(folder / name)
    asked = subprocess.run([*patchelf, "--print-interpreter", program], capture_output=True, text=True, check=False)
    if asked.returncode == 0:
        loader = f"{root}{asked.stdout.strip()}"
        argv = [*patchelf, "--set-interpreter", loader, "--force-rpath", "--set-rpath", str(libraries), program]
        subprocess.run(argv, check=True)


def _all_in(folder: Path, name: str) -> list[str]:
    return [str(path.relative_to(folder)) for path in sorted((folder / name).glob("*"))]


def _libraries(root: Path) -> Path:
    return next(root.glob("usr/lib/*-linux-gnu*/libc.so.6")).parent
