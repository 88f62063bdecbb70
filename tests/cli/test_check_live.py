"""`gluehook check --live`: whether the server has the containers that the rules and settings need."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from hooks.cli.check import check
from tests.parts.docker import fake_docker
from tests.parts.docker.fake_docker import FakeEngine
from tests.parts.places import TOP

socket, fake = fake_docker.socket, fake_docker.fake  # fixtures


def live(*options: str, file: Path = TOP / "rules.toml") -> tuple[int, list[str]]:
    """The exit code, and the lines but the first."""
    done = CliRunner().invoke(check, [str(file), "--live", *options], standalone_mode=False)
    return done.return_value, done.output.splitlines()[1:]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_what_the_server_lacks_is_named_with_the_line_to_write(
    fake: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, image in (("vpn", "qmcgaw/gluetun"), ("torrents", "hotio/qbittorrent"), ("dns", "adguard/adguardhome")):
        fake.has(name, name.ljust(64, "0"), image=image)
    assert live() == (0, ["the server has every container that the rules and settings need"])
    assert live("--json") == (0, [])
    monkeypatch.setenv("GLUETUN_CONTAINER", "vpm")
    said = (
        "GLUETUN_CONTAINER names 'vpm', and no container has that name: 'vpn' (qmcgaw/gluetun); write "
        "GLUETUN_CONTAINER=vpn, or leave the setting out"
    )
    code, lines = live()
    assert (code, lines[0]) == (1, said)
    assert json.loads(live("--json")[1][0]) == {"live": said}


def test_an_idle_rule_is_a_note(fake: FakeEngine) -> None:
    for name, image in (("vpn", "qmcgaw/gluetun"), ("torrents", "hotio/qbittorrent")):
        fake.has(name, name.ljust(64, "0"), image=image)
    code, (note, fits) = live()
    assert (code, fits) == (0, "the server has every container that the rules and settings need")
    assert note.startswith("note: rule peers-follow-dns is idle: no container is AdGuard Home; ")
    assert [*json.loads(live("--json")[1][0])] == ["note"]


def test_a_secret_that_a_table_names_and_nobody_has_is_said(fake: FakeEngine, tmp_path: Path) -> None:
    fake.has("vpn", "v" * 64, image="qmcgaw/gluetun")
    file = tmp_path / "rules.toml"
    file.write_text('version = 1\n[[gluetun]]\ncontainer = "vpn"\napi_key = "${secret:NOBODY_HAS}"\n')
    code, (said,) = live(file=file)
    assert code == 1
    assert "the [[gluetun]] of 'vpn' has api_key = \"${secret:NOBODY_HAS}\", and that secret has no value" in said


def test_an_engine_that_is_away_is_said(fake: FakeEngine) -> None:
    fake.stop()
    code, (said,) = live()
    assert code == 1
    assert "Docker" in said
