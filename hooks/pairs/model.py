"""What is known of a gluetun and of a torrent client: its name, where it is reached, and how to sign in there."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Access:
    """How a target is reached. `password` and `api_key` are names of secrets, to be read at use; "" for none."""

    url: str
    username: str = ""
    password: str = ""
    api_key: str = ""
    ca_file: str = ""
    fingerprint: str = ""
    named_by: str = ""  # where its URL stands or belongs: "QBITTORRENT_URL", "the url of its [[client]]"
    trusted_in: str = ""  # the table with, or for, a certificate of its own; "" where the settings are about it
    in_table: str = ""  # where a login of its own belongs: "its [[client]]"; "" where the settings are about it alone


@dataclass(frozen=True, slots=True)
class Gluetun:
    """A gluetun. `name` is its container's, `port_file` where its port file is here, "" where gluehook has none."""

    name: str
    access: Access
    port_file: str = ""
    file_named_by: str = ""  # where that is written: "FORWARDED_PORT_FILE", "the port_file of its [[gluetun]]"

    @property
    def kind(self) -> str:
        """Its role."""
        return "gluetun"

    @property
    def url(self) -> str:
        """Its control server."""
        return self.access.url


@dataclass(frozen=True, slots=True)
class Client:
    """A torrent client. `name` is its container's, `gluetun` that of its gluetun, "" where it has none."""

    name: str
    kind: str  # its role: qbittorrent, transmission, deluge
    access: Access
    gluetun: str = ""
    port: int = 1  # which of the ports that its gluetun forwards, counted from 1

    @property
    def url(self) -> str:
        """Its Web UI, or its RPC."""
        return self.access.url
