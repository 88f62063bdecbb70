"""A fake that listens inside the network namespace of a container, as the real program there would."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import ThreadingHTTPServer

from tests.parts.targets.fakes_http import Answer, Ask, running, server

_NEW_NETWORK = 0x40000000  # CLONE_NEWNET


@contextmanager
def served_inside(pid: int, answer: Callable[[Ask], Answer], port: int) -> Iterator[None]:
    """The fake for the time of a block, at this port of the namespace that the process `pid` lives in."""
    with ThreadPoolExecutor(1, "joins-a-network") as thread:  # a socket stays in the namespace that it was made in
        web = thread.submit(_bound, pid, answer, port).result(10)
    with running(web):
        yield


def _bound(pid: int, answer: Callable[[Ask], Answer], port: int) -> ThreadingHTTPServer:
    libc = ctypes.CDLL(None, use_errno=True)
    namespace = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        if libc.setns(namespace, _NEW_NETWORK):
            raise OSError(ctypes.get_errno(), "the namespace cannot be joined")
    finally:
        os.close(namespace)
    return server(answer, port, "")  # every address of this namespace, and of no other
