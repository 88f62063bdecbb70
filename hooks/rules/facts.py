"""What conditions are judged by: the facts that the caller hands in. Nothing is read here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, get_args

from hooks.rules.time_windows import Clock

Standing = Literal["running", "stopped", "paused", "healthy", "unhealthy", "absent"]
STANDINGS: tuple[Standing, ...] = get_args(Standing)
"""What a container can be, for `is`: a paused one is only paused, a healthy one also running."""
PortStanding = Literal["forwarded", "open"]
PORT_STANDINGS: tuple[PortStanding, ...] = get_args(PortStanding)
Seen = tuple[Standing, ...]
"""What a container is: ("running", "healthy"), ("paused",), …"""
ABSENT: Seen = ("absent",)


class Facts(Protocol):
    """What is known when conditions are judged. What cannot be seen now is None."""

    @property
    def clock(self) -> Clock:
        """The wall clock."""

    def seen(self, name: str) -> Seen | None:
        """What the container of this name is."""

    def of_role(self, role: str) -> Sequence[str] | None:
        """The names of the containers that have this role."""

    def port(self, gluetun: str) -> bool | None:
        """Whether this gluetun forwards a port, "" for the main one."""

    def reach(self, gluetun: str) -> bool | None:
        """Whether peers reach a torrent client on that port."""


@dataclass(frozen=True, slots=True)
class Unseen:
    """The facts where nothing but the time is known."""

    clock: Clock = Clock(0.0, lambda _: 0.0)  # noqa: RUF009 - it never changes

    def seen(self, name: str) -> Seen | None:  # noqa: ARG002 - as `Facts` says
        """It is not known."""
        return None

    def of_role(self, role: str) -> Sequence[str] | None:  # noqa: ARG002 - as `Facts` says
        """They are not known."""
        return None

    def port(self, gluetun: str) -> bool | None:  # noqa: ARG002 - as `Facts` says
        """It is not known."""
        return None

    def reach(self, gluetun: str) -> bool | None:  # noqa: ARG002 - as `Facts` says
        """It is not known."""
        return None


@dataclass(frozen=True, slots=True)
class Later:
    """The same facts so many seconds later on the clock, as far as nothing else changes until then."""

    facts: Facts
    seconds: float

    @property
    def clock(self) -> Clock:
        """The wall clock then."""
        return self.facts.clock.later(self.seconds)

    def seen(self, name: str) -> Seen | None:
        """As now."""
        return self.facts.seen(name)

    def of_role(self, role: str) -> Sequence[str] | None:
        """As now."""
        return self.facts.of_role(role)

    def port(self, gluetun: str) -> bool | None:
        """As now."""
        return self.facts.port(gluetun)

    def reach(self, gluetun: str) -> bool | None:
        """As now."""
        return self.facts.reach(gluetun)


UNSEEN = Unseen()


def unseen() -> Facts:
    """Nothing is known, not even the time."""
    return UNSEEN


def standing(*, running: bool, paused: bool = False, health: str = "") -> Seen:
    """What a container is that is there."""
    if not running:
        return ("stopped",)
    if paused:
        return ("paused",)
    return _RUNNING.get(health, ("running",))


_RUNNING: dict[str, Seen] = {"healthy": ("running", "healthy"), "unhealthy": ("running", "unhealthy")}
