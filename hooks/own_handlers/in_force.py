"""What the executor calls: our handlers, and those of the owner that the rules in force name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from hooks.handler import Handler
from hooks.rules.own_handler import OwnHandler
from hooks.rules.table import Table


class InForce(Mapping[str, type[Handler[Any]]]):
    """`table` gives the rules in force. A handler of rules that are gone is kept for the runs that began with it."""

    def __init__(self, ours: Mapping[str, type[Handler[Any]]], table: Callable[[], Table]) -> None:
        self._ours, self._table = ours, table
        self._earlier: dict[str, tuple[OwnHandler, str]] = {}

    def __getitem__(self, name: str) -> type[Handler[Any]]:
        if name in self._ours:
            return self._ours[name]
        table = self._table()
        self._earlier.update({own.name: (own, table.rules_folder) for own in table.own})
        own, rules_folder = self._earlier[name]
        from hooks.own_handlers.step import handler_class

        return handler_class(own, rules_folder)

    def __iter__(self) -> Iterator[str]:
        return iter(self._ours)

    def __len__(self) -> int:
        return len(self._ours)
