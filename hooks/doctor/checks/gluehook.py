"""Checks of gluehook itself."""

from __future__ import annotations

from collections.abc import Iterator

from hooks.doctor.checks.check import Finding, broken, risk
from hooks.doctor.facts.model import Server


@broken("nothing is repaired and no port is set")
def gluehook_unwell(server: Server) -> Iterator[Finding]:
    """gluehook does not run, or is not healthy."""
    # the sentences are those of `gluehook health`
    for sentence in () if server.gluehook.healthy else server.gluehook.sentences:
        seen, _, remedy = sentence.partition(": ")
        yield Finding(seen, remedy or "its log shows why", ("docker compose logs --tail 50 gluehook",))


@risk("the last good rules stay in force; with another state folder there would be none")
def rules_rejected(server: Server) -> Iterator[Finding]:
    """The rules file has errors."""
    if server.gluehook.rules_rejected:
        fix = "the command shows each error with its line and what to write instead"
        yield Finding(server.gluehook.rules_rejected, fix, ("docker compose exec gluehook gluehook check",))
