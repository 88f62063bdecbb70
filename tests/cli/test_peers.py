"""`gluehook peers`: what it tells where nobody can look, and a QR code that a decoder reads off the screen."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from handlers.wireguard import files as wireguard_files
from handlers.wireguard.devices import device_files
from handlers.wireguard.live import LivePeer
from hooks.doctor.facts.peers import Live, Row, profile_of, rows
from hooks.handler import GiveUp
from tests.parts.places import TOP
from tests.parts.process.gluehook import Gluehook
from tests.parts.targets.qr_reader import decoded, from_lines
from tests.parts.targets.wireguard_folder import make_folder, public_key

NAMES = ["iphone", "tablet", "1"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """As the image and gluehook leave it, but for the QR codes of two."""
    made = make_folder(tmp_path / "wireguard", NAMES)
    for name, content in device_files("peer_iphone", "wg0", text(made, "iphone"), ["Home"], lambda _: None).items():
        (made / "peer_iphone" / name).write_bytes(content)
    for stem in ("peer_tablet", "peer1"):
        (made / stem / f"{stem}.png").unlink()
    return made


@pytest.fixture
def here(tmp_path: Path, folder: Path) -> Gluehook:
    return Gluehook(tmp_path, (TOP / "rules.toml").read_text(), WIREGUARD_DIR=str(folder))


def text(folder: Path, name: str) -> str:
    return (folder / f"peer_{name}/peer_{name}.conf").read_text()


def keys(folder: Path) -> set[str]:
    """Every key in the folder, public ones, too."""
    return {key for file in folder.rglob("*key-*") for key in [file.read_text().strip()]}


# -- the table -------------------------------------------------------------------------------------------


def test_where_nobody_can_look_the_files_are_shown(here: Gluehook, folder: Path) -> None:
    said = here.call("peers")
    assert said.returncode == 1, "two have no QR code"
    head, iphone, tablet, _ = said.stdout.splitlines()
    assert head.split() == ["peer", "address", "handshake", "seen", "at", "to", "import", "in", "step"]
    assert re.split(r"\s{2,}", iphone.rstrip()) == ["iphone", "10.13.13.2", "?", "QR, iOS, macOS", "yes"]
    assert re.split(r"\s{2,}", tablet.rstrip())[-2:] == ["nothing", "it has no QR code"]
    assert "cannot read WireGuard's peers in container 'wireguard'" in said.stderr
    assert said.stderr.rstrip().endswith("; so only the files are shown")
    assert not [key for key in keys(folder) if key in said.stdout + said.stderr]


def test_what_cannot_be_read_is_said_without_a_key(here: Gluehook, folder: Path) -> None:
    server = folder / "wg_confs/wg0.conf"
    server.write_text(server.read_text().replace("PublicKey = ", "PublicKey = x", 1))
    said = here.call("peers")
    assert (said.returncode, said.stdout) == (1, "")
    assert re.match(rf"{server}:\d+: PublicKey is not 32 bytes in base64", said.stderr)
    assert not [key for key in keys(folder) if key in said.stderr]


# -- one row ---------------------------------------------------------------------------------------------


def row(folder: Path, name: str, live: Live | None = None) -> Row:
    return next(row for row in rows(wireguard_files.read(folder), live, "") if row.name == name)


def seen(folder: Path, endpoint: str, handshake_s: int = 1000) -> Live:
    key = public_key(folder, "iphone")
    return Live({key: LivePeer(key, endpoint, handshake_s, ("10.13.13.2/32",))}, ["172.18.0.1"], 1100.0)


def test_what_the_interface_says(folder: Path) -> None:
    away = row(folder, "iphone", seen(folder, "203.0.113.7:4500"))
    assert (away.handshake_s, away.endpoint, away.connected, away.at_home) == (1000, "203.0.113.7:4500", True, False)
    assert row(folder, "iphone", seen(folder, "192.168.1.1:4500")).at_home
    old = row(folder, "iphone", seen(folder, "192.168.1.1:4500", handshake_s=900))
    assert (old.connected, old.at_home) == (False, False), "where it was then says nothing of now"
    assert row(folder, "1", seen(folder, "")).out_of_step[-1] == "the running interface does not know it yet"


def test_what_does_not_fit(folder: Path) -> None:
    profile = folder / "peer_iphone/peer_iphone.conf"
    good = profile.read_text()
    profile.write_text(good.replace("10.13.13.2", "10.13.13.9").replace("PresharedKey = ", "PresharedKey = AAAA"))
    assert row(folder, "iphone").out_of_step == ("its configuration cannot be read",)
    another = next(key for key in sorted(keys(folder)) if key not in good)
    other = re.sub(r"PresharedKey = .*", f"PresharedKey = {another}", good)
    profile.write_text(other.replace("10.13.13.2", "10.13.13.9"))
    os.utime(profile, (4e9, 4e9))
    assert row(folder, "iphone").out_of_step == (
        "the server lets in another address",
        "the server has another pre-shared key",
        "its QR code is older than its configuration",
    )


def test_a_removed_peer_is_shown_and_is_nothing_wrong(here: Gluehook, folder: Path) -> None:
    server = folder / "wg_confs/wg0.conf"
    server.write_text(server.read_text().partition("\n[Peer]\n# peer_tablet")[0])
    said = here.call("peers", "--json")
    iphone, one, _ = json.loads(said.stdout)
    assert said.returncode == 0
    assert iphone == {
        "name": "iphone", "let_in": True, "address": "10.13.13.2", "handshake_s": None, "endpoint": "",
        "connected": False, "at_home": False, "out_of_step": [], "in_step": True,
        "files": ["png", "ios.mobileconfig", "macos.mobileconfig"],
    }  # fmt: skip
    assert (one["name"], one["let_in"], one["in_step"]) == ("1", False, False)
    assert one["out_of_step"] == ["the server no longer lets it in"]
    assert not [key for key in keys(folder) if key in said.stdout + said.stderr]


# -- the QR code -------------------------------------------------------------------------------------------


def on_a_terminal(here: Gluehook, *words: str) -> str:
    """What a verb writes to a terminal."""
    ours, its = pty.openpty()
    argv = [sys.executable, "-m", "hooks", *words]
    child = subprocess.Popen(argv, cwd=here.folder, env={**here.environment, "TERM": "xterm"}, stdin=its, stdout=its)
    os.close(its)
    written = b""
    try:
        while piece := os.read(ours, 65536):
            written += piece
    except OSError:  # how a terminal says that nobody holds it any more
        pass
    finally:
        os.close(ours)
    assert child.wait(15) == 0
    return written.decode()


def test_a_decoder_reads_the_code_off_the_terminal(here: Gluehook, folder: Path) -> None:
    lines = on_a_terminal(here, "peers", "show", "iphone").splitlines()
    shown = [re.fullmatch(r"\x1b\[38;5;16m\x1b\[48;5;231m(.*)\x1b\[0m", line) for line in lines]
    assert all(shown), "black on white, whatever the theme"
    assert decoded(from_lines([line[1] for line in shown if line])) == text(folder, "iphone")


def test_it_is_shown_on_a_terminal_only(here: Gluehook, folder: Path) -> None:
    said = here.call("peers", "show", "iphone")
    assert (said.returncode, said.stdout) == (2, "")
    assert "on a terminal only" in said.stderr
    assert f"{folder}/peer_iphone/peer_iphone.png" in said.stderr


def test_a_name_that_is_not_there_names_the_nearest(here: Gluehook, folder: Path) -> None:
    said = here.call("peers", "show", "iphon")
    assert (said.returncode, said.stdout) == (1, "")
    assert said.stderr == f"there is no peer 'iphon' in {folder}; did you mean 'iphone'?\n"
    with pytest.raises(GiveUp, match="there is iphone, tablet, 1"):
        profile_of(wireguard_files.read(folder), "../../etc/passwd")
