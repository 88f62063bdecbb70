"""WireGuard itself: wireguard-go in network namespaces, started from the files that were generated."""

from __future__ import annotations

import plistlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from handlers.wireguard import files as wireguard_files
from handlers.wireguard import live as wireguard_live
from handlers.wireguard.desired import Desired
from handlers.wireguard.regenerate_peers import RegenerateArgs, RegeneratePeers
from handlers.wireguard.rewrite import carry_out, survey
from hooks.config.settings import Settings
from tests.parts.docker.dockerd import Dockerd
from tests.parts.docker.on_engine import ends, now
from tests.parts.targets.qr_reader import decoded
from tests.parts.targets.wireguard import CLIENT, INTERFACE, SERVER, Host, container, host, two_hosts
from tests.parts.targets.wireguard_folder import make_folder, public_key

pytestmark = pytest.mark.wireguard

INSIDE = "10.13.13.1"  # the server, through the tunnel


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_folder(tmp_path / "config", ["iphone"])


@pytest.fixture
def hosts(folder: Path, tmp_path: Path) -> Iterator[tuple[Host, Host]]:
    with two_hosts(tmp_path, folder / "wg_confs") as (server, client):
        server.start(INTERFACE, f"{INSIDE}/32")  # as the image writes it: without a mask
        server.run("ip", "route", "add", "10.13.13.2/32", "dev", INTERFACE)
        yield server, client


def regenerate(folder: Path, desired: Desired) -> None:
    """What the handler writes; the running server is another thing."""
    carry_out(survey(wireguard_files.read(folder), desired, None), lambda: 20.0)


def conf(folder: Path, name: str) -> Path:
    return folder / f"peer_{name}/peer_{name}.conf"


def test_a_device_that_imports_the_generated_file_is_let_in(folder: Path, hosts: tuple[Host, Host]) -> None:
    server, client = hosts
    regenerate(folder, Desired(host=SERVER, dns=("172.18.0.15",)))
    client.start(conf(folder, "iphone"), "10.13.13.2/24")
    assert wireguard_live.read_peers(server.inside, INTERFACE)[public_key(folder, "iphone")].handshake_s == 0
    assert client.reaches(INSIDE)
    (peer,) = wireguard_live.read_peers(server.inside, INTERFACE).values()
    assert peer.public_key == public_key(folder, "iphone")
    assert peer.handshake_s > 0
    assert peer.endpoint.startswith(f"{CLIENT}:")
    assert peer.allowed_ips == ("10.13.13.2/32",)


def test_a_new_peer_is_let_in_and_the_first_keeps_its_session(
    folder: Path, hosts: tuple[Host, Host], tmp_path: Path
) -> None:
    server, client = hosts
    regenerate(folder, Desired(host=SERVER))
    client.start(conf(folder, "iphone"), "10.13.13.2/24")
    assert client.reaches(INSIDE)
    before = server.wg("latest-handshakes")
    regenerate(folder, Desired(peers=("iphone", "ipad")))
    wireguard_live.synchronise(server.inside, INTERFACE)
    assert server.wg("latest-handshakes") == {**before, public_key(folder, "ipad"): "0"}
    assert client.reaches(INSIDE)
    assert client.initiations() == 1, "the session is the one from before"
    with host(tmp_path / "ipad", tmp_path / "ipad-confs") as ipad:
        server.join(ipad, ["198.51.100.1"], ["198.51.100.2"], "second")
        ipad.run("ip", "route", "add", f"{SERVER}/32", "via", "198.51.100.1")
        ipad.start(conf(folder, "ipad"), "10.13.13.3/24")
        assert not ipad.reaches(INSIDE, wait_s=1), "wg syncconf adds no routes"
        wireguard_live.add_routes(server.inside, INTERFACE, ["10.13.13.3/32"])
        assert ipad.reaches(INSIDE)
        assert server.wg("endpoints")[public_key(folder, "ipad")].startswith("198.51.100.2:")


def test_a_peer_that_was_taken_out_is_let_in_no_more(folder: Path, hosts: tuple[Host, Host]) -> None:
    server, client = hosts
    regenerate(folder, Desired(host=SERVER, peers=("iphone", "ipad")))
    client.start(conf(folder, "iphone"), "10.13.13.2/24")
    wireguard_live.synchronise(server.inside, INTERFACE)
    assert client.reaches(INSIDE)
    regenerate(folder, Desired(peers=("ipad",)))
    wireguard_live.synchronise(server.inside, INTERFACE)
    assert list(server.wg("allowed-ips")) == [public_key(folder, "ipad")]
    assert not client.reaches(INSIDE, wait_s=1)


def test_a_device_that_has_not_imported_yet_still_gets_in(
    folder: Path, hosts: tuple[Host, Host], tmp_path: Path
) -> None:
    server, client = hosts
    regenerate(folder, Desired(host=SERVER))
    shutil.copy(conf(folder, "iphone"), tmp_path / "imported.conf")
    regenerate(
        folder,
        Desired(host="192.168.1.10", dns=("172.18.0.99",), allowed_ips=("10.13.13.0/24",), peers=("iphone", "ipad")),
    )
    assert "172.18.0.99" in conf(folder, "iphone").read_text()
    wireguard_live.synchronise(server.inside, INTERFACE)
    client.start(tmp_path / "imported.conf", "10.13.13.2/24")
    assert client.reaches(INSIDE), "the old key is as good as ever"
    client.stop()
    client.start(conf(folder, "iphone"), "10.13.13.2/24")
    assert client.reaches(INSIDE), "and so is what it imports now"
    assert client.initiations() == 1


# -- the whole handler, WireGuard in a container of a real engine ------------------------------------------------


@pytest.mark.docker
def test_the_handler_lets_a_new_device_in_and_nobody_loses_a_session(dockerd: Dockerd, tmp_path: Path) -> None:
    dockerd.mend()
    folder = make_folder(tmp_path / "config", ["iphone"], endpoint=f"{SERVER}:51820")
    ctx = now(dockerd, settings=Settings(wireguard_dir=str(folder)))
    desired = RegenerateArgs(dns="172.18.0.15", peers=["iphone", "ipad"], home_ssids=["Home"])
    with (
        container(dockerd, folder, tmp_path / "wireguard-go.log") as server,
        host(tmp_path / "iphone", tmp_path / "iphone-confs") as iphone,
        host(tmp_path / "ipad", tmp_path / "ipad-confs") as ipad,
    ):
        server.join(iphone, [SERVER], [CLIENT])
        server.start(INTERFACE, f"{INSIDE}/32")
        server.run("ip", "route", "add", "10.13.13.2/32", "dev", INTERFACE)
        iphone.start(conf(folder, "iphone"), "10.13.13.2/24")
        assert iphone.reaches(INSIDE)
        before = server.wg("latest-handshakes")
        assert ends(RegeneratePeers(), desired, ctx)[0] == "changed"
        assert iphone.reaches(INSIDE)
        assert iphone.initiations() == 1
        assert server.wg("latest-handshakes") == {**before, public_key(folder, "ipad"): "0"}
        server.join(ipad, ["198.51.100.1"], ["198.51.100.2"], "second")
        ipad.run("ip", "route", "add", f"{SERVER}/32", "via", "198.51.100.1")
        ipad.start(conf(folder, "ipad"), "10.13.13.3/24")
        assert ipad.reaches(INSIDE), "its route is there, too"
        assert ends(RegeneratePeers(), desired, ctx)[0] == "unchanged"
    for name in ("iphone", "ipad"):
        code = decoded(Image.open(folder / f"peer_{name}/peer_{name}.png"))
        profile = plistlib.loads((folder / f"peer_{name}/peer_{name}.ios.mobileconfig").read_bytes())
        text = conf(folder, name).read_text()
        assert "DNS = 172.18.0.15" in text
        assert (code, profile["PayloadContent"][0]["VendorConfig"]["WgQuickConfig"]) == (text, text)
        modes = {file.stat().st_mode & 0o777 for file in (folder / f"peer_{name}").iterdir()}
        assert modes == {0o600}
