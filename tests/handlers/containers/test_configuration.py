"""What creates a container again: paths, volumes, references and the image's platform. No Docker."""

from __future__ import annotations

from typing import Any

import pytest

from handlers.containers.configuration import body, cleaned, further_networks, platform
from handlers.containers.present_ids import PresentIds
from hooks.docker.container import inspected
from tests.parts.values.network_members import ident, one

OLD, NEW = ident("web-before"), ident("web")
IDS = PresentIds([one("web"), one("db")], {"web": (NEW, OLD), "gone": ("9" * 64,)})


def raw(*mounts: tuple[str, str], config: dict[str, Any] | None = None, **host: Any) -> dict[str, Any]:
    """An inspect of a container with these volumes, as (name, destination)."""
    shown = [{"Type": "volume", "Name": name, "Destination": path, "RW": True} for name, path in mounts]
    state = {"Running": True, "StartedAt": ""}
    config = {"Image": "box", **(config or {})}
    return {"Id": "1", "Name": "/dep", "State": state, "Config": config, "HostConfig": host, "Mounts": shown}


def host(*mounts: tuple[str, str], config: dict[str, Any] | None = None, **given: Any) -> dict[str, Any]:
    return dict(body(raw(*mounts, config=config, **given), IDS.present)["HostConfig"])


@pytest.mark.parametrize(
    ("bind", "destination"),
    [
        ("cfg:/config/", "/config"), ("cfg:/a/./b", "/a/b"), ("cfg://x//y", "/x/y"), ("cfg:///x:ro", "/x"),
        ("cfg:/a/../b/", "/b"), ("/srv/cfg:/config/:rw,z", "/config"), ("cfg:/", "/"),
    ],
)  # fmt: skip
def test_a_bind_that_names_the_volume_stays_as_it_is_written(bind: str, destination: str) -> None:
    assert host(("cfg", destination), Binds=[bind])["Binds"] == [bind]


@pytest.mark.parametrize(("bind", "path"), [("/data", "/data"), ("/data/", "/data"), ("//a/./b", "/a/b")])
def test_a_destination_alone_gets_the_name_of_its_volume(bind: str, path: str) -> None:
    assert host(("f00d", path), Binds=["other:/x", bind])["Binds"] == ["other:/x", f"f00d:{path}"]


@pytest.mark.parametrize("data", ["/var/lib/docker", "/srv/my volumes/volumes"])
def test_docker_28_shows_no_name_for_a_destination_alone_and_its_volume_is_kept(data: str) -> None:
    given = raw(("", "/data"), Binds=["/data"])
    given["Mounts"][0] |= {"Source": f"{data}/volumes/f00d/_data"}
    assert body(given, IDS.present)["HostConfig"]["Binds"] == ["f00d:/data"]
    del given["Mounts"][0]["Name"]
    assert body(given, IDS.present)["HostConfig"]["Binds"] == ["f00d:/data"]


def test_other_anonymous_volumes_get_their_names_where_they_were_asked_for() -> None:
    made = host(
        ("one", "/w"), ("two", "/q/z"), config={"Volumes": {"/w/": {}}}, Mounts=[{"Type": "volume", "Target": "/q//z/"}]
    )
    assert (made["Binds"], made["Mounts"]) == (["one:/w"], [{"Type": "volume", "Target": "/q//z/", "Source": "two"}])
    assert host()["Binds"] is None


def test_what_it_has_by_another_is_not_named() -> None:
    given = {"VolumesFrom": ["web"], "Binds": ["/own"]}
    made = host(("theirs", "/config"), ("own", "/own"), ("image", "/w"), config={"Volumes": {"/w": {}}}, **given)
    assert made["Binds"] == ["own:/own", "image:/w"]


def test_every_reference_is_to_the_present_id() -> None:
    made = host(
        NetworkMode=f"container:{OLD}", PidMode=f"container:{OLD[:12]}", IpcMode="container:web",
        VolumesFrom=[OLD, f"{OLD}:ro", "db:z", NEW], Links=["/web:/dep/w", f"{OLD}:w2"],
    )  # fmt: skip
    assert (made["NetworkMode"], made["PidMode"], made["IpcMode"]) == (
        f"container:{NEW}", f"container:{NEW}", "container:web",
    )  # fmt: skip
    assert made["VolumesFrom"] == [NEW, f"{NEW}:ro", "db:z", NEW]
    assert made["Links"] == ["web:w", f"{NEW}:w2"]


@pytest.mark.parametrize("mode", ["host", "", "shareable", "container:" + "9" * 64, "container:nobody", None])
def test_what_names_nobody_who_is_here_stays(mode: str | None) -> None:
    assert host(PidMode=mode)["PidMode"] == mode


def test_an_inspect_shows_what_it_shares_and_everyone_that_it_names() -> None:
    shown = raw(
        NetworkMode=f"container:{NEW}", PidMode="container:db", IpcMode="host", VolumesFrom=[f"{OLD}:ro"],
        Links=["/web:/dep/alias"],
    )  # fmt: skip
    seen = inspected(shown)
    assert seen.shares == {"processes": "db"}
    assert seen.references == (NEW, "db", OLD, "web")
    assert inspected(raw(VolumesFrom=None, Links=None)).references == ()


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        ({"ImageManifestDescriptor": {"platform": {"os": "linux", "architecture": "arm64"}}}, "linux/arm64"),
        ({"ImageManifestDescriptor": {"platform": {"os": "linux", "architecture": "arm", "variant": "v7"}}},
         "linux/arm/v7"),
        ({"ImageManifestDescriptor": {"platform": {"os": "linux"}}}, None),
        ({"ImageManifestDescriptor": None, "Platform": "linux"}, None),
        ({"Platform": "linux"}, None),
    ],
)  # fmt: skip
def test_the_platform_is_the_one_of_its_image_where_docker_shows_that(
    shown: dict[str, Any], expected: str | None
) -> None:
    assert platform(shown) == expected


@pytest.mark.parametrize(
    ("path", "same"), [("/a//b/", "/a/b"), ("//a", "/a"), ("/a/.", "/a"), ("/../a", "/a"), ("a", "/a"), ("", "/")]
)
def test_a_path_is_cleaned_as_docker_cleans_it(path: str, same: str) -> None:
    assert cleaned(path) == same


NETWORKS = {
    "home": {"NetworkID": "n1", "IPAMConfig": {"IPv4Address": "10.0.0.7"}, "Aliases": ["web", "123456789abc"],
             "IPAddress": "10.0.0.7", "MacAddress": "02:42:0a:00:00:07", "DriverOpts": None},
    "other": {"NetworkID": "n2", "IPAMConfig": None, "Aliases": None},
}  # fmt: skip


def with_networks(mode: str, **networks: Any) -> dict[str, Any]:
    shown = raw(NetworkMode=mode, config={"Hostname": "123456789abc", "ExposedPorts": {"80/tcp": {}}},
                PortBindings={"80/tcp": [{"HostPort": "80"}]})  # fmt: skip
    return {**shown, "Id": "123456789abc" + "0" * 52, "NetworkSettings": {"Networks": networks}}


@pytest.mark.parametrize("mode", ["home", "n1"])
def test_one_with_networks_of_its_own_gets_them_again_as_they_were_asked_for(mode: str) -> None:
    shown = with_networks(mode, **NETWORKS)
    made = body(shown, IDS.present)
    first = {"IPAMConfig": {"IPv4Address": "10.0.0.7"}, "Aliases": ["web"]}
    assert made["NetworkingConfig"] == {"EndpointsConfig": {"home": first}}
    assert further_networks(shown) == {"other": {}}
    assert "Hostname" not in made
    assert (made["ExposedPorts"], made["HostConfig"]["PortBindings"]) == (
        {"80/tcp": {}}, {"80/tcp": [{"HostPort": "80"}]},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("mode", "networks", "further"),
    [
        ("default", {"bridge": {}}, {}), ("bridge", {"bridge": {}}, {}), ("", {"bridge": {}}, {}),
        ("host", {"host": {}}, {}), ("none", {"none": {}}, {}), ("home", {"home": {}, "bridge": None}, {"bridge": {}}),
        ("default", {"bridge": {}, "home": {}}, {"home": {}}),
    ],
)  # fmt: skip
def test_docker_s_own_networks_need_no_words(mode: str, networks: dict[str, Any], further: dict[str, Any]) -> None:
    shown = with_networks(mode, **networks)
    assert further_networks(shown) == further
    assert set(body(shown, IDS.present).get("NetworkingConfig", {}).get("EndpointsConfig", {})) <= {"home"}


def test_one_in_anothers_network_has_none_of_its_own() -> None:
    shown = with_networks(f"container:{OLD}")
    made = body(shown, IDS.present)
    assert made.keys().isdisjoint({"Hostname", "ExposedPorts", "NetworkingConfig"})
    assert (made["HostConfig"]["PortBindings"], further_networks(shown)) == (None, {})
