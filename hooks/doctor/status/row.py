"""One row of the status table, and the functions that all its parts use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hooks.doctor.facts.derived import acted
from hooks.doctor.facts.model import Server
from hooks.world.model import Container

State = Literal["well", "wrong", "unknown", "note"]
"""unknown: it could not be read; note: it is not here, or is neither good nor bad."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    part: str
    what: str
    state: State
    says: str


def container_row(server: Server, part: str, name: str) -> Row | None:
    """The row of a container, or None if Docker knows no container of this name."""
    seen = server.containers.get(name)
    if seen is None:
        return None
    if not seen.running:
        by_rule = ": a rule of gluehook has stopped it" if acted(server, name, "stopped") else ""
        return Row(part, "container", "wrong", f"'{name}' does not run (exit code {seen.exit_code}){by_rule}")
    if (listed := server.listed.get(name)) and listed.paused:
        by_rule = ", by a rule of gluehook" if acted(server, name, "paused") else ""
        return Row(part, "container", "wrong", f"'{name}' is paused{by_rule}")
    health = f", {seen.health}" if seen.health else ""
    state: State = "wrong" if seen.health == "unhealthy" else "unknown" if seen.health == "starting" else "well"
    return Row(part, "container", state, f"runs{health}{_since(seen, server.now_s)}")


def _since(seen: Container, now_s: float) -> str:
    return f", for {ago(now_s - seen.started_at / 1e9)}" if seen.started_at else ""


def answers(server: Server, name: str) -> bool:
    """Whether its programs could answer: it runs and is not paused."""
    one = server.listed.get(name)
    return server.containers[name].running and not (one and one.paused)


def without_advice(why: str) -> str:
    """What happened, without the remedy behind it, which the doctor shows."""
    return why.partition("; ")[0].partition(": mount it")[0]


def ago(span_s: float) -> str:
    """A span in its largest whole unit: 42s, 7m, 3h, 12d."""
    for unit, size_s in (("d", 86400), ("h", 3600), ("m", 60)):
        if span_s >= size_s:
            return f"{span_s / size_s:.0f}{unit}"
    return f"{max(0.0, span_s):.0f}s"
