"""Where `gluehook init` writes its files, and which paths stand in them, on the host and in a container."""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from handlers import HANDLERS
from hooks.cli.main import main
from hooks.docker.client import forget
from hooks.docker.container import ListedContainer
from hooks.rules.table import Table
from hooks.rules_file import reader
from hooks.workbench import init_compose, init_survey
from tests.parts.docker.fake_docker import FakeEngine
from tests.workbench.init_written import FILES, Init, give


def test_nothing_is_overwritten(init: Init, fake: FakeEngine, tmp_path: Path) -> None:
    (tmp_path / "made").mkdir()
    (tmp_path / "made/rules.toml").write_text("mine")
    code, said = init(fake.host)
    assert code == 1
    assert "made/rules.toml: exists already, and was left as it is" in said
    assert "made/compose.gluehook.yaml: written" in said
    assert (tmp_path / "made/rules.toml").read_text() == "mine"
    assert set(FILES) == {file.name for file in (tmp_path / "made").iterdir()}


def test_as_json_and_a_folder_that_cannot_be(init: Init, fake: FakeEngine, tmp_path: Path) -> None:
    give(fake, "vpn", "qmcgaw/gluetun")
    code, said = init(fake.host, "--json")
    assert code == 0
    assert json.loads(said) == {
        "found": {"gluetun": "vpn"}, "sharing": [], "pairs": {"vpn": []}, "alone": [], "trouble": "",
        "doubts": [],
        "files": dict.fromkeys(FILES, True),
    }  # fmt: skip
    (tmp_path / "file").touch()
    code, said = init(fake.host, "--output", "file/x")
    assert code == 2
    assert "nothing can be written to file/x" in said


def test_where_nothing_can_be_written_the_files_are_printed(
    init: Init, fake: FakeEngine, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As by `docker compose run --rm gluehook init`, whose root folder belongs to root."""
    give(fake, "vpn", "qmcgaw/gluetun")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DOCKER_HOST", fake.host)
    for words, access in ((("--output", "-"), True), ((), False)):
        monkeypatch.setattr(os, "access", lambda *_, may=access: may)
        assert main(["init", *words]) == 0
        forget()
        out, err = capsys.readouterr()
        head, rules, compose = re.split(r"# ---- \S+ ----\n", out)
        assert not head
        assert isinstance(reader.read(rules, "", HANDLERS), Table)
        assert set(yaml.safe_load(compose)["services"]) == {"gluehook"}
        assert "gluetun: vpn (qmcgaw/gluetun)" in err
        assert "next: save each part as the file that its first line names" in err
    assert not [*tmp_path.glob("*.toml")]


def test_as_json_nothing_is_written_where_the_files_would_be_printed(
    fake: FakeEngine, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    give(fake, "vpn", "qmcgaw/gluetun")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DOCKER_HOST", fake.host)
    for words, access in ((("--output", "-"), True), ((), False)):
        monkeypatch.setattr(os, "access", lambda *_, may=access: may)
        assert main(["init", "--json", *words]) == 0
        forget()
        found = json.loads(capsys.readouterr().out)
        assert (found["found"], found["files"]) == ({"gluetun": "vpn"}, {})
    assert {one.name for one in tmp_path.iterdir()} <= {"docker.sock"}


@pytest.mark.parametrize(
    ("mounts", "source"),
    [
        ({}, "/var/run/docker.sock"), ({"/host/run": "/run"}, "/run/docker.sock"),
        ({"/host": "/", "/host/run": "/srv/engine"}, "/srv/engine/docker.sock"), ({"/host": "/"}, "/run/docker.sock"),
        ({"/host/run/docker.sock": "/var/run/docker.sock"}, "/var/run/docker.sock"),
        ({"/host/run": "volume"}, "/var/run/docker.sock"), ({"/host/ru": "/x"}, "/var/run/docker.sock"),
    ],
)  # fmt: skip
def test_in_a_container_the_paths_are_those_of_the_host(mounts: dict[str, str], source: str) -> None:
    own = found(**{inside: ("bind" if to.startswith("/") else "volume", to) for inside, to in mounts.items()})
    here = init_survey.Server(own=own)
    outside = init_survey.outside("/host/run/docker.sock", here)
    assert f"      - {source}:/var/run/docker.sock:ro" in init_compose.compose(here, "", "", outside).splitlines()


def test_in_a_container_the_port_file_is_looked_for_where_it_is_mounted_here(tmp_path: Path) -> None:
    (tmp_path / "forwarded_port").touch()
    owner = f"{tmp_path.stat().st_uid}:{tmp_path.stat().st_gid}"
    for theirs, own, expected in (
        (("bind", "/srv/port"), {str(tmp_path): ("bind", "/srv/port")}, owner),
        (("bind", "/srv/port"), {str(tmp_path.parent): ("bind", "/srv/other")}, "77:78"),
        (("volume", "vol"), {str(tmp_path): ("volume", "vol")}, owner),
        (("bind", str(tmp_path)), {}, "77:78"), (("bind", str(tmp_path)), None, owner),
    ):  # fmt: skip
        gluetun = replace(found(**{"/tmp/gluetun": theirs}), variables={"PUID": "77", "PGID": "78"})
        here = init_survey.Server({"gluetun": gluetun}, own=None if own is None else found(**own))
        assert init_survey.owner_of_port_file(here) == expected


def found(**mounts: tuple[str, str]) -> init_survey.FoundContainer:
    return init_survey.FoundContainer(ListedContainer("one", "1" * 64), mounts=mounts)
