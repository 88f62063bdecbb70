"""`gluehook status` as a process, on a home server of fakes that writes down whatever is not a GET."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from urllib.parse import quote_plus

import pytest

from hooks.config.settings import Settings
from hooks.doctor.facts.model import Gluehook
from hooks.doctor.status.row import Row
from hooks.doctor.status.rows import all_well, rows
from tests.doctor.hanging_reads import WAIT_S, over_when_the_others_are_done
from tests.handlers.contract import misbehaving
from tests.parts.process.fake_home import (
    IN_ENVIRONMENTS,
    PORT,
    SECRETS,
    SEEN_AT,
    FakeHome,
    assert_only_read,
)
from tests.parts.targets.fakes_http import Answer, served


def told(part: FakeHome, *, well: bool, within_s: float = 10.0, **environment: str) -> dict[str, Row]:
    """The rows by their names, read in this process; no secret may be in them."""
    settings = {name.lower(): value for name, value in environment.items() if name.lower() in Settings.__slots__}
    found = rows(part.collector(environment, **settings).collect(within_s))
    assert_no_secret(" ".join(row.says for row in found))
    assert all_well(found) == well, found
    return {f"{row.part} {row.what}": row for row in found}


def assert_no_secret(text: str) -> None:
    values = [*filter(None, SECRETS.values()), *(line.partition("=")[2] for line in IN_ENVIRONMENTS)]
    assert [value for value in values if value in text] == []
    assert "fault of gluehook's" not in text
    assert "Traceback" not in text


def test_all_is_well_and_nothing_is_changed(here: FakeHome) -> None:
    ran = here.call("status", "--json", "--wait", "10s")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stderr == ""
    assert_no_secret(ran.stdout)
    found = json.loads(ran.stdout)
    assert found["well"]
    says = {f"{row['part']} {row['what']}": row["says"] for row in found["rows"] if row["state"] == "well"}
    assert len(says) == len(found["rows"])
    assert says["gluetun public IP"] == "203.0.113.1, Panama"
    assert says["qBittorrent port"] == f"{PORT}, as forwarded"
    assert says["qBittorrent listening"] == "on 10.8.0.2"
    assert f"from {SEEN_AT}" in says["WireGuard phone"]
    assert_only_read(here)


@pytest.mark.parametrize("verb", ["status", "doctor"])
def test_the_password_of_a_url_is_in_no_output(verb: str, here: FakeHome) -> None:
    written, plain = "pass%2Fwo%20rd%C3%A9", "pass/wo rdé"
    urls = {"QBITTORRENT_URL": here.qbittorrent_url, "GLUETUN_URL": here.gluetun_url}
    shown = {name: url.replace("http://", f"http://owner:{written}@") for name, url in urls.items()}
    ran = here.call(verb, "--json", "--wait", "10s", **shown, GLUEHOOK_LOG_LEVEL="DEBUG")
    assert "rejects the user and the password of QBITTORRENT_URL" in ran.stdout  # 5.2 takes them for a login
    header = base64.b64encode(f"owner:{plain}".encode()).decode()
    for secret in (written, plain, quote_plus(plain), json.dumps(plain)[1:-1], header):
        assert secret not in ran.stdout + ran.stderr
    proofs = [ask.headers.get("authorization") for ask in here.asks]
    assert f"Basic {header}" in proofs  # they were sent


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_what_a_target_answers_can_neither_end_the_command_nor_steer_the_terminal(
    form: tuple[str, ...], here: FakeHome
) -> None:
    odd = Answer(200, '{"public_ip":"203.0.113.1","country":"\\ud800\\u001b[2J"}\n', {"Content-Type": "text/plain"})
    with served(lambda ask: odd if "publicip" in ask.path else here.gluetun.answer(ask)) as url:
        ran = here.call("status", "--wait", "10s", *form, GLUETUN_URL=url, COLUMNS="120")
    assert "203.0.113.1, ��[2J" in (str(json.loads(ran.stdout)["rows"]) if form else ran.stdout)
    assert "Traceback" not in ran.stderr


def test_the_table_fits_a_terminal_and_the_exit_code_is_one(here: FakeHome) -> None:
    here.qbittorrent.preferences["listen_port"] = 6881
    ran = here.call("status", "--wait", "10s", COLUMNS="80")
    assert ran.returncode == 1
    assert f"✗ port        6881, and {PORT} is forwarded" in ran.stdout
    assert max(map(len, ran.stdout.splitlines())) <= 80
    assert_no_secret(ran.stdout)


def test_a_wrong_password_is_tried_once_in_several_calls(here: FakeHome) -> None:
    for _ in range(3):  # qBittorrent bans after five
        row = told(here, well=False, QBITTORRENT_PASSWORD="wr0ng-passw0rd")["qBittorrent login"]
    assert row.state == "wrong"
    assert "rejects the password of 'admin'" in row.says
    assert here.qbittorrent.logins() == 1
    assert told(here, well=True)["qBittorrent web UI"].state == "well"  # it was corrected


def test_what_gluehook_found_rejected_is_not_tried_at_all(here: FakeHome) -> None:
    told(here, well=False, QBITTORRENT_PASSWORD="wr0ng-passw0rd")
    (here.state / "onlooker.json").rename(here.state / "memory.json")  # as if gluehook itself had found it
    assert told(here, well=False, QBITTORRENT_PASSWORD="wr0ng-passw0rd")["qBittorrent login"].state == "wrong"
    assert here.qbittorrent.logins() == 1


@pytest.mark.parametrize("how", ["timeout", "garbage", "half_a_body"])
def test_a_target_that_does_not_answer_costs_its_row_only(here: FakeHome, how: str) -> None:
    with misbehaving(how) as address:
        found = told(here, well=False, within_s=1.5, GLUETUN_URL=address)
    assert found["gluetun control server"].state == "unknown"
    assert {name for name, row in found.items() if row.state != "well"} == {"gluetun control server"}


def test_files_on_a_drive_that_hangs_cost_their_rows_only(here: FakeHome, monkeypatch: pytest.MonkeyPatch) -> None:
    over_when_the_others_are_done(monkeypatch, "gluehook")
    here.port_file.unlink()
    os.mkfifo(here.port_file)  # nobody ever writes into it
    collector = here.collector()
    hangs = threading.Event()
    collector.gluehook = lambda: hangs.wait(30) and Gluehook(True, ())  # type: ignore[assignment,return-value]
    found = {f"{row.part} {row.what}": row for row in rows(collector.collect(WAIT_S))}
    hangs.set()
    assert "its state folder cannot be read: there was no answer" in found["gluehook heartbeat"].says
    assert "it is no plain file" in found["gluetun port file"].says.lower()
    assert found["gluetun tunnel"].state == "well"


def test_without_docker_the_rest_is_read(here: FakeHome, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    found = told(here, well=False)
    assert "/nowhere/docker.sock is not there" in found["Docker engine"].says
    assert found["qBittorrent port"].state == "well"
    assert found["gluetun tunnel"].state == "well"


def test_a_proxy_that_forbids_commands_leaves_notes(here: FakeHome) -> None:
    for name in ("b", "c"):
        here.engine.refusals[f"/containers/{name * 64}/exec"] = (403, b"forbidden")
    found = told(here, well=True)
    assert "(403)" in found["qBittorrent listening"].says
    assert "(403)" in found["WireGuard handshakes"].says
    assert {row.state for row in found.values()} == {"well", "note"}


def test_a_server_with_none_of_the_parts(here: FakeHome, tmp_path: Path) -> None:
    here.engine.containers.clear()
    empty = {"QBITTORRENT_URL": "http://127.0.0.1:9", "GLUETUN_URL": "http://127.0.0.1:9",
             "WIREGUARD_DIR": str(tmp_path / "none"), "FORWARDED_PORT_FILE": str(tmp_path / "no-port")}  # fmt: skip
    found = told(here, well=True, **empty)
    assert {row.says for row in found.values() if row.state == "note"} == {"not here"}


def test_a_dead_gluehook_is_seen(here: FakeHome) -> None:
    (here.state / "heartbeat.json").unlink()
    assert "no heartbeat" in told(here, well=False)["gluehook heartbeat"].says


def test_wrong_settings_are_wrong_use(here: FakeHome) -> None:
    ran = here.call("status", GLUETUN_URL="ftp://x")
    assert ran.returncode == 2
    assert "GLUETUN_URL" in ran.stderr


def test_watch_reads_again_until_it_is_stopped(here: FakeHome) -> None:
    # a shell that runs the tests in the background has SIGINT ignored, and a child would inherit that
    argv = [
        "env",
        "--default-signal=INT",
        sys.executable,
        "-m",
        "hooks",
        "status",
        "--watch",
        "--json",
        "--wait",
        "10s",
    ]
    with subprocess.Popen(argv, cwd=here.folder, env=here.environment(), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        first, second = (json.loads(process.stdout.readline()) for _ in range(2))
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    assert first["well"]
    assert second["time"] - first["time"] >= 4.9
    assert here.qbittorrent.logins() == 1  # the session is kept
