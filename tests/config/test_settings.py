"""Environment, .env, NAME_FILE and secret files become Settings, or every error at once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hooks.config import environment
from hooks.config.settings import Settings


@pytest.fixture(autouse=True)
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty working directory, and none of our variables set."""
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        if name.startswith(("GLUEHOOK_", "QBITTORRENT_", "GLUETUN_", "WIREGUARD_", "FORWARDED_", "APPRISE_")):
            monkeypatch.delenv(name)


def read(folder: Path | str = "/nowhere") -> tuple[Settings, list[str]]:
    settings, _, errors = environment.read(str(folder))
    return settings or Settings(), errors


def test_nothing_set_means_the_defaults() -> None:
    assert read() == (Settings(), [])


def test_each_source_yields_to_the_one_before_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    for name in ("gluetun_url", "qbittorrent_url", "gluetun_username", "gluehook_state"):
        (secrets / name).write_text(f"http://{name}-of-the-folder:1\n")
    (tmp_path / ".env").write_text("QBITTORRENT_URL=http://dotenv:2\nGLUEHOOK_STATE=dotenv\n")
    (tmp_path / "username").write_text("named file\n")
    monkeypatch.setenv("GLUETUN_USERNAME_FILE", str(tmp_path / "username"))
    monkeypatch.setenv("GLUEHOOK_STATE", "environment")

    settings, errors = read(secrets)

    assert errors == []
    assert settings.gluetun_url == "http://gluetun_url-of-the-folder:1"
    assert settings.qbittorrent_url == "http://dotenv:2"
    assert settings.gluetun_username == "named file"
    assert settings.gluehook_state == "environment"


def test_an_empty_variable_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLUETUN_URL", "")
    assert read() == (Settings(), [])


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("GLUEHOOK_LOG_LEVEL", "debug", "DEBUG"),
        ("GLUEHOOK_LOG_FORMAT", "json", "json"),
        ("GLUEHOOK_HTTP", "0.0.0.0:9095", "0.0.0.0:9095"),
        ("GLUEHOOK_HTTP", "[::1]:9095", "[::1]:9095"),
        ("GLUEHOOK_DRY_RUN", "yes", True),
        ("GLUEHOOK_DRY_RUN", "0", False),
        ("QBITTORRENT_URL", "https://box.lan/torrents/", "https://box.lan/torrents"),
        ("GLUETUN_URL", "http://[fd00::1]:8000", "http://[fd00::1]:8000"),
        ("GLUETUN_CONTAINER", "home_gluetun-1", "home_gluetun-1"),
        ("GLUEHOOK_LOOK_EVERY", "5m", "5m"),
        ("GLUEHOOK_LOOK_EVERY", "off", "off"),
        ("WIREGUARD_INTERFACE", "wg-home", "wg-home"),
        ("WIREGUARD_ROUTER", "192.168.1.1", "192.168.1.1"),
        ("WIREGUARD_ROUTER", "FD00::0:1", "fd00::1"),
    ],
)
def test_good_values(name: str, text: str, value: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, text)
    settings, errors = read()
    assert errors == []
    assert getattr(settings, name.lower()) == value


@pytest.mark.parametrize(
    ("name", "text", "advice"),
    [
        ("GLUEHOOK_LOG_LEVEL", "loud", "write one of TRACE, DEBUG, INFO, WARNING, ERROR, CRITICAL"),
        ("GLUEHOOK_LOG_FORMAT", "xml", "write 'text' or 'json'"),
        ("GLUEHOOK_HTTP", "9095", "write HOST:PORT"),
        ("GLUEHOOK_HTTP", ":8090", "0.0.0.0:8090"),
        ("GLUEHOOK_HTTP", "localhost:99999", "write HOST:PORT"),
        ("GLUEHOOK_DRY_RUN", "perhaps", "write true or false"),
        ("GLUEHOOK_STATE", "  ", "write the path"),
        ("FORWARDED_PORT_FILE", '"/tmp/gluetun/forwarded_port"', "write the path without the quotes around it"),
        ("QBITTORRENT_CA_FILE", "'/ca.pem'", "write the path without the quotes around it"),
        ("GLUEHOOK_LOOK_EVERY", "0s", "write a duration such as 60s, or off"),
        ("GLUEHOOK_LOOK_EVERY", "60", 'write "60s"'),
        ("WIREGUARD_INTERFACE", "wg 0", "write the interface's name"),
        ("WIREGUARD_ROUTER", "router.lan", "write an address such as 192.168.1.1"),
        ("QBITTORRENT_URL", "gluetun:8080", "write http:// or https://"),
        ("QBITTORRENT_URL", "ftp://gluetun", "write http:// or https://"),
        ("QBITTORRENT_URL", "http://gluetun:99999", "write http:// or https://"),
        ("GLUETUN_URL", "http://:8000", "write http:// or https://"),
        ("GLUETUN_URL", "http://[::1", "write http:// or https://"),
        ("GLUETUN_URL", "http://two words", "write http:// or https://"),
        ("GLUETUN_CONTAINER", "/gluetun", "`docker ps`"),
    ],
)
def test_bad_values(name: str, text: str, advice: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, text)
    settings, _, (error,) = environment.read("/nowhere")
    assert settings is None
    assert error.startswith(f"settings: {name} is {text!r}: ")
    assert advice in error


@pytest.mark.parametrize("name", ["TRANSMISSION_USERNAME", "GLUETUN_USERNAME"])
@pytest.mark.parametrize(("text", "shown"), [("me:hunter2", "me:***"), (":", ":***"), ("me:a:hunter2", "me:***")])
def test_a_user_name_with_a_colon_is_refused_and_what_follows_it_is_not_shown(
    name: str, text: str, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, text)
    _, _, (error,) = environment.read("/nowhere")
    assert error.startswith(f"settings: {name} is '{shown}': no name for basic authentication has a colon")
    assert "hunter2" not in error


def test_all_errors_come_at_once_and_show_no_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("GLUETUN_URL=ftp://me:hunter2@gluetun\n")
    monkeypatch.setenv("GLUEHOOK_RULE", "x")
    monkeypatch.setenv("GLUEHOOK_DRY_RUN", "perhaps")
    _, _, errors = environment.read("/nowhere")
    assert len(errors) == 3
    assert "hunter2" not in " ".join(errors)


@pytest.mark.parametrize(
    "url",
    [
        "http://me:hun/ter2@gluetun:8080", "http://me:12/ter2@gluetun", "http://me:hun#ter2@gluetun",
        "http://me:hun?ter2@gluetun", "http://me:hun ter2@gluetun", "http://me:" + "hun/ter2" * 30 + "@gluetun",
    ],
)  # fmt: skip
def test_a_password_that_is_not_encoded_is_told_how_and_not_shown(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QBITTORRENT_URL", url)
    settings, _, (error,) = environment.read("/nowhere")
    assert settings is None
    assert "write %2F for /, %3F for ?, %23 for # and %20 for a blank" in error
    assert not [part for part in ("hun", "ter2", "12") if part in error]
    assert error.startswith("settings: QBITTORRENT_URL is 'http://***@gluetun")


@pytest.mark.parametrize("where", ["environment", ".env"])
def test_an_unknown_name_of_ours_is_an_error(where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if where == ".env":
        (tmp_path / ".env").write_text("GLUEHOOK_LOGLEVEL=debug\n")
    else:
        monkeypatch.setenv("GLUEHOOK_LOGLEVEL", "debug")
    said = "settings: GLUEHOOK_LOGLEVEL is no setting of gluehook; did you mean GLUEHOOK_LOG_LEVEL?"
    assert environment.read("/nowhere")[::2] == (None, [f"{said} Rename it or take it out"])


def test_what_command_run_gives_to_its_programs_is_no_unknown_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLUEHOOK_EVENT_PORT", "1234")
    assert read()[1] == []


@pytest.mark.parametrize("name", ["GLUEHOOK_STATE", "QBITTORRENT_PASSWORD"])
def test_a_value_and_a_file_for_it_are_an_error(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "value").write_text("x")
    monkeypatch.setenv(name, "x")
    monkeypatch.setenv(f"{name}_FILE", str(tmp_path / "value"))
    assert read()[1] == [f"settings: {name} and {name}_FILE are both set; remove one of them"]


def test_a_named_file_that_is_missing_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLUETUN_URL_FILE", "/nowhere/url")
    (error,) = read()[1]
    assert error.startswith("settings: GLUETUN_URL_FILE names /nowhere/url, which cannot be read: ")
    assert error.endswith("correct the path, or set GLUETUN_URL itself")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"GLUETUN_URL=http://a:1\nthis is = no 'assignment\n", "line 2 makes no sense; write NAME=value"),
        (b"GLUETUN_URL=\xff\xfe\n", "cannot be read"),
        ("GLUETUN_URL=http://a:1\n".encode("utf-16"), "begins with a byte order mark and is UTF-16; save it as UTF-8"),
    ],
)
def test_a_broken_dotenv_is_an_error(content: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(content)
    (error,) = read()[1]
    assert error.startswith(f"settings: {tmp_path / '.env'} ")
    assert said in error


def test_a_byte_order_mark_before_settings_does_no_harm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_bytes(b"\xef\xbb\xbfGLUETUN_URL=http://a:1\nQBITTORRENT_PASSWORD=hunter2\n")
    (tmp_path / "named").write_bytes(b"\xef\xbb\xbfhttp://b:2\r\n")
    monkeypatch.setenv("QBITTORRENT_URL_FILE", str(tmp_path / "named"))
    settings, errors = read()
    assert errors == []
    assert (settings.gluetun_url, settings.qbittorrent_url) == ("http://a:1", "http://b:2")


def test_a_file_in_place_of_the_secrets_folder_hurts_nobody(tmp_path: Path) -> None:
    (tmp_path / "secrets").write_text("x")
    assert read(tmp_path / "secrets") == (Settings(), [])


def test_a_binary_secret_file_for_a_setting_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "gluetun_url").write_bytes(b"\xff\xfe")
    (error,) = read(tmp_path)[1]
    assert error.startswith(f"settings: a file in {tmp_path} cannot be read: ")


def test_secrets_come_along_from_environment_and_dotenv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("GLUETUN_API_KEY=of-dotenv\nQBITTORRENT_PASSWORD=of-dotenv\n")
    monkeypatch.setenv("QBITTORRENT_PASSWORD", "of-environment")
    _, sources, errors = environment.read("/nowhere")
    assert errors == []
    assert sources.variables["GLUETUN_API_KEY"] == "of-dotenv"
    assert sources.variables["QBITTORRENT_PASSWORD"] == "of-environment"
    assert "of-dotenv" not in repr(sources)
