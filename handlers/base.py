"""The handler contract under its path of gluehook 0.1.0, for handlers of one's own. It lives in hooks/handler.py."""

from hooks.handler import Context, Duration, GiveUp, Handler, Memory, Outcome, Poll, Retry

__all__ = ["Context", "Duration", "GiveUp", "Handler", "Memory", "Outcome", "Poll", "Retry"]
