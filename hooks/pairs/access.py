"""How a gluetun or a torrent client is reached: by its table, by the settings, or as Docker shows it."""

from __future__ import annotations

from dataclasses import dataclass, fields

from hooks.config.settings import Settings
from hooks.images.gluetun import CONTROL_PORT
from hooks.images.roles import TORRENT_CLIENTS
from hooks.images.torrent import web_port
from hooks.pairs.model import Access
from hooks.pairs.reach import host_of, network_holder
from hooks.rules.servers import ServerTable, heading
from hooks.world.model import Container, World

DEFAULTS = {field.name: field.default for field in fields(Settings)}
_PORTS = {"gluetun": CONTROL_PORT, **{kind: web_port(kind, {}) for kind in TORRENT_CLIENTS}}


@dataclass(frozen=True, slots=True)
class Accesses:
    """Finds accesses in one world. `own_id`: the container that gluehook runs in, "" for none."""

    world: World
    settings: Settings
    own_id: str

    def of(self, role: str, name: str, table: ServerTable | None, *, first: bool, main: bool, alone: bool) -> Access:
        """Of the container of this name.

        `first`: the settings are about it. `main`: their defaults may be, too, as it belongs to the main gluetun.
        `alone`: no other one has its role.
        """
        setting, word = f"{role}_url", role.upper()
        named = (table.url if table else "") or (chosen(self.settings, setting) if first else "")
        container = self.world.containers.get(name)
        shown = "" if named or container is None else self._shown(role, container)
        default = str(self._get(setting)) if first and main else ""
        signed = table is not None and bool(table.password or table.api_key)
        password, key = (table.password, table.api_key) if table and signed else (f"{word}_PASSWORD", f"{word}_API_KEY")
        place, in_table = self._places(role, table, first=first, alone=alone)
        trusted = (self._get(f"{role}_ca_file"), self._get(f"{role}_fingerprint"))
        if own := table is not None and (table.ca_file, table.fingerprint) != ("", ""):
            trusted = (table.ca_file, table.fingerprint)
        return Access(
            named or shown or default or self._by_name(role, name),
            (table.username if table else "") or self._get(f"{role}_username"), password, key, *trusted, place,
            in_table if own or not any(trusted) else "", in_table,
        )  # fmt: skip

    def _places(
        self, role: str, table: ServerTable | None, *, first: bool, alone: bool
    ) -> tuple[str, str]:  # fmt: skip
        """Where its URL belongs, and where a login of its own does."""
        what, setting = heading(role), f"{role}_url"
        in_table = f"its {what}" if table else "" if first and alone else f"a {what} for it"
        by_setting = first and (alone or chosen(self.settings, setting)) and not (table and table.url)
        return setting.upper() if by_setting else f"the url of {in_table}", in_table

    def _shown(self, role: str, container: Container) -> str:
        host = host_of(container, self.world, self.own_id)
        return f"http://{host}:{container.web_port or _PORTS[role]}" if host else ""

    def _by_name(self, role: str, name: str) -> str:
        """Where Docker shows no way: by name, so that it is never another container's."""
        container = self.world.containers.get(name)
        holder = network_holder(container, self.world) if container else None
        port = (container.web_port if container else 0) or _PORTS[role]
        return f"http://{holder.name if holder else name}:{port}"

    def _get(self, setting: str) -> str:
        return str(getattr(self.settings, setting, "") or "")


def chosen(settings: Settings, setting: str) -> str:
    """The value of a setting, "" where it is left at its default."""
    value = getattr(settings, setting, "")
    return str(value) if value and value != DEFAULTS[setting] else ""
