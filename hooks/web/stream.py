"""The response that does not end: server-sent events, for as long as the browser reads them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from hooks.web.following import Following, Subscriber, encoded

BEAT_S = 15.0  # between two signs of life, so that a proxy keeps the connection
STALL_S = 30.0  # one that does not read for so long is dropped
_RETRY = b"retry: 2000\n\n"
_HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-store", "X-Accel-Buffering": "no",
}  # fmt: skip


class EventStream(Response):
    """Sends what `subscriber` gets, while `may_read()`. The first item is the state of the link to the runner."""

    def __init__(self, following: Following, subscriber: Subscriber, may_read: Callable[[], bool]) -> None:
        super().__init__(headers=_HEADERS)
        self._following, self._subscriber, self._may_read = following, subscriber, may_read

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the client hangs up, stalls, or the process stops. HEAD gets the headers alone."""
        headers = [(name, value) for name, value in self.raw_headers if name != b"content-length"]
        gone = asyncio.create_task(_hangs_up(receive))
        try:
            async with asyncio.timeout(STALL_S):
                await send({"type": "http.response.start", "status": 200, "headers": headers})
                if scope["method"] == "HEAD":
                    await send({"type": "http.response.body", "body": b""})
                    return
                await _send(send, _RETRY + encoded(self._following.state()))
            await self._send_all(send, gone)
        except TimeoutError:
            return
        finally:
            gone.cancel()
            self._following.unsubscribe(self._subscriber)

    async def _send_all(self, send: Send, gone: asyncio.Task[None]) -> None:
        more = True
        while more and not gone.done():
            taking = asyncio.ensure_future(self._subscriber.take(BEAT_S))
            await asyncio.wait({taking, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not taking.done():
                taking.cancel()
                return
            lines, more = taking.result()
            if not self._may_read():  # the session is over
                break
            async with asyncio.timeout(STALL_S):
                await _send(send, lines or b": beat\n\n")
        async with asyncio.timeout(STALL_S):
            await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _send(send: Send, body: bytes) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})


async def _hangs_up(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
