"""`gluehook init`: a server whose containers have names of their own gets rules and a compose file that fit it."""

from __future__ import annotations

import json
import os
import re
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from handlers import HANDLERS
from hooks.docker.client import connect
from hooks.rules.table import Table
from hooks.rules_file import reader
from hooks.workbench import init_rules, init_survey
from tests.parts.docker.dockerd import IMAGE, Dockerd
from tests.parts.docker.fake_docker import FakeEngine
from tests.parts.places import TOP
from tests.workbench.init_written import FILES, Init, give, service, table


def test_names_of_their_own_are_filled_in(init: Init, fake: FakeEngine, tmp_path: Path) -> None:
    port = tmp_path / "port"
    port.mkdir()
    (port / "forwarded_port").write_text("51413")
    if os.geteuid() == 0:
        os.chown(port / "forwarded_port", 1234, 5678)
    give(fake, "vpn", "qmcgaw/gluetun:v3.41.3", "OPENVPN_PASSWORD=hunter2", "PUID=7", "PGID=8", _tmp_gluetun=str(port))
    give(fake, "torrents", "lscr.io/linuxserver/qbittorrent:5.1.4", "WEBUI_PORT=8181", "TOKEN=hunter2",
         network=f"container:{'vpn'.ljust(64, '0')}")  # fmt: skip
    give(fake, "prowlarr", "linuxserver/prowlarr", network="container:vpn")
    give(fake, "metrics", "somebody/prometheus-qbittorrent-exporter")
    give(fake, "dns", "adguard/adguardhome:latest@sha256:00")
    give(fake, "wg", "linuxserver/wireguard", _config="wg-files")
    code, said = init(fake.host)
    assert code == 0, said
    for line in ("gluetun: vpn (qmcgaw/gluetun:v3.41.3)", "qbittorrent: torrents", "adguard: dns", "wireguard: wg",
                 "in the network of vpn: prowlarr, torrents"):  # fmt: skip
        assert line in said
    shipped = reader.load(TOP / "rules.toml", HANDLERS)
    assert isinstance(shipped, Table)
    made = table(tmp_path)
    assert [rule.name for rule in made.rules] == [rule.name for rule in shipped.rules]
    text = (tmp_path / "made/rules.toml").read_text()
    assert text == (TOP / "rules.toml").read_text(), "the rules match roles, whatever the names"
    assert text.startswith("#:schema ./rules.schema.json\n")
    it = service(tmp_path)
    assert it["user"] == ("1234:5678" if os.geteuid() == 0 else f"{os.getuid()}:{os.getgid()}")
    assert it["group_add"] == [str(Path(fake.host.removeprefix("unix://")).stat().st_gid)]
    environment = it["environment"]
    assert environment["QBITTORRENT_URL"] == "http://vpn:8181", "it lives in gluetun's network"
    assert (environment["GLUETUN_CONTAINER"], environment["WIREGUARD_CONTAINER"]) == ("vpn", "wg")
    assert it["volumes"][0] == {"type": "bind", "source": str(port), "target": "/tmp/gluetun", "read_only": True}
    assert {"type": "volume", "source": "wg-files", "target": "/wireguard", "read_only": False} in it["volumes"]
    assert it["networks"] == ["lan"]
    assert it["outside"]["networks"] == {"lan": {"external": True}}
    assert it["outside"]["volumes"] == {"gluehook-state": None, "wg-files": {"external": True}}
    assert not [file for file in FILES if "hunter2" in (tmp_path / "made" / file).read_text()]
    assert "hunter2" not in said


@pytest.mark.parametrize(
    ("web_ui", "port"),
    [("WEBUI_PORTS=8282/tcp,8282/udp", 8282), ("QBT_WEBUI_PORT=8383", 8383), ('WEBUI_PORT="8484"', 8484)],
)
def test_variables_that_move_ports_and_files_are_followed(
    init: Init, fake: FakeEngine, tmp_path: Path, web_ui: str, port: int
) -> None:
    give(fake, "gluetun", "qmcgaw/gluetun", "HTTP_CONTROL_SERVER_ADDRESS=:9000",
         "VPN_PORT_FORWARDING_STATUS_FILE=/gluetun/vpn.port", _gluetun="/srv/vpn")  # fmt: skip
    give(fake, "qbittorrent", "hotio/qbittorrent", web_ui, network=f"container:{'gluetun'.ljust(64, '0')}")
    code, said = init(fake.host)
    assert code == 0, said
    it = service(tmp_path)
    assert it["environment"]["GLUETUN_URL"] == "http://gluetun:9000"
    assert it["environment"]["QBITTORRENT_URL"] == f"http://gluetun:{port}"
    assert it["environment"]["FORWARDED_PORT_FILE"] == "/tmp/gluetun/vpn.port"
    assert it["volumes"][0] == {"type": "bind", "source": "/srv/vpn", "target": "/tmp/gluetun", "read_only": True}


def test_what_is_not_there_becomes_a_comment_and_what_belongs_to_it_too(
    init: Init, fake: FakeEngine, tmp_path: Path
) -> None:
    give(fake, "torrents", "hotio/qbittorrent", network="media")
    code, said = init(fake.host)
    assert code == 0, said
    assert "gluetun: not found" in said
    assert table(tmp_path).rules == (), "each shipped rule needs gluetun"
    text = (tmp_path / "made/rules.toml").read_text()
    assert "# No gluetun was found here. To use it, take the # away below.\n" in text
    assert service(tmp_path)["environment"]["QBITTORRENT_URL"] == "http://torrents:8080", "it has its own network"
    compose = (tmp_path / "made/compose.gluehook.yaml").read_text()
    assert "fill in: a folder that gluetun has as /tmp/gluetun, too" in compose


def test_each_client_is_told_with_the_gluetun_whose_network_it_shares(
    init: Init, fake: FakeEngine, tmp_path: Path
) -> None:
    give(fake, "vpn-nl", "qmcgaw/gluetun")
    give(fake, "vpn-ch", "qmcgaw/gluetun", _tmp_gluetun="/srv/ch")
    for place, parent in (("nl", "vpn-nl".ljust(64, "0")), ("ch", "vpn-ch")):
        give(fake, f"qb-{place}", "linuxserver/qbittorrent", network=f"container:{parent}")
    give(fake, "transmission", "busybox", network="container:vpn-ch")
    code, said = init(fake.host)
    assert code == 0, said
    for line in ("gluetun: vpn-ch (qmcgaw/gluetun)", "gluetun: vpn-nl (qmcgaw/gluetun)",
                 "transmission: transmission (busybox)", "in the network of vpn-ch: qb-ch, transmission",
                 "in the network of vpn-nl: qb-nl"):  # fmt: skip
        assert line in said.splitlines()
    assert len(table(tmp_path).rules) >= 8, "the shipped rules fit as they are"
    it = service(tmp_path)
    assert [mount["target"] for mount in it["volumes"] if isinstance(mount, dict)] == ["/gluetun/vpn-ch"]
    compose = (tmp_path / "made/compose.gluehook.yaml").read_text()
    assert "fill in: a folder that vpn-nl has as /tmp/gluetun, too" in compose
    assert {name for name in it["environment"] if name.endswith(("_URL", "_CONTAINER"))} == set()
    assert {"QBITTORRENT_PASSWORD", "TRANSMISSION_PASSWORD", "GLUETUN_API_KEY"} <= set(it["environment"])
    assert it["networks"] == ["lan"]


def test_a_client_in_no_gluetuns_network_is_told_what_it_gets(init: Init, fake: FakeEngine) -> None:
    give(fake, "vpn", "qmcgaw/gluetun")
    give(fake, "inside", "linuxserver/qbittorrent", network="container:vpn")
    give(fake, "beside", "linuxserver/deluge")
    _, said = init(fake.host)
    assert (
        "beside does not share the network of vpn: no peer reaches it at the forwarded port; "
        "write network_mode: container:vpn into its compose file"
    ) in said.splitlines()
    give(fake, "vpn-2", "qmcgaw/gluetun")
    _, said = init(fake.host)
    assert (
        "beside shares the network of no gluetun: it gets no port; write network_mode: container:NAME into its "
        "compose file, where NAME is vpn or vpn-2; if it reaches one in another way, write into rules.toml a "
        '[[client]] with kind = "deluge", container = "beside" and gluetun = "NAME"'
    ) in said.splitlines()
    assert "inside" not in "".join(line for line in said.splitlines() if "no gluetun" in line)
    _, said = init(fake.host, "--json")
    assert json.loads(said)["alone"] == ["beside"]


def test_the_only_client_may_be_another_program(init: Init, fake: FakeEngine, tmp_path: Path) -> None:
    give(fake, "vpn", "qmcgaw/gluetun", _tmp_gluetun="/srv/port")
    give(fake, "seeds", "linuxserver/deluge", "DELUGE_WEB_PORT=8113", network="container:vpn")
    code, said = init(fake.host)
    assert code == 0, said
    environment = service(tmp_path)["environment"]
    assert (environment["DELUGE_CONTAINER"], environment["DELUGE_URL"]) == ("seeds", "http://vpn:8113")
    assert "DELUGE_PASSWORD" in environment
    assert "QBITTORRENT_URL" not in environment


def test_a_rule_that_answers_a_rule_that_is_a_comment_is_one_too(fake: FakeEngine) -> None:
    shipped = """version = 1
[[rule]]
name = "a"
on = { event = "container.die", container = "qbittorrent" }
limit = { runs = 1, per = "1h" }
do = "gluetun.restart_vpn"
[[rule]]
name = "b"
on = { event = "rule.exhausted", rule = "a" }
do = { use = "notify.send", title = "t", message = "m" }
[[rule]]
name = "c"
on = { event = "container.die", container = "gluetun" }
do = "gluetun.restart_vpn"
"""
    give(fake, "gluetun", "busybox")
    with closing(connect(5)) as client:
        server = init_survey.find_containers(client)
    found = reader.read(init_rules.rules(shipped, server), "", HANDLERS)
    assert isinstance(found, Table)
    assert [rule.name for rule in found.rules] == ["c"]
    assert "belongs to the rule a, which is a comment" in init_rules.rules(shipped, server)
    uncommented = "\n".join(
        line.removeprefix("# ") for line in init_rules.rules(shipped, server).splitlines() if "take the #" not in line
    )
    assert uncommented == shipped.rstrip(), "taking the # away gives the rule back"


def test_without_docker_there_are_templates_and_a_clear_word(init: Init, tmp_path: Path) -> None:
    code, said = init(f"unix://{tmp_path}/none.sock")
    assert code == 0
    assert f"Docker's socket {tmp_path}/none.sock is not there" in said
    assert "templates with the usual names" in said
    assert len(table(tmp_path).rules) >= 4
    assert "user" not in service(tmp_path)


def test_podman_whose_list_does_not_show_whose_network_it_is(init: Init, fake: FakeEngine) -> None:
    fake.be_podman()
    give(fake, "vpn", "qmcgaw/gluetun")
    give(fake, "torrents", "hotio/qbittorrent", network=f"container:{'vpn'.ljust(64, '0')}")
    code, said = init(fake.host)
    assert code == 0, said
    assert "in the network of vpn: torrents" in said
    assert "not certain" not in said


def test_what_cannot_be_told_is_not_called_nobody(init: Init, fake: FakeEngine) -> None:
    fake.be_podman()
    give(fake, "vpn", "qmcgaw/gluetun")
    give(fake, "sonarr", "hotio/sonarr", network="container:vpn")
    fake.refusals[f"/containers/{'sonarr'.ljust(64, '0')}"] = (500, b"{}")
    fake.odd = [{"Id": "d" * 64, "Names": None}]
    code, said = init(fake.host)
    assert code == 0, said
    assert "in the network of vpn: nobody that Docker shows" in said
    assert "not certain: it cannot be told whose network 'sonarr' shares" in said
    assert "not certain: Docker's list has an entry that cannot be read and is left out: container dddddddddddd" in said


@pytest.mark.parametrize("image", ["sha256:" + "5d" * 32, "5d" * 32, "5d5d5d5d5d5d"])
def test_an_image_whose_name_another_one_has_by_now_is_known_still(
    init: Init, fake: FakeEngine, tmp_path: Path, image: str
) -> None:
    """Docker's list shows its id, and the container's inspect the name that it was created from."""
    give(fake, "tunnel.se", "qmcgaw/gluetun:v3.41.3")
    give(fake, "torrents_1", "linuxserver/qbittorrent", network="container:tunnel.se")
    for name in ("tunnel.se", "torrents_1"):
        fake.listed_images[name.ljust(64, "0")] = image
    code, said = init(fake.host)
    assert code == 0
    assert "gluetun: tunnel.se (qmcgaw/gluetun:v3.41.3)" in said
    assert "in the network of tunnel.se: torrents_1" in said
    assert service(tmp_path)["environment"]["QBITTORRENT_CONTAINER"] == "torrents_1"


@pytest.mark.docker
def test_a_real_engine_is_read_and_left_as_it_was(init: Init, dockerd: Dockerd, tmp_path: Path) -> None:
    client = dockerd.client()
    for role in ("qmcgaw/gluetun", "linuxserver/qbittorrent"):
        client.tag(IMAGE, role, "1.0")
    try:
        vpn = start(client, "tunnel", "qmcgaw/gluetun:1.0", "none", {str(tmp_path): "/tmp/gluetun"})
        start(client, "seedbox", "linuxserver/qbittorrent:1.0", f"container:{vpn}", {}, WEBUI_PORT="8282")
        before = client.containers(all=True)
        code, said = init(dockerd.host)
        assert code == 0, said
        assert re.search(r"gluetun: tunnel \((\S+/)?qmcgaw/gluetun:1\.0\)", said)  # Podman gives the name in full
        assert "in the network of tunnel: seedbox" in said
        names = [(one["Id"], one["State"]) for one in before]
        assert [(one["Id"], one["State"]) for one in client.containers(all=True)] == names
        assert len(table(tmp_path).rules) >= 4
        it = service(tmp_path)
        assert it["environment"]["QBITTORRENT_URL"] == "http://tunnel:8282"
        assert it["volumes"][0]["source"] == str(tmp_path)
    finally:
        dockerd.remove("tunnel", "seedbox")
        for role in ("qmcgaw/gluetun:1.0", "linuxserver/qbittorrent:1.0"):
            client.remove_image(role)
        client.close()


def start(client: Any, name: str, image: str, network: str, mounts: dict[str, str], **env: str) -> str:
    """A container of this image; its id."""
    host = client.create_host_config(network_mode=network, binds=[f"{s}:{d}" for s, d in mounts.items()])
    made = client.create_container(
        image, "sleep 1000", name=name, host_config=host, environment=env, stop_signal="KILL"
    )
    client.start(made["Id"])
    return str(made["Id"])
