"""Commands of gluehook that the web process runs as children: bounded in time, memory and output, one at a time.

A rules file goes to the child as a file in memory, so nothing is written to a disk. A child runs with a low priority:
the runner beside it comes first.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import IO, Any

_MOST_BYTES = 1024**3  # of a child's memory
_LONGEST_LINE = 65_536
_LONGEST_SAID = 8_192  # of what it says beside its output
_NICE = 10
# it imports from where we do: `-m` would prefer a folder named hooks in the working directory
_CHILD = """import sys
count = int(sys.argv[1])
sys.path[:], sys.argv[1:] = sys.argv[2 : 2 + count], sys.argv[2 + count :]
from hooks.__main__ import main
sys.exit(main())"""
_BUSY_S = 5.0  # how long one waits for the child of another


class ChildError(Exception):
    """The child could not be run or was stopped; the text is the whole sentence."""


class Child:
    """A running child: its output line by line, and at the end what it said and its exit code. `paths` are those of its
    files.
    """

    def __init__(self, process: subprocess.Popen[bytes], said: IO[bytes], paths: Sequence[str]) -> None:
        self._process, self._said, self.paths = process, said, paths

    def records(self) -> Iterator[dict[str, Any]]:
        """The objects of its JSON lines, as they come."""
        assert self._process.stdout
        while line := self._process.stdout.readline(_LONGEST_LINE):
            with suppress(ValueError):
                record = json.loads(line)
                if isinstance(record, dict):
                    yield record

    def text(self) -> str:
        """Its output as it stands, the beginning of it."""
        assert self._process.stdout
        text = self._process.stdout.read(_LONGEST_SAID).decode(errors="replace")
        while self._process.stdout.read(_LONGEST_LINE):
            pass
        return text

    def end(self) -> tuple[int, str]:
        """Its exit code, and what it said on stderr."""
        code = self._process.wait()
        self._said.seek(0)
        return code, self._said.read(_LONGEST_SAID).decode(errors="replace").strip()


class Children:
    """Starts the children of one web process. `environment` is added to its own. Thread-safe."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self._environment = {**os.environ, **(environment or {}), "NO_COLOR": "1", "PYTHONUNBUFFERED": "1"}
        self._lock = threading.Lock()

    @contextmanager
    def run(self, *arguments: str, within_s: float, files: Sequence[str] = ()) -> Iterator[Child]:
        """`gluehook ARGUMENTS` for the time of a block; "{0}" in an argument is the path of the first of `files`, whose
        texts are given. Raises ChildError where it did not end `within_s`, or another child is still there.
        """
        if not self._lock.acquire(timeout=_BUSY_S):
            raise ChildError("gluehook already works on such a request of somebody; try it again in a moment")
        with ExitStack() as stack:
            stack.callback(self._lock.release)
            numbers = [_in_memory(text, stack) for text in files]
            said = stack.enter_context(os.fdopen(_in_memory("", stack, keep=True), "w+b"))
            paths = [path_of(number) for number in numbers]
            argv = [
                sys.executable,
                "-c",
                _CHILD,
                str(len(sys.path)),
                *sys.path,
                *(one.format(*paths) for one in arguments),
            ]
            process = stack.enter_context(_started(argv, self._environment, numbers, said))
            late = threading.Event()
            timer = threading.Timer(within_s, _stop, (process, late))
            stack.callback(timer.cancel)
            timer.start()
            yield Child(process, said, paths)
            process.wait()
            if late.is_set():
                raise ChildError(f"it took longer than {within_s:g} s and was stopped")


def path_of(number: int) -> str:
    """The path at which a child finds the file with this number."""
    return f"/proc/self/fd/{number}"


@contextmanager
def _started(
    argv: Sequence[str], environment: Mapping[str, str], numbers: Sequence[int], said: IO[bytes]
) -> Iterator[subprocess.Popen[bytes]]:
    try:
        process = subprocess.Popen(
            argv, env=dict(environment), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said,
            pass_fds=numbers, start_new_session=True,
        )  # fmt: skip
    except OSError as error:
        raise ChildError(f"no child could be started: {error.strerror or error}") from error
    try:
        with suppress(OSError):  # it has ended already
            resource.prlimit(process.pid, resource.RLIMIT_AS, (_MOST_BYTES, _MOST_BYTES))
            os.setpriority(os.PRIO_PROCESS, process.pid, _NICE)
        yield process
    finally:
        _stop(process)
        process.wait()
        if process.stdout:
            process.stdout.close()


def _stop(process: subprocess.Popen[bytes], late: threading.Event | None = None) -> None:
    if process.poll() is None:
        if late:
            late.set()
        process.kill()


def _in_memory(text: str, stack: ExitStack, *, keep: bool = False) -> int:
    """The number of a file in memory that holds the text. `keep`: who asks closes it."""
    number = os.memfd_create("gluehook")
    if not keep:
        stack.callback(os.close, number)
    with suppress(BrokenPipeError), open(number, "wb", closefd=False) as file:
        file.write(text.encode(errors="replace"))
    return number
