"""What devices import: QR codes that a real decoder reads, and profiles of exactly the documented keys."""

from __future__ import annotations

import io
import plistlib
import random
import subprocess
import sys
from typing import Any

import pytest
from PIL import Image

from handlers.wireguard import qr
from handlers.wireguard.conf import Malformed
from handlers.wireguard.devices import Platform, device_files, device_names, home_ssids_of, wrong_ssid
from tests.parts.targets.qr_reader import decoded, from_lines

SERVER_KEY, OTHER_KEY = "c2VydmVyc2VydmVyc2VydmVyc2VydmVyc2VydmVyc2U=", "b3RoZXJvdGhlcm90aGVyb3RoZXJvdGhlcm90aGVyb3Q="
CONF = f"""\
[Interface]
Address = 10.13.13.2
PrivateKey = cHJpdmF0ZXByaXZhdGVwcml2YXRlcHJpdmF0ZXByaXY=
ListenPort = 51820
DNS = 172.18.0.14

[Peer]
# the house, Müllerstraße
PublicKey = {SERVER_KEY}
PresharedKey = cHJlc2hhcmVkcHJlc2hhcmVkcHJlc2hhcmVkcHJlc2g=
Endpoint = home.example.net:51820
AllowedIPs = 0.0.0.0/0, ::/0
"""
SSIDS = ["Müller 5G", "Mueller <2.4>"]


def nothing(_: str) -> None:
    return None


def profiles(text: str = CONF, ssids: list[str] | None = None, *, stem: str = "peer_iphone") -> dict[str, Any]:
    """Both profiles, read as Apple's parser reads them."""
    files = device_files(stem, "wg0", text, SSIDS if ssids is None else ssids, nothing)
    return {p: plistlib.loads(files[f"{stem}.{p}.mobileconfig"], fmt=plistlib.FMT_XML) for p in ("ios", "macos")}


def tunnel(profile: dict[str, Any]) -> dict[str, Any]:
    (payload,) = profile["PayloadContent"]
    return dict(payload)


# -- QR codes --------------------------------------------------------------------------------------------


def test_a_real_decoder_reads_the_exact_text() -> None:
    png = device_files("peer_iphone", "wg0", CONF, None, nothing)["peer_iphone.png"]
    assert decoded(Image.open(io.BytesIO(png))) == CONF


def test_texts_of_every_length_are_read() -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    chance = random.Random(seed)
    signs = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/=\n .,:ü"
    for length in [*(chance.randrange(1, 2000) for _ in range(8)), 1, 2900]:
        text = "".join(chance.choice(signs if length < 2900 else signs[:-1]) for _ in range(length))
        assert decoded(Image.open(io.BytesIO(qr.png(text)))) == text


def test_the_terminals_code_is_read_too() -> None:
    lines = qr.lines(CONF)
    assert len(lines) * 2 in (len(lines[0]), len(lines[0]) + 1), "it is square"
    assert decoded(from_lines(lines)) == CONF


def test_what_no_qr_code_can_hold_has_none_and_everything_else() -> None:
    assert decoded(Image.open(io.BytesIO(qr.png("x" * 2953)))) == "x" * 2953
    with pytest.raises(ValueError, match="its 2,954 bytes are more than the 2,953"):
        qr.lines("x" * 2954)
    text = CONF + "".join(f"AllowedIPs = 10.{number}.0.0/16\n" for number in range(150))
    files = device_files("peer_iphone", "wg0", text, [], nothing)
    assert set(files) == {"peer_iphone.ios.mobileconfig", "peer_iphone.macos.mobileconfig"}


# -- profiles --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("platform", "third"), [
    ("ios", {"Action": "Connect", "InterfaceTypeMatch": "Cellular"}),
    ("macos", {"Action": "Disconnect", "InterfaceTypeMatch": "Ethernet"}),
])  # fmt: skip
def test_exactly_three_rules_in_the_order_that_the_app_shows_as_editable(platform: Platform, third: Any) -> None:
    vpn = tunnel(profiles()[platform])["VPN"]
    assert vpn["OnDemandEnabled"] == 1
    assert vpn["OnDemandRules"] == [
        {"Action": "Disconnect", "InterfaceTypeMatch": "WiFi", "SSIDMatch": SSIDS},
        {"Action": "Connect", "InterfaceTypeMatch": "WiFi"},
        third,
    ]


# Of WireGuard's MOBILECONFIG.md, and of com.apple.vpn.managed.yaml, TopLevel.yaml and CommonPayloadKeys.yaml in
# apple/device-management, which say that the optional ones may be left out.
_COMMON = {"PayloadType": str, "PayloadVersion": int, "PayloadIdentifier": str, "PayloadUUID": str}
_TOP = {**_COMMON, "PayloadDisplayName": str, "PayloadContent": list, "TargetDeviceType": int}
_PAYLOAD = {
    **_COMMON, "PayloadDisplayName": str, "UserDefinedName": str, "VPNType": str, "VPNSubType": str,
    "VendorConfig": dict, "VPN": dict,
}  # fmt: skip
_VPN = {"RemoteAddress": str, "AuthenticationMethod": str, "OnDemandEnabled": int, "OnDemandRules": list}


@pytest.mark.parametrize("platform", ["ios", "macos"])
def test_every_key_is_a_documented_one_of_its_type(platform: str) -> None:
    profile = profiles()[platform]
    for keys, part in ((_TOP, profile), (_PAYLOAD, tunnel(profile)), (_VPN, tunnel(profile)["VPN"])):
        assert {name: type(value) for name, value in part.items()} == keys
    assert (profile["PayloadType"], profile["PayloadVersion"]) == ("Configuration", 1)
    assert profile["TargetDeviceType"] == {"ios": 1, "macos": 5}[platform]
    payload = tunnel(profile)
    assert (payload["PayloadType"], payload["PayloadVersion"]) == ("com.apple.vpn.managed", 1)
    assert (payload["VPNType"], payload["VPNSubType"]) == ("VPN", f"com.wireguard.{platform}")
    assert payload["VendorConfig"] == {"WgQuickConfig": CONF}
    assert payload["VPN"]["RemoteAddress"] == "home.example.net:51820"
    assert payload["VPN"]["AuthenticationMethod"] == "Password"


def identifiers(profile: dict[str, Any]) -> list[str]:
    return [part[name] for part in (profile, tunnel(profile)) for name in ("PayloadIdentifier", "PayloadUUID")]


def test_a_new_import_replaces_the_old_and_no_other() -> None:
    before = profiles()["ios"]
    changed = CONF.replace("172.18.0.14", "172.18.0.15").replace("home.example.net", "house.example.org")
    assert identifiers(profiles(changed, ["Elsewhere"])["ios"]) == identifiers(before)
    others = [
        profiles()["macos"],
        profiles(stem="peer_ipad")["ios"],
        profiles(CONF.replace(SERVER_KEY, OTHER_KEY))["ios"],  # somebody else's server also has a peer_iphone
    ]
    assert len({one for profile in [before, *others] for one in identifiers(profile)}) == 4 * 4


def test_keys_that_the_app_refuses_are_left_out_of_the_profile_and_stay_in_the_qr_code() -> None:
    text = CONF.replace("DNS =", "PostUp = iptables -A FORWARD\nTable = off\nDNS =")
    files = device_files("peer_iphone", "wg0", text, [], nothing)
    assert decoded(Image.open(io.BytesIO(files["peer_iphone.png"]))) == text
    profile = plistlib.loads(files["peer_iphone.ios.mobileconfig"])
    assert tunnel(profile)["VendorConfig"]["WgQuickConfig"] == CONF


def test_without_a_name_nothing_switches_the_tunnel() -> None:
    for profile in profiles(ssids=[]).values():
        assert set(tunnel(profile)["VPN"]) == {"RemoteAddress", "AuthenticationMethod"}


def test_names_that_are_not_given_stay_as_they_are() -> None:
    given = device_files("peer_iphone", "wg0", CONF, SSIDS, nothing)
    left = device_files("peer_iphone", "wg0", CONF, None, given.get)
    assert left == given
    taken_out = device_files("peer_iphone", "wg0", CONF, [], given.get)
    assert home_ssids_of(taken_out["peer_iphone.ios.mobileconfig"]) == ()


@pytest.mark.parametrize("content", [
    None, b"", b"{", b"<plist><dict></dict></plist>", plistlib.dumps({"PayloadContent": []}),
    plistlib.dumps({"PayloadContent": [{"VPN": {"OnDemandRules": [3]}}]}), plistlib.dumps([1]),
])  # fmt: skip
def test_a_file_that_is_no_profile_of_ours_names_nothing(content: bytes | None) -> None:
    assert home_ssids_of(content) == ()


def test_the_same_once_more_is_the_same_to_the_byte() -> None:
    first = device_files("peer_iphone", "wg0", CONF, SSIDS, nothing)
    assert tuple(first) == device_names("peer_iphone")
    program = (
        "import sys; from handlers.wireguard.devices import device_files\n"
        "files = device_files('peer_iphone', 'wg0', sys.argv[1], sys.argv[2:], lambda _: None)\n"
        "sys.stdout.buffer.write(b''.join(files.values()))"
    )
    argv = [sys.executable, "-c", program, CONF, *SSIDS]  # another process, with other hashes of strings
    assert subprocess.run(argv, capture_output=True, check=True).stdout == b"".join(first.values())


@pytest.mark.parametrize("text", ["", "[Interface]\n", CONF.replace("PrivateKey", "Private")])
def test_what_is_no_configuration_makes_no_files(text: str) -> None:
    with pytest.raises(Malformed, match=r"^peer_iphone.conf:\d+: "):
        device_files("peer_iphone", "wg0", text, SSIDS, nothing)


@pytest.mark.parametrize("name", ["", "x" * 33, "ü" * 17, "two\nlines"])
def test_a_name_that_no_wifi_can_have_is_refused(name: str) -> None:
    wrong = wrong_ssid(["Home", name])
    assert wrong
    assert "is no name of a Wi-Fi" in wrong


def test_names_with_blanks_and_quotes_are_names() -> None:
    assert wrong_ssid(['Tom\'s "5G" <home> & garden', "ü" * 16, "家"]) is None
    assert tunnel(profiles(ssids=["<&>"])["ios"])["VPN"]["OnDemandRules"][0]["SSIDMatch"] == ["<&>"]
