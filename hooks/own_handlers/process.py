"""Starts the process of handlers of one's own, talks to it, and ends it with everything that it has started."""

from __future__ import annotations

import os
import re
import selectors
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from typing import Any

from handlers.shared.output import Tail
from hooks.config.masking import looks_secret
from hooks.config.settings import SECRETS
from hooks.own_handlers.channel import Lines, Message, encoded, packed

# as in hooks/app/loading.py: -m would prefer a folder named hooks in the working directory
_CODE = "import sys; sys.path[:] = sys.argv[2:]; from hooks.own_handlers.child import main; main(int(sys.argv[1]))"
_END_S = 3.0  # the process ends what it has started, and then itself
_PIECE_BYTES = 1 << 16
_PLACE = re.compile(r'File "([^"]+)", line (\d+)')


class Process:
    """One child. Not thread-safe. Raises OSError where none can be started."""

    def __init__(self, order: dict[str, Any]) -> None:
        self._tail, self._lines = Tail(), Lines()
        self._socket, theirs = socket.socketpair()
        output, written = os.pipe()
        try:
            self._process = _start(theirs, written)
        except OSError:
            os.close(output)
            self._socket.close()
            raise
        finally:
            theirs.close()
            os.close(written)
        self._output: int | None = output
        os.set_blocking(output, False)
        self._ready = selectors.DefaultSelector()
        self._ready.register(self._socket, selectors.EVENT_READ)
        self._ready.register(output, selectors.EVENT_READ)
        self.send({"order": packed(order)})

    def send(self, message: Message) -> None:
        """Send a message; a process that has ended is told by `receive`."""
        with suppress(OSError):
            self._socket.sendall(encoded(message))

    def receive(self, within_s: float) -> Message | None:
        """The next message, None at its end. Raises TimeoutError, and ChannelError for what is no message."""
        until = time.monotonic() + within_s
        while (message := self._lines.next()) is None:
            left_s = until - time.monotonic()
            if left_s <= 0:
                raise TimeoutError
            ready = {key.fd for key, _ in self._ready.select(left_s)}
            if self._output in ready:
                self._drain()
            if self._socket.fileno() in ready:
                piece = _read(self._socket)
                if not piece:
                    return None
                self._lines.add(piece)
        return message

    @property
    def printed(self) -> str:
        """The last line that it has printed, or ""."""
        return self._tail.last_line()

    @property
    def text(self) -> str:
        """The end of what it has printed."""
        return self._tail.text

    def forget_printed(self) -> None:
        """Let what it has printed until now count no more."""
        self._drain()
        self._tail = Tail()

    def place_in(self, folder: str) -> str:
        """The line of a file in this folder that the traceback in its output names first, or ""."""
        found = [match for match in _PLACE.finditer(self._tail.text) if match[1].startswith(f"{folder}/")]
        return f"line {found[0][2]} of {found[0][1]}" if found else ""

    def end(self) -> None:
        """End it and everything that it has started. May be called twice."""
        if self._socket.fileno() < 0:
            return
        self._socket.close()  # it ends what it has started, and then itself
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
        with suppress(OSError):
            os.killpg(self._process.pid, signal.SIGKILL)  # what is left if the owner's code has ended its guard
        self._process.wait()
        self._drain()
        self._ready.close()
        if self._output is not None:
            os.close(self._output)
            self._output = None

    def _drain(self) -> None:
        while self._output is not None:
            try:
                piece = os.read(self._output, _PIECE_BYTES)
            except BlockingIOError:
                return
            if not piece:
                with suppress(KeyError, ValueError):
                    self._ready.unregister(self._output)
                os.close(self._output)
                self._output = None
            self._tail.add(piece)


def _read(from_socket: socket.socket) -> bytes:
    try:
        return from_socket.recv(_PIECE_BYTES)
    except ConnectionError:
        return b""


def _start(theirs: socket.socket, written: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-P", "-u", "-c", _CODE, str(theirs.fileno()), *sys.path],
        stdin=subprocess.DEVNULL, stdout=written, stderr=written, pass_fds=(theirs.fileno(),), env=_environment(),
        start_new_session=True,
    )  # fmt: skip


def _environment() -> dict[str, str]:
    """Ours without what is or looks secret: a handler asks for that, so that it is masked from then on."""
    return {
        name: value for name, value in os.environ.items() if name not in SECRETS and not looks_secret(name)
    }  # fmt: skip
