"""A command inside a container whose output is a fact. Docker takes it by POST only, but it changes nothing."""

from __future__ import annotations

from collections.abc import Sequence

from handlers.shared import docker_exec
from handlers.shared.docker import docker_client
from handlers.shared.output import Tail
from handlers.wireguard.live import Inside
from hooks.doctor.facts.model import Docker
from hooks.handler import Context, Retry

_MOST_BYTES = 65536


def runner(ctx: Context, docker: Docker, name: str) -> Inside | None:
    """A function that runs a command in the container of this name; None while the container does not run.

    The function returns the exit code and the output, and raises Retry or GiveUp.
    """
    seen = docker.containers.get(name)
    if seen is None or not seen.running:
        return None

    def run(command: Sequence[str]) -> tuple[int, str]:
        tail, doing = Tail(_MOST_BYTES), f"run '{command[0]}' in container '{name}'"
        with docker_client(ctx, doing, "CONTAINERS=1, EXEC=1 and POST=1") as client:
            code = docker_exec.run(client, seen.id, command, tail.add, left=ctx.left, wait=ctx.wait)
        if code is None:
            raise Retry(f"cannot {doing}: it did not end in time")
        return code, tail.text

    return run
