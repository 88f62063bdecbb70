"""What a rule table listens to: nothing that a rule needs is left out, and what nobody needs ends early."""

from __future__ import annotations

from typing import Any

import pytest

from hooks.engine.engine import Engine
from hooks.events.catalogue import CATALOGUE, Event
from hooks.rules.subscriptions import Subscriptions
from hooks.world.event_roles import with_role
from hooks.world.model import World
from tests.parts.places import TOP
from tests.parts.values.rules_text import table_of

HEAD = '[[rule]]\nname = "r"\n'


def subscriptions(text: str) -> Subscriptions:
    return Subscriptions(table_of(text))


def on(entry: str, do: str = '"gluetun.restart_vpn"', more: str = "") -> Subscriptions:
    return subscriptions(f"{HEAD}on = {entry}\ndo = {do}\n{more}")


def event(kind: str, subject: str = "gluetun", **data: Any) -> Event:
    happened = Event(kind, subject, 1, "docker", data={CATALOGUE[kind].subject: subject, "id": "1", **data})
    return with_role(World(), happened)


SHIPPED = (TOP / "rules.toml").read_text().replace("version = 1", "", 1)


@pytest.mark.parametrize(("kind", "subject", "wanted"), [
    ("port.forwarded", "gluetun", True), ("port.cleared", "gluetun", True), ("port.invalid", "gluetun", False),
    ("container.start", "qbittorrent", True), ("container.unhealthy", "gluetun", True),
    ("container.healthy", "gluetun", True), ("timer.tick", "5m", True),
    ("container.start", "web", False), ("container.unhealthy", "web", False), ("container.die", "web", False),
    ("container.oom", "gluetun", False), ("container.exec_die", "gluetun", False), ("network.connect", "bridge", False),
    # these end a state that a rule waits on
    ("container.die", "gluetun", True), ("container.destroy", "gluetun", True), ("container.start", "gluetun", True),
    ("container.die", "qbittorrent", True),
])  # fmt: skip
def test_what_the_shipped_rules_want(kind: str, subject: str, wanted: bool) -> None:
    assert subscriptions(SHIPPED).accepts(event(kind, subject)) is wanted


def test_a_rename_ends_what_the_old_name_was_in() -> None:
    shipped = subscriptions(SHIPPED)
    assert shipped.accepts(event("container.rename", "old", old_name="gluetun"))
    assert not shipped.accepts(event("container.rename", "b", old_name="a"))


@pytest.mark.parametrize("match", ['"web-*"', '{ regex = "web-.*" }', '{ not = "db" }'])
def test_a_match_that_is_no_list_of_names_wants_whom_it_fits(match: str) -> None:
    found = on(f'{{ event = "container.die", container = {match} }}')
    assert found.accepts(event("container.die", "web-1"))
    assert found.accepts(event("container.start", "web-1")), "it ends the state"
    assert not found.accepts(event("container.oom", "web-1"))
    assert not found.accepts(event("container.die", "db"))
    assert not found.accepts(event("container.start", "db"))


def test_a_list_of_names_wants_these() -> None:
    found = on('{ event = "container.oom", container = ["a", "b"] }')
    assert [name for name in "abc" if found.accepts(event("container.oom", name))] == ["a", "b"]


def test_one_entry_without_names_widens_those_with() -> None:
    both = subscriptions(SHIPPED + '\n[[rule]]\nname = "all"\non = "container.unhealthy"\ndo = "gluetun.restart_vpn"\n')
    assert both.accepts(event("container.unhealthy", "web"))
    assert both.accepts(event("container.destroy", "web"))


def test_a_port_state_ends_with_its_gluetun_whatever_that_is_called() -> None:
    found = subscriptions(f'{HEAD}on = "port.cleared"\ndo = "gluetun.restart_vpn"\n')
    assert found.accepts(event("container.die", "vpn", role="gluetun"))
    assert found.accepts(event("port.forwarded", "vpn"))
    assert not found.accepts(event("container.die", "vpn"))


def test_a_rule_that_matches_a_role_wants_whom_has_it_and_what_ends_its_state() -> None:
    found = on('{ event = "container.unhealthy", role = ["gluetun", "adguard"] }')
    assert found.accepts(event("container.unhealthy", "media-gluetun-1", role="gluetun"))
    assert found.accepts(event("container.die", "dns", role="adguard")), "it ends the state"
    assert not found.accepts(event("container.unhealthy", "web"))
    assert not found.accepts(event("container.die", "web", role="qbittorrent"))
    assert found.may_accept("container.unhealthy", "web"), "its line has to be read first"
    assert not found.may_accept("container.oom", "web")


def test_rules_that_are_off_want_nothing() -> None:
    off = on('["port.forwarded", { event = "timer.tick", every = "5m" }]', more='key = "k"\nenabled = false\n')
    assert (off.types, off.timers, off.files, off.uses_port) == (frozenset(), frozenset(), frozenset(), False)
    assert not off.accepts(event("port.forwarded"))


def test_timers_and_files_are_those_that_are_named() -> None:
    found = on(
        '[{ event = "timer.tick", every = ["5m", "1h"] }, { event = "file.written", path = "/a" }, '
        '{ event = "file.removed", path = "/b" }]', more='key = "k"\n',
    )  # fmt: skip
    assert found.timers == {"5m", "1h"}
    assert found.files == {"/a", "/b"}
    assert found.types == {"timer.tick", "file.written", "file.removed"}


@pytest.mark.parametrize(("entry", "do", "follows"), [
    ('"port.cleared"', '"gluetun.restart_vpn"', True),
    ('"container.oom"', '"gluetun.restart_vpn"', False),
    ('"container.oom"', '"qbittorrent.set_port"', True),
    ('"container.oom"', '{ use = "command.run", command = ["/bin/echo", "${state.port}"] }', True),
    ('"container.oom"', '{ use = "command.run", command = ["/bin/echo", "${state.ports.1}"] }', True),
    ('"container.oom"', '{ use = "command.run", command = ["/bin/echo", "${event.container}"] }', False),
])  # fmt: skip
def test_the_port_file_is_followed_where_a_rule_uses_the_port(entry: str, do: str, follows: bool) -> None:
    assert on(entry, do).uses_port is follows


def test_whatever_the_engine_would_act_on_gets_through() -> None:
    texts = [SHIPPED, *(f'{HEAD}on = "{name}"\ndo = "gluetun.restart_vpn"\n' for name in CATALOGUE
                        if name != "rule.exhausted" and not CATALOGUE[name].needed)]  # fmt: skip
    checked = 0
    for text in texts:
        found, engine = subscriptions(text), Engine(table_of(text))
        for kind in CATALOGUE.values():
            for subject in ("gluetun", "qbittorrent", "web", "5m"):
                one = event(kind.name, subject)
                if list(engine.rules_for(one)):
                    checked += 1
                    assert found.accepts(one), (text, one)
    assert checked > 100


def test_the_schedules_are_those_of_all_rules_and_one_of_them_may_be_caught_up_on() -> None:
    both = '{ event = "timer.cron", at = ["@DAILY", "0  4 * * SUN"] }'
    found = on(f'[{both}, {{ event = "timer.cron", at = "@daily", catch_up = true }}]')
    assert (found.timers, found.schedules, found.catch_up) == (frozenset(), {"@daily", "0 4 * * sun"}, {"@daily"})


@pytest.mark.parametrize(
    ("only_if", "let_through", "kept_out"),
    [
        ('{ container = "sonarr", is = "running" }', "start sonarr, pause sonarr, unhealthy sonarr, destroy sonarr",
         "start web, die web"),
        ('{ not = { any = [{ role = "deluge", is = "running" }] } }', "die deluge, unpause deluge", "die web"),
        ('{ port = "forwarded" }', "port.cleared gluetun, die gluetun", "port.closed qb, die web"),
        ('{ port = "open" }', "port.open qb, port.closed qb, port.unknown qb, die gluetun", "port.invalid gluetun"),
        ('{ time = "22:00-06:00" }', "", "start sonarr, port.forwarded gluetun"),
    ],
)  # fmt: skip
def test_what_changes_a_condition_reaches_the_engine(only_if: str, let_through: str, kept_out: str) -> None:
    found = subscriptions(f'{HEAD}on = "daemon.reload"\ndo = "gluetun.restart_vpn"\nonly_if = {only_if}\n')
    for kind, subject in named(let_through):
        assert found.accepts(event(kind, subject)), kind
        assert found.may_accept(kind, subject), kind
    assert not [one for one in named(kept_out) if found.accepts(event(*one))]
    renamed = Event("container.rename", "new", 1, "docker", data={"container": "new", "old_name": "sonarr", "id": "1"})
    assert found.accepts(renamed) == ("sonarr" in only_if)
    assert {kind for kind in found.types if kind.startswith("port.")} == (
        {"port.forwarded", "port.cleared"} if "forwarded" in only_if
        else {"port.open", "port.closed", "port.unknown"} if "open" in only_if else set()
    )  # fmt: skip


def named(words: str) -> list[tuple[str, str]]:
    each = [one.split() for one in words.split(", ") if one]
    return [(kind if "." in kind else f"container.{kind}", subject) for kind, subject in each]


def test_a_condition_on_a_container_that_the_event_names_listens_to_all_containers() -> None:
    own = '{ container = "${event.container}", is = "running" }'
    found = subscriptions(f'{HEAD}on = "container.oom"\ndo = "gluetun.restart_vpn"\nonly_if = {own}\n')
    assert found.accepts(event("container.unpause", "whatever"))
