"""Which container an id means that another container's configuration names: the one that has its name now.

A re-creation gives a container another id, and Docker refuses a configuration that names the one before. One
`PresentIds` lasts for one attempt of `containers.rejoin`; its threads share it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from hooks.docker.container import ListedContainer

_SHORT = 12  # characters of an id: Docker takes any beginning of one, and people write so much of it


class PresentIds:
    """Present ids by ids that were. `earlier`: the ids that each name has had (`World.ids()`)."""

    def __init__(self, containers: Iterable[ListedContainer], earlier: Mapping[str, Sequence[str]]) -> None:
        self._by_name = {one.name: one.id for one in containers}
        self._had = {ident: name for name, ids in earlier.items() for ident in ids}
        self._had |= {ident: name for name, ident in self._by_name.items()}  # whose it is now counts more

    def put(self, name: str, old_id: str, new_id: str) -> None:
        """The container of this name has another id now."""
        self._had |= {old_id: name, new_id: name}
        self._by_name[name] = new_id

    def learn(self, name: str, earlier_id: str) -> None:
        """This id is one that the container of this name has had."""
        self._had[earlier_id] = name

    def name(self, reference: str) -> str:
        """The name of the container that this id or name means, "" if that is not known."""
        if reference in self._by_name:
            return reference
        if reference in self._had:
            return self._had[reference]
        begins = {name for ident, name in list(self._had.items()) if len(reference) >= _SHORT <= len(ident)
                  and ident.startswith(reference)}  # fmt: skip
        return begins.pop() if len(begins) == 1 else ""

    def present(self, reference: str) -> str:
        """What a new configuration must name instead of this id or name; the same where nothing has changed."""
        name = self.name(reference)
        return reference if name == reference else self._by_name.get(name, reference)
