"""`command.run`: a program beside gluehook, as a list of words: no shell, closed stdin, its own process group."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import IO, TYPE_CHECKING, Any, ClassVar, cast

from handlers.shared.output import Tail, cut
from hooks.config.masking import secret_values
from hooks.config.secrets import mask
from hooks.config.settings import Settings
from hooks.events.catalogue import Event
from hooks.handler import Context, GiveUp, Handler, Outcome, Retry

if TYPE_CHECKING:
    from hooks.threads.lasting import LastingThread

_INHERITED = ("PATH", "HOME", "LANG")
_GRACE_S = 2.0  # between TERM and KILL, taken from the attempt's time
_PIECE_BYTES = 65536
_FLUSH_S = 1.0  # how long output may lag behind the end of the program
_CANNOT_RUN = frozenset({126, 127})
_NO_ROOM = frozenset({errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE})


@dataclass(frozen=True)
class RunArgs:
    """Arguments of `command.run`."""

    command: list[str] = field(metadata={"says": "the program and its arguments; no shell reads them"})
    environment: dict[str, str] | None = field(
        default=None, metadata={"says": "variables beside PATH, HOME, LANG and the event's GLUEHOOK_EVENT_*"}
    )
    workdir: str | None = field(default=None, metadata={"says": "the folder to run in; default: gluehook's"})


class Run(Handler[RunArgs]):
    """Run a program and judge it by its exit code."""

    name: ClassVar[str] = "command.run"
    says: ClassVar[str] = "runs a program beside gluehook; exit code 0 is success"
    Args: ClassVar[type] = RunArgs

    def targets(self, args: RunArgs, settings: Settings) -> tuple[str, ...]:  # noqa: ARG002 - the base's signature
        """The program: it is never run twice at once."""
        return (f"command:{_program(args)}",)

    def plan(self, args: RunArgs, ctx: Context) -> str | None:  # noqa: ARG002 - the base's signature
        """That it would be run."""
        return f"'{_program(args)}' would be run with {max(len(args.command) - 1, 0)} arguments"

    def apply(self, args: RunArgs, ctx: Context) -> Outcome:
        """Run it to its end, or end it with its children when the attempt's time is nearly over."""
        grace_s = min(_GRACE_S, ctx.left() / 4)
        tail, process = Tail(), _start(args, ctx.event)
        reader = _listen(cast("IO[bytes]", process.stdout), tail)
        try:
            code: int | None = process.wait(max(ctx.left() - grace_s, 0.0))
        except subprocess.TimeoutExpired:
            code = None
            _end(process, grace_s)
        reader.join(_FLUSH_S)
        if code is not None:
            ctx.saw(f"exit code {code}")
        return _judge(code, tail, args)


def environment(given: Mapping[str, str] | None, event: Event) -> dict[str, str]:
    """What the program finds in its environment. Labels are left out: they are many, and may hold secrets."""
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    facts = {"type": event.type, "subject": event.subject, "time": event.time, "origin": event.origin, **event.data}
    facts_of_event = {f"GLUEHOOK_EVENT_{k.upper()}": _text(v) for k, v in facts.items() if not isinstance(v, Mapping)}
    return {**inherited, **facts_of_event, **(given or {})}


def _text(value: Any) -> str:
    text = ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return text.replace("\0", "")


def _start(args: RunArgs, event: Event) -> subprocess.Popen[bytes]:
    if not args.command:
        raise GiveUp("command.run has an empty command; give it at least a program")
    try:
        return subprocess.Popen(
            args.command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=args.workdir,
            env=environment(args.environment, event),
            start_new_session=True,
        )
    except ValueError as error:  # NUL in an argument, = in a variable's name
        raise GiveUp(f"'{_program(args)}' cannot be run: {error}; correct the command") from None
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise Retry(f"'{_program(args)}' cannot be started now: {error.strerror}") from None
        where = "workdir" if args.workdir is not None and error.filename == args.workdir else "command"
        raise GiveUp(f"'{_program(args)}' cannot be run: {error.strerror}; correct the {where}") from None


def _listen(stdout: IO[bytes], tail: Tail) -> LastingThread:
    from hooks.threads.lasting import LastingThread

    # a thread of its own, so that neither endless output nor a child that keeps the pipe open can hold us up
    reader = LastingThread(partial(_drain, stdout, tail), "command-output", "reads a program's output")
    reader.start()
    return reader


def _drain(stdout: IO[bytes], tail: Tail) -> None:
    while piece := os.read(stdout.fileno(), _PIECE_BYTES):
        tail.add(piece)
    stdout.close()


def _end(process: subprocess.Popen[bytes], grace_s: float) -> None:
    """TERM for the program and its children, then KILL for what is left of them."""
    os.killpg(process.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(grace_s)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _judge(code: int | None, tail: Tail, args: RunArgs) -> Outcome:
    program = f"'{_program(args)}'"
    last = cut(mask(tail.last_line(), secret_values(args.environment)))
    said = f"; it said: {last}" if last else ""
    if code is None:
        raise Retry(f"{program} was not done in time and was ended with its children{said}")
    if code in _CANNOT_RUN:
        raise GiveUp(f"{program} says that something cannot be run (exit code {code}); correct the command{said}")
    if code < 0:
        raise Retry(f"{program} was ended by {signal.Signals(-code).name}{said}")
    if code == os.EX_TEMPFAIL:
        raise Retry(f"{program} asks to be tried again later (exit code {code}){said}")
    if code:
        raise Retry(f"{program} ended with exit code {code}{said}")
    return Outcome("changed", f"{program} done{said}")


def _program(args: RunArgs) -> str:
    # the program only: arguments may hold secrets
    return args.command[0] if args.command else ""
