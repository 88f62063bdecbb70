"""The catalogue: each entry is complete, and one failing test lists all that a new one lacks."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from hooks.events import jsonl
from hooks.events.catalogue import CATALOGUE, CHANGES_WORLD, Event, EventType, ended_by, identity_of, topic_of
from hooks.events.fields import FIELDS
from hooks.world.model import Container, World
from hooks.world.raw_events import after_event
from tests.parts.places import SAMPLES

A, B = "a" * 64, "b" * 64
# What the private engine cannot do: it has no registry, and these are of other engines or of the past.
BY_THE_WORLD = {"role", "gluetun"}  # fields that the tracker adds: tests/world/test_roles.py
NEVER_RECORDED = {"container.copy", "container.detach", "container.exec_detach", "container.init",
                  "container.cleanup", "network.remove", "network.update", "image.pull", "image.push"}  # fmt: skip
DERIVED = {"container.recreated", "container.ip_changed"}
OUTSIDE = ("docker", "wireguard")  # the sources whose events another program causes: what they look like is recorded
RECORDED = {path.stem for path in SAMPLES.rglob("*.jsonl")}
VALUES: dict[type, Any] = {str: "x", int: 7, list: [7, 8], dict: {"com.example.heal": "yes"}}


def example(kind: EventType) -> Event:
    data = {name: VALUES[field.type] for name, field in kind.fields.items()}
    return Event(kind.name, str(data[kind.subject]), 5, kind.source or "docker", "live", data)


@cache
def filled(what: str) -> frozenset[str]:
    """The fields that the recorded events of these types have: a container's, a network's."""
    lines = [line for path in SAMPLES.rglob(f"{what}.*.jsonl") for line in path.read_text().splitlines()[1:]]
    return frozenset(name for line in lines if (event := jsonl.loads(line)) for name in event.data)


def lacks_samples(kind: EventType) -> Iterator[str]:
    """What the samples of an event lack that another program causes."""
    if kind.source in OUTSIDE and kind.name not in RECORDED | DERIVED | NEVER_RECORDED:
        yield f"record a sample in tests/samples/{kind.name}.jsonl"
    if kind.source == "docker" and kind.name in RECORDED:
        for name in sorted(set(kind.fields) - filled(kind.name.partition(".")[0]) - BY_THE_WORLD):
            yield f"no sample fills its field '{name}': read it in `from_docker` (hooks/events/jsonl.py)"


def lacks(kind: EventType) -> Iterator[str]:
    """What an entry of the catalogue lacks, a sentence each."""
    topics = {other.state.topic for other in CATALOGUE.values() if other.state}
    if not kind.says or kind.says.endswith("."):
        yield "let `says` name what happens, without a full stop"
    if kind.subject not in kind.fields:
        yield f"give it the field '{kind.subject}', which is its subject"
    for name, field in kind.fields.items():
        if FIELDS.get(name) != field:
            yield f"take its field '{name}' from FIELDS: a name means the same in every event"
        if field.type not in VALUES:
            yield f"let its field '{name}' be a str, int, list or dict: a recording holds nothing else"
    for name in kind.state.identity if kind.state else ():
        if name not in kind.fields:
            yield f"give it the field '{name}', which is in the identity of its state"
    for topic in kind.ends:
        if topic not in topics:
            yield f"it ends '{topic}': let another type's state have that topic"
    yield from lacks_samples(kind)
    if set(kind.fields) <= set(FIELDS) and jsonl.loads(jsonl.dumps(example(kind))) != example(kind):
        yield "an event of it does not come back from a recording as it was: mend hooks/events/jsonl.py"


def test_every_entry_of_the_catalogue_is_complete() -> None:
    missing = [f"{kind.name}: {sentence}" for kind in CATALOGUE.values() for sentence in lacks(kind)]
    unused = set(FIELDS) - {name for kind in CATALOGUE.values() for name in kind.fields}
    missing += [f"FIELDS: remove '{name}', which no event has" for name in sorted(unused)]
    missing += [f"NEVER_RECORDED: remove {name}, which has a sample" for name in sorted(NEVER_RECORDED & RECORDED)]
    if missing:
        pytest.fail("\n".join(["the catalogue is not complete; see docs/add-an-event.md", *missing]), pytrace=False)


@pytest.mark.parametrize(
    ("entry", "says"),
    [(EventType("a.b", "It happened.", "name", {}), "full stop"), (EventType("a.b", "x", "name", {}), "'name'"),
     (EventType("a.b", "x", "name", {"name": FIELDS["name"]}, ends=("nothing",)), "it ends 'nothing'"),
     (EventType("a.b", "x", "id", {"id": FIELDS["id"]}, source="docker"), "tests/samples/a.b.jsonl")],
)  # fmt: skip
def test_what_a_new_entry_lacks_is_listed(entry: EventType, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CATALOGUE, "a.b", entry)  # type: ignore[misc] # a Mapping to everybody else
    assert any(says in sentence for sentence in lacks(entry) if "FIELDS" not in sentence)


@pytest.mark.parametrize("kind", [kind for kind in CATALOGUE if kind.startswith("container.")])
def test_exactly_the_marked_types_change_the_world(kind: str) -> None:
    dead, other = Container("web", A, running=False, started_at=1), Container("db", B, running=True, started_at=1)
    changed = []
    for world in (World().with_container(dead), World().with_container(other).with_container(Container("web", A,
                  running=True, started_at=1))):  # fmt: skip
        data = {"container": "web", "id": A, "old_name": "db"}
        rename = {"id": B} if kind == "container.rename" else {}
        changed.append(after_event(world, Event(kind, "web", 10, "docker", data={**data, **rename})) != world)
    assert any(changed) == (kind in CHANGES_WORLD)


def test_a_state_is_of_its_subject_and_a_limit_of_its_rule_and_key() -> None:
    spent = Event("rule.exhausted", "heal", 1, data={"rule": "heal", "key": "gluetun", "runs": 3})
    assert topic_of(spent) == ("exhausted", "heal/gluetun")
    renamed = Event("container.rename", "web", 1, "docker", data={"container": "web", "old_name": "shop", "id": A})
    assert ended_by(renamed) == (("life", "shop"), ("health", "shop"), ("port", "shop"))
    assert identity_of(Event("container.die", "web", 1, data={"id": A})) == ("dead", A)
