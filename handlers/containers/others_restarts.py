"""Whether somebody else restarts a container that `containers.rejoin` is about to restart.

Compose restarts a container after its parent where its `depends_on` has `restart: true` and the parent was restarted on
request; Docker does so by its restart policy where it ended with the one whose processes it shares. rejoin_attempt.py
asks just before it restarts one. A parent that crashed, or came up by its restart policy, is no request.
A container that takes long to stop is found by the signal that was sent to it: it is then looked at again later.
"""

from __future__ import annotations

from typing import Any

from handlers.containers import compose
from handlers.containers.dependents import Dependent
from handlers.containers.recent_events import recent_events
from handlers.containers.restart_budget import RestartBudget
from handlers.shared.docker import inspect
from hooks.docker.client import engine
from hooks.docker.container import InspectedContainer
from hooks.handler import Context, Retry

_LOOKS, _LOOK_S = 15, 0.3  # Compose asks every half second whether the parent is healthy; a busy machine is far slower
_OURS_S = 90.0  # a restart that gluehook asked for has ended by then
_BEFORE_S = 60.0  # a stop that belongs to this start was not earlier
_REQUESTS = ["restart", "stop"]  # the first comes some time after the start, the second before it
_KILLED_AFTER_S = 10.0  # beyond the stop time-out: what still runs then was not stopped by the signal


def started_by_another(client: Any, one: Dependent, ctx: Context) -> bool:
    """Whether somebody else has started it since it was inspected, where that is to be expected.

    Raises Retry while somebody else is about to: it has been sent a signal, or has ended.
    """
    labels, holder = one.seen.labels, one.joins.labels
    by_compose = compose.project(labels) and compose.project(labels) == compose.project(holder)
    if by_compose and compose.service(holder) in compose.restarts_with(labels):
        return _compose_has_started(client, one, ctx)
    return "processes" in one.seen.shares and _is_new_start(inspect(client, one.seen.id), one.seen)


def _compose_has_started(client: Any, one: Dependent, ctx: Context) -> bool:
    started_s = one.holder_started_at / 1e9
    if any(0 <= started_s - asked_s < _OURS_S for asked_s in RestartBudget(one.joins.name, ctx).spent):
        return False
    # Podman does not report each restart as one (5.8)
    if not engine().podman and _has_event(client, one.joins.id, _REQUESTS, started_s - _BEFORE_S, ctx) is False:
        return False
    signalled: bool | None = False
    for _ in range(_LOOKS):
        ctx.wait(_LOOK_S)
        now = inspect(client, one.seen.id)
        if _is_new_start(now, one.seen):
            return True
        if signalled is not None:  # else Docker would not answer again
            signalled = _was_sent_a_signal(client, one, ctx)
        if signalled or (one.seen.running and now is not None and not now.running):
            raise Retry(
                f"container '{one.seen.name}' is being stopped by Compose or by somebody else; it is checked again"
            )
    return False


def _is_new_start(now: InspectedContainer | None, before: InspectedContainer) -> bool:
    return now is not None and now.running and now.started_at not in (before.started_at, 0)


def _was_sent_a_signal(client: Any, one: Dependent, ctx: Context) -> bool | None:
    """Whether Docker has sent it a signal that may still end it. None where Docker does not say so in time.

    `docker stop` and `docker restart` send the stop signal first. Podman reports no event of it.
    """
    lately_s = ctx.now() - one.seen.stop_timeout_s - _KILLED_AFTER_S
    return _has_event(client, one.seen.id, ["kill"], max(one.seen.started_at / 1e9, lately_s), ctx)


def _has_event(client: Any, ident: str, actions: list[str], since_s: float, ctx: Context) -> bool | None:
    """Whether Docker has one of these events of a container since then. None where it does not say so in time."""
    found = recent_events(client, ident, actions, since_s, ctx)
    return None if found is None else bool(found)
