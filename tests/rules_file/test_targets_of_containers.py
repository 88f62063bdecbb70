"""`container`, `label` and `project` of the verbs of `containers.*`: exactly one, and never an empty one."""

from __future__ import annotations

import pytest

from handlers import HANDLERS
from hooks.rules.table import Table
from hooks.rules_file import reader

GOOD = (
    'container = "web"', 'container = ["web", "db"]', 'container = "${event.container}"', 'label = "backup"',
    'container = ["${event.container}", "db"]', 'label = ["a=1", "b"]', 'project = "home"',
)  # fmt: skip
_NEEDS = 'needs one of container, label and project; write for example container = "…"'
BAD = {
    "": f"missing-argument {_NEEDS}",
    'container = "web", label = "a=1"': "wrong-argument takes one of container and label; take label out",
    'label = "a", project = "home", container = "web"': (
        "wrong-argument takes one of container and label and project; take label and project out"
    ),
    "container = []": 'wrong-argument container is empty or has an empty entry; write for example container = "…"',
    'container = ["web", ""]': "wrong-argument container is empty or has an empty entry",
    'label = "=1"': 'wrong-argument label is empty or has an empty entry; write for example label = "key=value"',
    'project = " "': "wrong-argument project is empty or has an empty entry",
    "container = 5": "wrong-argument container is a number and should be a text or a list of texts",
}  # fmt: skip
VERBS = ("restart", "start", "stop", "pause", "unpause", "signal")


def _read(verb: str, arguments: str) -> Table | list[str]:
    more = [arguments] if arguments else []
    more += ['signal = "HUP"'] if verb == "signal" else []
    step = ", ".join([f'use = "containers.{verb}"', *more])
    text = f'version = 1\n[[rule]]\nname = "a"\non = "container.die"\ndo = {{ {step} }}\n'
    found = reader.read(text, "rules.toml", HANDLERS)
    return found if isinstance(found, Table) else [f"{one.code} {one.sentence}" for one in found]


@pytest.mark.parametrize("verb", VERBS)
def test_one_of_the_three_is_taken(verb: str) -> None:
    for arguments in GOOD:
        assert isinstance(found := _read(verb, arguments), Table), (arguments, found)


@pytest.mark.parametrize("verb", VERBS)
def test_what_names_no_container_or_names_it_twice_is_an_error(verb: str) -> None:
    for arguments, said in BAD.items():
        code, _, words = said.replace(" of containers", "").partition(" ")
        found = _read(verb, arguments)
        assert isinstance(found, list), arguments
        assert len(found) == 1, found
        assert found[0].startswith(code)
        assert all(word in found[0] for word in words.split()), found
        assert f"containers.{verb}" in found[0]


def test_a_signal_is_one_of_those_that_programs_know() -> None:
    step = '{ use = "containers.signal", container = "web", signal = "SIGHUP" }'
    found = reader.read(
        f'version = 1\n[[rule]]\nname = "a"\non = "container.die"\ndo = {step}\n', "rules.toml", HANDLERS
    )
    assert not isinstance(found, Table)
    assert "'HUP' or 'USR1'" in found[0].sentence


@pytest.mark.parametrize(("arguments", "said"), [
    ('image = ""', "image of containers.run is empty; write image ="),
    ('image = "a", command = []', "command of containers.run is empty; leave it out"),
    ('image = "a", mounts = ["./data:/data"]', "'./data:/data' has a source that is neither an absolute path nor a"),
    ('image = "a", mounts = ["/a:/b", "/srv/data:data"]', "'/srv/data:data' has no absolute path inside"),
    ('image = "a", mounts = ["/srv/data"]', "'/srv/data' has no absolute path inside"),
    ('image = "a", mounts = ["/a:/b:z"]', "'/a:/b:z' ends neither with ro nor with rw"),
    ('image = "a", mounts = ["vol:/b:ro", "/a:/b", "${event.container}:/c"], network = "none", timeout = "5s"', ""),
])  # fmt: skip
def test_what_is_run_is_checked_when_the_file_is_read(arguments: str, said: str) -> None:
    found = _read("run", arguments)
    assert isinstance(found, Table) if not said else (len(found) == 1 and said in found[0]), found  # type: ignore[arg-type, index]
