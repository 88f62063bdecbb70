"""Opens the recordings of `gluehook replay`: files, standard input or gluehook's journal; and its progress bar."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hooks.world.names import Names

if TYPE_CHECKING:
    from hooks.config.settings import Settings
    from hooks.workbench.recording import Needed, Recording

_LONG_BYTES = 4 << 20  # from this size on, a replay takes long enough for a bar
_REFRESH_S = 0.2


def opened(names: Sequence[str], ours: Settings, needed: Needed, stack: ExitStack) -> list[Recording]:
    """The recordings of these names, until the stack is closed; "-" is standard input. Raises click.UsageError."""
    from hooks.workbench.recording import Recording

    if names.count("-") > 1:
        raise click.UsageError("standard input can be read once only")
    accepts, wants = needed
    known = Names(ours.containers)
    return [Recording(name, _file(name, stack), accepts=accepts, wants=wants, names=known) for name in names]


def _file(name: str, stack: ExitStack) -> Any:
    try:
        return sys.stdin.buffer if name == "-" else stack.enter_context(Path(name).open("rb"))
    except (OSError, ValueError) as error:
        raise click.UsageError(f"{name} cannot be read: {getattr(error, 'strerror', None) or error}") from None


def journal(since_s: float, ours: Settings, needed: Needed, stack: ExitStack) -> Recording:
    """The events that gluehook accepted in the last `since_s` seconds, as a recording. Raises click.UsageError."""
    from hooks.control import history
    from hooks.journal.journal import FILE_NAME
    from hooks.workbench.recording import EventLines, Recording

    path = Path(ours.gluehook_state) / FILE_NAME
    try:
        found = stack.enter_context(history.opened(path))
    except history.NoJournal as why:
        raise click.UsageError(str(why)) from None
    events = found.recorded(time.time() - since_s)
    accepts, wants = needed
    names = Names(ours.containers)
    return Recording(str(path), EventLines(events), accepts=accepts, wants=wants, names=names)


@contextmanager
def progress(recordings: Sequence[Recording], names: Sequence[str]) -> Iterator[None]:
    """Show a bar on standard error, if that is a terminal, while long recordings are read."""
    total = sum(Path(name).stat().st_size for name in names if name != "-")
    if sys.stderr.isatty() and (total >= _LONG_BYTES or "-" in names):
        with _bar(recordings, 0 if "-" in names else total):
            yield
    else:
        yield


@contextmanager
def _bar(recordings: Sequence[Recording], total: int) -> Iterator[None]:
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn

    from hooks.threads.lasting import LastingThread

    columns = (BarColumn(None), DownloadColumn(), TimeRemainingColumn())
    console, ended = Console(stderr=True), threading.Event()
    with Progress(*columns, console=console, transient=True, redirect_stdout=sys.stdout.isatty()) as bar:
        task = bar.add_task("", total=total or None)

        def follow() -> None:
            while not ended.wait(_REFRESH_S):
                bar.update(task, completed=sum(one.size for one in recordings))

        thread = LastingThread(follow, "progress", "shows the progress")
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
