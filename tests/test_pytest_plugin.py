"""The pytest plugin, as somebody with a repository of their own uses it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hooks.workbench.golden import ReplayError, read
from tests.parts.places import TOP

# without the plugins that happen to be installed here
ENVIRONMENT = {"PYTHONPATH": str(TOP), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
RULES = """
version = 1
[[rule]]
name = "tell"
on   = "port.forwarded"
do   = { use = "command.run", command = ["/bin/echo", "${event.port}"] }
"""


class Repository:
    """A folder with rules, recordings and a pytest configuration."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.replays = folder, folder / "replays"
        self.replays.mkdir()
        (folder / "rules.toml").write_text(RULES)
        (folder / "pytest.ini").write_text("[pytest]\ngluehook_replays = replays\naddopts = --strict-config\n")
        shutil.copy(TOP / "tests/replays/port-flap.jsonl", self.replays)

    def test(self, *words: str) -> str:
        """What pytest says, and its exit code at the end."""
        argv = [sys.executable, "-m", "pytest", "-p", "hooks.pytest_plugin", "-p", "no:cacheprovider", *words]
        ran = subprocess.run(
            argv,
            cwd=self.folder,
            env=ENVIRONMENT,
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
        )
        assert "INTERNALERROR" not in ran.stdout + ran.stderr
        return f"{ran.stdout}{ran.stderr}\nexit {ran.returncode}"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


def test_golden_decisions_are_written_held_and_compared(repository: Repository) -> None:
    first = repository.test()
    assert "there is no port-flap.decisions; pytest --gluehook-update writes it" in first
    assert first.endswith("exit 1")
    file = repository.replays / "port-flap.decisions"
    file.write_text("# assume: tell=fail\n# go on: 10m\n# an owner's word\n")
    assert repository.test("--gluehook-update").endswith("exit 0")
    golden = file.read_text()
    assert golden.startswith("# assume: tell=fail\n# go on: 10m\n# an owner's word\n          0s  port.forwarded")
    assert golden.count('runs command.run { command = ["/bin/echo", "51414"] }: fail') == 2
    assert "tries again in 1s" in golden
    assert "1 passed" in repository.test()
    rules = RULES.replace('"port.forwarded"', '"port.forwarded"\ndebounce = "1s"')
    (repository.folder / "rules.toml").write_text(rules)
    said = repository.test()
    assert "-                tell (gluetun)  tries again in 1s" in said
    assert "+                tell (gluetun)  takes it in place of the one that waits" in said
    assert "If that is meant, pytest --gluehook-update writes port-flap.decisions again." in said
    assert said.endswith("exit 1")
    assert file.read_text() == golden


def test_what_cannot_be_replayed_says_why(repository: Repository) -> None:
    (repository.replays / "broken.jsonl").write_text(
        '{"type":"port.forwarded","subject":"gluetun","time":1}\nnonsense\n{}\n'
    )
    (repository.replays / "alone.decisions").write_text("0s  port.forwarded gluetun\n")
    (repository.replays / "port-flap.decisions").write_text("# assume: nobody=fail\n")
    shutil.copy(repository.replays / "port-flap.jsonl", repository.replays / "other.jsonl")
    (repository.replays / "other.decisions").write_text("# rules: other.toml\n")
    (repository.replays / "other.toml").write_text("version = 2")
    said = repository.test("--gluehook-update")
    assert "broken.jsonl:2:" in said
    assert "alone.jsonl cannot be read: No such file or directory" in said
    assert "no rule is called nobody" in said
    assert "error[version]" in said
    assert "4 failed" in said


@pytest.mark.parametrize("line", ["# assume: tell=sometimes", "# go on: 10"])
def test_a_line_that_cannot_be_read_is_named(tmp_path: Path, line: str) -> None:
    file = tmp_path / "a.decisions"
    file.write_text(line + "\n")
    with pytest.raises(ReplayError, match=line):
        read(file)


def test_it_costs_nothing_where_it_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("{}\n")
    (tmp_path / "test_a.py").write_text(
        "import sys\ndef test(): assert [n for n in sys.modules if n.startswith('hooks.')] == ['hooks.pytest_plugin']\n"
    )
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "hooks.pytest_plugin", "-p", "no:cacheprovider", "-q"],
        cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True, timeout=50, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout
    assert "1 passed" in ran.stdout
