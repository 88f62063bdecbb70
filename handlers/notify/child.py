"""The short-lived process that sends one message with Apprise: JSON on stdin, a line for each address on stdout.

A line is how it ended, a tab, and the service's name: "sent", "unusable" or "failed" with its reason. Apprise says why
only in its log, whose lines hold addresses, so nothing but a status code is taken from there.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Iterator
from typing import Any

_STATUS = re.compile(r"\berror=(\d{3})\b")
_NO_ANSWER = re.compile(r"\bconnection error\b", re.IGNORECASE)


class _Reasons(logging.Handler):
    """The last reason that Apprise's log gave."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.last = ""

    def emit(self, record: logging.LogRecord) -> None:
        said = record.getMessage()
        if status := _STATUS.search(said):
            self.last = f", HTTP {status[1]}"
        elif _NO_ANSWER.search(said):
            self.last = ", no connection"


def send(order: dict[str, Any]) -> Iterator[str]:
    """Send `order["title"]` and `["message"]` to each of `["urls"]`; yield a line for each, as the module says."""
    import apprise

    reasons, log = _Reasons(), logging.getLogger("apprise")
    log.addHandler(reasons)
    log.propagate = False
    for url in order["urls"]:
        box = apprise.Apprise()
        if not box.add(url):
            yield "unusable\t"
            continue
        reasons.last = ""
        is_sent = box.notify(body=order["message"], title=order["title"])
        yield f"{'sent' if is_sent else f'failed{reasons.last}'}\t{box[0].service_name or ''}"


def main() -> None:
    """Each line goes out at once: what was sent is known even when the process is ended for taking too long."""
    for line in send(json.load(sys.stdin)):
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
