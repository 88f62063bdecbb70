"""container/compose.yaml keeps the promises that a home server depends on, each learnt from somebody's broken one."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from hooks.config.secrets import Sources
from hooks.config.settings import SECRETS, Settings
from tests.parts.places import TOP

FOLDER = TOP / "container"
VARIABLE = re.compile(r"\$\{([A-Z_]+)(?::-[^}]*)?\}")


def project(file: str) -> dict[str, Any]:
    """One compose project."""
    loaded: dict[str, Any] = yaml.safe_load((FOLDER / file).read_text())
    return loaded


HOME = project("compose.yaml")
WIREGUARD = project("wireguard/compose.yaml")
GLUETUN, QBITTORRENT, GLUEHOOK = (HOME["services"][name] for name in ("gluetun", "qbittorrent", "gluehook"))


def mounts(service: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What is mounted, by the path inside; the short form `SOURCE:TARGET[:MODE]` spelt out."""
    found = {}
    for volume in service["volumes"]:
        if isinstance(volume, str):
            source, target, mode = [*re.split(r":(?=/|ro$)", volume), ""][:3]
            volume = {"source": source, "target": target, "read_only": mode == "ro"}  # noqa: PLW2901
        found[volume["target"]] = volume
    return found


def test_the_whole_server_is_there() -> None:
    assert set(HOME["services"]) == {"gluetun", "qbittorrent", "gluehook", "gluehook-web"}
    assert set(WIREGUARD["services"]) == {"wireguard", "adguard"}


def test_every_service_comes_back_after_a_crash_and_a_reboot() -> None:
    services = [*HOME["services"].values(), *WIREGUARD["services"].values()]
    assert {service["restart"] for service in services} == {"unless-stopped"}


def test_every_service_has_the_name_that_settings_and_rules_look_for() -> None:
    for file in (HOME, WIREGUARD):
        for name, service in file["services"].items():
            assert service["container_name"] == name
    ours = Settings()
    assert (ours.gluetun_container, ours.qbittorrent_container) == ("gluetun", "qbittorrent")
    assert ours.wireguard_container in WIREGUARD["services"]


# -- gluetun -----------------------------------------------------------------------------------


def test_gluetun_is_pinned_where_the_default_role_exists() -> None:
    version = re.fullmatch(r"qmcgaw/gluetun:v(\d+)\.(\d+)\.(\d+)", GLUETUN["image"])
    assert version, "a tag that moves would change the control server's rules under the owner's feet"
    assert tuple(map(int, version.groups())) >= (3, 41, 0)


def test_gluetun_forwards_a_port_of_pia_in_mexico_or_panama() -> None:
    environment = GLUETUN["environment"]
    assert environment["VPN_SERVICE_PROVIDER"] == "private internet access"
    assert environment["SERVER_REGIONS"] == "Mexico,Panama"
    assert environment["VPN_PORT_FORWARDING"] == "on", "a bare `on` would be the boolean true in YAML"


def test_the_control_server_wants_the_key_that_gluehook_has() -> None:
    role = json.loads(GLUETUN["environment"]["HTTP_CONTROL_SERVER_AUTH_DEFAULT_ROLE"])
    assert role == {"auth": "apikey", "apikey": "${GLUETUN_API_KEY}"}
    assert GLUEHOOK["environment"]["GLUETUN_API_KEY"] == role["apikey"]
    assert not any(":8000" in str(port) or str(port).startswith("8000") for port in GLUETUN["ports"])


def test_the_forwarded_port_survives_a_new_container() -> None:
    assert "/gluetun" in mounts(GLUETUN)


# -- qBittorrent --------------------------------------------------------------------------------


def test_qbittorrent_lives_in_the_tunnel_and_is_published_by_gluetun_one_to_one() -> None:
    assert QBITTORRENT["network_mode"] == "service:gluetun"
    assert "ports" not in QBITTORRENT
    assert "networks" not in QBITTORRENT
    assert GLUETUN["ports"] == ["8181:8181"]
    assert QBITTORRENT["environment"]["WEBUI_PORT"] == 8181
    assert GLUEHOOK["environment"]["QBITTORRENT_URL"] == "http://gluetun:8181"


def test_nothing_resets_the_torrent_port_at_each_start() -> None:
    assert "TORRENTING_PORT" not in (FOLDER / "compose.yaml").read_text()


# -- gluehook -----------------------------------------------------------------------------------


def test_gluehook_is_on_the_network_and_never_in_the_namespace_of_gluetun() -> None:
    assert "network_mode" not in GLUEHOOK
    assert "networks" not in GLUEHOOK, "the default network is gluetun's"
    assert "networks" not in GLUETUN
    assert HOME["networks"] == {"default": {"name": "gluetun"}}
    assert "depends_on" not in GLUEHOOK, "compose would stop it together with gluetun"


def test_the_wireguard_project_joins_that_network() -> None:
    assert WIREGUARD["name"] != HOME["name"]
    assert WIREGUARD["networks"] == {"default": {"name": HOME["networks"]["default"]["name"], "external": True}}
    assert all("networks" not in service for service in WIREGUARD["services"].values())


def test_the_port_file_and_the_rules_are_mounted_as_folders() -> None:
    seen = mounts(GLUEHOOK)
    assert seen["/tmp/gluetun"]["source"] == mounts(GLUETUN)["/tmp/gluetun"]["source"]
    assert Path(Settings().forwarded_port_file).parent == Path("/tmp/gluetun")
    assert seen["/config"]["bind"] == {"create_host_path": False}
    files = [target for target in seen if Path(target).suffix and target != "/var/run/docker.sock"]
    assert files == [], "a mounted file hides its replacement"


def test_gluehook_only_reads_what_it_does_not_own() -> None:
    writable = {target for target, mount in mounts(GLUEHOOK).items() if not mount.get("read_only")}
    assert writable == {"/state", Settings().wireguard_dir}
    assert mounts(GLUEHOOK)["/state"]["source"] in HOME["volumes"]
    assert mounts(GLUEHOOK)["/var/run/docker.sock"]["source"] == "/var/run/docker.sock"


def test_gluehook_writes_to_the_wireguard_folder_as_the_user_whom_the_image_gives_it_to() -> None:
    image = WIREGUARD["services"]["wireguard"]
    theirs = FOLDER / "wireguard" / mounts(image)["/config"]["source"]
    assert (FOLDER / mounts(GLUEHOOK)[Settings().wireguard_dir]["source"]).resolve() == theirs.resolve()
    assert GLUEHOOK["user"] == f"{image['environment']['PUID']}:{image['environment']['PGID']}"
    assert image["environment"]["LOG_CONFS"] == "false", "else the keys of all devices are in its log"


def test_the_page_has_only_the_state_and_starts_only_on_request() -> None:
    web = HOME["services"]["gluehook-web"]
    assert web["profiles"] == ["page"]
    assert web["volumes"] == [f"{mounts(GLUEHOOK)['/state']['source']}:/state:ro"]
    assert web["image"] == GLUEHOOK["image"]
    assert web["user"] == GLUEHOOK["user"], "only it can connect to the control socket"
    assert "group_add" not in web
    assert set(web["environment"]) == {"TZ", "GLUEHOOK_HTTP", "GLUEHOOK_WEB_PASSWORD"}
    port = web["environment"]["GLUEHOOK_HTTP"].rpartition(":")[2]
    assert web["ports"] == [f"{port}:{port}"]
    assert f":{port}/healthz" in web["healthcheck"]["test"][-1]


def test_gluehook_is_an_ordinary_user_in_the_group_of_the_socket() -> None:
    assert GLUEHOOK["user"] == "${PUID}:${PGID}"
    assert GLUEHOOK["group_add"] == ["${DOCKER_GID}"]
    assert GLUEHOOK["cap_drop"] == ["ALL"]
    assert "privileged" not in GLUEHOOK


def test_gluehook_is_built_from_this_repository() -> None:
    build = GLUEHOOK["build"]
    assert (FOLDER / build["context"] / build["dockerfile"]).samefile(FOLDER / "Dockerfile")


def test_every_variable_of_gluehook_is_one_that_it_knows() -> None:
    known = {name.upper() for name in Settings.__dataclass_fields__} | set(SECRETS) | {"TZ"}
    assert set(GLUEHOOK["environment"]) <= known
    assert Sources().folder == "/run/secrets"


# -- .env ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", ["compose.yaml", "wireguard/compose.yaml"])
def test_the_example_names_every_variable(file: str) -> None:
    uncommented = re.sub(r"#.*", "", (FOLDER / file).read_text())
    offered = set(re.findall(r"^([A-Z_]+)=", (FOLDER / ".env.example").read_text(), re.MULTILINE))
    assert set(VARIABLE.findall(uncommented)) <= offered


def test_the_example_holds_no_secret() -> None:
    values = dict(
        line.split("=", 1) for line in (FOLDER / ".env.example").read_text().splitlines() if line[:1].isupper()
    )
    secret = [name for name in values if re.search(r"PASSWORD|KEY|URLS|PIA_USER", name)]
    assert secret
    assert {values[name] for name in secret} == {""}
