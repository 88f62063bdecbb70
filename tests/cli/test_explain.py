"""`gluehook explain` as a command: it asks the gluehook that runs, and does without; its exit codes."""

from __future__ import annotations

import json
import re
from io import StringIO
from pathlib import Path

import pytest

from hooks.cli.main import main
from tests.parts.process.gluehook import Gluehook, gluehook
from tests.workbench.test_explain import DOCKERS

RULES = """
version = 1
[[rule]]
name  = "tell"
on    = ["port.forwarded", { event = "container.die", container = "web", exit_code = { not = 0 } }]
key   = "k"
cooldown = "1h"
do    = { use = "command.run", command = ["/bin/echo", "${state.port}", "${secret:GLUETUN_API_KEY}"] }
"""


def test_the_command_asks_the_gluehook_that_runs_and_does_without(tmp_path: Path) -> None:
    with gluehook(tmp_path, RULES) as part:
        part.hears("is ready")
        part.write_port(51413)
        part.hears("tell: ", "done")
        asked = part.call("explain", "container.die", "container=web", "exit_code=1")
        assert asked.returncode == 0, asked.stderr
        assert "answered by the gluehook that runs" in asked.stdout
        assert re.search(r"tell  would run in (1h|59m)", asked.stdout)
        assert '"/bin/echo", "51413", "${secret:GLUETUN_API_KEY}"' in asked.stdout
        part.call("pause", "tell", "--for", "2h")
        (one,) = map(json.loads, part.call("explain", "--json", "port.forwarded", "port=1").stdout.splitlines())
        assert 7100 < one["in_s"] <= 7200
        assert re.match(r"paused, (2h|1h59m)", one["when"][0])
        part.ends()
    alone = part.call("explain", "container.die", "container=web", "exit_code=0")
    assert (alone.returncode, alone.stderr) == (0, "")
    assert "no gluehook is running" in alone.stdout
    assert "exit_code is 0, and the rule wants { not = 0 }" in alone.stdout


def test_the_command_reads_standard_input_and_other_files(tmp_path: Path) -> None:
    part = Gluehook(tmp_path, RULES)
    other = tmp_path / "other.toml"
    other.write_text(RULES.replace("not = 0", "not = 1"))
    line = json.dumps(DOCKERS)
    piped = part.call("explain", "-", "--json", stdin=line + "\n")
    assert json.loads(piped.stdout)["runs"] is True
    told = part.call("explain", "--rules", str(other), "container.die", "container=web", "exit_code=1")
    assert "the rule wants { not = 1 }" in told.stdout
    assert f"the rules of {other} alone" in told.stdout
    other.write_text("version = 1")
    assert "there is no rule" in part.call("explain", "--rules", str(other), "container.die").stdout
    other.write_text("version = 2")
    broken = part.call("explain", "--rules", str(other), "container.die")
    assert broken.returncode == 1
    assert "error[version]" in broken.stderr


ROLE = """
version = 1
[[client]]
kind = "qbittorrent"
container = "tor"
[[rule]]
name = "tell"
on = { event = "container.start", role = "qbittorrent" }
do = { use = "command.run", command = ["/bin/true"] }
"""


@pytest.mark.parametrize("words", [["container=tor"], ["container=qb", "image=hotio/qbittorrent:5"], ["container=qb"]])
def test_without_a_running_gluehook_the_role_is_that_of_the_table_or_of_the_image(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GLUEHOOK_STATE", str(tmp_path))
    (tmp_path / "rules.toml").write_text(ROLE)
    assert main(["explain", "--rules", str(tmp_path / "rules.toml"), "container.start", *words]) == 0
    said = capsys.readouterr().out
    if words == ["container=qb"]:
        assert "the role of 'qb' is not known here, and the rule wants \"qbittorrent\"; write role=qbittorrent" in said
    else:
        assert 'role = "qbittorrent"' in said.splitlines()[0]
        assert "tell  would run at once" in said


@pytest.mark.parametrize("words", [["container.dei"], ["-"], []])
def test_wrong_words_are_wrong_use(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    monkeypatch.setattr("sys.stdin", StringIO("a\nb\n"))
    assert main(["explain", *words]) == 2
    assert "Error: " in capsys.readouterr().err
