"""The short-lived process that sends one message with Apprise: JSON on stdin, a word for each address on stdout."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from typing import Any


def send(order: dict[str, Any]) -> Iterator[str]:
    """Send `order["title"]` and `["message"]` to each of `["urls"]`; yield "sent", "unusable" or "failed" for each."""
    import apprise

    logging.getLogger("apprise").disabled = True  # its lines hold addresses
    for url in order["urls"]:
        box = apprise.Apprise()
        if not box.add(url):
            yield "unusable"
        else:
            yield "sent" if box.notify(body=order["message"], title=order["title"]) else "failed"


def main() -> None:
    """Each word goes out at once: what was sent is known even when the process is ended for taking too long."""
    for word in send(json.load(sys.stdin)):
        sys.stdout.write(word + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
