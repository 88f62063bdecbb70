"""What a check is, and what it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from hooks.doctor.facts.model import Server

Severity = Literal["broken", "risk"]  # it does not work now; or it does, and harms or will break


@dataclass(frozen=True, slots=True)
class Found:
    """One thing that is wrong: what was seen, the remedy in words, and the commands that belong to it."""

    seen: str
    fix: str
    run: tuple[str, ...] = ()  # on the host, one after the other


@dataclass(frozen=True, slots=True)
class Finding:
    """What the owner is told. No secret is in it."""

    check: str
    severity: Severity
    seen: str
    why: str
    fix: str
    run: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Check:
    """One cause of trouble. `look` is pure: facts in, what is wrong out; a fact that is missing proves nothing."""

    name: str
    severity: Severity
    says: str  # what it finds, for the reference
    why: str  # what that leads to
    look: Callable[[Server], Iterator[Found]]

    def findings(self, server: Server) -> list[Finding]:
        """What it finds on this server."""
        return [
            Finding(self.name, self.severity, found.seen, self.why, found.fix, found.run) for found in self.look(server)
        ]


def compose_up(service: str = "", *, anew: bool = False) -> str:
    """The command that brings a changed compose file into force, for one service or for all."""
    return " ".join(filter(None, ("docker compose up -d", "--force-recreate" if anew else "", service)))


def check(severity: Severity, *, says: str, why: str) -> Callable[[Callable[[Server], Iterator[Found]]], Check]:
    """Make a check of a function, whose name becomes the check's."""

    def made(look: Callable[[Server], Iterator[Found]]) -> Check:
        return Check(look.__name__.replace("_", "-"), severity, says, why, look)

    return made
