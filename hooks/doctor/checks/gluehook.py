"""Checks of gluehook itself."""

from __future__ import annotations

from collections.abc import Iterator

from hooks.doctor.checks.check import Finding, broken, risk
from hooks.doctor.checks.commands import gluehook_log, in_gluehook
from hooks.doctor.facts.model import Server
from hooks.runtime.heartbeat import NO_PORT


@broken("nothing is repaired and no port is set", follows=("docker-unreachable",))
def gluehook_unwell(server: Server) -> Iterator[Finding]:
    """gluehook does not run, or is not healthy."""
    # The sentences are those of `gluehook health`. That there is no port is no fault of gluehook's: `port-missing`.
    for sentence in () if server.gluehook.healthy else server.gluehook.sentences:
        seen, _, remedy = sentence.partition(": ")
        if not sentence.startswith(NO_PORT):
            yield Finding(seen, remedy or "its log shows why", gluehook_log(server))


@risk("the last good rules stay in force; with another state folder there would be none")
def rules_rejected(server: Server) -> Iterator[Finding]:
    """The rules file has errors."""
    if server.gluehook.rules_rejected:
        fix = "the command shows each error with its line and what to write instead"
        yield Finding(server.gluehook.rules_rejected, fix, in_gluehook(server, "check"))


@broken("gluehook signs in without it, or leaves out the step that needs it")
def secret_without_value(server: Server) -> Iterator[Finding]:
    """A table or a rule names a secret that has no value, or a secret's file cannot be used."""
    for sentence in server.secrets:
        seen, _, fix = sentence.partition("; ")
        yield Finding(seen, fix)
