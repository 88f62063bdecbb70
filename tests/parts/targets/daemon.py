"""A real program on loopback that is started and stopped by pid, and the sockets on which it listens."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from tests.parts.process.tied import TIED

_START_S = 15.0


def free_port() -> int:
    """A port of 127.0.0.1 that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def free_ports(count: int) -> list[int]:
    """So many of them, each another one."""
    found: set[int] = set()
    while len(found) < count:
        found.add(free_port())
    return list(found)


class Daemon:
    """One program with one folder; it may be stopped and started again."""

    def __init__(self, argv: Sequence[str], folder: Path) -> None:
        self.folder = folder
        self._argv = argv
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Its process."""
        assert self._process
        return self._process.pid

    def start_until(self, answers: Callable[[], object]) -> None:
        """Start it and return once `answers` raises no OSError."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*TIED, *self._argv], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder,
                env={"HOME": str(self.folder), "PATH": os.environ["PATH"], "LANG": "C.UTF-8"},
            )  # fmt: skip
        for _ in range(int(_START_S / 0.02)):
            with suppress(OSError):
                answers()
                return
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(0.02)
                break
        raise RuntimeError(self.printed()[-2000:])

    def stop(self) -> None:
        """SIGTERM, and SIGKILL where that does not help."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)
        self._process = None

    def printed(self) -> str:
        """What it has printed."""
        return self._log.read_text(errors="replace")

    def outlive(self, wait_s: float) -> None:
        """Let so much time pass, unless it ends."""
        assert self._process
        with suppress(subprocess.TimeoutExpired):
            raise AssertionError(f"{self._argv[0]} ended with {self._process.wait(wait_s)}")

    def listening(self, port: int, *, other_than: frozenset[str] = frozenset()) -> frozenset[str]:
        """Its listening sockets on this port, once there are any but these."""
        for _ in range(500):
            found = self.sockets(port) - other_than
            if found:
                return found
            self.outlive(0.01)
        raise AssertionError(f"nothing new listens on {port}")

    def sockets(self, port: int) -> frozenset[str]:
        """The inodes of its TCP sockets that listen on this port."""
        mine = set()
        for link in Path(f"/proc/{self.pid}/fd").iterdir():
            with suppress(OSError):
                mine.add(str(link.readlink()))
        found = set()
        for table in ("tcp", "tcp6"):
            for line in Path(f"/proc/{self.pid}/net/{table}").read_text().splitlines()[1:]:
                column = line.split()
                local, state, inode = column[1], column[3], column[9]
                if state == "0A" and int(local.rpartition(":")[2], 16) == port and f"socket:[{inode}]" in mine:
                    found.add(inode)
        return frozenset(found)

    @property
    def _log(self) -> Path:
        return self.folder / "stdout.log"
