"""What Docker still knows of the latest events of one container."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from hooks.docker.client import engine
from hooks.handler import Context

_ANSWER_S = 3.0


class RecentEvent(NamedTuple):
    """One event. `at` is ns since the Unix epoch, by the engine's clock."""

    at: int
    action: str


def recent_events(
    client: Any, ident: str, actions: Sequence[str], since_s: float, ctx: Context
) -> list[RecentEvent] | None:
    """Its events of these kinds since then, the first first. None where Docker does not say so in time.

    Docker keeps the latest 256 events of all containers, and none over its own restart.
    """
    from requests.exceptions import RequestException

    now_s = ctx.now()
    if since_s >= now_s:  # the engine's clock is ahead of ours
        return []
    between = {"since": f"{since_s:.9f}", "until": f"{now_s:.9f}"}
    if engine().podman:  # which counts whole seconds only, and ends its answer without `until`
        between = {"since": str(int(since_s)), "stream": "false"}
    query = {**between, "filters": json.dumps({"container": [ident], "event": list(actions)})}
    url = f"{client.base_url}/v{client.api_version}/events"
    try:
        answer = client.get(url, params=query, timeout=min(_ANSWER_S, max(ctx.left(), 0.1)))
        found = _events(answer.content) if answer.status_code == 200 else []
    except (RequestException, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        # the first: the engine's clock is behind ours, and it waits for `until`; the others: no answer of Docker's
        return None
    return [one for one in found if one.at >= since_s * 1e9]


def _events(content: bytes) -> list[RecentEvent]:
    found = [json.loads(line) for line in content.splitlines() if line.strip()]
    return sorted(RecentEvent(int(one["timeNano"]), str(one["Action"])) for one in found)
