"""What a check is, and what it finds.

`hooks.doctor.examine` runs the checks; each module beside this one holds those of one target.
A check is a generator function with the decorator `broken` or `risk`. The function's name is the check's name, the
first line of its docstring says what it finds, and the decorator's argument says what that leads to: all three stand
in docs/doctor.md. A module may also make a `Check` itself, as for the refusals of the Web UI. Within a module the
checks run in the order in which they stand there.

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


@dataclass(frozen=True, slots=True)
class Check:
    """One cause of trouble."""

    name: str
    severity: Severity
    finds: str
    why: str  # what the trouble leads to
    find: Callable[[Server], Iterator[Finding]]

    def findings(self, server: Server) -> list[Finding]:
        """What it finds on this server, complete."""
        return [replace(found, check=self.name, severity=self.severity, why=self.why) for found in self.find(server)]


Find = Callable[[Server], Iterator[Finding]]


def broken(why: str) -> Callable[[Find], Check]:
    """Make a function a check for what does not work now; `why` says what that leads to."""
    return partial(_check, "broken", why)


def risk(why: str) -> Callable[[Find], Check]:
    """Make a function a check for what works now and does harm or will break; `why` says what that leads to."""
    return partial(_check, "risk", why)


def _check(severity: Severity, why: str, find: Find) -> Check:
    finds = (find.__doc__ or "").partition("\n")[0].removesuffix(".")
    return Check(find.__name__.replace("_", "-"), severity, finds, why, find)


def compose_up(service: str = "", *, recreate: bool = False) -> str:
    """The command that applies a changed compose file to one service, or to all."""
    return " ".join(filter(None, ("docker compose up -d", "--force-recreate" if recreate else "", service)))


def logs(name: str) -> str:
    """The command that shows the end of a container's log."""
    return f"docker logs --tail 50 {name}"
