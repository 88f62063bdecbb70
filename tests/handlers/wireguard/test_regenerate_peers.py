"""wireguard.regenerate_peers on a folder of linuxserver/wireguard: what is written, and what is said."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from handlers.wireguard.regenerate_peers import RegenerateArgs, RegeneratePeers
from hooks.handler import GiveUp, Outcome
from tests.handlers.cases_general import OneContainer, docker_at, engine_of
from tests.handlers.cases_wireguard import contents, on_network
from tests.parts.targets.on_folder import NEW_DNS, apply, changed, profile, within

# -- what is written ---------------------------------------------------------------------------------------


def test_a_new_address_changes_one_line_of_each_profile_and_its_qr_code(folder: Path) -> None:
    before, server = contents(folder), (folder / "wg_confs/wg0.conf").stat()
    outcome = apply(folder, NEW_DNS)
    assert outcome == Outcome(
        "changed",
        f"WireGuard's peers in {folder}: phone, laptop: DNS 172.18.0.14 → 172.18.0.15; "
        "these must import their configuration again (peer_NAME.png): phone, laptop",
    )
    after = contents(folder)
    assert changed(before, after) == {
        f"peer_{n}/peer_{n}.{kind}" for n in ("phone", "laptop") for kind in ("conf", "png")
    }
    old, new = before["peer_phone/peer_phone.conf"][0].decode(), profile(folder, "phone")
    assert new == old.replace("172.18.0.14", "172.18.0.15")
    assert (folder / "wg_confs/wg0.conf").stat() == server


def test_nothing_but_the_wished_files_is_left_behind(folder: Path) -> None:
    apply(folder, NEW_DNS)
    assert [path.name for path in folder.rglob(".*")] == [".donoteditthisfile"]
    assert {path.stat().st_mode & 0o777 for path in folder.glob("peer_*/*")} == {0o600}


def test_apples_profiles_are_made_for_who_names_wifis_and_then_follow(folder: Path) -> None:
    apply(folder, RegenerateArgs(dns="172.18.0.15", home_ssids=["Home", "Home 5G"]))
    profiles = sorted(folder.glob("peer_*/*.mobileconfig"))
    assert [path.name for path in profiles] == [
        f"peer_{name}.{kind}.mobileconfig" for name in ("laptop", "phone") for kind in ("ios", "macos")
    ]
    apply(folder, RegenerateArgs(dns="172.18.0.16"))
    for path in profiles:
        text = path.read_text()
        assert "DNS = 172.18.0.16" in text
        assert "<string>Home 5G</string>" in text
    outcome = apply(folder, RegenerateArgs(home_ssids=["Elsewhere"]))
    assert outcome.said.endswith("phone, laptop: QR code and profiles made anew")
    assert all("Elsewhere" in path.read_text() for path in profiles)


def test_an_untouched_folder_that_is_in_step_stays_untouched(folder: Path) -> None:
    before = contents(folder)
    assert apply(folder, RegenerateArgs(dns="172.18.0.14", endpoint="home.example.net")).status == "unchanged"
    assert contents(folder) == before


def test_a_qr_code_that_is_gone_is_made_anew(folder: Path) -> None:
    (folder / "peer_phone/peer_phone.png").unlink()
    assert apply(folder, RegenerateArgs()).said.endswith("phone: QR code and profiles made anew")
    assert (folder / "peer_phone/peer_phone.png").stat().st_size > 500


LONG = ", ".join(f"10.{number}.0.0/16" for number in range(250))  # 3.4 kB: longer than any QR code


def lengthen(folder: Path, name: str) -> None:
    path = folder / f"peer_{name}" / f"peer_{name}.conf"
    lines = [f"AllowedIPs = {LONG}" if line.startswith("AllowedIPs") else line for line in path.read_text().split("\n")]
    path.write_text("\n".join(lines))


def test_a_configuration_that_no_qr_code_can_hold_keeps_nothing_else_from_being_written(folder: Path) -> None:
    lengthen(folder, "laptop")
    said = apply(folder, NEW_DNS).said
    assert "172.18.0.15" in profile(folder, "phone")
    assert "172.18.0.15" in profile(folder, "laptop")
    assert (folder / "peer_phone/peer_phone.png").exists()
    assert not (folder / "peer_laptop/peer_laptop.png").exists(), "a picture of the old configuration would be wrong"
    assert "no QR code can hold the configuration of laptop, which is too long: import peer_NAME.conf itself" in said
    assert apply(folder, NEW_DNS).status == "unchanged", "that there is no picture is as it should be"


def test_networks_too_many_for_a_qr_code_are_written_for_all(folder: Path) -> None:
    said = apply(folder, RegenerateArgs(allowed_ips=LONG.split(", "))).said
    for name in ("phone", "laptop"):
        assert "10.249.0.0/16" in profile(folder, name)
    assert not list(folder.glob("peer_*/*.png"))
    assert "no QR code can hold the configuration of phone, laptop" in said


def test_a_picture_comes_back_with_a_shorter_configuration(folder: Path) -> None:
    lengthen(folder, "laptop")
    apply(folder, NEW_DNS)
    apply(folder, RegenerateArgs(allowed_ips="0.0.0.0/0"))
    assert (folder / "peer_laptop/peer_laptop.png").exists()


@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf"])
def test_a_byte_order_mark_before_a_configuration_does_no_harm(mark: bytes, folder: Path) -> None:
    for path in (folder / "wg_confs/wg0.conf", folder / "peer_phone/peer_phone.conf"):
        path.write_bytes(mark + path.read_bytes())
    apply(folder, NEW_DNS)
    assert "172.18.0.15" in profile(folder, "phone")
    assert not profile(folder, "phone").startswith("\ufeff")


def test_a_configuration_in_utf_16_is_named_as_what_it_is(folder: Path) -> None:
    path = folder / "wg_confs/wg0.conf"
    path.write_bytes(path.read_text().encode("utf-16"))
    with pytest.raises(GiveUp, match=r"wg0.conf:1: it begins with a byte order mark and is UTF-16; save it as UTF-8"):
        apply(folder, NEW_DNS)


def test_who_names_no_wifis_gets_no_profiles(folder: Path) -> None:
    apply(folder, NEW_DNS)
    assert not list(folder.glob("peer_*/*.mobileconfig"))


def test_what_the_image_wrote_anew_is_followed(folder: Path) -> None:
    apply(folder, RegenerateArgs(dns="172.18.0.15", home_ssids=["Home"]))
    path = folder / "peer_phone/peer_phone.conf"
    path.write_text(profile(folder, "phone").replace("home.example.net", "new.example.net"))
    outcome = apply(folder, NEW_DNS)
    assert outcome.said.endswith("phone: QR code and profiles made anew")
    assert "new.example.net" in (folder / "peer_phone/peer_phone.ios.mobileconfig").read_text()
    assert apply(folder, NEW_DNS).status == "unchanged"


# -- a run that changes nothing ------------------------------------------------------------------------------

_OPENED: list[tuple[str, int]] = []
_watched = ""


def _hear(event: str, args: tuple[Any, ...]) -> None:
    if event == "open" and _watched and isinstance(args[0], str) and args[0].startswith(_watched):
        _OPENED.append((args[0].removeprefix(_watched + "/"), args[2]))


@contextmanager
def opens(folder: Path) -> Iterator[list[tuple[str, int]]]:
    """What this process opens in the folder, with its flags."""
    global _watched  # noqa: PLW0603 - an audit hook cannot be taken away again
    if not _OPENED:
        sys.addaudithook(_hear)
    _OPENED.clear()
    _watched = str(folder)
    try:
        yield _OPENED
    finally:
        _watched = ""


def test_a_run_without_a_change_reads_each_file_once_and_writes_none(folder: Path) -> None:
    apply(folder, NEW_DNS)
    before = contents(folder)
    with opens(folder) as opened:
        assert apply(folder, NEW_DNS).status == "unchanged"
    assert sorted(name for name, _ in opened) == [
        "peer_laptop/peer_laptop.conf", "peer_phone/peer_phone.conf", "wg_confs/wg0.conf",
    ]  # fmt: skip
    assert not any(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT) for _, flags in opened)
    assert contents(folder) == before


# -- the address of a container ------------------------------------------------------------------------------------


@pytest.mark.parametrize("network", ["host", "home"])
def test_of_several_addresses_the_one_in_use_stays(folder: Path, tmp_path: Path, network: str) -> None:
    shown = on_network("172.18.0.14", network).replace('"Networks": {', '"Networks": {"a": {"IPAddress": "10.0.0.7"}, ')
    with engine_of(OneContainer(raw=shown), tmp_path) as address:
        ctx = within(folder, docker=docker_at(address), container="box")
        assert RegeneratePeers().plan(RegenerateArgs(dns_of="box"), ctx) is None
