"""Fixtures of the tests of `gluehook init`."""

from __future__ import annotations

from pathlib import Path

import pytest

from hooks.cli.main import main
from hooks.docker.client import forget
from tests.parts.docker import fake_docker
from tests.workbench.init_written import Init

socket, fake = fake_docker.socket, fake_docker.fake  # fixtures


@pytest.fixture
def init(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Init:
    """`gluehook init` with this engine: its exit code and what it said."""

    def call(host: str, *words: str) -> tuple[int, str]:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("DOCKER_HOST", host)
        code = main(["init", "--output", "made", *words])
        forget()
        said = capsys.readouterr()
        return code, said.out + said.err

    return call
