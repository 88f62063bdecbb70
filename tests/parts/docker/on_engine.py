"""Handlers put to a real engine: what is asked of it, and what an attempt comes to."""

from __future__ import annotations

import time
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from hooks.events.catalogue import Event
from hooks.handler import Context, GiveUp, Handler, Outcome, Retry
from tests.handlers.cases_general import docker_at
from tests.handlers.contract import Clock, Notes, context
from tests.parts.docker.dockerd import Dockerd


def composed(service: str, *depends_on: str) -> dict[str, str]:
    """The labels that Compose gives a service's container."""
    label = "com.docker.compose"
    return {
        f"{label}.project": "home", f"{label}.service": service, f"{label}.project.working_dir": "/srv",
        f"{label}.project.config_files": "/srv/compose.yaml",
        f"{label}.depends_on": ",".join(f"{name}:service_started:true" for name in depends_on),
    }  # fmt: skip


def inspected(engine: Dockerd, name: str) -> dict[str, Any]:
    """The whole answer about a container."""
    with closing(engine.client()) as client:
        return dict(client.inspect_container(name))


def state(engine: Dockerd, name: str) -> dict[str, Any]:
    """Its state alone."""
    return dict(inspected(engine, name)["State"])


def namespace(engine: Dockerd, name: str) -> str:
    """The network namespace that a running container is in: of the process that Docker shows before and after."""
    end_s = time.monotonic() + 10
    while True:
        pid = state(engine, name)["Pid"]
        with suppress(OSError):  # it has ended meanwhile; Docker will show the next one, or that it does not run
            found = str(Path(f"/proc/{pid}/ns/net").readlink())
            if state(engine, name)["Pid"] == pid:
                return found
        assert time.monotonic() < end_s, f"{name} does not run: {state(engine, name)}"


def now(engine: Dockerd, *, memory: Notes | None = None, timeout_s: float = 20.0, **more: Any) -> Context:
    """The context of an event that happens now, on the clock that the engine has too."""
    end_s = time.monotonic() + timeout_s
    event = Event("container.die", "other", time.time_ns())
    more = {"event": event, "docker": docker_at(engine.host), **more}
    ctx = context(clock=Clock(time.time()), memory=memory or Notes(), **more)
    return replace(ctx, left=lambda: end_s - time.monotonic(), now=time.time)


def ends(handler: Handler[Any], args: Any, ctx: Context) -> tuple[str, str]:
    """How an attempt ends, as (status or error word, what is said)."""
    try:
        outcome = handler.apply(args, ctx)
    except (Retry, GiveUp) as end:
        return type(end).__name__, end.said
    assert isinstance(outcome, Outcome)
    return outcome.status, outcome.said
