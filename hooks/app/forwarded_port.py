"""Builds the source that asks gluetun itself for its port, as far as `FORWARDED_PORT_SOURCE` wants one."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from hooks.config.settings import Settings
from hooks.events.catalogue import Event
from hooks.handler import PortReader
from hooks.runtime.handler_context import HandlerContexts
from hooks.sources.port_api import PortApi
from hooks.world.model import PortFile
from hooks.world.tracker import Tracker

PortReaders = Mapping[str, Callable[[], PortReader]]
_POLL_S = 10.0  # for all requests of one poll


def build(
    settings: Settings, tracker: Tracker, post: Callable[[Event], None], readers: PortReaders,
    contexts: HandlerContexts,
) -> PortApi:  # fmt: skip
    """The source; it does nothing where the port comes from the file alone. The reader is made at the first poll."""
    mode, made = settings.forwarded_port_source if readers else "file", list[PortReader]()

    def ask() -> PortFile:
        if not made:
            made.append(readers["gluetun"]())
        event = Event("poll", "gluetun", time.time_ns(), "gluetun")
        return made[0](contexts.make(event, "poll", time.monotonic() + _POLL_S))

    return PortApi(tracker, post, ask, mode, settings.forwarded_port_file)
