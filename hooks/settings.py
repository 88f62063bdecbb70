"""Settings as plain data. `hooks.loading` reads them from environment, .env and secret files with pydantic-settings."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting but the secrets, which are read at use (`hooks.secrets`). A field in capitals is its variable."""

    gluehook_rules: str = "rules.toml"
    gluehook_state: str = ".state"
    gluehook_log_level: str = "INFO"
    gluehook_log_format: str = "text"
    gluehook_http: str = ""
    gluehook_dry_run: bool = False
    forwarded_port_file: str = "/tmp/gluetun/forwarded_port"  # noqa: S108 - gluetun's own default
    qbittorrent_url: str = "http://gluetun:8080"
    qbittorrent_username: str = "admin"
    qbittorrent_container: str = "qbittorrent"
    gluetun_container: str = "gluetun"
    gluetun_url: str = "http://gluetun:8000"
    gluetun_username: str = ""
    wireguard_dir: str = "/config/wireguard"
    wireguard_container: str = "wireguard"
