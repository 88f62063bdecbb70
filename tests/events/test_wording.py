"""Suggestions for misspelt words: near ones are found, opposites are never proposed."""

from __future__ import annotations

import pytest

from handlers import HANDLERS
from hooks.events.catalogue import CATALOGUE
from hooks.events.wording import counted, did_you_mean, nearest

_PAIRS = (
    "container.start container.stop", "container.pause container.unpause", "rule.pause rule.resume",
    "port.forwarded port.cleared", "container.healthy container.unhealthy", "source.lost source.restored",
    "rules.loaded rules.rejected", "network.connect network.disconnect", "volume.mount volume.unmount",
    "image.tag image.untag", "image.load image.save", "image.pull image.push", "container.attach container.detach",
    "wireguard.handshake wireguard.stale", "file.written file.removed", "file.written file.emptied", "min max",
)  # fmt: skip
_OF_HANDLERS = (
    "containers.start containers.stop", "containers.restart containers.stop", "containers.pause containers.unpause",
    "containers.start containers.pause", "gluetun.start_vpn gluetun.stop_vpn", "gluetun.restart_vpn gluetun.stop_vpn",
)  # fmt: skip
# as a table of handlers has them; not the table itself, which grows
_VERBS = "containers.restart containers.start containers.exec gluetun.restart_vpn qbittorrent.set_port".split()


@pytest.mark.parametrize(("one", "opposite"), [pair.split() for pair in _PAIRS])
def test_the_opposite_is_never_suggested(one: str, opposite: str) -> None:
    assert nearest(one, [opposite]) == ""
    assert nearest(opposite, [one]) == ""


@pytest.mark.parametrize(("word", "meant"), [
    ("containers.stop", ""), ("containers.stp", ""), ("containers.halt", ""), ("containers.strat", "containers.start"),
    ("containers.restat", "containers.restart"), ("container.restart", "containers.restart"),
    ("gluetun.restart", "gluetun.restart_vpn"),
    ("qbitorrent.set_port", "qbittorrent.set_port"),
])  # fmt: skip
def test_handlers(word: str, meant: str) -> None:
    assert nearest(word, _VERBS) == meant


@pytest.mark.parametrize(("word", "meant"), [
    ("containers.stp", "containers.stop"), ("containers.strat", "containers.start"), ("containers.halt", ""),
    ("containers.puase", "containers.pause"), ("containers.unpuase", "containers.unpause"),
    ("containers.unpaus", "containers.unpause"), ("containers.resume", ""),
    ("containers.unstop", ""), ("containers.unstart", ""), ("containers.unrestart", ""), ("gluetun.unstop_vpn", ""),
    ("containers.suspend", ""), ("container.stop", "containers.stop"), ("container.start", "containers.start"),
    ("containers.kill", ""), ("containers.signl", "containers.signal"),
    ("gluetun.stop_vpm", "gluetun.stop_vpn"), ("gluetun.strat_vpn", "gluetun.start_vpn"),
    ("gluetun.stop", "gluetun.stop_vpn"), ("gluetun.start", "gluetun.start_vpn"),
])  # fmt: skip
def test_the_table_as_it_is(word: str, meant: str) -> None:
    near = nearest(word, HANDLERS)
    assert near == meant


@pytest.mark.parametrize("gone", HANDLERS)
def test_a_handler_that_is_not_there_is_never_answered_by_its_opposite(gone: str) -> None:
    opposite = {pair.split()[way]: pair.split()[1 - way] for pair in _OF_HANDLERS for way in (0, 1)}
    others = [name for name in HANDLERS if name != gone]
    assert nearest(gone, others) != opposite.get(gone, gone)


@pytest.mark.parametrize(("word", "meant"), [
    ("port.change", "port.changed"), ("port.chnged", "port.changed"), ("port.lost", ""), ("source.down", "source.lost"),
    ("container.unhealty", "container.unhealthy"), ("container.heathy", "container.healthy"),
    ("container.stopped", "container.stop"), ("container.died", "container.die"), ("file.remove", "file.removed"),
    ("conteiner.unpuase", "container.unpause"), ("wireguard.stail", "wireguard.stale"),
])  # fmt: skip
def test_events(word: str, meant: str) -> None:
    assert nearest(word, CATALOGUE) == meant


def test_one_letter_left_out_of_any_event_is_found() -> None:
    for event in CATALOGUE:
        for place in range(event.index(".") + 1, len(event)):
            word = event[:place] + event[place + 1 :]
            assert word in CATALOGUE or nearest(word, CATALOGUE) == event, word


def test_a_number_and_its_noun() -> None:
    assert [counted(number, "rule") for number in (0, 1, 2, 1000)] == ["0 rules", "1 rule", "2 rules", "1,000 rules"]


def test_the_question_and_its_form() -> None:
    assert did_you_mean("gluetn", ["gluetun", "web"]) == "did you mean 'gluetun'?"
    assert did_you_mean("gluetn", iter(["gluetun"]), " ({})") == " (did you mean 'gluetun'?)"
    assert did_you_mean("xyz", ["gluetun"], " ({})") == ""


def test_a_word_of_any_length_is_compared_at_once() -> None:
    assert nearest("a" * 10_000_000, [*CATALOGUE]) == ""
