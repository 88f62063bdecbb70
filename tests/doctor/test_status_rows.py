"""The table of `gluehook status` on facts: what each row says, and when it is well."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hooks.config.settings import Settings
from hooks.doctor.examine import examine
from hooks.doctor.facts import docker as docker_facts
from hooks.doctor.facts.model import (
    AdGuard,
    Gluehook,
    Gluetun,
    HasRole,
    OtherClient,
    Refusal,
    Server,
    Unread,
    WireGuard,
)
from hooks.doctor.status.row import Row, ago
from hooks.doctor.status.rows import all_well, rows
from hooks.pairs.model import Access, Client
from hooks.world.model import PortFile
from tests.parts.values.server_facts import (
    ADGUARD_IP,
    CONTAINERS,
    DEVICE,
    NOW_S,
    PORT,
    PREFERENCES,
    QBITTORRENT,
    container,
    docker,
    having,
    well,
)


def row(server: Server, part: str, what: str) -> Row:
    found = [one for one in rows(server) if (one.part, one.what) == (part, what)]
    assert len(found) == 1, rows(server)
    return found[0]


def preferring(**preferences: Any) -> Server:
    return well(qbittorrent=replace(QBITTORRENT, preferences={**PREFERENCES, **preferences}))


def test_a_server_where_all_is_well() -> None:
    found = rows(well())
    assert all_well(found)
    assert [(one.part, one.what, one.state) for one in found] == [
        ("gluetun", "container", "well"), ("gluetun", "tunnel", "well"), ("gluetun", "public IP", "well"),
        ("gluetun", "port file", "well"),
        ("qBittorrent", "container", "well"), ("qBittorrent", "web UI", "well"), ("qBittorrent", "port", "well"),
        ("qBittorrent", "listening", "well"), ("qBittorrent", "connection", "well"),
        ("namespace", "qbittorrent", "well"),
        ("WireGuard", "container", "well"), ("WireGuard", "phone", "well"),
        ("AdGuard", "container", "well"), ("AdGuard", "address", "well"),
        ("gluehook", "heartbeat", "well"), ("gluehook", "journal", "well"),
    ]  # fmt: skip


def test_a_part_that_is_not_here_is_no_trouble() -> None:
    bare = well(docker=docker(CONTAINERS["gluehook"]), gluetun=None, qbittorrent=None, wireguard=None, adguard=None,
                port_file=PortFile(), dependents=())  # fmt: skip
    assert all_well(rows(bare))
    assert {one.says for one in rows(bare) if one.state == "note"} == {"not here"}


STALE = PortFile((PORT,), "", "1-1", int((NOW_S - 99_999) * 1e9))
WRONG = [
    (having(container("gluetun", running=False)), "gluetun", "container", "does not run"),
    (having(container("gluetun", health="unhealthy")), "gluetun", "container", "unhealthy"),
    (well(gluetun=Gluetun("crashed")), "gluetun", "tunnel", "crashed"),
    (well(gluetun=Gluetun("running")), "gluetun", "public IP", "the tunnel is down"),
    (well(gluetun=Refusal("closed", "answers 401 to GET")), "gluetun", "control server", "answers 401"),
    (well(port_file=STALE), "gluetun", "port file", f"{PORT} is stale"),
    (well(port_file=PortFile()), "gluetun", "port file", "is not there"),
    (well(port_file=PortFile(), settings=Settings(forwarded_port_file="", forwarded_port_source="file")),
     "gluetun", "port file", "none that gluehook can read"),
    (well(port_file=PortFile((), "", "1-1", 1)), "gluetun", "port file", "is empty"),
    (well(port_file=PortFile((), "it holds garbage")), "gluetun", "port file", "garbage"),
    (well(qbittorrent=Refusal("password", "rejects the password")), "qBittorrent", "login", "rejects"),
    (preferring(listen_port=6881), "qBittorrent", "port", f"6881, and {PORT} is forwarded"),
    (well(qbittorrent=replace(QBITTORRENT, listening=())), "qBittorrent", "listening", "nothing listens"),
    (well(qbittorrent=replace(QBITTORRENT, listening=("172.18.0.2",))), "qBittorrent", "listening", "only on 172"),
    (well(applied={"generation": "0-0", "port": PORT}), "qBittorrent", "listening", "perhaps of a tunnel that is gone"),
    (well(qbittorrent=replace(QBITTORRENT, connection="disconnected")), "qBittorrent", "connection", "on no address"),
    (having(container("qbittorrent", network="container:gluetun-id", started_s=9999)),
     "namespace", "qbittorrent", "before gluetun's last start"),
    (having(container("qbittorrent", network="container:gluetun-id", started_s=9999)),
     "qBittorrent", "listening", "in a namespace that has lost its network"),
    (having(container("qbittorrent", network="container:x")),
     "namespace", "qbittorrent", "no longer exists"),
    (well(wireguard=WireGuard((replace(DEVICE, dns=("9.9.9.9",)),))), "AdGuard", "address", "phone would ask"),
    (well(adguard=AdGuard("adguard", False), containers={"adguard": container("adguard", running=False)}),
     "AdGuard", "container", "does not run"),
    (well(gluehook=Gluehook(False, ("no heartbeat",))), "gluehook", "heartbeat", "no heartbeat"),
    (well(gluehook=Gluehook(True, ("ok",), rules_rejected="2 errors")), "gluehook", "rules", "2 errors"),
    (well(gluehook=Gluehook(True, ("ok",), journal_error="the disk is full")), "gluehook", "journal", "disk is full"),
]  # fmt: skip
UNKNOWN = [
    (well(docker=Unread("the socket is not there")), "Docker", "engine"),
    (well(gluetun=Unread("did not answer in time")), "gluetun", "control server"),
    (well(qbittorrent=Unread("refuses the connection")), "qBittorrent", "web UI"),
    (well(wireguard=Unread("wg0.conf:3: no key")), "WireGuard", "peers"),
    (having(container("gluetun", health="starting")), "gluetun", "container"),
]
NOTES = [
    (well(adguard=AdGuard("adguard", True)), "AdGuard", "address", "network_mode: host"),
    (well(gluehook=Gluehook(True, ("ok",), pauses={"": NOW_S + 90})),
     "gluehook", "pause", "every rule is paused for 1m"),
    (well(containers={"gluetun": None}, gluetun=None, port_file=PortFile()),
     "qBittorrent", "port", "no forwarded port"),
    (well(qbittorrent=replace(QBITTORRENT, connection="firewalled")), "qBittorrent", "connection", "nobody has"),
    (well(qbittorrent=replace(QBITTORRENT, listening=Unread("it forbids EXEC"))), "qBittorrent", "listening", "EXEC"),
    (having(container("qbittorrent", network="container:gluetun-id", running=False)),
     "namespace", "qbittorrent", "stays stopped"),
    (well(wireguard=WireGuard((replace(DEVICE, connected=False, handshake_s=int(NOW_S) - 7200),))),
     "WireGuard", "phone", "last handshake 2h ago"),
    (well(wireguard=WireGuard((replace(DEVICE, connected=False, handshake_s=0),))),
     "WireGuard", "phone", "no handshake"),
    (well(wireguard=WireGuard((DEVICE,), live_error=Unread("it forbids EXEC"))), "WireGuard", "handshakes", "EXEC"),
    (well(wireguard=None), "WireGuard", "peers", "is not mounted here"),
]  # fmt: skip


@pytest.mark.parametrize(("server", "part", "what", "words"), WRONG)
def test_a_wrong_row_says_what_is_wrong(server: Server, part: str, what: str, words: str) -> None:
    found = row(server, part, what)
    assert found.state == "wrong"
    assert words in found.says
    assert not all_well(rows(server))


AUTO, API = Settings(), Settings(forwarded_port_source="api")


@pytest.mark.parametrize("file", [PortFile(), STALE, PortFile((), "", "1-1", 1)])
def test_a_port_that_comes_from_the_control_server_needs_no_file(file: PortFile) -> None:
    for settings in (AUTO, API):
        server = well(
            settings=settings, port_file=file, port_folder_missing=not file.generation, applied={"port": PORT}
        )
        assert row(server, "gluetun", "port").says == f"{PORT}, by the control server"
        assert row(server, "qBittorrent", "port").says == f"{PORT}, as forwarded"
        assert all_well(rows(server))
        assert examine(server) == []
        silent = replace(server, gluetun=Unread("no answer"))
        files = [one.what for one in rows(silent) if one.what == "port file"]
        assert files == ([] if settings is API else ["port file"]), "in auto the file is what is left"
    none = well(settings=API, gluetun=Gluetun("running", "8.8.8.8"))
    assert row(none, "gluetun", "port").state == "wrong"


def test_in_auto_a_file_that_gluetun_has_written_counts() -> None:
    server = well(settings=AUTO, gluetun=Gluetun("running", "8.8.8.8", "Panama", PORT + 1))
    assert str(PORT) in row(server, "gluetun", "port file").says
    assert [one.check for one in examine(server)] == ["port-file-elsewhere"]


@pytest.mark.parametrize(("server", "part", "what"), UNKNOWN)
def test_an_unread_fact_is_not_well(server: Server, part: str, what: str) -> None:
    assert row(server, part, what).state == "unknown"
    assert not all_well(rows(server))


@pytest.mark.parametrize(("server", "part", "what", "words"), NOTES)
def test_a_fact_without_a_verdict_is_a_note(server: Server, part: str, what: str, words: str) -> None:
    found = row(server, part, what)
    assert found.state == "note"
    assert words in found.says


def test_a_socket_in_the_namespace_of_a_previous_gluetun_does_not_listen() -> None:
    lost = container("qbittorrent", network="container:previous-id")
    previous = {"gluetun": ("previous-id",)}
    dependents, orphans = docker_facts.dependents(docker(CONTAINERS["gluetun"], lost), "gluetun", previous)
    assert [one.state for one in dependents] == ["elsewhere"]
    server = having(lost, dependents=dependents, orphans=orphans)
    listening = row(server, "qBittorrent", "listening")
    assert (listening.state, listening.says) == ("wrong", "on 10.8.0.2, in a namespace that has lost its network")


def test_a_socket_in_the_namespace_of_an_unknown_container_does_not_listen() -> None:
    server = having(container("qbittorrent", network="container:unknown-id"))
    assert [one.name for one in server.orphans] == ["qbittorrent"]
    assert row(server, "qBittorrent", "listening").state == "wrong"


def test_a_container_that_does_not_run_has_one_row() -> None:
    server = having(container("gluetun", running=False), gluetun=Unread("refuses the connection"))
    assert [one.what for one in rows(server) if one.part == "gluetun" and one.state != "well"] == ["container"]


def test_several_addresses_of_adguard_count() -> None:
    two = AdGuard("adguard", True, {"lan": "192.168.7.2", "home": ADGUARD_IP})
    assert row(well(adguard=two), "AdGuard", "address").state == "well"


@pytest.mark.parametrize(("span_s", "said"), [(0, "0s"), (59.4, "59s"), (60, "1m"), (7200, "2h"), (200_000, "2d")])
def test_a_span_is_shown_in_its_largest_unit(span_s: float, said: str) -> None:
    assert ago(span_s) == said


def test_of_several_each_gluetun_and_each_client_has_its_rows_once() -> None:
    pairs = [("vpn-nl", "torrents-nl"), ("vpn-nl", "linux-isos"), ("vpn-ch", "torrents-ch")]
    servers = [
        well(containers={name: replace(CONTAINERS[role], name=name, id=f"{name}-id")
                         for role, name in (("gluetun", vpn), ("qbittorrent", client))})
        for vpn, client in pairs
    ]  # fmt: skip
    for place, (one, (vpn, client)) in enumerate(zip(servers, pairs, strict=True)):
        settings = replace(one.settings, gluetun_container=vpn, qbittorrent_container=client)
        servers[place] = replace(one, settings=settings, dependents=())
    servers[2] = replace(servers[2], port_file=PortFile(), qbittorrent=Refusal("password", "rejected"))
    server = replace(servers[0], others=servers[1:], roles=[
        HasRole("gluetun", "vpn-nl", "image", "qmcgaw/gluetun"), HasRole("qbittorrent", "linux-isos", "setting"),
    ])  # fmt: skip
    found = {(one.part, one.what): one for one in rows(server)}
    assert len(found) == len(rows(server)), "none is there twice"
    assert found["gluetun vpn-nl", "port file"].state == "well"
    assert found["gluetun vpn-ch", "port file"].state == "wrong"
    assert found["qBittorrent linux-isos", "web UI"].state == "well"
    assert found["qBittorrent torrents-ch", "login"].state == "wrong"
    assert found["roles", "gluetun"].says == "vpn-nl, by its image qmcgaw/gluetun"
    assert found["roles", "qbittorrent"].says == "linux-isos, by QBITTORRENT_CONTAINER"
    seen = [(one.check, one.about) for one in examine(server)]
    assert ("password-rejected", "torrents-ch") in seen
    assert len(set(seen)) == len(seen), "what is so of the whole server is found once"


@pytest.mark.parametrize(
    ("port", "gluetun", "what", "state", "says"),
    [
        (PORT, "gluetun", "port", "well", f"{PORT}, as forwarded"),
        (6881, "gluetun", "port", "wrong", f"6881, and {PORT} is forwarded"),
        (6881, "", "port", "note", "6881; there is no forwarded port to compare it with"),
        (Refusal("password", "Transmission refuses us; correct it"), "gluetun", "login", "wrong",
         "Transmission refuses us"),
        (Unread("it closes the connection; it is tried again"), "gluetun", "port", "unknown",
         "it closes the connection"),
    ],
)  # fmt: skip
def test_another_client_has_its_port_compared(
    port: int | Refusal | Unread, gluetun: str, what: str, state: str, says: str
) -> None:
    found = row(well(clients=[OtherClient("isos", "transmission", gluetun, port)]), "Transmission isos", what)
    assert (found.state, found.says) == (state, says)


def test_a_client_is_compared_with_the_port_that_its_table_says() -> None:
    two = PortFile((5001, PORT), "", "1-1", int((NOW_S - 60) * 1e9))
    own = Client("qbittorrent", "qbittorrent", Access(""), port=2)
    assert row(well(port_file=two, client=own), "qBittorrent", "port").says == f"{PORT}, as forwarded"
    lacks = f"{PORT}; it is to have port number 2 of gluetun, which forwards 1: it gets none"
    found = row(well(client=own), "qBittorrent", "port")
    assert (found.state, found.says) == ("wrong", lacks)
    other = OtherClient("isos", "transmission", "gluetun", PORT, 2)
    assert row(well(clients=[other]), "Transmission isos", "port").says == lacks
    assert row(well(clients=[other], port_file=two), "Transmission isos", "port").state == "well"


def test_a_gluetun_without_a_torrent_client_has_no_row_of_one() -> None:
    roles = [HasRole("gluetun", name, "image") for name in ("gluetun", "vpn-b")]
    alone = well(qbittorrent=None, containers={"qbittorrent": None}, roles=roles)
    assert [one for one in rows(alone) if one.part.startswith("qBittorrent")] == []
    assert row(alone, "gluetun", "clients").says == "no torrent client is in its network"
    with_deluge = replace(alone, clients=[OtherClient("isos", "deluge", "gluetun", PORT)])
    assert [one for one in rows(with_deluge) if one.part.startswith("qBittorrent") or one.what == "clients"] == []
