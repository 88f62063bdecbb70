"""`[[gluetun]]` and `[[client]]` of rules.toml as values: what neither a setting nor Docker says of one of several.

`rules_file.servers` makes them, `hooks.pairs` reads them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ServerTable:
    """One table. What is "" is taken from the settings or from Docker.

    `role` is what its container is. `password` and `api_key` are names of secrets.
    """

    role: str
    container: str
    url: str = ""
    username: str = ""
    password: str = ""
    api_key: str = ""
    ca_file: str = ""
    fingerprint: str = ""  # the SHA-256 of a certificate
    port_file: str = ""  # of a gluetun
    gluetun: str = ""  # of a client
    port: int = 1  # of a client: which of the ports that its gluetun forwards, counted from 1

    @property
    def heading(self) -> str:
        """How it begins in rules.toml."""
        return heading(self.role)


def heading(role: str) -> str:
    """How a table for a container of this role begins in rules.toml."""
    return "[[gluetun]]" if role == "gluetun" else "[[client]]"
