"""Who belongs into a namespace and how each is: lists and inspects in, words out. No Docker."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest

from handlers.containers import compose
from handlers.containers.dependents import Link, State, judged, members, orphans
from handlers.containers.recreate import finish_interrupted, recreate
from handlers.containers.rejoin import Rejoin, RejoinArgs
from handlers.containers.rejoin_work import waves
from handlers.containers.temporary_names import Mark, mark_of, temporary_name
from hooks.docker.container import InspectedContainer, ListedContainer, inspected, listed
from hooks.handler import Retry
from tests.handlers.cases_general import docker_at, engine_of
from tests.handlers.cases_rejoin import PARENT, SharedNetwork
from tests.handlers.contract import context
from tests.parts.docker.on_engine import composed

OLD = "0" * 64


def one(name: str, joins: str = "", *labels: str, running: bool = True) -> ListedContainer:
    """A container of a list; its id is made of its name. `labels`: its service, then what it needs."""
    mode = f"container:{joins}" if joins else "bridge"
    said = composed(labels[0], *labels[1:]) if labels else {}
    return ListedContainer(name, ident(name), labels=said, running=running, network_mode=mode)


def ident(name: str) -> str:
    return name.encode().hex().ljust(64, "0")


def here(container: ListedContainer, started_at: int = 10, **more: object) -> InspectedContainer:
    values = {slot: getattr(container, slot) for slot in ListedContainer.__dataclass_fields__}
    return InspectedContainer(**{**values, "started_at": started_at, **more})


VPN = one("vpn")


def links(
    *containers: ListedContainer, earlier: dict[str, tuple[str, ...]] | None = None, of: ListedContainer = VPN
) -> dict[str, Link]:
    return {m.listed.name: m.link for m in members(of, [of, *containers], earlier or {})}


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


def test_who_cannot_be_inspected_hides_only_whoever_joins_it() -> None:
    a, b, c = one("a", VPN.id), one("b", ident("a")), one("c", VPN.id)
    found = judged(here(VPN, 5), members(VPN, [VPN, a, b, c], {}), {x.id: here(x) for x in (b, c)})
    assert [d.seen.name for d in found] == ["c"]


def test_a_stopped_one_that_our_own_restart_left_so_is_stranded() -> None:
    a = one("a", VPN.id)
    stopped = {a.id: here(a, running=False)}
    assert judged(here(VPN, 5), members(VPN, [VPN, a], {}), stopped, lambda _: True)[0].state == "stranded"


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


# -- compose -------------------------------------------------------------------------------------------


def test_the_command_names_all_that_it_needs() -> None:
    label = "com.docker.compose"
    plain = {f"{label}.project": "home", f"{label}.service": "web"}
    more = {
        **plain, f"{label}.service": "db", f"{label}.project.config_files": "/a b/compose.yaml,/srv/more.yaml",
        f"{label}.project.working_dir": "/srv", f"{label}.project.environment_file": "/srv/.env.home",
    }  # fmt: skip
    env_and_folder = "--env-file /srv/.env.home --project-directory /srv"
    assert compose.recreation([plain, more, {}, composed("x"), composed("y"), composed("x")]) == [
        "docker compose -p home up -d --force-recreate web",
        f"docker compose -f '/a b/compose.yaml' -f /srv/more.yaml {env_and_folder} -p home up -d --force-recreate db",
        "docker compose -f /srv/compose.yaml -p home up -d --force-recreate x y",
    ]
    assert compose.depends_on({}) == ()
    assert compose.depends_on(composed("x", "a", "b")) == ("a", "b")


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


# -- what was cut off ------------------------------------------------------------------------------------


class ListOnly:
    """A client that lists containers and removes them."""

    def __init__(self, *names: str) -> None:
        self.names = list(names)

    def containers(self, *, all: bool) -> list[dict[str, object]]:  # noqa: A002 - docker-py's name
        assert all
        return [{"Id": ident(name), "Names": [f"/{name}"], "State": "running"} for name in self.names]

    def remove_container(self, container: str, *, v: bool) -> None:
        assert not v
        self.names = [name for name in self.names if ident(name) != container]


def test_every_recreation_that_was_cut_off_is_undone_or_finished() -> None:
    cut = [temporary_name(name, "new", "0" * 64) for name in ("a", "b")]
    client = ListOnly("a", "b", *cut)
    said = finish_interrupted(client, context())
    assert said == [f"the re-creation of container '{name}', which was cut off, is undone" for name in ("a", "b")]
    assert client.names == ["a", "b"]


# -- figures -------------------------------------------------------------------------------------------


def test_ten_dependents_cost_an_inspect_each_and_are_restarted_several_at_once(tmp_path: Path) -> None:
    shared = SharedNetwork(count=10, gather=4)
    with engine_of(shared, tmp_path) as address:
        outcome = Rejoin().apply(RejoinArgs("vpn"), context(docker=docker_at(address), timeout_s=60))
    assert outcome.status == "changed"
    inspects = [request for request in shared.requests if request.endswith("/json") and request.count("/") == 3]
    assert len(inspects) == len(set(inspects)) == 11, "the parent and each of the ten, once"
    assert len(shared.writes) == 10
    assert shared.most_at_once == 4
    assert PARENT not in "".join(shared.writes)


def test_one_that_goes_when_it_stops_is_restarted_like_any_other(tmp_path: Path) -> None:
    shared = SharedNetwork(auto_remove=True)
    with engine_of(shared, tmp_path) as address:
        outcome = Rejoin().apply(RejoinArgs("vpn"), context(docker=docker_at(address)))
    assert (outcome.status, outcome.said) == ("changed", "container 'dep1' restarted, in the network of 'vpn'")


def test_one_that_crashes_after_its_restart_is_reported_although_docker_restarts_it(tmp_path: Path) -> None:
    shared = SharedNetwork(crashes=True)
    with (
        engine_of(shared, tmp_path) as address,
        pytest.raises(Retry, match="container 'dep1' was restarted and ended at once with exit code 1; see its log"),
    ):
        Rejoin().apply(RejoinArgs("vpn"), context(docker=docker_at(address)))


# -- who is not begun with -----------------------------------------------------------------------------


def test_whoever_works_on_a_dependent_is_waited_for(tmp_path: Path) -> None:
    asked: list[str] = []

    def taken(target: str) -> AbstractContextManager[None]:
        asked.append(target)
        raise Retry(f"{target} is in use by heal-web/dep1#1")

    shared = SharedNetwork()
    with engine_of(shared, tmp_path) as address:
        ctx = replace(context(docker=docker_at(address)), hold=taken)
        with pytest.raises(Retry, match="container:dep1 is in use by heal-web/dep1#1"):
            Rejoin().apply(RejoinArgs("vpn"), ctx)
    assert (asked, shared.writes) == (["container:dep1"], [])


def test_a_recreation_that_might_not_end_in_time_does_not_begin() -> None:
    slow = here(one("slow", OLD), stop_timeout_s=300)
    with pytest.raises(
        Retry, match="container 'slow' may take 300 s to stop, which the rule's timeout has no room for"
    ):
        recreate(None, slow, VPN.id, context(timeout_s=120))  # no client: nothing is asked
