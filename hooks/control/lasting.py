"""Connections that last: verbs whose responses go on for long, each in a thread of its own.

Guaranteed: at most `MOST_OPEN` at once; the next one is refused. One that has hung up does not count, although its
thread ends only when it has something to write: there are `MOST_THREADS` at most. A client that does not read for
`STALL_S` is dropped. `close` ends all of them in `CLOSE_S`, also those that stand still.
"""

from __future__ import annotations

import select
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from hooks.control.server import Refused, Request, Verb, Verbs, lines
from hooks.events import signals
from hooks.threads.lasting import LastingThread

MOST_OPEN = 8
MOST_THREADS = 2 * MOST_OPEN
STALL_S = 30.0
CLOSE_S = 0.5


class LastingConnections:
    """Serves `verbs`. `ending` are called at `close`: each makes one of the verbs come to its end."""

    def __init__(self, verbs: Verbs, ending: tuple[Callable[[], None], ...] = (), *, stall_s: float = STALL_S) -> None:
        self.verbs, self._ending, self._stall_s = verbs, ending, stall_s
        self._open: dict[socket.socket, LastingThread] = {}
        self._lock = threading.Lock()
        self._is_closed = False

    def serve(self, connection: socket.socket, verb: Verb, request: Request) -> None:
        """Write the response of the verb in a thread of its own, and close the connection then. Raises Refused."""
        name = str(request["ask"])
        thread = LastingThread(
            lambda: self._serve(connection, verb, request), f"control-{name}", "answers a client that stays"
        )
        try:
            with self._lock:
                self._admit(name)
                thread.start()
                self._open[connection] = thread
        except (Refused, RuntimeError) as error:
            connection.close()
            if isinstance(error, Refused):
                raise
            raise Refused(f"no thread could be started for it ({error}); try again later") from error

    def close(self) -> None:
        """End every connection, and accept none any more."""
        with self._lock:
            self._is_closed = True
            threads = dict(self._open)
        for end in self._ending:
            end()
        until = time.monotonic() + CLOSE_S
        for thread in threads.values():
            thread.join(max(0.0, until - time.monotonic()))
        for connection in threads:
            with suppress(OSError):  # it has ended
                connection.shutdown(socket.SHUT_RDWR)  # one that stands still in the middle of a line

    def _admit(self, name: str) -> None:
        if self._is_closed:
            raise Refused("gluehook stops")
        there = sum(not _has_hung_up(connection) for connection in self._open)
        if there >= MOST_OPEN or len(self._open) >= MOST_THREADS:
            raise Refused(f"{there} clients follow this gluehook or wait for its doctor, and it serves {MOST_OPEN} at "
                          f"once: end one of them, and ask for '{name}' again after some 15 s")  # fmt: skip

    def _serve(self, connection: socket.socket, verb: Verb, request: Request) -> None:
        try:
            with connection, suppress(OSError):  # it has hung up, or stands still
                connection.settimeout(self._stall_s)
                for line in lines(verb(request)):
                    connection.sendall(line)
        except BaseException as error:  # noqa: BLE001 - whatever it was, the connection is closed, and is not served again
            said = f"control: what answers '{request['ask']}' failed ({type(error).__name__}: {error})"
            signals.emit(signals.problem, said=said, error=error)
        finally:
            with self._lock:
                self._open.pop(connection, None)


def _has_hung_up(connection: socket.socket) -> bool:
    if connection.fileno() < 0:
        return True
    poll = select.poll()
    poll.register(connection, 0)  # POLLHUP is always reported: the other side is closed, not only its sending half
    return any(found & select.POLLHUP for _, found in poll.poll(0))
