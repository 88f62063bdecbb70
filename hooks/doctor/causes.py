"""Puts findings under their causes, and in the order in which to mend them.

`hooks.doctor.examine` hands over what the checks have found. A finding follows from another if its check names the
other's check in `follows`, and if the other's trouble reaches what it is about: both are about the same container, or
it is about one in the other's network, or one of them is about the whole server. So an AdGuard that is stopped explains
nothing about qBittorrent, and a stopped gluetun does.

Guaranteed: pure; every finding that was handed over is in the answer once. A finding that follows from others stands
under the first of them, and has no remedy of its own: that would be a wrong one. First come the findings that explain
something broken or are broken themselves, then the risks; among them the order of the checks holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from hooks.doctor.checks.check import Check, Finding
from hooks.doctor.facts.derived import namespace_holders
from hooks.doctor.facts.model import Server


def arrange(server: Server, found: Sequence[Finding], checks: Iterable[Check]) -> list[Finding]:
    """The findings with their causes and consequences, each after its cause. `found` is in the order of `checks`."""
    follows = {check.name: check.follows for check in checks}
    causes = {
        n: [
            m for m, cause in enumerate(found[:n]) if cause.check in follows[one.check] and _reaches(server, cause, one)
        ]
        for n, one in enumerate(found)
    }
    below = {n: [m for m in causes if n in _all_causes(m, causes)] for n in causes}
    roots = sorted((n for n in causes if not causes[n]), key=lambda n: _urgency(found, [n, *below[n]]))
    order = list(dict.fromkeys(m for n in roots for m in (n, *below[n])))
    return [_placed(found[n], [found[m] for m in causes[n]], [found[m] for m in below[n]]) for n in order]


def _placed(one: Finding, causes: Sequence[Finding], below: Sequence[Finding]) -> Finding:
    names, following = (tuple(dict.fromkeys(other.check for other in those)) for those in (causes, below))
    if causes:  # its own remedy would be a wrong one as long as its cause is there
        one = replace(one, fix=f"mend {names[0]} first: it follows from that, and goes with it", run=())
    return replace(one, causes=names, consequences=following)


def _all_causes(n: int, causes: Mapping[int, Sequence[int]]) -> set[int]:
    return {n for m in causes[n] for n in (m, *_all_causes(m, causes))}


def _urgency(found: Sequence[Finding], those: Iterable[int]) -> int:
    return 0 if any(found[n].severity == "broken" for n in those) else 1


def _reaches(server: Server, cause: Finding, one: Finding) -> bool:
    return not cause.about or not one.about or cause.about in (one.about, *namespace_holders(server, one.about))
