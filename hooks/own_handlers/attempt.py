"""One attempt of an owner's handler, within its process: what the executor does for ours, and the `Context`.

Everything that belongs to gluehook is asked for over the channel: secrets, memory, locks, waiting. Docker is reached
directly.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hooks.handler import Context, GiveUp, Handler, Outcome, Retry
from hooks.own_handlers import imported
from hooks.own_handlers.channel import Channel, Message, unpacked

_STATUS = ("changed", "unchanged", "skipped")


class Asking:
    """The handler's memory, which gluehook keeps."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def get(self, key: str) -> Any:
        """The value, or None."""
        return self._channel.ask("get", key=str(key))

    def put(self, key: str, value: Any) -> None:
        """Store it before returning; None removes the key. Raises TypeError for a value that is not JSON."""
        self._channel.ask("put", key=str(key), value=value)


class Attempt:
    """The order says which class, with which arguments, and what a `Context` holds."""

    def __init__(self, channel: Channel, order: dict[str, Any]) -> None:
        self._channel, self._order, self._deadline = channel, order, time.monotonic() + order["left"]

    def run(self) -> Message:
        """Import the module, say what must be locked, wait for the word, and do it. The answer, as JSON values."""
        source, name = self._order["source"], self._order["name"]
        found = imported.classes(source, imported.load(source))
        if name not in found:
            raise imported.Unfit(f"{source.said} has no handler {name} any more; it has {', '.join(found)}")
        handler = found[name]()
        args = handler.Args(**self._order["args"])
        context = self._context()
        self._channel.send({"locks": [str(one) for one in handler.locks(args, context)]})
        word = self._channel.receive()
        self._deadline = time.monotonic() + word["left"]
        if "world" in word:
            self._order |= unpacked(word["world"])
            context = self._context()
        return _answer(handler, word["go"], args, context)

    def _context(self) -> Context:
        from hooks.docker.client import connect

        order, ask = self._order, self._channel.ask
        return Context(
            event=order["event"], run=order["run"], settings=order["settings"], world=order["world"],
            pairs=order["pairs"], own_id=order["own_id"], memory=Asking(self._channel), docker=connect,
            secret=lambda name: ask("secret", name=str(name)), left=lambda: self._deadline - time.monotonic(),
            wait=lambda wait_s: ask("wait", seconds=float(wait_s)), now=time.time, hold=self._hold,
            saw=lambda said: self._channel.send({"saw": str(said)[:1000]}),
        )  # fmt: skip

    @contextmanager
    def _hold(self, target: str) -> Iterator[None]:
        self._channel.ask("hold", target=str(target))
        try:
            yield
        finally:
            self._channel.ask("release", target=str(target))


def _answer(handler: Handler[Any], verb: str, args: Any, context: Context) -> Message:
    try:
        answer = handler.plan(args, context) if verb == "plan" else handler.apply(args, context)
    except Retry as error:
        return {"retry": str(error.said), "after": error.after, "kind": error.kind}
    except GiveUp as error:
        return {"give_up": str(error.said), "kind": error.kind}
    if verb == "plan":
        if answer is not None and not isinstance(answer, str):
            return {"broke": f"plan returned a {type(answer).__name__}; it returns a sentence or None"}
        return {"plan": answer}
    if not isinstance(answer, Outcome) or answer.status not in _STATUS or not isinstance(answer.said, str):
        shown = "None" if answer is None else f"an Outcome with the status {answer.status!r}" if isinstance(
            answer, Outcome) else f"a {type(answer).__name__}"  # fmt: skip
        return {"broke": f'apply returned {shown}; it returns an Outcome("changed", "unchanged" or "skipped", a text)'}
    return {"outcome": answer.status, "said": answer.said, "again": bool(answer.again)}
