"""Events as lines: ours there and back, Docker's as they were recorded, and everything that is neither."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hooks.events import jsonl
from hooks.events.catalogue import CATALOGUE, Event
from tests.parts import places

SAMPLES = sorted(places.SAMPLES.glob("*.jsonl"))


def raw(action: str = "start", ident: str = "f" * 64, **attributes: str) -> dict[str, Any]:
    actor = {"ID": ident, "Attributes": {"name": "web", "image": "nginx", **attributes}}
    return {"Type": "container", "Action": action, "Actor": actor, "time": 17, "timeNano": 17_000_000_005}


def translated(**changes: Any) -> Event:
    event = jsonl.from_docker({**raw(), **changes})
    assert event
    return event


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_each_sample_is_of_the_type_it_is_named_after(path: Path) -> None:
    head, *lines = path.read_text().splitlines()
    assert json.loads(head)["engine"]
    assert lines
    for line in lines:
        event = jsonl.loads(line)
        assert event
        assert event.type == path.stem
        assert event.source == "docker"
        assert set(event.data) <= set(CATALOGUE[event.type].fields), "the catalogue names every field"
        assert event.time == json.loads(line)["timeNano"]
        assert event.subject or path.stem.endswith(".prune")


def test_the_fields_that_rules_read() -> None:
    def first(kind: str) -> Event:
        lines = next(path for path in SAMPLES if path.stem == kind).read_text().splitlines()
        event = jsonl.loads(lines[1])
        assert event
        return event

    start = next(e for line in Path(SAMPLES[0].parent / "container.stop.jsonl").read_text().splitlines()[1:]
                 if (e := jsonl.loads(line)))  # fmt: skip
    assert (start.data["service"], start.data["project"]) == ("web", "home")
    assert start.data["labels"]["com.docker.compose.service"] == "web"
    assert first("container.die").data["exit_code"] == 137
    assert first("container.kill").data["signal"] == 9
    assert (first("container.rename").subject, first("container.rename").data["old_name"]) == ("shop", "web")
    assert first("network.connect").data["driver"] == "null"
    assert len(first("network.connect").data["container_id"]) == 64
    assert first("volume.mount").data["destination"] == "/data"


def test_ours_comes_back_as_it_went() -> None:
    event = Event("port.forwarded", "gluetun", 5, "files", "live", {"port": 1, "ports": [1, 2], "x": "ü\n"}, "run-1")
    line = jsonl.dumps(event)
    assert "\n" not in line
    assert jsonl.loads(line) == event
    assert jsonl.loads(line.encode()) == event


@pytest.mark.parametrize(
    "line",
    ["", "{", "[]", "1", '"x"', "{}", '{"type":"no.such"}', '{"type":"timer.tick"}', '{"type":["x"]}',
     '{"type":"timer.tick","subject":"5m","time":"now"}', '{"type":"timer.tick","subject":"5m","time":null}',
     '{"type":"timer.tick","subject":"5m","time":1,"data":[1]}', b"\xff\xfe",
     '{"Type":"container","Action":"start","Actor":7}', '{"Type":"container","Action":"start","Actor":[1]}',
     '{"Type":"container","Action":"die","Actor":{"ID":"a","Attributes":{"exitCode":"x"}}}',
     '{"Type":"container","Action":"start","Actor":{"ID":"a","Attributes":[1]}}',
     '{"Type":"container","Action":"start","Actor":{},"timeNano":"x"}'],
)  # fmt: skip
def test_a_line_that_is_no_event_is_a_value_error(line: str | bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the words differ, the class is the promise
        jsonl.loads(line)


def test_what_the_catalogue_does_not_know_is_nothing() -> None:
    assert jsonl.from_docker(raw("archive-path")) is None
    assert jsonl.from_docker({**raw(), "Type": "plugin"}) is None
    assert jsonl.from_docker(raw("health_status: starting")) is None


def test_podmans_words() -> None:
    assert translated(Action="died").type == "container.die"
    assert translated(Action="remove").type == "container.destroy"
    assert translated(Action="health_status", HealthStatus="unhealthy").type == "container.unhealthy"
    by_attribute = jsonl.from_docker(raw("health_status", health_status="healthy"))
    assert by_attribute
    assert by_attribute.type == "container.healthy"
    code = jsonl.from_docker(raw("died", containerExitCode="7"))
    assert code
    assert code.data["exit_code"] == 7


def test_an_exec_keeps_its_command_out_of_the_type() -> None:
    event = jsonl.from_docker(raw('exec_start: sh -c "echo: hi"', execID="1"))
    assert event
    assert event.type == "container.exec_start"
    assert event.data["labels"] == {}


def test_seconds_alone_are_a_time_too_and_a_name_may_be_missing() -> None:
    assert translated(timeNano=None).time == 17 * 10**9
    nameless = translated(Actor={"ID": "abcdef0123456789", "Attributes": None})
    assert nameless.subject == "abcdef012345"


def test_two_events_of_one_instant_have_two_ids() -> None:
    first, other = jsonl.from_docker(raw()), jsonl.from_docker(raw("stop"))
    assert first
    assert other
    assert first.id != other.id


# -- Podman, by its recordings -----------------------------------------------------------------------------------

PODMANS = [json.loads(line) for line in (places.SAMPLES / "podman/events.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("row", PODMANS, ids=lambda row: f"{row['engine']} {row['by']} {row['raw']['Action']}")
def test_podmans_recorded_lines_are_dockers_events(row: dict[str, Any]) -> None:
    found = jsonl.from_docker(row["raw"])
    assert (found.type if found else None) == row["is"]
    if row["raw"]["Action"] == "health_status" and row["by"] == "cli":
        assert found is None, "what is recorded by the CLI lacks the health"
    elif row["raw"]["Type"] == "network":
        assert found
        assert (found.subject, found.data["network"]) == ("home_default", "home_default")


@pytest.mark.parametrize(
    ("kind", "action", "becomes"),
    [("image", "remove", "image.delete"), ("image", "untag", "image.untag"), ("network", "remove", "network.destroy"),
     ("volume", "remove", "volume.destroy"), ("container", "remove", "container.destroy"),
     ("container", "died", "container.die"), ("container", "exec", "container.exec_start")],
)  # fmt: skip
def test_podmans_words_by_kind(kind: str, action: str, becomes: str) -> None:
    raw = {"Type": kind, "Action": action, "Actor": {"ID": "a", "Attributes": {"name": "x"}}, "timeNano": 1}
    found = jsonl.from_docker(raw)
    assert found
    assert (found.type, found.subject) == (becomes, "x")


def test_a_connection_of_podmans_has_the_container_as_its_actor() -> None:
    more = {"name": "adguard", "network": "lan", "podId": ""}
    raw = {"Type": "network", "Action": "connect", "Actor": {"ID": "c" * 64, "Attributes": more}, "timeNano": 1}
    found = jsonl.from_docker(raw)
    assert found
    assert (found.subject, found.data) == ("lan", {"network": "lan", "id": "", "container_id": "c" * 64})
