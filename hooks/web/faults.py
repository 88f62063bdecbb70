"""Nothing that a request makes the application raise ends the process, or is passed over in silence."""

from __future__ import annotations

import threading
from collections import Counter

from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hooks.events import signals
from hooks.web.refusal import refused

FAULT = "gluehook could not answer this: a fault of its own, which its log shows"
_MOST_KINDS = 100


class Faults:
    """Answers 500 where `app` raises, and reports it: the 1st, 10th, 100th time that it raises the same.

    `application` is what pages find as `request.app`, also where a request is refused before it gets there.
    """

    def __init__(self, app: ASGIApp, application: ASGIApp) -> None:
        self._app, self._application = app, application
        self._times: Counter[str] = Counter()
        self._lock = threading.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request, as ASGI calls it."""
        began = False
        scope["app"] = self._application

        async def watched(message: Message) -> None:
            nonlocal began
            began = True
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except ClientDisconnect:
            return  # it hung up before the whole request was there
        except Exception as error:  # noqa: BLE001 - one request must not end the server
            self._report(error, str(scope.get("path", ""))[:100])
            if not began and scope["type"] == "http":
                await refused(Request(scope), 500, FAULT)(scope, receive, send)

    def _report(self, error: Exception, path: str) -> None:
        what = f"{type(error).__name__}: {error}"[:300]
        with self._lock:
            if len(self._times) > _MOST_KINDS:
                self._times.clear()
            self._times[what] += 1
            times = self._times[what]
        if times in (1, 10, 100, 1000):
            often = "" if times == 1 else f", for the {times}. time"
            said = f"web: the answer to {path} broke ({what}){often}; this is a fault of gluehook's"
            signals.emit(signals.problem, said=said, error=error)
