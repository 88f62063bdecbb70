"""The plan is pure: a folder as it was read and a desired in, the changes of each peer out."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest

from handlers.wireguard import desired as desired_values
from handlers.wireguard.conf import Malformed, parse
from handlers.wireguard.desired import Desired
from handlers.wireguard.files import Layout, read
from handlers.wireguard.new_peer import free_addresses
from handlers.wireguard.plan import plan
from hooks.handler import GiveUp
from tests.parts.targets.wireguard_folder import make_folder


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return read(make_folder(tmp_path / "config", ["phone", "laptop", "3"]))


def with_profile(layout: Layout, name: str, old: str, new: str) -> Layout:
    """The layout in which somebody has edited a profile by hand."""
    path = layout.dir / f"peer_{name}/peer_{name}.conf"
    path.write_text(path.read_text().replace(old, new))
    return read(layout.dir)


def with_server(layout: Layout, old: str, new: str) -> Layout:
    layout.path.write_text(layout.path.read_text().replace(old, new))
    return read(layout.dir)


def words(layout: Layout, desired: Desired) -> dict[str, str]:
    return {change.peer.name: ", ".join(change.words) for change in plan(layout, desired).changes}


def profile(layout: Layout, desired: Desired, name: str = "phone") -> str:
    return next(change.profile.text for change in plan(layout, desired).changes if change.peer.name == name)


def test_a_wish_that_says_nothing_changes_nothing(layout: Layout) -> None:
    assert plan(layout, Desired()) == plan(layout, Desired(peers=("phone", "laptop", "3")))
    assert not plan(layout, Desired()).changes


@pytest.mark.parametrize(
    ("desired", "said", "line"),
    [
        (Desired(dns=("172.18.0.15",)), "DNS 172.18.0.14 → 172.18.0.15", "DNS = 172.18.0.15\n"),
        (
            Desired(host="h.example.org"),
            "endpoint home.example.net:51820 → h.example.org:51820",
            "h.example.org:51820\n",
        ),
        (
            Desired(port=443),
            "endpoint home.example.net:51820 → home.example.net:443",
            "Endpoint = home.example.net:443\n",
        ),
        (Desired(host="2001:db8::1"), "endpoint home.example.net:51820 → [2001:db8::1]:51820", "[2001:db8::1]:51820\n"),
        (Desired(allowed_ips=("10.0.0.0/8",)), "allowed IPs 0.0.0.0/0 → 10.0.0.0/8", "AllowedIPs = 10.0.0.0/8\n"),
        (Desired(keepalive_s=25), "keepalive none → 25 s", "AllowedIPs = 0.0.0.0/0\nPersistentKeepalive = 25\n"),
    ],
    ids=["dns", "endpoint", "port", "IPv6 endpoint", "allowed IPs", "keepalive"],
)
def test_one_line_of_each_profile_changes(layout: Layout, desired: Desired, said: str, line: str) -> None:
    assert words(layout, desired) == dict.fromkeys(("phone", "laptop", "3"), said)
    before = layout.peers[0].profile
    assert before
    after = profile(layout, desired)
    assert line in after
    changed = set(after.splitlines()) ^ set(before.text.splitlines())
    assert len(changed) == (1 if desired.keepalive_s else 2)


def test_only_peers_that_differ_change(layout: Layout) -> None:
    layout = with_profile(layout, "phone", "172.18.0.14", "172.18.0.15")
    assert words(layout, Desired(dns=("172.18.0.15",))).keys() == {"laptop", "3"}


@pytest.mark.parametrize(
    ("old", "new", "desired"),
    [
        ("DNS = 172.18.0.14", "dns=172.18.0.14", Desired(dns=("172.18.0.14",))),
        ("172.18.0.14", "172.18.0.14, fd00:0::1", Desired(dns=("172.18.0.14", "fd00::1"))),
        ("DNS = 172.18.0.14", "DNS = 172.18.0.14\nDNS = 1.1.1.1", Desired(dns=("172.18.0.14", "1.1.1.1"))),
        ("172.18.0.14", "172.18.0.14, lan", Desired(dns=("172.18.0.14",))),
        ("0.0.0.0/0", "0.0.0.0/0,10.1.2.3", Desired(allowed_ips=("10.1.2.3/32", "0.0.0.0/0"))),
        ("AllowedIPs", "PersistentKeepalive = off\nAllowedIPs", Desired(keepalive_s=0)),
    ],
)
def test_what_means_the_same_is_no_difference(layout: Layout, old: str, new: str, desired: Desired) -> None:
    assert "phone" not in words(with_profile(layout, "phone", old, new), desired)


def test_search_domains_stay(layout: Layout) -> None:
    layout = with_profile(layout, "phone", "172.18.0.14", "172.18.0.14, lan, home.arpa")
    desired = Desired(dns=("172.18.0.15",))
    assert words(layout, desired)["phone"] == "DNS 172.18.0.14 → 172.18.0.15"
    assert "DNS = 172.18.0.15, lan, home.arpa\n" in profile(layout, desired)


def test_of_several_servers_only_ours_gets_another_endpoint(layout: Layout) -> None:
    other = (
        f"[Peer]\nPublicKey = {layout.peers[1].public_key}\nEndpoint = work.example.com:1\nAllowedIPs = 10.9.0.0/16\n\n"
    )
    layout = with_profile(layout, "phone", "[Peer]\n", other + "[Peer]\n")
    after = profile(layout, Desired(host="h.example.org"))
    assert "Endpoint = work.example.com:1\n" in after
    assert "Endpoint = h.example.org:51820\n" in after


def test_an_ipv6_name_server_needs_a_peer_that_has_ipv6(layout: Layout) -> None:
    with pytest.raises(GiveUp, match=r"peer_phone\.conf: phone has no IPv6 address, so it could not reach .* fd00::5"):
        plan(layout, Desired(dns=("fd00::5",)))
    both = with_profile(layout, "phone", "Address = 10.13.13.2", "Address = 10.13.13.2, fd00::2")
    assert "DNS = fd00::5\n" in profile(read_only_phone(both), Desired(dns=("fd00::5",)))


def read_only_phone(layout: Layout) -> Layout:
    return replace(layout, peers=layout.peers[:1])


def test_two_peers_with_one_address_are_refused(layout: Layout) -> None:
    doubled = with_server(layout, "10.13.13.3/32", "10.13.13.2/32")
    with pytest.raises(Malformed, match=r"wg0\.conf:\d+: 10\.13\.13\.2 is the address of peer_phone, too"):
        plan(doubled, Desired())


def test_a_second_entry_of_one_peer_is_refused(layout: Layout) -> None:
    with pytest.raises(Malformed, match=r"wg0\.conf:\d+: this is a second entry of peer_phone"):
        with_server(layout, "# peer_laptop", "# peer_phone")


def test_a_broken_profile_is_refused_before_anything_is_planned(layout: Layout) -> None:
    broken = with_profile(layout, "laptop", "DNS = 172.18.0.14", "DNS 172.18.0.14")
    with pytest.raises(Malformed, match=r"peer_laptop\.conf:5: this is no line of the form Key = value"):
        plan(broken, Desired(dns=("172.18.0.15",)))


def test_a_peer_that_was_removed_is_left_alone_however_broken(layout: Layout) -> None:
    (layout.dir / "peer_old").mkdir()
    (layout.dir / "peer_old/peer_old.conf").write_text("half")
    assert words(read(layout.dir), Desired(port=443)).keys() == {"phone", "laptop", "3"}


def test_an_entry_without_its_comment_is_known_by_its_key(layout: Layout) -> None:
    bare = with_server(layout, "# peer_phone\n", "")
    assert {peer.name: bool(peer.entry) for peer in bare.peers} == {"laptop": True, "3": True, "phone": True}


def test_an_entry_that_is_nobodys_here_is_never_removed(layout: Layout) -> None:
    key = parse(layout.path.read_bytes(), "").interface.get("PrivateKey")
    site = with_server(
        layout, "[Peer]\n# peer_phone", f"[Peer]\n# the office\nPublicKey = {key}\n\n[Peer]\n# peer_phone"
    )
    assert [peer.name for peer in plan(site, Desired(peers=("laptop",))).removed] == ["phone", "3"]


# -- addresses of new peers ------------------------------------------------------------------------------


def test_the_lowest_free_addresses_are_taken(layout: Layout) -> None:
    assert list(islice(free_addresses(layout), 2)) == [("10.13.13.5",), ("10.13.13.6",)]
    gap = with_server(with_profile(layout, "laptop", "10.13.13.3", "10.13.13.20"), "10.13.13.3/32", "10.13.13.20/32")
    # the image itself would take .2 for used where .20 is, and .3 as well
    assert list(islice(free_addresses(gap), 2)) == [("10.13.13.3",), ("10.13.13.5",)]


def test_what_a_removed_peer_had_stays_reserved(layout: Layout) -> None:
    text = layout.path.read_text()
    layout.path.write_text(text[: text.index("[Peer]\n# peer_laptop")])
    assert next(free_addresses(read(layout.dir))) == ("10.13.13.5",)


def test_a_network_behind_a_peer_is_taken_as_a_whole(layout: Layout) -> None:
    wide = with_server(layout, "10.13.13.2/32", "10.13.13.2/32, 10.13.13.4/30")
    assert next(free_addresses(wide)) == ("10.13.13.8",)


def test_a_server_with_two_networks_gives_two_addresses(layout: Layout) -> None:
    both = with_server(layout, "Address = 10.13.13.1", "Address = 10.13.0.1/16, fd00::1/64")
    assert next(free_addresses(both)) == ("10.13.0.2", "fd00::2")


def test_a_full_network_is_said(layout: Layout) -> None:
    small = with_server(layout, "Address = 10.13.13.1", "Address = 10.13.13.1/29")
    free = free_addresses(small)
    assert [next(free), next(free)] == [("10.13.13.5",), ("10.13.13.6",)]
    with pytest.raises(GiveUp, match=r"network 10\.13\.13\.0/29 is full; nothing was written"):
        next(free)


def test_an_address_of_a_peer_without_a_folder_is_not_given_away(layout: Layout) -> None:
    server, key = layout.path, "A" * 43 + "="
    server.write_text(server.read_text() + f"\n[Peer]\nPublicKey = {key}\nAllowedIPs = 10.13.13.5/32\n")
    assert next(free_addresses(read(layout.dir))) == ("10.13.13.6",)


def test_no_address_is_given_while_one_is_unknown(layout: Layout) -> None:
    (layout.dir / "peer_old").mkdir()
    (layout.dir / "peer_old/peer_old.conf").write_text("half")
    with pytest.raises(Malformed, match=r"peer_old\.conf:1: "):
        next(free_addresses(read(layout.dir)))


# -- wishes that cannot be --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("check", "value", "said"),
    [
        (
            desired_values.addresses,
            "adguard",
            "dns 'adguard' is no IP address; a device would take a name for a search",
        ),
        (desired_values.addresses, "172.18.0.14/24", "is no IP address"),
        (desired_values.addresses, [], "dns '' is empty; leave it out"),
        (desired_values.host, "http://home.example.net", "endpoint 'http://home.example.net' is no host name"),
        (desired_values.host, "home.example.net:51820", "and the port as port = …"),
        (desired_values.host, "my home", "is no host name"),
        (desired_values.host, "300.1.1.1", "is no host name"),
        (desired_values.host, "a" * 70 + "!", "is no host name"),
        (desired_values.port, 0, "port '0' is no port"),
        (desired_values.port, 65536, "write one from 1 to 65535"),
        (desired_values.networks, "10.13.13.1/24", "has host bits set"),
        (desired_values.networks, ["everything"], "write for example 192.168.1.0/24"),
        (desired_values.keepalive_s, 0.25, "is not whole seconds"),
        (desired_values.keepalive_s, 70000.0, "is not whole seconds"),
        (desired_values.names, ["my phone"], "peers 'my phone' is no name for a peer"),
        (desired_values.names, ["../server"], "which has letters and digits only"),
        (desired_values.names, ["phone", "phone"], "peers 'phone' is there twice"),
        (desired_values.names, [], "leave it out to keep what the peers have"),
    ],
)
def test_a_wish_that_cannot_be_is_refused(check: object, value: object, said: str) -> None:
    assert callable(check)
    with pytest.raises(GiveUp) as raised:
        check(value)
    assert said in raised.value.said
    assert raised.value.said.endswith("nothing was written")


def test_wishes_that_can_be() -> None:
    assert desired_values.addresses("172.18.0.14, fd00::1") == ("172.18.0.14", "fd00::1")
    assert desired_values.host("[2001:db8::1]") == "2001:db8::1"
    assert desired_values.host("home.example.net.") == "home.example.net."
    assert desired_values.networks(["10.0.0.0/8", "::/0"]) == ("10.0.0.0/8", "::/0")
    assert desired_values.keepalive_s(25.0) == 25
    assert desired_values.names(["phone", "2"]) == ("phone", "2")
