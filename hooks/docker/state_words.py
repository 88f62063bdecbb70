"""How a container is, in the words of `docker ps`, for the trace of a run."""

from __future__ import annotations

from hooks.docker.container import InspectedContainer
from hooks.events.wall_clock import local_time


def state_words(seen: InspectedContainer) -> str:
    """ "container 'web' is running, unhealthy, started 2026-11-28 09:12:40" or "… is exited, exit code 137"."""
    if seen.never_started:
        return f"container '{seen.name}' was never started"
    if seen.restarting:
        return f"container '{seen.name}' is restarting, last exit code {seen.exit_code}"
    if not seen.running:
        return f"container '{seen.name}' is exited, exit code {seen.exit_code}{_since('ended', seen.finished_at)}"
    is_, health = "paused" if seen.paused else "running", f", {seen.health}" if seen.health else ""
    return f"container '{seen.name}' is {is_}{health}{_since('started', seen.started_at)}"


def _since(word: str, at: int) -> str:
    return f", {word} {local_time(at / 1e9)}" if at else ""
