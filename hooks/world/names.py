"""Which role a container has, and why: by the name that a setting or a table gives, its image, or its usual name.

A setting that names a container of a role, such as GLUETUN_CONTAINER, chooses it: no other container has that role by
its image or name, so that a gluehook for one of two gluetuns leaves the other alone. A table of rules.toml adds one.

Guaranteed: pure. The same container has the same role in the live world, a replay and a rule test.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from hooks.images import roles

Reason = Literal["table", "setting", "image", "name", ""]


class Role(NamedTuple):
    """A container's role, "" for none, and what says so."""

    name: str = ""
    by: Reason = ""


@dataclass(frozen=True, slots=True)
class Names:
    """What settings and tables call containers: `settings` by role, `tables` by the container's name."""

    settings: Mapping[str, str] = field(default_factory=dict)
    tables: Mapping[str, str] = field(default_factory=dict)

    def role_of(self, name: str, image: str = "", service: str = "") -> Role:
        """The role of the container of this name. `service` is what its compose file calls it."""
        if name in self.tables:
            return Role(self.tables[name], "table")
        for role, named in self.settings.items():
            if named == name:
                return Role(role, "setting")
        if role := roles.by_image(image):
            return self._unless_chosen(role, "image")
        return self._unless_chosen(roles.by_name(name, service), "name")

    def first(self, role: str) -> str:
        """What the container of this role is called while none is known."""
        named = (name for name, one in self.tables.items() if one == role)
        return self.settings.get(role) or next(named, roles.usual_names(role)[0])

    def _unless_chosen(self, role: str, by: Reason) -> Role:
        return Role(role, by) if role and role not in self.settings else Role()


NO_NAMES = Names()
