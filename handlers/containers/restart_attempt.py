"""One restart by gluehook: how it is requested, how it is read back, and how a later run recognises it."""

from __future__ import annotations

import math
from typing import Any

from handlers.containers.companions import stopped_with_another
from handlers.containers.restart_budget import RestartBudget
from handlers.shared.docker import inspect
from hooks.docker.container import InspectedContainer
from hooks.handler import Context, Duration, Outcome, Retry

SETTLE_S = 0.5  # what crashes at once still runs when Docker answers
_CLOCKS_S = 60.0  # by so much the engine's clock may be ahead of ours
_LOG_EARLY_S = 1.0  # Podman's times of lines are whole seconds, and a container writes before its start is noted
_AFTERMATH_S = 60  # for so long beyond the stop time-out a restart that was asked for may still be under way


def started_since(seen: InspectedContainer, ctx: Context) -> bool:
    """Whether it has started after the event. A start in the future was before the clock was set back.

    A line of its own log may have a time from before the start of which it tells.
    """
    is_own_line = ctx.event.type == "container.log" and ctx.event.data.get("id") == seen.id
    return _started_after(seen, ctx.event.time / 1e9 + (_LOG_EARLY_S if is_own_line else 0.0), ctx)


def restart(client: Any, seen: InspectedContainer, stop_timeout: Duration | None, ctx: Context) -> None:
    """Restart a container that runs, or waits for its next restart; start one that is stopped."""
    if seen.stopped:
        client.start(seen.id)
        return
    stop_s = math.ceil(seen.stop_timeout_s if stop_timeout is None else stop_timeout)
    client.timeout = ctx.left() - stop_s  # docker-py adds the stop time-out again
    client.restart(seen.id, timeout=stop_s)
    client.timeout = max(ctx.left(), 1.0)


def read_back(client: Any, before: InspectedContainer, done: str, ctx: Context) -> Outcome:
    """What came of it; `done` is "restarted" or the like. Raises Retry where nothing did, or it ended at once."""
    now = inspect(client, before.id)
    if now is None:
        raise Retry(f"container '{before.name}' was {done} and is gone; it was removed meanwhile")
    if now.started_at == before.started_at:
        raise Retry(f"container '{before.name}' was to be {done}, but Docker shows no new start of it")
    if now.running:
        return Outcome("changed", f"container '{before.name}' {done}")
    if now.exit_code == 0:
        return Outcome("changed", f"container '{before.name}' {done}; it has ended again, with exit code 0")
    ctx.memory.put(_failed_key(now), now.started_at)
    raise Retry(f"container '{before.name}' was {done} and ended at once with exit code {now.exit_code}; see its log")


def failed_at_once(seen: InspectedContainer, ctx: Context) -> bool:
    """Whether it does not run because it ended at once when gluehook last started it."""
    return bool(ctx.memory.get(_failed_key(seen)) == seen.started_at)


def left_by_us(seen: InspectedContainer, ctx: Context) -> bool:
    """Whether it does not run because a restart or start of ours came to nothing: the owner did not stop it."""
    if seen.stranded or failed_at_once(seen, ctx) or stopped_with_another(seen, ctx):
        return True
    asked_s = max(RestartBudget(seen.name, ctx).spent, default=0.0)
    latest_s = asked_s + seen.stop_timeout_s + _AFTERMATH_S
    return asked_s > 0 and not _started_after(seen, asked_s, ctx) and asked_s <= seen.finished_at / 1e9 <= latest_s


def _started_after(seen: InspectedContainer, then_s: float, ctx: Context) -> bool:
    return then_s < seen.started_at / 1e9 <= ctx.now() + _CLOCKS_S


def _failed_key(seen: InspectedContainer) -> str:
    return f"containers.failed_start:{seen.name}"
