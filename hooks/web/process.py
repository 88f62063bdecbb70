"""The web process from its settings to its exit code: `gluehook web`, or the child of `gluehook run`.

The child is given settings and the sources of secrets on its standard input, which then stays open: at its end the
child ends, so that it does not outlive the runner. It writes a byte to its standard output now and then, by which the
runner sees that it is well.
"""

from __future__ import annotations

import asyncio
import errno
import os
import pickle
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from socket import socket as Socket  # noqa: N812 - a type here

import anyio.to_thread

from hooks.config.secrets import Secrets, Sources
from hooks.config.settings import SECRETS, Settings
from hooks.events import signals
from hooks.runtime import log
from hooks.threads.lasting import LastingThread
from hooks.web import web_settings
from hooks.web.app import create
from hooks.web.journal_reader import JournalReader
from hooks.web.rendering import warm
from hooks.web.runner import Runner
from hooks.web.serving import Server, listening, server
from hooks.web.views import Views
from hooks.web.web_settings import WebSettings

BEAT_S = 5.0  # between two bytes for the runner
_THREADS = 4  # that read and ask, so that a slow reading does not stop others
_NICE, _OOM_SCORE = 5, 500  # the runner goes first, for time and for memory


def main(settings: Settings, sources: Sources, version: str, *, beat: bool = False) -> int:
    """Serve until SIGTERM or SIGINT; the exit code. `beat`: write a byte to standard output every `BEAT_S`."""
    secrets = Secrets(sources)
    for name in SECRETS:  # so that each is masked from the start
        with suppress(Exception):
            secrets.read(name)
    log_sink = log.set_up(settings.gluehook_log_level, settings.gluehook_log_format, secrets.mask)
    try:
        return _serve(settings, secrets, version, beat=beat)
    finally:
        log_sink.close()


def child() -> None:
    """Serve as the child of the runner."""
    settings, sources, version = pickle.load(sys.stdin.buffer)  # noqa: S301 - written by our own parent
    os.nice(_NICE)
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(str(_OOM_SCORE))
    sys.exit(main(settings, sources, version, beat=True))


def _serve(settings: Settings, secrets: Secrets, version: str, *, beat: bool) -> int:
    address, state = settings.gluehook_http, Path(settings.gluehook_state)
    try:
        socket = listening(address)
    except OSError as error:
        signals.emit(signals.problem, said=f"web: {address} (GLUEHOOK_HTTP) cannot be listened on: {_why(error)}")
        return 1
    web = web_settings.read(settings, secrets.read)
    views = Views(state, Runner(state), JournalReader(state), version, mask=secrets.mask)
    running = server(create(views, web), views.following.stop)
    views.following.start()
    if beat:
        LastingThread(lambda: _end_with_the_runner(running), "runner", "ends this process with the runner").start()
    _report(web, address)
    asyncio.run(_run(running, socket, beat=beat))
    return 0


def _report(web: WebSettings, address: str) -> None:
    credentials = web.credentials(time.monotonic)
    for problem in credentials.problems:
        signals.emit(signals.problem, said=f"web: {problem}")
    who = "; no password or token is set: everybody who reaches it may read, and nobody may act"
    who = "" if credentials.limited else who
    signals.emit(signals.ready, said=f"web: the page is on http://{address}{who}")


_CURES = {
    errno.EADDRINUSE: "end the program that has this port, or take another port",
    errno.EADDRNOTAVAIL: "write an address of this machine, or 0.0.0.0 for all that it has",
    errno.EACCES: "take a port above 1023, which needs no root",
}


def _why(error: OSError) -> str:
    """What the system says of it, without what Python adds, and what to do."""
    said = os.strerror(error.errno) if error.errno in _CURES else error.strerror or str(error)
    return f"{said.partition(' (while')[0]}; {_CURES.get(error.errno or 0, _CURES[errno.EADDRNOTAVAIL])}"


async def _run(running: Server, socket: Socket, *, beat: bool) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, running.stop)
    LastingThread(warm, "warm", "loads ahead what pages need").start()
    limiter = anyio.to_thread.current_default_thread_limiter()
    limiter.total_tokens = _THREADS
    beating = asyncio.create_task(_beat()) if beat else None
    try:
        await running.serve(sockets=[socket])
    finally:
        if beating:
            beating.cancel()


async def _beat() -> None:
    """Show the runner that the loop is well; where nobody reads, that is no trouble."""
    os.set_blocking(1, False)
    while True:
        with suppress(OSError):
            os.write(1, b".")
        await asyncio.sleep(BEAT_S)


def _end_with_the_runner(running: Server) -> None:
    with suppress(OSError, ValueError):
        while sys.stdin.buffer.read(4096):
            pass
    running.stop()
