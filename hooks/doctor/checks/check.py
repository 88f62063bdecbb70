"""What a check is, and what it finds.

`hooks.doctor.examine` runs the checks; each module beside this one holds those of one target.
A check is a generator function with the decorator `broken` or `risk`. The function's name is the check's name, the
first line of its docstring says what it finds, and the decorator's argument says what that leads to: all three stand
in docs/doctor.md. A module may also make a `Check` itself, as for the refusals of the Web UI. Within a module the
checks run in the order in which they stand there.

`follows` of a check names the checks whose troubles explain its own: hooks/doctor/causes.py then lists its finding
under theirs. Only an earlier check can be named, so there are no circles (tests/doctor/test_causes.py).

Guaranteed: a check is pure (facts in, findings out), it never raises for a fact that is missing or could not be read,
and such a fact proves nothing. No secret is in a finding: of a container's variables only single, harmless ones are
shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Literal

from hooks.doctor.facts.model import Server

Severity = Literal["broken", "risk"]
"""broken: it does not work now; risk: it works now, and does harm or will break."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One trouble of this server. A check gives `seen`, `fix` and `run`; the other fields are the check's own."""

    check: str = field(default="", kw_only=True)
    severity: Severity = field(default="broken", kw_only=True)
    seen: str  # what was read on this server
    why: str = field(default="", kw_only=True)
    fix: str  # what to do, in words
    run: tuple[str, ...] = ()  # commands to run on the host, one after the other
    about: str = ""  # the container whose trouble it is; "" for the whole server
    causes: tuple[str, ...] = field(default=(), kw_only=True)  # the checks whose findings explain this one
    consequences: tuple[str, ...] = field(default=(), kw_only=True)  # the checks whose findings this one explains


@dataclass(frozen=True, slots=True)
class Check:
    """One cause of trouble."""

    name: str
    severity: Severity
    finds: str
    why: str  # what the trouble leads to
    find: Callable[[Server], Iterator[Finding]]
    follows: tuple[str, ...] = ()  # the names of the checks whose troubles explain this one

    def findings(self, server: Server) -> list[Finding]:
        """What it finds on this server, complete."""
        return [replace(found, check=self.name, severity=self.severity, why=self.why) for found in self.find(server)]


Find = Callable[[Server], Iterator[Finding]]
NO_NETWORK = (
    "container-down", "container-paused", "dependent-waiting", "dependent-stale", "dependent-stranded",
    "dependent-elsewhere", "orphaned",
)  # fmt: skip
"""The checks that explain why nothing reaches a container, or its programs answer nothing."""
NO_TUNNEL = ("tunnel-down", "gluetun-unhealthy")
"""The checks that explain why there is no tunnel in a network namespace of gluetun's."""


def broken(why: str, follows: tuple[str, ...] = ()) -> Callable[[Find], Check]:
    """Make a function a check for what does not work now; `why` says what that leads to."""
    return partial(_check, "broken", why, follows)


def risk(why: str, follows: tuple[str, ...] = ()) -> Callable[[Find], Check]:
    """Make a function a check for what works now and does harm or will break; `why` says what that leads to."""
    return partial(_check, "risk", why, follows)


def _check(severity: Severity, why: str, follows: tuple[str, ...], find: Find) -> Check:
    finds = (find.__doc__ or "").partition("\n")[0].removesuffix(".")
    return Check(find.__name__.replace("_", "-"), severity, finds, why, find, follows)
