"""Who belongs into a namespace and how each is: lists and inspects in, words out. No Docker."""

from __future__ import annotations

from dataclasses import replace

import pytest

from handlers.containers.dependents import Remembered, State, judged, members, orphans
from handlers.containers.joined_starts import JoinedStarts
from handlers.containers.rejoin_work import waves
from handlers.containers.temporary_names import Mark, mark_of, temporary_name
from hooks.docker.container import InspectedContainer, ListedContainer, inspected, listed
from tests.handlers.contract import Notes
from tests.parts.docker.on_engine import composed
from tests.parts.values.network_members import OLD, VPN, here, ident, links, one


def test_by_the_id_that_it_has_now_by_its_name_and_through_another() -> None:
    assert links(
        one("a", VPN.id), one("b", "vpn"), one("c", ident("a")), one("d", ident("c")), one("e"), one("f", ident("e"))
    ) == dict.fromkeys("abcd", "same")


def test_by_an_id_that_it_had_unless_somebody_runs_under_it() -> None:
    had = {"vpn": (OLD, ident("spare")), "b": (ident("b-before"),)}
    found = links(one("a", OLD), one("b", VPN.id), one("c", ident("b-before")), earlier=had)
    assert found == {"a": "other", "b": "same", "c": "other"}
    assert links(one("spare"), one("a", ident("spare")), earlier=had) == {}
    assert links(one("spare", running=False), one("a", ident("spare")), earlier=had) == {"a": "other"}


def test_by_composes_labels_and_who_else_may_be_meant() -> None:
    vpn = replace(VPN, labels=composed("tunnel"))
    assert links(one("a", OLD, "a", "tunnel"), of=vpn) == {"a": "other"}
    assert links(one("a", OLD, "a", "tunnel", "db"), one("db", "", "db"), of=vpn) == {"a": "guessed"}
    assert links(one("a", OLD, "a", "tunnel", "b"), one("b", vpn.id, "b", "tunnel"), of=vpn)["a"] == "other"
    assert links(one("a", OLD, "a", "db"), of=vpn) == {}
    assert links(replace(one("a", OLD, "a", "tunnel"), labels={}), of=vpn) == {}
    other_project = {**composed("a", "tunnel"), "com.docker.compose.project": "work"}
    assert links(replace(one("a", OLD), labels=other_project), of=vpn) == {}
    assert links(one("a", OLD, "a", "tunnel"), one("b", OLD), of=vpn) == {"a": "other", "b": "other"}


def test_who_joins_one_that_is_no_more_and_nobody_knows_whose_that_was() -> None:
    containers = [VPN, one("a", OLD), one("b", VPN.id), one("c", "vpn"), one("d", ident("b"))]
    known = members(VPN, containers, {})
    assert [lost.name for lost in orphans(containers, known)] == ["a"]


@pytest.mark.parametrize(
    ("what", "state"),
    [
        ({}, "attached"),
        ({"started_at": 4}, "stale"),
        ({"running": False}, "stopped"),
        ({"running": False, "exit_code": 137}, "stopped"),
        ({"running": False, "error": "cannot join network of a non running container: 3b8"}, "stranded"),
        ({"running": False, "error": "cannot join network namespace of a non running container: 3b8"}, "stranded"),
        ({"running": False, "error": "joining network namespace of container: No such container: 3b8"}, "stranded"),
        ({"running": False, "error": "Container 3b8 is restarting, wait until it runs"}, "stranded"),
        ({"running": False, "error": "exec: no such file"}, "stopped"),
        ({"paused": True, "started_at": 4}, "paused"),
    ],
)
def test_how_a_dependent_is(what: dict[str, object], state: State) -> None:
    a = one("a", VPN.id)
    found = judged(here(VPN, 5), members(VPN, [VPN, a], {}), {a.id: here(a, **what)})  # type: ignore[arg-type]
    assert [dependent.state for dependent in found] == [state]


@pytest.mark.parametrize(
    ("house", "expected"),
    [
        ({"started_at": 4}, ["stale", "stale"]),
        ({"running": False}, ["stopped", "waiting"]),
        ({"running": False, "error": "cannot join network"}, ["stranded", "stale"]),
        ({"started_at": 6}, ["attached", "attached"]),
        ({"started_at": 20}, ["attached", "stale"]),
    ],
)
def test_who_joins_a_dependent_goes_with_it(house: dict[str, object], expected: list[State]) -> None:
    a, b = one("a", VPN.id), one("b", ident("a"))
    seen = {a.id: here(a, **house), b.id: here(b)}  # type: ignore[arg-type]
    assert [d.state for d in judged(here(VPN, 5), members(VPN, [VPN, a, b], {}), seen)] == expected


def test_who_joins_one_that_will_get_another_id_must_be_recreated_too() -> None:
    a, b = one("a", OLD), one("b", ident("a"))
    found = judged(here(VPN, 5), members(VPN, [VPN, a, b], {"vpn": (OLD,)}), {x.id: here(x) for x in (a, b)})
    assert [(d.seen.name, d.state) for d in found] == [("a", "elsewhere"), ("b", "elsewhere")]


def test_a_container_that_cannot_be_inspected_hides_only_those_that_join_it() -> None:
    a, b, c = one("a", VPN.id), one("b", ident("a")), one("c", VPN.id)
    found = judged(here(VPN, 5), members(VPN, [VPN, a, b, c], {}), {x.id: here(x) for x in (b, c)})
    assert [d.seen.name for d in found] == ["c"]


def test_a_stopped_one_that_our_own_restart_left_so_is_stranded() -> None:
    a = one("a", VPN.id)
    stopped = {a.id: here(a, running=False)}
    assert judged(here(VPN, 5), members(VPN, [VPN, a], {}), stopped, Remembered(lambda _: True))[0].state == "stranded"


# -- the order -----------------------------------------------------------------------------------------


def order(*containers: ListedContainer) -> list[list[str]]:
    found = judged(here(VPN, 15), members(VPN, [VPN, *containers], {}), {x.id: here(x) for x in containers})
    return [[one.seen.name for one in wave] for wave in waves(found)]


def test_first_whom_it_joins_and_what_compose_starts_first() -> None:
    assert order(
        one("torrents", VPN.id, "torrents", "tunnel"), one("indexer", VPN.id, "indexer", "tunnel"),
        one("films", VPN.id, "films", "torrents", "indexer"), one("nested", ident("films")), one("alone", VPN.id),
    ) == [["alone", "indexer", "torrents"], ["films"], ["nested"]]  # fmt: skip


def test_labels_in_a_circle_are_no_order() -> None:
    assert order(one("a", VPN.id, "a", "b"), one("b", VPN.id, "b", "a"), one("c", ident("b"))) == [["a", "b"], ["c"]]


# -- leftovers -----------------------------------------------------------------------------------------


def test_a_leftover_says_whose_it_is_and_is_nobodys_dependent() -> None:
    old = replace(one("web", VPN.id), name=temporary_name("web", "old", ident("web")))
    new = replace(one("fresh", VPN.id), name=temporary_name("web", "new", ident("web")))
    copied = replace(one("copied", VPN.id), name=old.name)
    mark = ident("web")[:12]
    assert [mark_of(x) for x in (old, new, copied)] == [Mark("web", "old", mark), Mark("web", "new", mark), None]
    assert links(old, new) == {}
    joined = one("nested", ident("web"))  # whose house is being re-created at this instant
    assert links(replace(VPN, name="web", id="1" * 64), old, joined, of=replace(VPN, name="web", id="1" * 64)) == {
        "nested": "other"
    }


# -- records -------------------------------------------------------------------------------------------


def test_a_list_and_an_inspect_tell_the_same() -> None:
    raw = {
        "Id": "1", "Names": ["/other/alias", "/web"], "State": "paused", "Labels": None,
        "HostConfig": {"NetworkMode": f"container:{OLD}"},
    }  # fmt: skip
    state = {"Running": True, "Paused": True, "StartedAt": "2023-11-14T22:13:20Z"}
    more = {"Id": "1", "Name": "/web", "State": state, "HostConfig": raw["HostConfig"]}
    assert (listed(raw).name, listed(raw).parent, listed(raw).running) == ("web", OLD, True)
    assert {slot: getattr(inspected(more), slot) for slot in ListedContainer.__dataclass_fields__} == {
        slot: getattr(listed(raw), slot) for slot in ListedContainer.__dataclass_fields__
    }


# -- what was seen before --------------------------------------------------------------------------------


def looked(memory: Notes, vpn: InspectedContainer, *members_: InspectedContainer) -> list[str]:
    """How they are at one look, which is saved."""
    starts = JoinedStarts(memory, "vpn")
    known = Remembered(joined=starts.joined)
    found = judged(vpn, members(vpn, [vpn, *members_], {}), {x.id: x for x in members_}, known)
    starts.save(found, [one.id for one in members_])
    return [dependent.state for dependent in found]


def test_what_was_seen_counts_more_than_the_times_of_two_starts() -> None:
    a, memory = one("a", VPN.id), Notes()
    assert looked(memory, here(VPN, 5), here(a, 10)) == ["attached"]
    assert looked(memory, here(VPN, 3), here(a, 10)) == ["stale"], "a later start, after the clock was set back"
    assert looked(memory, here(VPN, 3), here(a, 10)) == ["stale"]
    assert looked(memory, here(VPN, 3), here(a, 4)) == ["attached"]
    assert looked(memory, here(VPN, 6), here(a, 5)) == ["stale"]
    assert looked(memory, here(VPN, 6)) == []
    assert memory.values == {}


def test_what_was_just_started_is_attached_whatever_its_time() -> None:
    a, memory = one("a", VPN.id), Notes()
    assert looked(memory, here(VPN, 50), here(a, 10)) == ["stale"]
    stale = judged(here(VPN, 50), members(VPN, [VPN, a], {}), {a.id: here(a, 10)})
    JoinedStarts(memory, "vpn").save_started([(a.id, stale[0])])
    assert looked(memory, here(VPN, 50), here(a, 10)) == ["stale"], "it has not really started"
    JoinedStarts(memory, "vpn").save_started([(a.id, stale[0])])
    assert looked(memory, here(VPN, 50), here(a, 20)) == ["attached"]
    assert looked(memory, here(VPN, 60), here(a, 20)) == ["stale"]


def test_one_that_ended_in_the_same_instant_as_the_one_whose_processes_it_shares_was_not_stopped() -> None:
    a = one("a", VPN.id)
    vpn = here(VPN, 9 * 10**9, finished_at=8 * 10**9)

    def state_of(**what: object) -> State:
        ended = {"running": False, "exit_code": 137, "finished_at": 8 * 10**9 + 10**6, "shares": {"processes": VPN.id}}
        return judged(vpn, members(VPN, [VPN, a], {}), {a.id: here(a, 5, **{**ended, **what})})[0].state  # type: ignore[arg-type]

    assert state_of() == "stranded"
    assert state_of(shares={"processes": "vpn"}) == "stranded"
    assert state_of(exit_code=143) == state_of(finished_at=7 * 10**9) == state_of(shares={"IPC": VPN.id}) == "stopped"


def test_one_that_could_not_join_what_no_longer_exists_must_be_recreated() -> None:
    a = one("a", VPN.id)
    seen = here(a, running=False, error="cannot join PID of a non running container: No such container",
                shares={"processes": OLD})  # fmt: skip
    found = judged(here(VPN, 5), members(VPN, [VPN, a], {}), {a.id: seen}, Remembered(exists={VPN.id}.__contains__))
    assert [(dependent.state, dependent.shares) for dependent in found] == [("elsewhere", "processes")]


def test_a_member_of_another_owner_is_no_orphan() -> None:
    other, lost = one("other"), one("a", OLD, "a", "tunnel")
    by_labels = replace(other, labels=composed("tunnel"))
    for containers, earlier in (([VPN, other, lost], {"other": (other.id, OLD)}), ([VPN, by_labels, lost], {})):
        assert orphans(containers, members(VPN, containers, earlier), earlier) == []
    for earlier in ({}, {"gone": (OLD,)}, {"other": (ident("older"),)}):
        assert orphans([VPN, other, lost], [], earlier) == [lost]


def test_who_joins_an_orphan_is_one_too() -> None:
    containers = [one("c", ident("b")), one("b", "a"), VPN, one("a", OLD), one("d", VPN.id), one("e", ident("d"))]
    known = members(VPN, containers, {})
    assert [lost.name for lost in orphans(containers, known)] == ["a", "b", "c"]
