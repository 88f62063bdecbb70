"""The plan is pure: a folder as it was read and a wish in, the changes of each peer out."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest

from handlers.wireguard import desired as wireguard_wish
from handlers.wireguard.conf import Malformed, parse
from handlers.wireguard.desired import Wish
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


def words(layout: Layout, wish: Wish) -> dict[str, str]:
    return {change.peer.name: ", ".join(change.words) for change in plan(layout, wish).changes}


def profile(layout: Layout, wish: Wish, name: str = "phone") -> str:
    return next(change.profile.text for change in plan(layout, wish).changes if change.peer.name == name)


def test_a_wish_that_says_nothing_changes_nothing(layout: Layout) -> None:
    assert plan(layout, Wish()) == plan(layout, Wish(peers=("phone", "laptop", "3")))
    assert not plan(layout, Wish()).changes


@pytest.mark.parametrize(
    ("wish", "said", "line"),
    [
        (Wish(dns=("172.18.0.15",)), "DNS 172.18.0.14 → 172.18.0.15", "DNS = 172.18.0.15\n"),
        (Wish(host="h.example.org"), "endpoint home.example.net:51820 → h.example.org:51820", "h.example.org:51820\n"),
        (Wish(port=443), "endpoint home.example.net:51820 → home.example.net:443", "Endpoint = home.example.net:443\n"),
        (Wish(host="2001:db8::1"), "endpoint home.example.net:51820 → [2001:db8::1]:51820", "[2001:db8::1]:51820\n"),
        (Wish(allowed_ips=("10.0.0.0/8",)), "allowed IPs 0.0.0.0/0 → 10.0.0.0/8", "AllowedIPs = 10.0.0.0/8\n"),
        (Wish(keepalive_s=25), "keepalive none → 25 s", "AllowedIPs = 0.0.0.0/0\nPersistentKeepalive = 25\n"),
    ],
    ids=["dns", "endpoint", "port", "IPv6 endpoint", "allowed IPs", "keepalive"],
)
def test_one_line_of_each_profile_changes(layout: Layout, wish: Wish, said: str, line: str) -> None:
    assert words(layout, wish) == dict.fromkeys(("phone", "laptop", "3"), said)
    before = layout.peers[0].profile
    assert before
    after = profile(layout, wish)
    assert line in after
    changed = set(after.splitlines()) ^ set(before.text.splitlines())
    assert len(changed) == (1 if wish.keepalive_s else 2)


def test_only_peers_that_differ_change(layout: Layout) -> None:
    layout = with_profile(layout, "phone", "172.18.0.14", "172.18.0.15")
    assert words(layout, Wish(dns=("172.18.0.15",))).keys() == {"laptop", "3"}


@pytest.mark.parametrize(
    ("old", "new", "wish"),
    [
        ("DNS = 172.18.0.14", "dns=172.18.0.14", Wish(dns=("172.18.0.14",))),
        ("172.18.0.14", "172.18.0.14, fd00:0::1", Wish(dns=("172.18.0.14", "fd00::1"))),
        ("DNS = 172.18.0.14", "DNS = 172.18.0.14\nDNS = 1.1.1.1", Wish(dns=("172.18.0.14", "1.1.1.1"))),
        ("172.18.0.14", "172.18.0.14, lan", Wish(dns=("172.18.0.14",))),
        ("0.0.0.0/0", "0.0.0.0/0,10.1.2.3", Wish(allowed_ips=("10.1.2.3/32", "0.0.0.0/0"))),
        ("AllowedIPs", "PersistentKeepalive = off\nAllowedIPs", Wish(keepalive_s=0)),
    ],
)
def test_what_means_the_same_is_no_difference(layout: Layout, old: str, new: str, wish: Wish) -> None:
    assert "phone" not in words(with_profile(layout, "phone", old, new), wish)


def test_search_domains_stay(layout: Layout) -> None:
    layout = with_profile(layout, "phone", "172.18.0.14", "172.18.0.14, lan, home.arpa")
    wish = Wish(dns=("172.18.0.15",))
    assert words(layout, wish)["phone"] == "DNS 172.18.0.14 → 172.18.0.15"
    assert "DNS = 172.18.0.15, lan, home.arpa\n" in profile(layout, wish)


def test_of_several_servers_only_ours_gets_another_endpoint(layout: Layout) -> None:
    other = (
        f"[Peer]\nPublicKey = {layout.peers[1].public_key}\nEndpoint = work.example.com:1\nAllowedIPs = 10.9.0.0/16\n\n"
    )
    layout = with_profile(layout, "phone", "[Peer]\n", other + "[Peer]\n")
    after = profile(layout, Wish(host="h.example.org"))
    assert "Endpoint = work.example.com:1\n" in after
    assert "Endpoint = h.example.org:51820\n" in after


def test_an_ipv6_name_server_needs_a_peer_that_has_ipv6(layout: Layout) -> None:
    with pytest.raises(GiveUp, match=r"peer_phone\.conf: phone has no IPv6 address, so it could not reach .* fd00::5"):
        plan(layout, Wish(dns=("fd00::5",)))
    both = with_profile(layout, "phone", "Address = 10.13.13.2", "Address = 10.13.13.2, fd00::2")
    assert "DNS = fd00::5\n" in profile(read_only_phone(both), Wish(dns=("fd00::5",)))


def read_only_phone(layout: Layout) -> Layout:
    return replace(layout, peers=layout.peers[:1])


def test_two_peers_with_one_address_are_refused(layout: Layout) -> None:
    doubled = with_server(layout, "10.13.13.3/32", "10.13.13.2/32")
    with pytest.raises(Malformed, match=r"wg0\.conf:\d+: 10\.13\.13\.2 is the address of peer_phone, too"):
        plan(doubled, Wish())


def test_a_second_entry_of_one_peer_is_refused(layout: Layout) -> None:
    with pytest.raises(Malformed, match=r"wg0\.conf:\d+: this is a second entry of peer_phone"):
        with_server(layout, "# peer_laptop", "# peer_phone")


def test_a_broken_profile_is_refused_before_anything_is_planned(layout: Layout) -> None:
    broken = with_profile(layout, "laptop", "DNS = 172.18.0.14", "DNS 172.18.0.14")
    with pytest.raises(Malformed, match=r"peer_laptop\.conf:5: this is no line of the form Key = value"):
        plan(broken, Wish(dns=("172.18.0.15",)))


def test_a_peer_that_was_removed_is_left_alone_however_broken(layout: Layout) -> None:
    (layout.dir / "peer_old").mkdir()
    (layout.dir / "peer_old/peer_old.conf").write_text("half")
    assert words(read(layout.dir), Wish(port=443)).keys() == {"phone", "laptop", "3"}


def test_an_entry_without_its_comment_is_known_by_its_key(layout: Layout) -> None:
    bare = with_server(layout, "# peer_phone\n", "")
    assert {peer.name: bool(peer.entry) for peer in bare.peers} == {"laptop": True, "3": True, "phone": True}


def test_an_entry_that_is_nobodys_here_is_never_removed(layout: Layout) -> None:
    key = parse(layout.path.read_bytes(), "").interface.get("PrivateKey")
    site = with_server(
        layout, "[Peer]\n# peer_phone", f"[Peer]\n# the office\nPublicKey = {key}\n\n[Peer]\n# peer_phone"
    )
    assert [peer.name for peer in plan(site, Wish(peers=("laptop",))).removed] == ["phone", "3"]


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
            wireguard_wish.addresses,
            "adguard",
            "dns 'adguard' is no IP address; a device would take a name for a search",
        ),
        (wireguard_wish.addresses, "172.18.0.14/24", "is no IP address"),
        (wireguard_wish.addresses, [], "dns '' is empty; leave it out"),
        (wireguard_wish.host, "http://home.example.net", "endpoint 'http://home.example.net' is no host name"),
        (wireguard_wish.host, "home.example.net:51820", "and the port as port = …"),
        (wireguard_wish.host, "my home", "is no host name"),
        (wireguard_wish.host, "300.1.1.1", "is no host name"),
        (wireguard_wish.host, "a" * 70 + "!", "is no host name"),
        (wireguard_wish.port, 0, "port '0' is no port"),
        (wireguard_wish.port, 65536, "write one from 1 to 65535"),
        (wireguard_wish.networks, "10.13.13.1/24", "has host bits set"),
        (wireguard_wish.networks, ["everything"], "write for example 192.168.1.0/24"),
        (wireguard_wish.keepalive_s, 0.25, "is not whole seconds"),
        (wireguard_wish.keepalive_s, 70000.0, "is not whole seconds"),
        (wireguard_wish.names, ["my phone"], "peers 'my phone' is no name for a peer"),
        (wireguard_wish.names, ["../server"], "which has letters and digits only"),
        (wireguard_wish.names, ["phone", "phone"], "peers 'phone' is there twice"),
        (wireguard_wish.names, [], "leave it out to keep what the peers have"),
    ],
)
def test_a_wish_that_cannot_be_is_refused(check: object, value: object, said: str) -> None:
    assert callable(check)
    with pytest.raises(GiveUp) as raised:
        check(value)
    assert said in raised.value.said
    assert raised.value.said.endswith("nothing was written")


def test_wishes_that_can_be() -> None:
    assert wireguard_wish.addresses("172.18.0.14, fd00::1") == ("172.18.0.14", "fd00::1")
    assert wireguard_wish.host("[2001:db8::1]") == "2001:db8::1"
    assert wireguard_wish.host("home.example.net.") == "home.example.net."
    assert wireguard_wish.networks(["10.0.0.0/8", "::/0"]) == ("10.0.0.0/8", "::/0")
    assert wireguard_wish.keepalive_s(25.0) == 25
    assert wireguard_wish.names(["phone", "2"]) == ("phone", "2")
