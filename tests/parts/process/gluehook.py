"""`gluehook run` as a process: its folder, its environment, what it says, and a last look at what it leaves behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.parts.places import TOP

WAIT_S = 15.0
# Root reads every file, and the owner's gluehook is not root.
_UNPRIVILEGED = [] if os.geteuid() else ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
SECRETS = {
    "QBITTORRENT_PASSWORD": "wr0ng-qb-passw0rd", "GLUETUN_API_KEY": "k3y-of-the-gluetun",
    "GLUETUN_PASSWORD": "basic-gluetun-s3cret",
}  # fmt: skip


def shipped(**replaced: str) -> str:
    """The rules that ship, with the durations of rules replaced: `heal_vpn_for="1s"` changes heal-vpn's `for`."""
    rules = (TOP / "rules.toml").read_text()
    for name, value in replaced.items():
        rule, _, key = name.rpartition("_")
        pattern = rf'(name += "{rule.replace("_", "-")}"(?:(?!\n\[\[).)*?\n{key} += )("[^"]*"|\{{[^}}]*\}})'
        rules, count = re.subn(pattern, lambda found: found[1] + value, rules, count=1, flags=re.DOTALL)  # noqa: B023
        assert count == 1, f"the shipped rules have no {name}"
    return rules


class Gluehook:
    """One folder with rules, state and port file, and a process that may be started again."""

    def __init__(self, folder: Path, rules: str | None = None, **environment: str) -> None:
        self.folder, self.rules, self.state = folder, folder / "rules.toml", folder / "state"
        self.port_file = folder / "tmp" / "gluetun" / "forwarded_port"
        self.port_file.parent.mkdir(parents=True, exist_ok=True)
        if rules is not None:
            self.rules.write_text(rules)
        self.lines: list[str] = []
        self._said = threading.Condition()
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": str(TOP),
            "PYTHONWARNINGS": "default,ignore:The asyncore module",
            "DOCKER_HOST": f"unix://{folder}/docker.sock", "GLUEHOOK_RULES": str(self.rules),
            "GLUEHOOK_STATE": str(self.state), "FORWARDED_PORT_FILE": str(self.port_file),
            "QBITTORRENT_URL": "http://127.0.0.1:9", "GLUETUN_URL": "http://127.0.0.1:9", **SECRETS, **environment,
        }  # fmt: skip
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    def start(self, *arguments: str) -> None:
        """`gluehook run`, in a session of its own, so that whatever it leaves behind is found."""
        self._process = subprocess.Popen(
            [*_UNPRIVILEGED, sys.executable, "-m", "hooks", "run", *arguments], cwd=self.folder, env=self.environment,
            text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        self._reader = threading.Thread(target=self._read, args=(self._process,))
        self._reader.start()

    def call(
        self, *arguments: str, wait_s: float = WAIT_S, stdin: str = "", **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Any other verb of `gluehook`, in the same folder and environment."""
        return subprocess.run(
            [sys.executable, "-m", "hooks", *arguments], cwd=self.folder, env={**self.environment, **environment},
            input=stdin, capture_output=True, text=True, timeout=wait_s, check=False,
        )  # fmt: skip

    def hears(self, *words: str, since: int = 0, wait_s: float = WAIT_S) -> str:
        """The first line after `since` lines that has all of these words; waits for it."""
        with self._said:
            found = self._said.wait_for(lambda: self._find(words, since), wait_s)
        assert found, f"no line with {words} after line {since} of:\n" + "\n".join(self.lines)
        return found

    def mark(self) -> int:
        """How many lines there are now: `since` for what comes next."""
        with self._said:
            return len(self.lines)

    def told(self, *words: str, since: int = 0) -> list[str]:
        """The lines until now that have all of these words."""
        with self._said:
            return [line for line in self.lines[since:] if all(word in line for word in words)]

    def write_port(self, text: object) -> None:
        """As gluetun does it: truncated, then written, no line end."""
        self.port_file.write_text(str(text))

    def ends(self, how: signal.Signals | None = signal.SIGTERM, wait_s: float = 10.0) -> int:
        """Send the signal, if any, and wait for the end; the exit code. Nothing of it may be left."""
        assert self._process
        if how is not None:
            self._process.send_signal(how)
        code = self._process.wait(wait_s)
        assert self._reader
        self._reader.join(WAIT_S)
        assert not _session(self._process.pid), "it has left processes behind"
        return code

    def clean_up(self) -> None:
        """End it whatever it does, and look for what must never be said."""
        if self._process is None:
            return
        if self._process.poll() is None:
            with suppress(subprocess.TimeoutExpired):
                self._process.terminate()
                self._process.wait(12)
        for pid in _session(self._process.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait(5)
        assert self._reader
        self._reader.join(5)
        assert_tidy(self.lines, self.environment)

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout
        with process.stdout:
            for line in process.stdout:
                with self._said:
                    self.lines.append(line.rstrip("\n"))
                    self._said.notify_all()

    def _find(self, words: Sequence[str], since: int) -> str | None:
        return next((line for line in self.lines[since:] if all(word in line for word in words)), None)


def assert_tidy(lines: Sequence[str], environment: dict[str, str]) -> None:
    """No stack of calls, no warning of Python's, no secret, in whatever was said."""
    text = "\n".join(lines)
    assert "Traceback" not in text, text
    assert "Warning:" not in text, text
    for name in {*SECRETS, "APPRISE_URLS"} & environment.keys():
        assert environment[name] not in text, f"{name} is in the log:\n{text}"


def until(holds: Callable[[], object], what: str, wait_s: float = WAIT_S) -> None:
    """Look until it holds, for what has no event to wait on: another program's state."""
    pause, deadline = threading.Event(), time.monotonic() + wait_s
    while not holds():
        assert time.monotonic() < deadline, what
        pause.wait(0.02)


@contextmanager
def gluehook(folder: Path, rules: str | None = None, *arguments: str, **environment: str) -> Iterator[Gluehook]:
    """A running one for the time of a block."""
    part = Gluehook(folder, rules, **environment)
    try:
        part.start(*arguments)
        yield part
    finally:
        part.clean_up()


def _session(leader: int) -> list[int]:
    """The processes of its session."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with suppress(OSError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                if int(fields[3]) == leader and fields[0] != "Z":
                    found.append(int(entry.name))
    return found
