"""Settings as plain data, and what each may be. `hooks.app.loading` reads them from the environment."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Annotated, Literal
from urllib.parse import urlsplit

from hooks.config import web_values
from hooks.events import durations


def http_url(text: str) -> str:
    """The URL without its last slash. Raises ValueError saying what to write if it is not http(s) with a host."""
    if re.search(r"[/?#\s]", text.rpartition("@")[0].partition("://")[2]):
        raise ValueError("in a user or a password write %2F for /, %3F for ?, %23 for # and %20 for a blank")
    if not _URL.fullmatch(text) or not _splits(text):
        raise ValueError("write http:// or https://, a host and a port, for example http://gluetun:8080")
    return text.rstrip("/")


def port_check(text: str) -> str:
    """The URL as it is, or "" for none. Raises ValueError saying what to write if it has no place for the port."""
    if not text:
        return ""
    if "{port}" not in text or re.search(r"[{}]", text.replace("{port}", "").replace("{ip}", "")):
        raise ValueError("write {port} where the port belongs, and {ip} where the address does, and no other braces")
    http_url(text.replace("{port}", "1").replace("{ip}", "192.0.2.1"))
    return text


def file_path(text: str) -> str:
    """The path as it is. Raises ValueError saying what to write if it is blank, in quotes or holds a NUL."""
    if len(text) > 1 and text[0] in "\"'" and text[-1] == text[0]:
        raise ValueError("write the path without the quotes around it: in a list of compose.yaml they belong to it")
    if not text.strip() or "\0" in text:
        raise ValueError("write the path of a file or folder, or leave the variable out for its default")
    return text


def optional_path(text: str) -> str:
    """The path as it is, or "" for none. Raises ValueError saying what to write if it is blank or holds a NUL."""
    return file_path(text) if text else ""


def container_name(text: str) -> str:
    """The name as it is. Raises ValueError saying what to write if no container can have it."""
    if not _NAME.fullmatch(text):
        raise ValueError("write the container's name as `docker ps` shows it, or leave the variable out")
    return text


def ip_address(text: str) -> str:
    """The address as it is, or "" for none. Raises ValueError saying what to write otherwise."""
    try:
        return str(ipaddress.ip_address(text)) if text else ""
    except ValueError:
        raise ValueError("write an address such as 192.168.1.1, or leave the variable out") from None


def user_name(text: str) -> str:
    """The name as it is, or "" for none. Raises ValueError if basic authentication cannot send it."""
    if ":" in text:
        raise ValueError("no name for basic authentication has a colon: the password begins there")
    return text


def interface(text: str) -> str:
    """The name as it is. Raises ValueError saying what to write if no network interface can have it."""
    if not _INTERFACE.fullmatch(text):
        raise ValueError("write the interface's name, for example wg0, or leave the variable out")
    return text


def period(text: str) -> str:
    """A duration above zero, or "off". Raises ValueError saying what to write otherwise."""
    if text != "off" and not durations.parse(text):
        raise ValueError("write a duration such as 60s, or off")
    return text


def log_level(text: str) -> str:
    """The level in capitals. Raises ValueError naming the levels if it is none of them."""
    if text.upper() not in _LEVELS:
        raise ValueError(f"write one of {', '.join(_LEVELS)}")
    return text.upper()


def fingerprint(text: str) -> str:
    """The SHA-256 of a certificate as 64 hexadecimal digits, or "" for none. Raises ValueError saying what to write.

    `openssl x509 -noout -fingerprint -sha256` writes it as "sha256 Fingerprint=AB:CD:…", and that may stand here.
    """
    digits = re.sub(r"[:\s]", "", text.rpartition("=")[2]).lower()
    if digits and not re.fullmatch(r"[0-9a-f]{64}", digits):
        raise ValueError("write the SHA-256 fingerprint of the certificate: 64 hexadecimal digits, with colons or none")
    return digits


_URL = re.compile(r"https?://[^\s/]+(/\S*)?")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_INTERFACE = re.compile(r"[A-Za-z0-9_=+.-]{1,15}")
_LEVELS = ("TRACE", "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")

# A check stands beside the type; `hooks.app.loading` hands it to pydantic, so that this module needs only the stdlib.
Url = Annotated[str, http_url]
FilePath = Annotated[str, file_path]
OptionalPath = Annotated[str, optional_path]
Fingerprint = Annotated[str, fingerprint]
ContainerName = Annotated[str, container_name]


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting but the secrets, which are read at use (`hooks.config.secrets`).

    A field in capitals is its variable.

    Each field's metadata["says"] is its meaning, for docs/settings.md.
    """

    gluehook_rules: FilePath = field(
        default="rules.toml",
        metadata={"says": "the rules file; if it is not set and this file is missing, the shipped rules"},
    )
    gluehook_handlers: OptionalPath = field(
        default="",
        metadata={"says": "the folder of handlers of one's own; if it is not set, `handlers` beside the rules file"},
    )
    gluehook_state: FilePath = field(
        default=".state", metadata={"says": "the folder for what must survive a restart, and for the heartbeat"}
    )
    gluehook_log_level: Annotated[str, log_level] = field(
        default="INFO", metadata={"says": "DEBUG, INFO, WARNING or ERROR; DEBUG shows each event"}
    )
    gluehook_log_format: Literal["text", "json"] = field(
        default="text", metadata={"says": "log lines for people, or one JSON object each"}
    )
    gluehook_http: Annotated[str, web_values.address] = field(
        default="", metadata={"says": "HOST:PORT on which `gluehook run` and `gluehook web` serve the page and the API"}
    )
    gluehook_web_hosts: Annotated[str, web_values.host_names] = field(
        default="",
        metadata={"says": "the names of hosts under which browsers reach them, if these are public ones"},
    )
    gluehook_web_proxies: Annotated[str, web_values.networks] = field(
        default="", metadata={"says": "addresses or networks of the reverse proxies whose X-Forwarded headers count"}
    )
    gluehook_web_user_header: Annotated[str, web_values.header_name] = field(
        default="", metadata={"says": "the header in which these proxies send the user whom a forward-auth has let in"}
    )
    gluehook_web_prefix: Annotated[str, web_values.path_prefix] = field(
        default="", metadata={"says": "the path before each address, such as /gluehook, if a proxy sets no such header"}
    )
    gluehook_dry_run: bool = field(
        default=False, metadata={"says": "match, wait and read, but only log what would be done"}
    )
    gluehook_look_every: Annotated[str, period] = field(
        default="60s",
        metadata={
            "says": "how often gluehook polls what reports no change (WireGuard's peers, qBittorrent's status); or off"
        },
    )
    forwarded_port_file: FilePath = field(
        default="/tmp/gluetun/forwarded_port",  # noqa: S108 - gluetun's own default
        metadata={"says": "gluetun's port file"},
    )
    forwarded_port_source: Literal["auto", "file", "api"] = field(
        default="auto",
        metadata={
            "says": "where the port comes from: that file, or gluetun's control server (`api`); `auto` takes the file, "
            "and the control server while gluetun has not written it since its start"
        },
    )
    qbittorrent_url: Url = field(default="http://gluetun:8080", metadata={"says": "qBittorrent's Web UI"})
    qbittorrent_ca_file: OptionalPath = field(
        default="", metadata={"says": "PEM file of the certificate, or of its authority, that is trusted there"}
    )
    qbittorrent_fingerprint: Fingerprint = field(
        default="",
        metadata={
            "says": "the SHA-256 of the one certificate that is trusted there; QBITTORRENT_CA_FILE is then not read"
        },
    )
    qbittorrent_username: str = field(
        default="admin", metadata={"says": "the name that belongs to QBITTORRENT_PASSWORD"}
    )
    qbittorrent_container: ContainerName = field(
        default="qbittorrent",
        metadata={"says": "its container; with the default the one of that image, whatever its name"},
    )
    transmission_url: Url = field(
        default="http://gluetun:9091", metadata={"says": "Transmission; without a path, /transmission/rpc is added"}
    )
    transmission_ca_file: OptionalPath = field(
        default="", metadata={"says": "as QBITTORRENT_CA_FILE, for a proxy that speaks https before Transmission"}
    )
    transmission_fingerprint: Fingerprint = field(default="", metadata={"says": "as QBITTORRENT_FINGERPRINT"})
    transmission_username: Annotated[str, user_name] = field(
        default="", metadata={"says": "the name that belongs to TRANSMISSION_PASSWORD (rpc-username there)"}
    )
    transmission_container: ContainerName = field(
        default="transmission", metadata={"says": "its container; with the default the one of that image"}
    )
    deluge_url: Url = field(default="http://gluetun:8112", metadata={"says": "Deluge's Web UI (deluge-web)"})
    deluge_ca_file: OptionalPath = field(default="", metadata={"says": "as QBITTORRENT_CA_FILE"})
    deluge_fingerprint: Fingerprint = field(default="", metadata={"says": "as QBITTORRENT_FINGERPRINT"})
    deluge_container: ContainerName = field(
        default="deluge", metadata={"says": "its container; with the default the one of that image"}
    )
    gluetun_container: ContainerName = field(
        default="gluetun",
        metadata={"says": "the container whose port the port file holds; with the default the one of that image"},
    )
    gluetun_url: Url = field(default="http://gluetun:8000", metadata={"says": "gluetun's control server"})
    gluetun_ca_file: OptionalPath = field(
        default="", metadata={"says": "as QBITTORRENT_CA_FILE, for a proxy that speaks https before the control server"}
    )
    gluetun_fingerprint: Fingerprint = field(default="", metadata={"says": "as QBITTORRENT_FINGERPRINT"})
    gluetun_username: Annotated[str, user_name] = field(
        default="", metadata={"says": "for basic authentication there, with GLUETUN_PASSWORD"}
    )
    port_check_url: Annotated[str, port_check] = field(
        default="",
        metadata={"says": "a service that says whether a port is open; `{port}` and `{ip}` stand for port and address"},
    )
    port_check_ca_file: OptionalPath = field(default="", metadata={"says": "as QBITTORRENT_CA_FILE, for that service"})
    port_check_fingerprint: Fingerprint = field(default="", metadata={"says": "as QBITTORRENT_FINGERPRINT"})
    wireguard_dir: FilePath = field(
        default="/wireguard", metadata={"says": "the folder that linuxserver/wireguard knows as /config"}
    )
    wireguard_container: ContainerName = field(
        default="wireguard", metadata={"says": "its container; with the default the one of that image"}
    )
    wireguard_interface: Annotated[str, interface] = field(default="wg0", metadata={"says": "its interface"})
    wireguard_router: Annotated[str, ip_address] = field(
        default="", metadata={"says": "the LAN's router, for wireguard.hairpin; without it any private address counts"}
    )

    @property
    def containers(self) -> Mapping[str, str]:
        """The containers that settings choose, by role. A setting that is left at its default chooses none."""
        names = {field.name: (str(getattr(self, field.name)), field.default) for field in fields(self)}
        ours = ((name.removesuffix(_CONTAINER), *names[name]) for name in names if name.endswith(_CONTAINER))
        return {role: chosen for role, chosen, default in ours if chosen != default}


_CONTAINER = "_container"

SECRETS: Mapping[str, str] = {
    "QBITTORRENT_PASSWORD": "the password of QBITTORRENT_USERNAME",
    "QBITTORRENT_API_KEY": "instead of name and password, from qBittorrent 5.2 on",
    "TRANSMISSION_PASSWORD": "the password of TRANSMISSION_USERNAME (rpc-password there)",
    "DELUGE_PASSWORD": "the password of Deluge's Web UI",
    "GLUETUN_API_KEY": "the key of gluetun's control server",
    "GLUETUN_PASSWORD": "instead of a key: the password of GLUETUN_USERNAME",
    "GLUEHOOK_WEB_PASSWORD": "the password of the page, which is then needed to read and to act",
    "GLUEHOOK_WEB_TOKEN": "the same for programs, as `Authorization: Bearer`",
    "GLUEHOOK_HOOK_TOKEN": "the token of each hook that has none of its own (GLUEHOOK_HOOK_TOKEN_NAME)",
    "APPRISE_URLS": "where notify.send sends messages: Apprise's addresses, separated by spaces or commas",
}
"""The secrets that gluehook itself knows, with their meaning; a rule may name others as ${secret:NAME}."""


def _splits(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port beyond 65535, brackets that do not close
        return False
