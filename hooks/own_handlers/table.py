"""What rules are read with: gluehook's own handlers, and those of the owner as they are needed.

A file of the owner is imported, in a child, when a rule first names one of its handlers; all of them are for a list.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from hooks.handler import Handler, Unusable
from hooks.own_handlers.folder import folder_of
from hooks.own_handlers.sources import Faults, installed, of_folder, stems
from hooks.rules.own_handler import OwnHandler, Source
from hooks.rules.table import Table

Handlers = Mapping[str, type[Handler[Any]]]


class HandlerTable(Mapping[str, type[Handler[Any]]]):
    """Our handlers and those of the owner of this rules file. `beside` is the rules file that they lie beside.

    A lookup raises Unusable for a handler that is there and cannot be used, and KeyError for one that is not there.
    """

    def __init__(self, ours: Handlers, beside: str, secrets_folder: str) -> None:
        self._ours, self._secrets_folder = ours, secrets_folder
        self._beside = str(Path(beside).absolute())
        self._taken = frozenset(stems(tuple(ours)))
        self._read = dict[str, tuple[OwnHandler, ...]]()
        self._faults = Faults()

    def __getitem__(self, name: str) -> type[Handler[Any]]:
        stem = name.partition(".")[0]
        if stem in self._taken:
            if stem in self._of_folder[1]:
                raise Unusable(self._of_folder[1][stem])
            return self._ours[name]
        self._load([stem])
        for own in self._read.get(stem, ()):
            if own.name == name:
                return self._class(own)
        if stem in self._faults:
            raise Unusable(self._faults[stem])
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        try:
            return isinstance(name, str) and bool(self[name])
        except (KeyError, Unusable):
            return False

    def __iter__(self) -> Iterator[str]:
        yield from (name for name in self._ours if name.partition(".")[0] not in self._of_folder[1])
        yield from (own.name for own in self.own)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    @cached_property
    def folder(self) -> str:
        """Where the owner's handlers lie, whether or not there is such a folder."""
        return folder_of(self._beside, self._secrets_folder)

    @property
    def own(self) -> tuple[OwnHandler, ...]:
        """All of the owner's handlers that can be used."""
        self._load([*self._sources])
        return tuple(own for stem in sorted(self._read) for own in self._read[stem])

    @property
    def faults(self) -> Faults:
        """Why some of the owner's sources cannot be used."""
        self._load([*self._sources])
        return self._faults

    def prepare(self, text: str) -> None:
        """Import at once what the text of a rules file seems to name: one process serves for all."""
        self._load([stem for stem in self._of_folder[0] if f"{stem}." in text])

    def used_by(self, table: Table) -> Table:
        """The table with those of the owner's handlers that its rules name."""
        names = {step.use for rule in table.rules for step in rule.do}
        used = tuple(own for read in self._read.values() for own in read if own.name in names)
        return table.with_own(used, str(Path(self._beside).parent)) if used else table

    @cached_property
    def _of_folder(self) -> tuple[Mapping[str, Source], Faults]:
        return of_folder(self.folder, str(Path(self._beside).parent), self._taken)

    @cached_property
    def _sources(self) -> Mapping[str, Source]:
        """Every source that may be imported. Files and packages of one name are both refused."""
        packages, faults = installed(self._taken)
        files, refused = self._of_folder
        self._faults |= {**faults, **refused}
        for stem in {*files, *refused} & {*packages, *faults}:
            said = files[stem].said if stem in files else f"a file of {self.folder}"
            self._faults[stem] = f"{said} has the name of an installed package's handlers, {stem}; rename it"
        both = {**packages, **files}
        return {stem: source for stem, source in both.items() if stem not in self._faults}

    def _load(self, wanted: list[str]) -> None:
        new = [self._sources[stem] for stem in wanted if stem in self._sources and not self._is_read(stem)]
        if new:
            from hooks.own_handlers.describe import describe

            found, faults = describe(new)
            self._read |= found
            self._faults |= faults

    def _is_read(self, stem: str) -> bool:
        return stem in self._read or stem in self._faults

    def _class(self, own: OwnHandler) -> type[Handler[Any]]:
        from hooks.own_handlers.step import handler_class

        return handler_class(own, str(Path(self._beside).parent))


def handlers_of(rules_file: str, secrets_folder: str = "/run/secrets") -> HandlerTable:
    """Our handlers and those beside this rules file."""
    from handlers import HANDLERS

    return HandlerTable(HANDLERS, rules_file, secrets_folder)
