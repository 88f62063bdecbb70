"""Recorded lines replayed with small rules: the rows that are decided, and evenings by chance."""

from __future__ import annotations

import io
import random
from collections.abc import Iterable, Sequence
from itertools import chain

from handlers import HANDLERS
from hooks.rules.rule_tests import Assumed
from hooks.rules.table import Table
from hooks.rules_file import reader
from hooks.workbench.decisions import Decision
from hooks.workbench.recording import Recording
from hooks.workbench.replay import Replay, turns
from tests.parts.places import TOP
from tests.parts.values.recorded import BEGAN_NS, S, ours, port
from tests.parts.values.rules_text import table_of

WEB = """
[[rule]]
name = "web"
on = {{ event = "container.die", container = "web" }}
{more}
do = {do}
"""
RESTART = '{ use = "containers.restart", container = "web" }'


def web(more: str = "", do: str = RESTART) -> Table:
    """One rule for web's death."""
    return table_of(WEB.format(more=more, do=do))


def shipped() -> Table:
    """The rules that ship."""
    found = reader.load(TOP / "rules.toml", HANDLERS)
    assert isinstance(found, Table)
    return found


SHIPPED = shipped()


def decided(rules_: Table, *lines: bytes, end_s: float = 0.0, **assume: Sequence[Assumed]) -> list[Decision]:
    """All rows; time goes on until `end_s` from the begin, at least to the last line."""
    names = {name.replace("_", "-") if "." not in name else name: how for name, how in assume.items()}
    replay = Replay(rules_, assume=names)
    recording = Recording("r", io.BytesIO(b"".join(lines)), accepts=replay.accepts)
    rows = list(chain.from_iterable(turns(replay, recording, lambda: max(recording.last, BEGAN_NS + round(end_s * S)))))
    assert recording.problems == []
    return rows


def brief(rows: Iterable[Decision], *kinds: str) -> list[tuple[float, str, str]]:
    """When, from the begin, what, and of which rule."""
    return [((row.at - BEGAN_NS) / S, row.kind, row.rule) for row in rows if not kinds or row.kind in kinds]


def random_lines(seed: int, most: int = 60) -> list[bytes]:
    """An evening on the server that the shipped rules are for."""
    chance, at, lines = random.Random(seed), 0.0, []
    for _ in range(chance.randrange(5, most)):
        at += chance.choice((0, 0.5, 20, 100, 200, 1000))
        what = chance.choice(
            ("port", "cleared", "die", "start", "healthy", "unhealthy", "lost", "qb", "adguard", "other")
        )
        match what:
            case "port":
                lines.append(port(at, chance.randrange(1024, 65536)))
            case "cleared":
                lines.append(ours(at, "port.cleared", "gluetun", container="gluetun"))
            case "lost":
                word = chance.choice(("lost", "restored"))
                lines.append(ours(at, f"source.{word}", "docker", name="docker"))
            case "qb" | "adguard" | "other":
                name = {"qb": "qbittorrent"}.get(what, what)
                lines.append(ours(at, "container.start", name, container=name, id="x"))
            case _:
                lines.append(ours(at, f"container.{what}", "gluetun", container="gluetun", id=chance.choice("ab")))
    return lines
