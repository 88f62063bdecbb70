"""The commands that the pages show exist: each is parsed by the command line itself, and none is run."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from hooks.cli.main import gluehook
from tests.docs.pages import PAGES, name_of

FENCED = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
# gluehook's name where a command stands, then its words up to what ends them in a page.
COMMAND = re.compile(r"(?:^|[`$(] ?|gluehook )gluehook ([a-z]+\b[^`\n|>;#…)]*)", re.MULTILINE)


def commands(page: Path) -> set[str]:
    """What follows the word gluehook in code: in blocks, and in `…` within a line."""
    text = page.read_text(encoding="utf-8")
    blocks = [block[1] for block in FENCED.findall(text) if block[0] in ("", "sh")]
    inline = re.findall(r"(?<!`)`(gluehook [^`]+)`", FENCED.sub("", text))
    found = (command for part in [*blocks, *inline] for command in COMMAND.findall(part))
    return {re.split(r" {2,}", " ".join(command.split("\n")))[0].strip() for command in found}


COMMANDS = sorted({(name_of(page), command) for page in PAGES for command in commands(page)})


@pytest.mark.parametrize(("page", "command"), COMMANDS, ids=[f"{page}: {command}" for page, command in COMMANDS])
def test_a_command_of_the_pages_is_one_that_gluehook_takes(page: str, command: str) -> None:
    verb, *words = shlex.split(command)
    found = gluehook.get_command(click.Context(gluehook), verb)
    assert found, f"{page}: there is no command 'gluehook {verb}'"
    options = {name for option in found.params for name in (*option.opts, *option.secondary_opts)} | {"--help", "-h"}
    assert [word for word in words if word.startswith("-") and word != "-" and word not in options] == []


def test_the_pages_show_most_commands() -> None:
    assert len({command.split()[0] for _, command in COMMANDS}) > 12


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_there_as_the_readme_says(shell: str) -> None:
    env = {**os.environ, "_GLUEHOOK_COMPLETE": f"{shell}_source"}
    argv = [sys.executable, "-m", "hooks"]
    ran = subprocess.run(argv, env=env, capture_output=True, text=True, check=False)
    assert "_GLUEHOOK_COMPLETE" in ran.stdout, ran.stderr
