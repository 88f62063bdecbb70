"""containers.rejoin on an engine that is a fake: what it asks, how much at once, and what a failure leaves."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest

from handlers.containers.recreate import finish_interrupted, recreate
from handlers.containers.rejoin import Rejoin, RejoinArgs
from handlers.containers.restart_attempt import restart
from handlers.containers.temporary_names import temporary_name
from hooks.docker.container import InspectedContainer
from hooks.events import signals
from hooks.handler import Retry
from tests.handlers.cases_general import docker_at, engine_of
from tests.handlers.cases_rejoin import PARENT, SharedNetwork
from tests.handlers.contract import context
from tests.parts.values.network_members import OLD, VPN, here, ident, one

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


def test_a_run_that_works_on_a_dependent_is_waited_for(tmp_path: Path) -> None:
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


# -- one failure hides nothing -----------------------------------------------------------------------------


def test_a_fault_of_ours_about_one_loses_no_outcome_of_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reported: list[str] = []

    def breaks_at_dep2(client: object, seen: InspectedContainer, *more: object) -> None:
        if seen.name == "dep2":
            raise IndexError("list index out of range")
        restart(client, seen, *more)  # type: ignore[arg-type]

    def receive(_: object, said: str, error: Exception) -> None:
        reported.append(f"{said} {type(error).__name__}")

    monkeypatch.setattr("handlers.containers.rejoin_attempt.restart", breaks_at_dep2)
    shared = SharedNetwork(count=3)
    with signals.problem.connected_to(receive), engine_of(shared, tmp_path) as address, pytest.raises(Retry) as end:
        Rejoin().apply(RejoinArgs("vpn"), context(docker=docker_at(address)))
    broke = "cannot restart container 'dep2' (IndexError: list index out of range); this is a fault of gluehook's"
    assert end.value.said == f"containers 'dep1' and 'dep3' restarted, in the network of 'vpn'; {broke}"
    assert reported == [f"{broke} IndexError"]
