"""The process of handlers of one's own: it imports the modules and describes them, or makes one attempt.

`hooks.own_handlers.process` starts it. Everything of an owner happens here: a crash, an endless loop, `sys.exit`, a
leak or output hurts this process only.
"""

from __future__ import annotations

import faulthandler
import os
import socket
from contextlib import suppress
from typing import Any

from hooks.own_handlers.supervise import guarded


def main(descriptor: int) -> None:
    """The process's whole life; the socket to gluehook is at this descriptor."""
    with socket.socket(fileno=descriptor) as gluehook:
        gluehook.set_inheritable(False)
        status = guarded(gluehook, lambda: _work(gluehook))
        if status is not None:
            with suppress(OSError):
                gluehook.sendall(b'{"ended": %d}\n' % os.waitstatus_to_exitcode(status))
    os._exit(0)


def _work(gluehook: socket.socket) -> None:
    from hooks.own_handlers.channel import Channel, unpacked

    channel = Channel(gluehook)
    with suppress(EOFError, OSError):
        order = unpacked(channel.receive()["order"])
        if "describe" in order:
            _describe(channel, order["describe"], order["within_s"])
        else:
            _attempt(channel, order)


def _describe(channel: Any, sources: list[Any], within_s: float) -> None:
    from hooks.own_handlers import imported

    for source in sources:
        channel.send({"begins": source.stem})
        faulthandler.dump_traceback_later(within_s, exit=True)  # says where it hangs, also in C
        try:
            found: dict[str, Any] = {"handlers": imported.facts(source, imported.load(source))}
        except BaseException as error:  # noqa: BLE001 - sys.exit, too
            found = {"fault": imported.fault(source, error)}
        faulthandler.cancel_dump_traceback_later()
        channel.send(found)


def _attempt(channel: Any, order: dict[str, Any]) -> None:
    from hooks.own_handlers import imported
    from hooks.own_handlers.attempt import Attempt

    source = order["source"]
    try:
        answer = Attempt(channel, order).run()
    except BaseException as error:  # noqa: BLE001 - sys.exit, too
        answer = {"broke": imported.fault(source, error)}
    try:
        channel.send(answer)
    except (TypeError, ValueError) as error:
        channel.send({"broke": f"its answer cannot be sent: {error}"})
