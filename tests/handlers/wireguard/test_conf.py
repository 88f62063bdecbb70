"""WireGuard's files: read as `wg` reads them, kept to the byte, and what is broken named by its line."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from handlers.wireguard.conf import Conf, Malformed, parse, without_keys
from tests.parts.targets.wireguard_folder import make_folder

KEYS = [b64encode(bytes([n]) * 32).decode() for n in range(8)]
SERVER = f"""# by hand, do not lose
[Interface]
Address = 10.13.13.1
PrivateKey={KEYS[0]}   # mine
PostUp = iptables -A FORWARD -i %i -j ACCEPT; echo '#' > /dev/null
X-Future = 7

[Peer]
# peer_phone
PublicKey = {KEYS[1]}
AllowedIPs = 10.13.13.2/32
allowedips\t=\t10.14.0.0/24, fd00::/64 # two more

[ peer ]
#peer_2
publickey = {KEYS[2]}
AllowedIPs = 10.13.13.3/32"""


def conf(text: str = SERVER) -> Conf:
    return parse(text.encode(), "wg0.conf")


def test_it_is_read_as_wg_reads_it() -> None:
    phone, two = conf().peers
    assert (phone.title, two.title) == ("peer_phone", "peer_2")
    assert phone.values("AllowedIPs") == ("10.13.13.2/32", "10.14.0.0/24", "fd00::/64")
    assert two.get("PublicKey") == KEYS[2]
    assert conf().interface.get("privatekey") == KEYS[0]
    assert conf().interface.get("MTU") is None


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_a_change_changes_its_own_line_only(line_end: str) -> None:
    text = SERVER.replace("\n", line_end)
    before = conf(text)
    after = before.having(before.interface, "Address", "10.13.13.1/24")
    assert after.text == text.replace("10.13.13.1" + line_end, f"10.13.13.1/24{line_end}")
    assert before.text == text


def test_a_value_keeps_its_comment_and_the_key_its_spelling() -> None:
    changed = conf().having(conf().interface, "PrivateKey", KEYS[3])
    assert f"PrivateKey={KEYS[3]}   # mine\n" in changed.text


def test_repeated_keys_become_one() -> None:
    changed = conf().having(conf().peers[0], "AllowedIPs", "10.13.13.9/32")
    assert changed.peers[0].values("AllowedIPs") == ("10.13.13.9/32",)
    assert changed.text.count("\n") == SERVER.count("\n") - 1
    assert changed.text.endswith(SERVER[SERVER.index("[ peer ]") :])


def test_a_new_key_stands_behind_the_last_of_its_section_also_without_a_line_end() -> None:
    phone, two = conf().peers
    changed = conf().having(phone, "PersistentKeepalive", "25").having(two, "PersistentKeepalive", "20")
    assert "# two more\nPersistentKeepalive = 25\n\n[ peer ]" in changed.text
    assert changed.text.endswith("AllowedIPs = 10.13.13.3/32\nPersistentKeepalive = 20\n")
    assert conf(changed.text).having(two, "persistentkeepalive", None).text == changed.text.removesuffix(
        "PersistentKeepalive = 20\n"
    )


def test_a_peer_is_taken_out_and_another_put_in() -> None:
    without = conf().without(conf().peers[0])
    assert [peer.title for peer in without.peers] == ["peer_2"]
    assert without.text == SERVER[: SERVER.index("[Peer]")] + SERVER[SERVER.index("[ peer ]") :]
    more = without.adding(["[Peer]", "# peer_new", f"PublicKey = {KEYS[4]}"])
    assert [peer.title for peer in more.peers] == ["peer_2", "peer_new"]
    assert more.text.startswith(without.text + "\n\n[Peer]\n")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "1: it has no sections [Interface]"),
        ("client\ndev tun0\nremote vpn.example.net 1194\n", "1: this stands before any [Interface] or [Peer]"),
        ("[Interface]\n\n[Route]\n", "3: this is no section of WireGuard's"),
        (SERVER[:193], "6: this is no line of the form Key = value"),
        (SERVER[:95], "4: PrivateKey is not 32 bytes in base64"),
        ("[Interface]\nAddress = 10.13.13.1\n", "1: this [Interface] has no PrivateKey"),
        (SERVER + "\n\n[Peer]\n# peer_x\n", "19: this [Peer] has no PublicKey"),
        (SERVER.replace(KEYS[2], KEYS[2][:-2]), "16: PublicKey is not 32 bytes in base64"),
        (
            SERVER.replace("10.13.13.3/32", "10.13.13.3/33"),
            "17: '10.13.13.3/33' in AllowedIPs is no address or network",
        ),
        (SERVER + "\n[Interface]\n", "18: it has 2 sections [Interface]"),
        (SERVER + f"\nPresharedKey = {KEYS[3][:20]}\n", "18: PresharedKey is not 32 bytes in base64"),
    ],
)
def test_what_is_broken_is_named_by_its_line_and_never_by_a_key(text: str, said: str) -> None:
    with pytest.raises(Malformed) as raised:
        conf(text)
    assert str(raised.value).startswith(f"wg0.conf:{said}")
    assert not any(key[:20] in str(raised.value) for key in KEYS)


def test_what_is_no_text_is_named_by_its_line() -> None:
    with pytest.raises(Malformed, match=r"wg0\.conf:2: it is not UTF-8"):
        parse(b"[Interface]\n# caf\xe9\n", "wg0.conf")


def test_a_key_that_somebody_quotes_is_hidden() -> None:
    assert without_keys(f"Key is not the correct length: `{KEYS[0]}'") == "Key is not the correct length: `***'"


def test_every_file_of_the_image_is_read(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "config", ["phone", "2"])
    for file in [folder / "wg_confs/wg0.conf", *folder.glob("peer*/*.conf")]:
        assert parse(file.read_bytes(), str(file)).text.encode() == file.read_bytes()


LINES = some.sampled_from([
    *SERVER.splitlines(), "", "  ", "# remark", "Key = value # x", "[Peer]", "A=b=c", "=", "MTU = 1420",
    "\tDNS=1.1.1.1,lan", "Name = caf\u00e9\u2028x", "x\x0by = 1",
])  # fmt: skip


@given(some.lists(LINES), some.sampled_from(["\n", "\r\n"]))
def test_whatever_is_read_is_kept(lines: list[str], line_end: str) -> None:
    text = line_end.join(["[Interface]", f"PrivateKey = {KEYS[0]}", *lines])
    try:
        read = conf(text)
    except Malformed:
        return
    assert read.text == text
    changed = read.having(read.interface, "MTU", "1280")
    assert changed.interface.values("MTU") == ("1280",)
    others = [entry for section in read.sections[1:] for entry in section.entries]
    assert [(e.key, e.value) for s in changed.sections[1:] for e in s.entries] == [(e.key, e.value) for e in others]
