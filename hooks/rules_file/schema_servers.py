"""The schema of `[[gluetun]]` and `[[client]]`: their keys and their types. `servers` checks the rest.

Importing this module imports pydantic.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from hooks.images.roles import TORRENT_CLIENTS

# what these may be is checked in hooks/rules_file/servers.py, with better words; an editor learns it from the schema
_Secret = Annotated[str, WithJsonSchema({"type": "string", "pattern": r"^\$\{secret:[A-Za-z_][A-Za-z0-9_]*\}$"})]
_Kind = Annotated[str, WithJsonSchema({"type": "string", "enum": list(TORRENT_CLIENTS)})]


class _ServerTable(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    container: str = Field(min_length=1, examples=["vpn"], description="the name of its container")
    url: str | None = Field(
        None, examples=["http://vpn:8000"], description="where it is reached; else what Docker shows"
    )
    username: str | None = Field(
        None, min_length=1, examples=["admin"], description="the name that belongs to password"
    )
    password: _Secret | None = Field(
        None, examples=["${secret:VPN_PASSWORD}"], description="the secret that holds its password"
    )
    api_key: _Secret | None = Field(None, examples=["${secret:VPN_KEY}"], description="the secret that holds its key")
    ca_file: str | None = Field(
        None,
        examples=["/config/vpn.pem"],
        description="PEM file of the certificate, or of its authority, trusted there",
    )
    fingerprint: str | None = Field(
        None, examples=["AB:CD:…"], description="the SHA-256 of the one certificate that is trusted there"
    )


class GluetunTable(_ServerTable):
    """A gluetun of several: what neither a setting nor Docker says of it."""

    port_file: str | None = Field(
        None,
        examples=["/vpn/forwarded_port"],
        description="where its port file is here; else by a mount that both share",
    )


class ClientTable(_ServerTable):
    """A torrent client of several: what neither a setting nor Docker says of it."""

    kind: _Kind = Field(examples=["qbittorrent"], description="qbittorrent, transmission or deluge")
    gluetun: str | None = Field(
        None, min_length=1, examples=["vpn"], description="its gluetun's container; else whose network it shares"
    )
    port: int = Field(1, ge=1, examples=[2], description="which of the forwarded ports it has, counted from 1")
