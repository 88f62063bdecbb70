"""`gluehook record` and `history --export`: everything that happens, nothing that is secret."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hooks.cli.main import main
from hooks.config.secrets import Secrets, Sources
from hooks.events.catalogue import CATALOGUE, Event
from hooks.events.jsonl import loads
from hooks.workbench.private_fields import without_private_fields
from hooks.workbench.record import RecordingWriter
from hooks.workbench.recording import Recording
from tests.parts.docker.fake_docker import FakeEngine
from tests.parts.process.gluehook import WAIT_S, Gluehook, gluehook, until
from tests.parts.targets.fakes_gluetun import fake_gluetun

RULES = """
version = 1
[[rule]]
name = "tell"
on   = ["port.forwarded", { event = "timer.tick", every = "1s" }, { event = "file.written", path = "FOLDER/watched" }]
key  = "k"
do   = { use = "command.run", command = ["/bin/true", "${secret:OWN_TOKEN}"] }
"""
TOKEN = "t0ken-of-a-rule"


@contextmanager
def recording(part: Gluehook, *words: str, stdout: Path | None = None) -> Iterator[subprocess.Popen[str]]:
    """`gluehook record` for the time of a block, its standard output into a file if that is given."""
    with (stdout or Path(os.devnull)).open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "hooks", "record", *words], cwd=part.folder, env=part.environment, text=True,
            stdin=subprocess.DEVNULL, stdout=out if stdout else subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=WAIT_S)


def part_of(folder: Path, engine: FakeEngine) -> Gluehook:
    part = Gluehook(folder, RULES.replace("FOLDER", str(folder)), DOCKER_HOST=engine.host, OWN_TOKEN=TOKEN)
    part.write_port(51413)
    return part


def events(file: Path) -> list[Event]:
    """The events of a recording; each line must be one of ours."""
    lines = file.read_text().splitlines(keepends=True)
    return [event for line in lines if line.endswith("\n") and (event := loads(line))]


def test_everything_that_happens_is_recorded_and_ctrl_c_ends_it(fake: FakeEngine, tmp_path: Path) -> None:
    part, file = part_of(tmp_path, fake), tmp_path / "r.jsonl"
    fake.has("web", "1" * 64)
    with recording(part, "--output", str(file)) as process:
        until(
            lambda: file.exists() and {e.type for e in events(file)} >= {"container.start", "port.forwarded"}, "start"
        )
        fake.tell("die", "db", "2" * 64, exitCode="3", **{"com.example.heal": "yes"})
        fake.tell("create", "data", "data", kind="volume")
        part.write_port(51414)
        (tmp_path / "watched").write_text("x")
        wanted = {"container.die", "volume.create", "file.written", "timer.tick"}
        until(lambda: {event.type for event in events(file)} >= wanted, "not everything was recorded")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=WAIT_S)
    assert process.returncode == 0, err
    assert (out, "Traceback" in err) == ("", False)
    found = events(file)
    assert f"{len(found)} events in {file}" in err
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [event.data["port"] for event in found if event.type == "port.forwarded"][-1] == 51414
    (die,) = [event for event in found if event.type == "container.die"]
    assert die.data["exit_code"] == 3
    assert die.data["labels"] == {"com.example.heal": "yes"}
    assert {"resync", "live"} <= {event.origin for event in found}
    assert not list(tmp_path.glob("state*/*")), "it needs no state folder"
    with file.open("rb") as lines:
        read = Recording(str(file), lines)
        instants = [seen.at for seen in read]
    assert (len(instants), read.problems) == (len(found), [])
    assert instants == [json.loads(line)["at"] for line in file.read_text().splitlines()]


def test_no_secret_and_no_environment_is_ever_in_it(fake: FakeEngine, tmp_path: Path) -> None:
    part, file = part_of(tmp_path, fake), tmp_path / "stdout"
    fake.has("web", "1" * 64)
    fake.containers["1" * 64]["Config"] |= {
        "Env": ["PASSWORD=hunter2"], "Labels": {"app.password": "hunter2", "app.url": f"https://u:hunter2@h/{TOKEN}"},
    }  # fmt: skip
    password = part.environment["QBITTORRENT_PASSWORD"]
    with recording(part, stdout=file) as process:
        fake.wait_for_requests("/events", 1)
        fake.tell("die", "db", "2" * 64, note=f"say {password}!", token="hunter2", plain=f"a {TOKEN} b")
        until(lambda: "container.die" in [event.type for event in events(file)], "the death was not recorded")
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=WAIT_S)
    assert process.returncode == 0, err
    text = file.read_text() + err
    assert [word for word in ("hunter2", password, TOKEN) if word in text] == []
    labels = next(event.data["labels"] for event in events(file) if event.type == "container.die")
    assert labels == {"note": "say ***!", "token": "***", "plain": "a *** b"}
    assert "standard output" in err


def test_a_field_that_the_catalogue_does_not_know_stays_here() -> None:
    event = Event("container.die", "web", 1, data={"container": "web", "Env": ["A=b"], "exit_code": 1})
    assert without_private_fields(event, str).data == {"container": "web", "exit_code": 1}
    exhausted = Event("rule.exhausted", "a", 1, data={"rule": "a", "key": "gluetun", "runs": 1})
    assert without_private_fields(exhausted, str).data["key"] == "gluetun", "a name such as key is no secret here"


def test_without_docker_and_with_broken_rules_the_port_is_recorded_and_that_is_said(
    fake: FakeEngine, tmp_path: Path
) -> None:
    part, file = part_of(tmp_path, fake), tmp_path / "r.jsonl"
    part.environment["DOCKER_HOST"] = f"unix://{tmp_path}/none.sock"
    part.rules.write_text("version = 2")
    with recording(part, "--output", str(file)) as process:
        wanted = {"port.forwarded", "source.lost"}
        until(lambda: file.exists() and wanted <= {event.type for event in events(file)}, "not everything was recorded")
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=WAIT_S)
    assert process.returncode == 0
    assert "error[version]" in err
    assert "the files, timers and polls that rules name are not recorded" in err
    assert f"docker cannot be seen: Docker's socket {tmp_path}/none.sock is not there" in err


SECOND = """
[[gluetun]]
container = "second"
port_file = "FOLDER/second_port"
"""


@pytest.mark.parametrize("mode", ["auto", "api"])
def test_the_port_of_the_control_server_and_of_a_second_gluetun_are_recorded(
    fake: FakeEngine, tmp_path: Path, mode: str
) -> None:
    part, file = part_of(tmp_path, fake), tmp_path / "r.jsonl"
    part.rules.write_text((RULES + SECOND).replace("FOLDER", str(tmp_path)))
    part.port_file.unlink()
    fake.has("gluetun", "1" * 64, image="qmcgaw/gluetun")
    (tmp_path / "second_port").write_text("52000")

    def ports() -> list[tuple[str, str, int]]:
        found = [event for event in events(file) if event.type == "port.forwarded"] if file.exists() else []
        return [(event.data["gluetun"], event.source, event.data["port"]) for event in found]

    def cleared() -> list[str]:
        return [one.source for one in events(file) if (one.type, one.subject) == ("port.cleared", "gluetun")]

    with fake_gluetun(auth="apikey", version=(3, 41, 3), forwards=41000) as (gluetun, url):
        part.environment |= {"GLUETUN_URL": url, "GLUETUN_API_KEY": gluetun.api_key, "FORWARDED_PORT_SOURCE": mode}
        with recording(part, "--output", str(file)) as process:
            until(lambda: ("gluetun", "api:gluetun", 41000) in ports(), "the port was not recorded")
            if mode == "auto":
                until(lambda: ("second", "files", 52000) in ports(), "the second port was not recorded")
                assert cleared() == [], file.read_text()
                part.write_port(41001)  # and between its truncation and its writing the file may be seen as empty
                until(lambda: ("gluetun", "files", 41001) in ports(), "the file was not read")
            else:
                gluetun.forwards = 41001
                until(lambda: ("gluetun", "api:gluetun", 41001) in ports(), "the second poll was not recorded")
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=WAIT_S)
    assert process.returncode == 0, err
    assert gluetun.writes == []
    assert gluetun.api_key not in file.read_text() + err
    assert mode == "auto" or cleared() == []


def test_a_key_that_gluetun_rejects_is_said_once_and_tried_once(fake: FakeEngine, tmp_path: Path) -> None:
    part, file = part_of(tmp_path, fake), tmp_path / "r.jsonl"
    fake.has("gluetun", "1" * 64, image="qmcgaw/gluetun")
    with fake_gluetun(auth="apikey", version=(3, 41, 3)) as (gluetun, url):
        part.environment |= {"GLUETUN_URL": url, "GLUETUN_API_KEY": "another", "FORWARDED_PORT_SOURCE": "api"}
        with recording(part, "--output", str(file)) as process:
            until(lambda: file.exists() and "api:gluetun" in file.read_text(), "the source is not lost")
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=WAIT_S)
    assert process.returncode == 0, err
    assert err.count("api:gluetun cannot be seen: ") == 1
    assert "GLUETUN_API_KEY" in err
    assert len(gluetun.asks) == 1
    assert not list(tmp_path.glob("state*/*")), "it needs no state folder"


def test_it_ends_by_itself_when_its_time_is_over(fake: FakeEngine, tmp_path: Path) -> None:
    ran = part_of(tmp_path, fake).call("record", "--for", "200ms")
    assert ran.returncode == 0
    assert f"{len(ran.stdout.splitlines())} event" in ran.stderr


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--output", "there"], 2, "there exists already, and no file is overwritten"),
        (["--output", "none/x"], 2, "none/x cannot be written: No such file or directory"),
        (["--for", "10"], 2, "--for: '10' is no duration"),
        (["--rules", "none.toml"], 1, "error[file-missing]"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *, words: list[str], code: int,
    said: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there").write_text("mine")
    assert main(["record", *words]) == code
    assert said in capsys.readouterr().err
    assert (tmp_path / "there").read_text() == "mine"


def test_a_disk_that_is_full_ends_it_and_is_said() -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    writer = RecordingWriter(full, str)
    writer.copy(Event("daemon.reload", "d", number) for number in range(3))
    os.close(full)
    assert (writer.count, writer.error) == (0, "No space left on device")
    assert writer.ended.is_set()


def test_the_journal_becomes_a_recording(fake: FakeEngine, tmp_path: Path) -> None:
    rules = RULES.replace("FOLDER", str(tmp_path)).replace('"1s"', '"1h"')
    file = tmp_path / "r.jsonl"
    with gluehook(tmp_path, rules, DOCKER_HOST=fake.host, OWN_TOKEN=TOKEN) as part:
        part.hears("is ready")
        part.write_port(51413)
        part.hears("tell: ", "done")
        exported = part.call("history", "--export", str(file))
        assert exported.returncode == 0, exported.stderr
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert ("port.forwarded", 51413) in [(event.type, event.data.get("port")) for event in events(file)]
    assert f"in {file}" in exported.stderr
    none = Gluehook(tmp_path, rules, GLUEHOOK_STATE=str(tmp_path / "none")).call("history", "--export", "x")
    assert (none.returncode, "there is no journal" in none.stderr) == (1, True)


def test_a_secret_that_is_read_from_a_file_is_masked_too(tmp_path: Path) -> None:
    (tmp_path / "own_token").write_text(TOKEN)
    secrets = Secrets(Sources({}, str(tmp_path)))
    assert secrets.read("OWN_TOKEN") == TOKEN
    event = Event("container.die", "web", 1, data={"container": "web", "labels": {"a": f"x{TOKEN}y"}})
    assert without_private_fields(event, secrets.mask).data["labels"] == {"a": "x***y"}


def test_every_event_type_can_be_recorded() -> None:
    for kind in CATALOGUE.values():
        data = {
            name: {"x": "y"} if f.type is dict else [1] if f.type is list else f.type("7")
            for name, f in kind.fields.items()
        }
        assert without_private_fields(Event(kind.name, "7", 1, data=data), str).data == data
