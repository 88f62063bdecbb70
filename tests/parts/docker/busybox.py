"""The image that containers of the tests have: busybox and links to its applets."""

from __future__ import annotations

import io
import subprocess
import tarfile
from pathlib import Path


def root_filesystem(busybox: str) -> bytes:
    """A tar of it, from the path of a static busybox."""
    applets = subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True).stdout.split()
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for folder in ("bin", "tmp", "etc"):
            made = tarfile.TarInfo(folder)
            made.type, made.mode = tarfile.DIRTYPE, 0o777
            tar.addfile(made)
        tar.add(Path(busybox).resolve(), "bin/busybox")
        for applet in applets:
            link = tarfile.TarInfo(f"bin/{applet}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            if applet != "busybox":
                tar.addfile(link)
    return archive.getvalue()
