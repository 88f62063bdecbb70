"""`gluehook handlers new`, and the contract as an owner runs it in a repository of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.parts.places import TOP
from tests.parts.process.gluehook import Gluehook
from tests.parts.values.own_files import rules


def pytest_in(folder: Path, *words: str) -> str:
    """What pytest says in this folder, and its exit code at the end."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(TOP), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    argv = [sys.executable, "-m", "pytest", "-p", "hooks.pytest_plugin", "-p", "no:cacheprovider", "-q", *words]
    ran = subprocess.run(
        argv, cwd=folder, env=environment, capture_output=True, text=True, timeout=50, check=False,
    )  # fmt: skip
    return f"{ran.stdout}{ran.stderr}\nexit {ran.returncode}"


@pytest.fixture
def here(tmp_path: Path) -> Gluehook:
    """A folder of an owner with rules.toml, whose umask lets the group write."""
    tmp_path.chmod(0o755)
    return Gluehook(tmp_path, rules("sonarr.look_again", ', file = "x", text = "y"'))


def test_a_new_handler_works_and_keeps_the_contract_at_once(here: Gluehook) -> None:
    before = os.umask(0o002)
    try:
        made = here.call("handlers", "new", "sonarr.look_again")
    finally:
        os.umask(before)
    own = here.folder / "handlers"
    assert (made.returncode, made.stderr) == (0, "")
    assert made.stdout.startswith(f"{own}/sonarr.py is written\n{own}/test_sonarr.py is written\n")
    assert 'use = "sonarr.look_again"' in made.stdout
    assert here.call("check").stdout.endswith("1 rule, all good\n")
    assert f"(from {own}/sonarr.py)" in here.call("handlers", "sonarr").stdout
    said = pytest_in(here.folder)
    assert said.endswith("exit 0"), said
    assert "6 passed" in said
    again = here.call("handlers", "new", "sonarr")
    assert again.returncode == 2
    assert f"{own}/sonarr.py cannot be written: File exists; give another name" in again.stderr


BREAKS = {
    "applied-twice": ("if _content(args) == args.text:", "if False:"),
    "plan-writes-nothing": ('"""Say that it would be written.', 'Path(args.file).write_text("oops"); """Say'),
    "describes-itself": ('"""Never skipped."""', "pass"),
    "in-its-own-process": ('name = "sonarr.write"', 'name = "radarr.write"'),
}


@pytest.mark.parametrize("promise", BREAKS)
def test_a_broken_promise_is_named(promise: str, here: Gluehook) -> None:
    here.call("handlers", "new", "sonarr")
    file = here.folder / "handlers/sonarr.py"
    text = file.read_text()
    assert BREAKS[promise][0] in text
    file.write_text(text.replace(*BREAKS[promise]))
    said = pytest_in(here.folder)
    assert f"test_contract[{promise}]" in said, said
    assert said.endswith("exit 1")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("gluetun.look", "'gluetun.look' has the name of gluehook's own gluetun.* handlers; rename it"),
        ("my-thing", "a name has small letters, digits and underscores; rename it to my_thing"),
        ("../etc", "rename it to my_handlers"),
        ("sonarr.a-b", "'sonarr.a-b' has no verb of small letters, digits and underscores; write sonarr.write"),
        ("", "rename it to my_handlers"),
        ("sonarr.a.b", "has no verb"),
    ],
)
def test_a_name_that_cannot_be_is_refused_and_nothing_is_written(name: str, said: str, here: Gluehook) -> None:
    made = here.call("handlers", "new", name)
    assert made.returncode == 2
    assert said in made.stderr
    assert not (here.folder / "handlers").exists()
    assert here.call("handlers", "a", "b").returncode == 2
