"""`containers.exec`: a command inside a running container, as a list of words, with a time-out and no shell."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from handlers.shared import docker_exec
from handlers.shared.docker import docker_client, find
from handlers.shared.output import Tail, cut
from hooks.config.masking import secret_values
from hooks.config.secrets import mask
from hooks.config.settings import Settings
from hooks.handler import Context, GiveUp, Handler, Outcome, Retry

_CANNOT_RUN = frozenset({126, 127})


@dataclass(frozen=True)
class ExecArgs:
    """Arguments of `containers.exec`."""

    container: str = field(metadata={"says": "the container's name"})
    command: list[str] = field(metadata={"says": "the program inside the container and its arguments; no shell"})
    user: str | None = field(default=None, metadata={"says": "run as this user; default: the container's own"})
    workdir: str | None = field(default=None, metadata={"says": "run in this folder of the container"})
    environment: dict[str, str] | None = field(default=None, metadata={"says": "further variables"})


class Exec(Handler[ExecArgs]):
    """Run a command inside a running container and judge it by its exit code."""

    name: ClassVar[str] = "containers.exec"
    says: ClassVar[str] = "runs a command inside a running container; exit code 0 is success"
    Args: ClassVar[type] = ExecArgs

    def targets(self, args: ExecArgs, settings: Settings) -> tuple[str, ...]:  # noqa: ARG002 - the base's signature
        """The container."""
        return (f"container:{args.container}",)

    def plan(self, args: ExecArgs, ctx: Context) -> str | None:
        """That it would be run, or None."""
        with docker_client(ctx, f"read container '{args.container}'", "CONTAINERS=1") as client:
            seen = find(client, args.container, ctx)
            return f"{_what(args)} would be run" if not seen.stopped else None

    def apply(self, args: ExecArgs, ctx: Context) -> Outcome:
        """Run it to its end, or to the end of the attempt's time."""
        if not args.command:
            raise GiveUp(f"containers.exec in '{args.container}' has an empty command; give it at least a program")
        with docker_client(ctx, f"run {_what(args)}", "CONTAINERS=1, EXEC=1 and POST=1") as client:
            seen = find(client, args.container, ctx)
            if seen.stopped:
                return Outcome("skipped", f"container '{seen.name}' does not run, so {_what(args)} was not run")
            tail = Tail()
            code = docker_exec.run(
                client, seen.id, args.command, tail.add, left=ctx.left, wait=ctx.wait,
                user=args.user, workdir=args.workdir, environment=args.environment,
            )  # fmt: skip
            if code is not None:
                ctx.saw(f"exit code {code}")
            return _judge(code, tail, args)


def _judge(code: int | None, tail: Tail, args: ExecArgs) -> Outcome:
    last = cut(mask(tail.last_line(), secret_values(args.environment)))
    said = f"; it said: {last}" if last else ""
    if code is None:
        raise Retry(f"{_what(args)} was not done in time; Docker cannot end it, so it may still run inside{said}")
    if code in _CANNOT_RUN:
        raise GiveUp(f"{_what(args)} cannot be run there (exit code {code}); correct the command{said}")
    if code:
        raise Retry(f"{_what(args)} ended with exit code {code}{said}")
    return Outcome("changed", f"{_what(args)} done{said}")


def _what(args: ExecArgs) -> str:
    # the program only: arguments may hold secrets
    return f"'{args.command[0] if args.command else ''}' in container '{args.container}'"
