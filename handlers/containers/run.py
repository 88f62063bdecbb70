"""`containers.run`: a short-lived container from an image that is there, removed when it ends or its time is over."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, ClassVar

from handlers.containers.mounts import CURE, mount
from handlers.containers.short_lived import LABEL, named, remove_leftovers
from handlers.shared.docker import docker_client, inspect
from handlers.shared.output import Tail, cut
from hooks.config.masking import secret_values
from hooks.config.secrets import mask
from hooks.config.settings import Settings
from hooks.docker.answers import is_absent
from hooks.handler import Context, Duration, GiveUp, Handler, Outcome, Problem, Retry

_CANNOT_RUN = frozenset({126, 127})
_LINES = 20  # of its output that are read
_RESERVE_S = 2.0  # to read its output and to say how it ended
_POLL_S = (0.1, 1.0)  # the first and the longest pause between two looks at it
_LOG = {"Type": "json-file", "Config": {"max-size": "1m"}}  # whatever it says, the disk does not fill


@dataclass(frozen=True)
class RunArgs:
    """Arguments of `containers.run`."""

    image: str = field(metadata={"says": "the image; it is never pulled"})
    command: list[str] | None = field(
        default=None, metadata={"says": "the program and its arguments, no shell; default: the image's own"}
    )
    mounts: list[str] | None = field(
        default=None, metadata={"says": '"SOURCE:TARGET" or "SOURCE:TARGET:ro": a path of the host, or a volume'}
    )
    network: str | None = field(
        default=None, metadata={"says": 'a network, "none", "host" or "container:NAME"; default: Docker\'s own'}
    )
    environment: dict[str, str] | None = field(default=None, metadata={"says": "its variables"})
    user: str | None = field(default=None, metadata={"says": "run as this user; default: the image's own"})
    workdir: str | None = field(default=None, metadata={"says": "run in this folder of the container"})
    timeout: Duration | None = field(
        default=None, metadata={"says": "how long it may run before it is killed; default: the attempt's time"}
    )


class Run(Handler[RunArgs]):
    """Make it, run it, judge it by its exit code, and remove it with its anonymous volumes, whatever happens."""

    name: ClassVar[str] = "containers.run"
    says: ClassVar[str] = "runs a short-lived container from an image that is there; exit code 0 is success"
    Args: ClassVar[type] = RunArgs

    @classmethod
    def problem(cls, given: Mapping[str, Any]) -> Problem | None:
        """An image without a name, an empty command, or a mount that Docker could not take."""
        if not str(given.get("image", "x")).strip():
            return Problem("wrong-argument", "image", "image of containers.run is empty", 'write image = "busybox"')
        if given.get("command") == []:
            return Problem("wrong-argument", "command", "command of containers.run is empty", "leave it out")
        for written in given.get("mounts") or ():
            try:
                if "${" not in str(written):
                    mount(written)
            except ValueError as error:
                return Problem("wrong-argument", "mounts", str(error), CURE)
        return None

    def targets(self, args: RunArgs, settings: Settings) -> tuple[str, ...]:  # noqa: ARG002 - the base's signature
        """The image: it is never run twice at once."""
        return (f"image:{args.image}",)

    def plan(self, args: RunArgs, ctx: Context) -> str | None:  # noqa: ARG002 - the base's signature
        """That it would be run."""
        return f"{_what(args)} would be run"

    def apply(self, args: RunArgs, ctx: Context) -> Outcome:
        """Run it to its end, or to the end of its time."""
        configuration = _configuration(args, ctx)
        with docker_client(ctx, f"run {_what(args)}", "CONTAINERS=1 and POST=1") as client:
            remove_leftovers(client, ctx)
            with named(client, ctx) as name:
                ident = _create(client, configuration, name, args)
                client.start(ident)
                code = _wait(client, ident, args, ctx)
                return _judge(code, _output(client, ident, args, ctx), args, ctx)


def _configuration(args: RunArgs, ctx: Context) -> dict[str, Any]:
    """What Docker makes it from."""
    try:
        mounts = [mount(written) for written in args.mounts or ()]
    except ValueError as error:
        raise GiveUp(f"{_what(args)} was not run: {error}; {CURE}") from None
    host = {"Mounts": mounts, "LogConfig": _LOG, **({"NetworkMode": args.network} if args.network else {})}
    given = {"Cmd": args.command, "User": args.user, "WorkingDir": args.workdir}
    variables = [f"{name}={value}" for name, value in (args.environment or {}).items()]
    return {
        "Image": args.image, "Env": variables, "Labels": {LABEL: ctx.run}, "HostConfig": host,
        "StopSignal": "SIGKILL",  # when it is removed it has had its time; Podman would wait 10 s for it to obey TERM
        **{key: value for key, value in given.items() if value},
    }  # fmt: skip


def _create(client: Any, configuration: dict[str, Any], name: str, args: RunArgs) -> str:
    from docker.errors import APIError

    try:
        return str(client.create_container_from_config(configuration, name)["Id"])
    except APIError as error:
        if is_absent(error) and "image" in str(error.explanation).lower():
            cure = f"run: docker pull {args.image}"
            raise GiveUp(f"{_what(args)} was not run: Docker has no image '{args.image}'; {cure}") from None
        raise
    except (KeyError, TypeError):
        raise Retry(f"cannot run {_what(args)}: Docker's answer is not one of a Docker engine") from None


def _wait(client: Any, ident: str, args: RunArgs, ctx: Context) -> int | None:
    """Its exit code; None if it still runs when its time is over. Raises Retry when gluehook stops meanwhile."""
    ends_s = ctx.left() - min(_RESERVE_S, ctx.left() / 4)
    ends_s = min(ends_s, args.timeout) if args.timeout is not None else ends_s
    began_left_s, pause_s = ctx.left(), _POLL_S[0]
    while True:
        client.timeout = max(ctx.left(), 0.1)
        now = inspect(client, ident)
        if now is None:
            raise Retry(f"the container of {_what(args)} was removed by somebody else before it ended")
        if now.stopped:
            return now.exit_code
        rest_s = ends_s - (began_left_s - ctx.left())
        if rest_s <= 0:
            return None
        ctx.wait(min(pause_s, rest_s))
        pause_s = min(2 * pause_s, _POLL_S[1])


def _output(client: Any, ident: str, args: RunArgs, ctx: Context) -> list[str]:
    """The last lines that it said, masked; none where the engine does not show them: it is judged by its exit code."""
    from docker.errors import DockerException
    from requests.exceptions import RequestException

    tail = Tail()
    client.timeout = max(ctx.left(), 0.5)
    with suppress(DockerException, RequestException):  # Podman 4 cannot read a log that it has just cut
        tail.add(bytes(client.logs(ident, stdout=True, stderr=True, tail=_LINES)))
    values = secret_values(args.environment)
    return [cut(mask(line.strip(), values)) for line in tail.text.splitlines() if line.strip()]


def _judge(code: int | None, lines: list[str], args: RunArgs, ctx: Context) -> Outcome:
    if code is not None:
        ctx.saw(f"exit code {code}")
    if len(lines) > 1:
        ctx.saw(cut(f"it said: {' | '.join(lines[-5:])}"))
    said = f"; it said: {lines[-1]}" if lines else ""
    if code is None:
        raise Retry(f"{_what(args)} was not done in time and was killed{said}")
    if code in _CANNOT_RUN:
        raise GiveUp(f"{_what(args)} cannot be run (exit code {code}); correct the command{said}")
    if code == os.EX_TEMPFAIL:
        raise Retry(f"{_what(args)} asks to be tried again later (exit code {code}){said}")
    if code:
        raise Retry(f"{_what(args)} ended with exit code {code}{said}")
    return Outcome("changed", f"{_what(args)} done{said}")


def _what(args: RunArgs) -> str:
    # the program only: arguments may hold secrets
    return f"'{args.command[0]}' of image '{args.image}'" if args.command else f"image '{args.image}'"
