"""Puts the control socket together: the commands, and the verbs that show what gluehook knows and does."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from hooks.config.settings import Settings
from hooks.control.child_verb import ChildVerb
from hooks.control.commands import Commands
from hooks.control.followers import Followers
from hooks.control.hook_call import HookCall
from hooks.control.items import Items, Mask
from hooks.control.lasting import LastingConnections
from hooks.control.server import FILE_NAME, Request, Response, Server
from hooks.journal.journal import Journal
from hooks.runtime.dispatcher import Dispatcher
from hooks.runtime.handler_context import HandlerContexts
from hooks.runtime.handler_memory import Memory
from hooks.runtime.pauses import Pauses
from hooks.sources.polling import PollingSources
from hooks.world.tracker import Tracker

# as `python -m hooks doctor --json`, with the packages that this process has found
_DOCTOR = (
    "import sys; sys.path[:] = sys.argv[1:]; sys.argv[1:] = ['doctor', '--json']; "
    "from hooks.__main__ import main; sys.exit(main())"
)
# the peers of `gluehook peers`, as one line
_PEERS = (
    "import json, sys; sys.path[:] = sys.argv[1:]; sys.argv[1:] = ['peers']; "
    "from hooks.cli.peers import listed; print(json.dumps(listed()))"
)


class ControlSocket:
    """The server of the socket in the state folder. `sources` is their health, `fingerprint` names the rules' text."""

    def __init__(
        self, settings: Settings, version: str, mask: Mask, *, dispatcher: Dispatcher, journal: Journal,
        memory: Memory, pauses: Pauses, tracker: Tracker, contexts: HandlerContexts, polls: PollingSources,
        sources: Callable[[], Mapping[str, Mapping[str, Any]]], fingerprint: Callable[[], str],
    ) -> None:  # fmt: skip
        commands = Commands(dispatcher, journal, memory, pauses, tracker.state, complete=tracker.with_role)
        began = time.time()

        def snapshot(request: Request) -> Response:
            from hooks.control.snapshot import Snapshot  # used seldom; the idle process need not hold it

            return Snapshot(
                version, settings.gluehook_dry_run, dispatcher, journal, pauses, lambda: tracker.world,
                contexts.pairs_in, sources, lambda: polls.states("qbittorrent"), mask, fingerprint, began,
            ).snapshot(request)  # fmt: skip

        followers = Followers(Items(mask, fingerprint), version)
        doctor = ChildVerb("doctor", [sys.executable, "-c", _DOCTOR, *sys.path], mask, items="findings")
        peers = ChildVerb("peers", [sys.executable, "-c", _PEERS, *sys.path], mask, items="peers")
        self._children = (doctor, peers)
        self._lasting = LastingConnections(
            {"follow": followers.follow, "doctor": doctor.answer, "peers": peers.answer},
            (followers.close, doctor.close, peers.close),
        )
        verbs = {**commands.verbs(), "snapshot": snapshot, "hook": HookCall(dispatcher, journal).hook}
        self._server = Server(Path(settings.gluehook_state) / FILE_NAME, verbs, self._lasting)
        self.thread = self._server.thread
        self.start, self.beat = self._server.start, self._server.beat

    def stop(self) -> None:
        """Accept no connection any more, and end the processes of `doctor` and `peers`."""
        self._server.stop()
        for child in self._children:
            child.close()

    def end(self) -> None:
        """End the connections that last, in half a second; called after what ran has ended, so that they hear of it."""
        self._lasting.close()
