"""The man page and the completion of shells: they are what click's commands say, and man and bash can read them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from docs import shell_files
from hooks.cli.verbs import VERBS
from hooks.config.settings import SECRETS, Settings
from tests.parts.programs import require


def test_each_file_is_what_the_code_says_now() -> None:
    for path, text in shell_files.files():
        assert path.read_text(encoding="utf-8") == text, f"{path.name} is out of date: make docs"


def test_the_man_page_names_each_command_and_variable_and_groff_warns_of_nothing() -> None:
    page = shell_files.FOLDER / "gluehook.1"
    text = page.read_text(encoding="utf-8")
    names = [*(f".SS gluehook {verb} " for verb in VERBS), *(name.upper() for name in Settings.__dataclass_fields__)]
    assert [name for name in (*names, *SECRETS) if name not in text] == []
    argv = [require("groff", "groff-base"), "-ww", "-man", "-Tutf8", "-P-bcu", str(page)]
    read = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert read.stderr == ""
    assert "gluehook history show" in read.stdout


@pytest.mark.parametrize(
    ("given", "escaped"),
    [
        ("a-b", r"a\-b"), ("a\\b", r"a\eb"), (".PP", r"\&.PP"), ("'s", r"\(aqs"), ("`x`", r"\(gax\(ga"),
        ("…", r"\[u2026]"), ("a\n.b", "a .b"), ("\U0001f600", r"\[u1F600]"),
    ],
)  # fmt: skip
def test_no_text_is_taken_for_a_macro(given: str, escaped: str) -> None:
    assert shell_files.text_line(given) == escaped


@pytest.mark.parametrize(
    ("words", "offered"),
    [(["gluehook", "hea"], ["health"]), (["gluehook", "check", "--l"], ["--live"]), (["gluehook", "zzz"], [])],
    ids=["verb", "option", "none"],
)
def test_bash_completes_by_the_installed_script(words: list[str], offered: list[str], tmp_path: Path) -> None:
    program = tmp_path / "gluehook"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m hooks "$@"\n')
    program.chmod(0o755)
    code = (
        f'source "{shell_files.FOLDER / "gluehook.bash"}"; COMP_WORDS=({" ".join(words)}); '
        f"COMP_CWORD={len(words) - 1}; "
        '_gluehook_completion gluehook; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    env = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONPATH": str(shell_files.TOP)}
    ran = subprocess.run(
        [shutil.which("bash") or "bash", "-c", code], env=env, capture_output=True, text=True, check=True
    )
    assert ran.stderr == ""
    assert ran.stdout.split() == offered
