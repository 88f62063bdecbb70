"""`gluehook record`, and `gluehook history --export`: events as a recording for `gluehook replay`."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hooks.cli.check import checked
from hooks.cli.options import new_file, require_docker_address, seconds, settings
from hooks.events.wording import counted

if TYPE_CHECKING:
    from hooks.app.recorder import Recorder
    from hooks.config.secrets import Secrets
    from hooks.rules.table import Table
    from hooks.workbench.record import RecordingWriter

_EXEC = "container.exec_"  # health checks make three of them every few seconds


@click.command()
@click.option("--output", default="-", metavar="FILE", help="A new file, for its owner only; else standard output.")
@click.option("--for", "for_", metavar="DURATION", help="How long, such as 10m; else until Ctrl-C or SIGTERM.")
@click.option("--rules", metavar="FILE", help="Whose files, timers and polls to follow; else those of `gluehook run`.")
@click.option("--exec", "with_exec", is_flag=True, help="Also container.exec_*: health checks make many of them.")
def record(*, output: str, for_: str | None, rules: str | None, with_exec: bool) -> int:
    """Record the events of Docker and the forwarded port, for `gluehook replay`.

    Every event of a container and of the port is recorded, whatever the rules listen to, and of logs the lines that
    rules want. Nothing is run. The port comes from the file or from gluetun's control server, as for `gluehook run`.
    The states at the start come first. Secrets are masked, and a container's environment is in no event; labels, names
    and addresses are. A gluehook that runs is not disturbed: `gluehook history --export` writes the events that it has
    acted on.
    """
    from hooks.rules.table import Table

    ours, _ = settings()
    require_docker_address()
    for_s = seconds("--for", for_) if for_ else None
    table = checked(rules or ours.gluehook_rules)
    if table is None and rules:
        return 1
    if table is None:
        click.echo("so the files, timers and polls that rules name are not recorded", err=True)

    def run(writer: RecordingWriter, secrets: Secrets) -> None:
        from handlers import POLLS, PORT_READERS
        from hooks.app.recorder import Recorder
        from hooks.events.catalogue import CATALOGUE

        types = [kind for kind in CATALOGUE if with_exec or not kind.startswith(_EXEC)]
        recorder = Recorder(
            writer.write, ours, secrets, table or Table(), types=types, polls=POLLS, port_readers=PORT_READERS
        )
        _listen(recorder, writer, for_s)

    return _recorded(output, table or Table(), run, time.time_ns)


def export(output: str, since: str) -> int:
    """`gluehook history --export`: what gluehook has accepted in that time, as a recording; the exit code."""
    from hooks.control import history
    from hooks.journal.journal import FILE_NAME
    from hooks.rules.table import Table

    ours, _ = settings()
    began = time.time() - seconds("--since", since)
    try:
        with history.opened(Path(ours.gluehook_state, FILE_NAME)) as journal:
            table = checked(ours.gluehook_rules) or Table()  # for the secrets that it names
            return _recorded(output, table, lambda writer, _: writer.copy(journal.recorded(began)))
    except history.NoJournal as why:
        click.echo(str(why), err=True)
        return 1


def _recorded(
    output: str, table: Table, work: Callable[[RecordingWriter, Secrets], None],
    now: Callable[[], int | None] = lambda: None,
) -> int:  # fmt: skip
    """Let the work write to a new recording and print how many events are in it; returns the exit code."""
    from hooks.config.secrets import Secrets
    from hooks.workbench.record import RecordingWriter, read_every_secret

    secrets = Secrets(settings()[1])
    read_every_secret(secrets, table)
    file = new_file(output)
    try:
        writer = RecordingWriter(file, secrets.mask, now)
        work(writer, secrets)
    finally:
        os.close(file)
    then = f", then it could not be written: {writer.error}" if writer.error else ""
    where = "standard output" if output == "-" else output
    click.echo(f"{counted(writer.count, 'event')} in {where}{then}", err=True)
    return int(bool(writer.error))


def _listen(recorder: Recorder, writer: RecordingWriter, for_s: float | None) -> None:
    from hooks.app.shutdown import SignalHandlers
    from hooks.events import signals

    def lost(_: object, name: str, reason: str, **__: object) -> None:
        click.echo(f"{name} cannot be seen: {reason}", err=True)

    def problem(_: object, said: str, **__: object) -> None:
        click.echo(said, err=True)

    with SignalHandlers() as stop, signals.source_lost.connected_to(lost), signals.problem.connected_to(problem):
        stop.on_stop(writer.ended.set)
        recorder.start()
        writer.ended.wait(for_s)
        recorder.stop()
