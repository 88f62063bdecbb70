"""`[[gluetun]]` and `[[client]]` of rules.toml as values: what neither a setting nor Docker says of one of several.

`rules_file.servers` makes them, `hooks.pairs` reads them. `password` and `api_key` are names of secrets, "" for none.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GluetunTable:
    """One `[[gluetun]]`. What is "" is taken from the settings or from Docker."""

    container: str
    port_file: str = ""
    url: str = ""
    username: str = ""
    password: str = ""
    api_key: str = ""

    @property
    def role(self) -> str:
        """What its container is."""
        return "gluetun"


@dataclass(frozen=True, slots=True)
class ClientTable:
    """One `[[client]]`. `port` is which of the ports that its gluetun forwards, counted from 1."""

    kind: str
    container: str
    url: str = ""
    username: str = ""
    password: str = ""
    api_key: str = ""
    gluetun: str = ""
    port: int = 1

    @property
    def role(self) -> str:
        """What its container is."""
        return self.kind
