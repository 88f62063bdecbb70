"""Which fields of an event leave the process: those of the catalogue, without what looks private."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hooks.config.masking import presentable
from hooks.events.catalogue import CATALOGUE, Event


def without_private_fields(event: Event, mask: Callable[[str], str]) -> Event:
    """The event without fields and texts that may be private."""
    known = CATALOGUE[event.type].fields
    data = {name: presentable(value, "", mask) for name, value in event.data.items() if name in known}
    return replace(event, data=data)
