"""What wireguard.regenerate_peers refuses, and what it leaves behind when it is cut off: whole files, and a notice."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from handlers.wireguard.desired import Desired
from handlers.wireguard.files import read
from handlers.wireguard.pending_notice import Notice
from handlers.wireguard.regenerate_peers import RegenerateArgs, RegeneratePeers
from handlers.wireguard.rewrite import survey
from hooks.handler import GiveUp, Retry
from tests.handlers.cases_general import OneContainer, docker_at, engine_of
from tests.handlers.cases_wireguard import contents
from tests.handlers.contract import Notes
from tests.parts.docker.on_engine import ends
from tests.parts.places import TOP
from tests.parts.process.disk import disk
from tests.parts.process.ordinary_user import ordinary_user, public_folder
from tests.parts.targets.on_folder import KEY, NEW_DNS, apply, changed, within
from tests.parts.targets.wireguard_folder import make_folder

# -- what cannot be, or not now ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("wg_confs/wg0.conf", "PublicKey", "PublicKe", "this [Peer] has no PublicKey"),
        ("wg_confs/wg0.conf", "[Interface]", "[client]", "wg0.conf:1: this is no section of WireGuard's"),
        (
            "peer_phone/peer_phone.conf",
            "PrivateKey",
            "# PrivateKey",
            "peer_phone.conf:1: this [Interface] has no PrivateKey",
        ),
        ("peer_phone/peer_phone.conf", "\n[Peer]", "\n# [Peer]", "peer_phone.conf:"),
        ("peer_laptop/peer_laptop.conf", "10.13.13.3", "10.13.13.2", "10.13.13.2 is the address of peer_phone, too"),
    ],
)
def test_what_is_broken_is_refused_and_nothing_is_written(
    folder: Path, file: str, old: str, new: str, said: str
) -> None:
    (folder / file).write_text((folder / file).read_text().replace(old, new, 1))
    before = contents(folder)
    word, why = ends(RegeneratePeers(), NEW_DNS, within(folder))
    assert (word, said in why) == ("GiveUp", True), why
    assert re.search(r"\.conf:\d+: ", why)
    assert why.endswith("nothing was written")
    assert not KEY.search(why)
    assert contents(folder) == before


@pytest.mark.parametrize(
    "args",
    [
        RegenerateArgs(dns="adguard"), RegenerateArgs(dns="fd00::5"), RegenerateArgs(dns="1.1.1.1", dns_of="adguard"),
        RegenerateArgs(peers=["../wg_confs"]), RegenerateArgs(peers=["my phone"]), RegenerateArgs(interface="../wg0"),
        RegenerateArgs(home_ssids=["x" * 33]), RegenerateArgs(endpoint="home.example.net:1"),
    ],
)  # fmt: skip
def test_a_wish_that_cannot_be_is_refused_and_nothing_is_written(folder: Path, args: RegenerateArgs) -> None:
    before = contents(folder)
    for verb in (RegeneratePeers().plan, RegeneratePeers().apply):
        with pytest.raises(GiveUp):
            verb(args, within(folder))
    assert contents(folder) == before


def test_who_has_no_wireguard_is_left_in_peace(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    for place in (empty, tmp_path / "nowhere"):
        ctx, args = within(place), RegenerateArgs(dns_of="adguard")
        assert RegeneratePeers().plan(args, ctx) is None
        word, said = ends(RegeneratePeers(), args, ctx)
        assert (word, said) == (
            "skipped", f"there is no WireGuard configuration in {place}; mount that folder there, or set WIREGUARD_DIR",
        )  # fmt: skip


def test_a_folder_without_the_servers_file_is_said(folder: Path) -> None:
    (folder / "wg_confs/wg0.conf").unlink()
    word, said = ends(RegeneratePeers(), NEW_DNS, within(folder))
    assert (word, said.startswith(f"there is no {folder}/wg_confs/wg0.conf; is this the folder")) == ("GiveUp", True)


def test_files_of_another_user_are_left_alone_and_the_remedy_is_said() -> None:
    with public_folder() as place:
        folder = make_folder(place / "config", ["phone"])
        before = contents(folder)
        with ordinary_user():
            word, said = ends(RegeneratePeers(), NEW_DNS, within(folder))
        assert (word, "user: PUID:PGID" in said) == ("GiveUp", True), said
        assert contents(folder) == before


def test_a_full_disk_changes_nothing_and_is_tried_again(tmp_path: Path) -> None:
    with disk(tmp_path / "disk") as place:
        folder = make_folder(place / "config", ["phone", "laptop"])
        memory, before = Notes(), contents(folder)
        filler = place / "filler"
        filler.write_bytes(bytes(os.statvfs(place).f_bavail * os.statvfs(place).f_bsize))
        word, said = ends(RegeneratePeers(), NEW_DNS, within(folder, memory))
        assert (word, "No space left on device" in said) == ("Retry", True), said
        assert contents(folder) == before
        filler.unlink()
        assert "DNS 172.18.0.14 → 172.18.0.15" in apply(folder, NEW_DNS, memory=memory).said
        subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True)
        word, said = ends(RegeneratePeers(), RegenerateArgs(dns="172.18.0.16"), within(folder))
        assert (word, "mount WireGuard's folder without :ro" in said) == ("GiveUp", True), said


# -- nothing is lost in between -----------------------------------------------------------------------------------

_KILLED = """
import json, os, signal, sys
from pathlib import Path
from hooks.storage import atomic_files
from handlers.wireguard.regenerate_peers import RegenerateArgs, RegeneratePeers
from tests.handlers.contract import Notes
from tests.parts.targets.on_folder import within

atomic_files._AT_ONCE = 1
left, rename = int(sys.argv[1]), os.rename

def renaming(*args):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    rename(*args)

class Kept(Notes):
    def put(self, key, value):
        super().put(key, value)
        Path(sys.argv[3]).write_text(json.dumps(self.values))

os.rename = renaming
RegeneratePeers().apply(RegenerateArgs(dns="172.18.0.15"), within(Path(sys.argv[2]), Kept()))
"""


@pytest.mark.parametrize("at", [1, 4])
def test_what_a_killed_run_has_left_undone_is_done_and_said(at: int, folder: Path, tmp_path: Path) -> None:
    before, notes = contents(folder), tmp_path / "notes"
    argv = [sys.executable, "-c", _KILLED, str(at), str(folder), str(notes)]
    ran = subprocess.run(argv, check=False, cwd=TOP, env={**os.environ, "PYTHONPATH": str(TOP)})
    assert ran.returncode == -9
    half = contents(folder)
    assert len([name for name in changed(before, half) if "/." not in name]) == at - 1
    memory = Notes()
    memory.values = json.loads(notes.read_text())
    outcome = apply(folder, NEW_DNS, memory=memory)
    assert outcome.status == "changed"
    assert "phone, laptop: DNS 172.18.0.14 → 172.18.0.15" in outcome.said
    assert [path.name for path in folder.rglob(".*")] == [".donoteditthisfile"]
    assert apply(folder, NEW_DNS, memory=memory).status == "unchanged"


def test_what_could_not_be_told_to_the_server_is_said_when_it_was(folder: Path, tmp_path: Path) -> None:
    one, memory, args = OneContainer(), Notes(), RegenerateArgs(peers=["phone", "laptop", "tablet"])
    with engine_of(one, tmp_path) as address:
        here: dict[str, Any] = {"docker": docker_at(address), "memory": memory, "container": "box"}
        one.exit_code, one.output = 1, b"Unable to access interface: No such device\n"
        with pytest.raises(Retry, match=r"'wg show' failed in WireGuard's container .* No such device"):
            apply(folder, args, **here)
        one.running = False
        outcome = apply(folder, args, **here)
    assert outcome.status == "changed"
    assert "tablet: new" in outcome.said
    assert "container 'box' does not run and reads its file when it starts" in outcome.said


def test_what_was_not_reported_yet_outlives_an_attempt_that_gives_up(folder: Path) -> None:
    memory = Notes()
    notice = Notice(folder, memory)
    first, second = (
        survey(read(folder), desired, None) for desired in (Desired(dns=("10.0.0.9",)), Desired(port=51999))
    )
    with pytest.raises(Retry), notice.adding(first):
        raise Retry("the disk is full")
    with pytest.raises(GiveUp), notice.adding(second):
        raise GiveUp("the files are another user's")
    said = notice.outcome().said
    assert ("10.0.0.9" in said, "51999" in said) == (True, False), said
