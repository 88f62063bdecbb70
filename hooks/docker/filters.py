"""What is asked of Docker's event stream: what the world needs and what a rule names, so that noise stays away."""

from __future__ import annotations

from collections.abc import Iterable

# Who exists, who runs, how it is, under which address.
_WORLD = "container.start container.die container.destroy container.rename container.healthy network.connect".split()
# Docker's word for ours, and what Podman says beside Docker's words.
_DOCKERS = {"healthy": "health_status", "unhealthy": "health_status"}
_PODMANS = {"die": "died", "destroy": "remove", "exec_die": "exec_died", "delete": "remove"}
_OF_DOCKER = frozenset("container network volume image daemon".split())


def filters(event_types: Iterable[str], *, podman: bool = False) -> dict[str, list[str]]:
    """Docker's own filters for our event types, `oom` and `exec_*` only when they are among them.

    The kinds and the words are two filters, so a word of one kind is also told of another; who receives it compares.
    Names are no filter: Docker takes them as prefixes.
    """
    asked = [kind.partition(".")[::2] for kind in {*_WORLD, *event_types}]
    asked = [(what, word) for what, word in asked if what in _OF_DOCKER]
    words = {_DOCKERS.get(word, word) for _, word in asked}
    if podman:
        words |= {_PODMANS[word] for word in words if word in _PODMANS}
    # derived ones are never told by an engine
    return {"type": sorted({what for what, _ in asked}), "event": sorted(words - {"recreated", "ip_changed"})}


def wants_exec(event_types: Iterable[str]) -> bool:
    """Whether a rule names one of `exec_*`: health checks make them all day long."""
    return any(kind.startswith("container.exec_") for kind in event_types)
