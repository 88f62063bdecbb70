"""gluehook itself."""

from __future__ import annotations

from collections.abc import Iterator

from hooks.doctor.checks.check import Found, check
from hooks.doctor.facts.model import Server


@check("broken", says="gluehook does not run, or is not well", why="nothing is repaired and no port is set")
def gluehook_unwell(server: Server) -> Iterator[Found]:
    """What `gluehook health` says."""
    for sentence in () if server.gluehook.healthy else server.gluehook.sentences:
        seen, _, remedy = sentence.partition(": ")
        yield Found(seen, remedy or "its log tells why", ("docker compose logs --tail 50 gluehook",))


@check(
    "risk",
    says="the rules file has errors",
    why="older rules are in force, and after a change of the state folder none",
)
def rules_rejected(server: Server) -> Iterator[Found]:
    """The rules that were good last go on."""
    if server.gluehook.rules_rejected:
        told = "each error is told with its line and what to write instead"
        yield Found(server.gluehook.rules_rejected, told, ("docker compose exec gluehook gluehook check",))
