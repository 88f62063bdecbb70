"""`gluehook run`, from what is being loaded to the exit code."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hooks.app.app import App
from hooks.app.forwarded_port import PortReaders
from hooks.app.loading import Loaded, Loading
from hooks.app.reload import COPY_NAME, last_good
from hooks.app.shutdown import SignalHandlers
from hooks.app.web_child import WebChild
from hooks.config.secrets import Secrets
from hooks.config.settings import Settings
from hooks.events import signals
from hooks.handler import Handler, Poll
from hooks.journal.folder import Taken
from hooks.runtime import log


def serve(
    loading: Loading, handlers: Mapping[str, type[Handler[Any]]], version: str, *, polls: Mapping[str, Poll],
    port_readers: PortReaders,
) -> int:  # fmt: skip
    """Run with what is being loaded until told to stop. The exit code: 0, or 2 for settings that are wrong."""
    with SignalHandlers() as stop:
        loaded = loading.result()
        if stop.requested.is_set():
            return 0
        if loaded.settings is None:
            for error in loaded.errors:
                print(error, file=sys.stderr)
            return 2
        return _serve(loaded.settings, loaded, handlers, version, stop, polls=polls, port_readers=port_readers)


def _serve(
    settings: Settings, loaded: Loaded, handlers: Mapping[str, type[Handler[Any]]], version: str,
    stop: SignalHandlers, **readers: Any,
) -> int:  # fmt: skip
    secrets = Secrets(loaded.sources)
    log_sink = log.set_up(settings.gluehook_log_level, settings.gluehook_log_format, secrets.mask)
    broken = None if loaded.table else loaded
    if broken:
        loaded = last_good(Path(settings.gluehook_state) / COPY_NAME, settings.gluehook_rules) or Loaded()
    try:
        app = App(settings, secrets, loaded, handlers, version, broken=broken, **readers)
    except Taken as taken:
        signals.emit(signals.problem, said=str(taken))
        log_sink.close()
        return 1
    web = WebChild(settings, loaded.sources, version)
    app.other_threads += [stop.thread, log_sink.writer.thread, web.thread]
    stop.on_stop(app.stop)
    stop.on_reload(app.reload.at_once)
    web.start()
    try:
        app.run()
    finally:
        web.stop()
    log_sink.close()
    return 0
