"""Devices come and go: keys, addresses and entries of new peers, and what is left of removed ones."""

from __future__ import annotations

import shutil
import subprocess
import sys
from base64 import b64decode, b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from handlers.wireguard.desired import Desired
from handlers.wireguard.files import key_file, read
from handlers.wireguard.regenerate_peers import RegenerateArgs, RegeneratePeers
from handlers.wireguard.rewrite import survey
from hooks.handler import Duration, GiveUp
from tests.handlers.cases_general import OneContainer, docker_at, engine_of
from tests.handlers.cases_wireguard import contents
from tests.parts.docker.on_engine import ends
from tests.parts.places import TOP
from tests.parts.targets.on_folder import KEY, NEW_DNS, apply, changed, profile, within


@pytest.fixture
def nobody(tmp_path: Path) -> Iterator[Any]:
    """An engine that knows no container but `box`."""
    with engine_of(OneContainer(), tmp_path) as address:
        yield docker_at(address)


# -- new peers and removed ones --------------------------------------------------------------------------------


def test_a_new_peer_gets_keys_an_address_and_what_the_others_have(folder: Path, nobody: Any) -> None:
    args = RegenerateArgs(peers=["phone", "laptop", "tablet"], keepalive=Duration(25.0))
    outcome = apply(folder, args, docker=nobody)
    assert "tablet: new" in outcome.said
    assert "Docker knows no container 'wireguard', so restart WireGuard where it runs" in outcome.said
    assert not KEY.search(outcome.said)
    own, server, shared = KEY.findall(profile(folder, "tablet"))
    its, servers, theirs = KEY.findall(phone := profile(folder, "phone"))
    like = phone.replace("10.13.13.2", "10.13.13.4").replace(its, own).replace(theirs, shared)
    assert (profile(folder, "tablet"), server) == (like, servers)
    public = X25519PrivateKey.from_private_bytes(b64decode(own)).public_key().public_bytes_raw()
    kept = [key_file(folder / "peer_tablet", kind).read_text() for kind in ("private", "public", "preshared")]
    assert kept == [f"{key}\n" for key in (own, b64encode(public).decode(), shared)]
    entry = read(folder).server.peers[-1]
    assert entry.title == "peer_tablet"
    assert (entry.get("PublicKey"), entry.get("PresharedKey")) == (b64encode(public).decode(), shared)
    assert entry.values("AllowedIPs") == ("10.13.13.4/32",)
    assert (folder / "peer_tablet").stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.glob("peer_tablet/*")} == {0o600}


def test_no_key_of_those_that_stay_is_changed(folder: Path, nobody: Any) -> None:
    before = {path: KEY.findall(path.read_text()) for path in folder.glob("**/*.conf")}
    apply(
        folder,
        RegenerateArgs(dns="172.18.0.15", endpoint="h.example.org", peers=["phone", "laptop", "3"]),
        docker=nobody,
    )
    for path, keys in before.items():
        assert KEY.findall(path.read_text())[: len(keys)] == keys


def test_a_removed_peer_is_locked_out_and_its_folder_stays(folder: Path, nobody: Any) -> None:
    before = contents(folder)
    outcome = apply(folder, RegenerateArgs(peers=["laptop"]), docker=nobody)
    assert "phone: locked out, its folder stays" in outcome.said
    assert "must import" not in outcome.said
    assert [entry.title for entry in read(folder).server.peers] == ["peer_laptop"]
    assert changed(before, contents(folder)) <= {"wg_confs/wg0.conf", "peer_laptop/peer_laptop.png"}


def test_who_comes_back_has_the_old_keys_and_the_old_address(folder: Path, nobody: Any) -> None:
    before, server = profile(folder, "phone"), read(folder).server.peers[0]
    apply(folder, RegenerateArgs(peers=["laptop"]), docker=nobody)
    apply(folder, RegenerateArgs(peers=["laptop", "tablet"]), docker=nobody)
    outcome = apply(folder, RegenerateArgs(peers=["laptop", "tablet", "phone"], port=443), docker=nobody)
    assert "phone: new" in outcome.said
    assert profile(folder, "phone") == before.replace("51820\nAllowedIPs", "443\nAllowedIPs")
    back = read(folder).server.peers[-1]
    assert [(e.key, e.value) for e in back.entries] == [(e.key, e.value) for e in server.entries]
    assert "Address = 10.13.13.4\n" in profile(folder, "tablet"), "10.13.13.2 was reserved"


def test_without_its_folder_a_peer_gets_new_keys_as_with_the_image(folder: Path, nobody: Any) -> None:
    before = read(folder).server.peers[0].get("PublicKey")
    shutil.rmtree(folder / "peer_phone")
    assert apply(folder, NEW_DNS).said.endswith("must import their configuration again (peer_NAME.png): laptop")
    assert "phone: new" in apply(folder, RegenerateArgs(peers=["phone", "laptop"]), docker=nobody).said
    layout = read(folder)
    assert [entry.title for entry in layout.server.peers] == ["peer_laptop", "peer_phone"]
    assert layout.peers[1].public_key not in ("", before)
    assert layout.peers[1].dns == ("172.18.0.15",)


def test_without_its_profile_a_peer_keeps_its_keys(folder: Path, nobody: Any) -> None:
    own, _, shared = KEY.findall(profile(folder, "phone"))
    (folder / "peer_phone/peer_phone.conf").unlink()
    apply(folder, RegenerateArgs(peers=["phone", "laptop"]), docker=nobody)
    assert (KEY.findall(profile(folder, "phone"))[0], KEY.findall(profile(folder, "phone"))[2]) == (own, shared)


def test_leaving_out_peers_removes_none(folder: Path) -> None:
    apply(folder, NEW_DNS)
    assert [peer.name for peer in read(folder).listed] == ["phone", "laptop"]


def test_who_comes_back_to_an_address_that_is_anothers_is_refused(folder: Path, nobody: Any) -> None:
    apply(folder, RegenerateArgs(peers=["laptop"]), docker=nobody)
    path = folder / "peer_phone/peer_phone.conf"
    path.write_text(profile(folder, "phone").replace("10.13.13.2", "10.13.13.3"))
    before = contents(folder)
    with pytest.raises(GiveUp, match=r"peer_phone\.conf:2: 10\.13\.13\.3 is the address of peer_laptop, too"):
        apply(folder, RegenerateArgs(peers=["laptop", "phone"]), docker=nobody)
    assert contents(folder) == before


def test_a_server_without_an_address_can_take_nobody_in(folder: Path, nobody: Any) -> None:
    server = folder / "wg_confs/wg0.conf"
    server.write_text(server.read_text().replace("Address = 10.13.13.1\n", ""))
    with pytest.raises(GiveUp, match=r"wg0\.conf:1: this \[Interface\] has no Address.*; nothing was written"):
        apply(folder, RegenerateArgs(peers=["phone", "laptop", "tablet"]), docker=nobody)


def test_the_first_peer_of_all_must_be_told_where_the_server_is(folder: Path, nobody: Any) -> None:
    for stem in ("peer_phone", "peer_laptop"):
        shutil.rmtree(folder / stem)
    server = folder / "wg_confs/wg0.conf"
    server.write_text(server.read_text()[: server.read_text().index("[Peer]")])
    word, said = ends(RegeneratePeers(), RegenerateArgs(peers=["1"]), within(folder, docker=nobody))
    assert (word, "give it as endpoint" in said) == ("GiveUp", True)
    assert not (folder / "peer1").exists()
    apply(folder, RegenerateArgs(peers=["1"], endpoint="home.example.net"), docker=nobody)
    text = (folder / "peer1/peer1.conf").read_text()
    assert "Address = 10.13.13.2\n" in text
    assert "DNS = 10.13.13.1\n" in text, "the server's own, as the image does it"
    assert f"PublicKey = {(folder / 'server/publickey-server').read_text().strip()}\n" in text
    assert "Endpoint = home.example.net:51820\nAllowedIPs = 0.0.0.0/0, ::/0\n" in text


_IN_A_PROCESS_OF_ITS_OWN = """
import sys
from pathlib import Path
from handlers.wireguard.regenerate_peers import RegenerateArgs
from tests.parts.targets.on_folder import apply

docker = lambda _: sys.exit("the server is told when all is written")
try:
    apply(Path(sys.argv[1]), RegenerateArgs(dns="172.18.0.15", peers=["phone", "tablet"]), docker=docker)
finally:
    print(*sorted({"cryptography", "segno"} & set(sys.modules)))
"""


def test_what_makes_keys_and_qr_codes_is_never_loaded_by_who_runs_all_the_time(folder: Path) -> None:
    argv = [sys.executable, "-W", "ignore", "-c", _IN_A_PROCESS_OF_ITS_OWN, str(folder)]
    ran = subprocess.run(argv, capture_output=True, text=True, check=False, cwd=TOP)
    assert (ran.stdout, "the server is told" in ran.stderr) == ("\n", True), ran.stderr
    assert (folder / "peer_tablet/peer_tablet.png").exists()


@pytest.mark.parametrize(
    ("peers", "is_configured"), [("phone laptop", True), ("phone", False), ("phone laptop tablet", False)]
)
def test_a_new_or_removed_peer_leaves_something_to_configure(folder: Path, peers: str, *, is_configured: bool) -> None:
    """What method = "container" asks before it restarts the image, and after."""
    rewrite = survey(read(folder), Desired(peers=tuple(peers.split())), None)
    assert rewrite.is_configured == is_configured
