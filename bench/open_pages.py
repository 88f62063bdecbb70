"""Open pages: so many connections to the stream of the web process, and a scrape of /metrics every second.

usage: python -m bench.open_pages HOST:PORT COUNT FILE

FILE gets a line for each end of a run that comes in on the first connection: the milliseconds since it ended.
"""

from __future__ import annotations

import json
import re
import socket
import sys
import threading
import time
import urllib.request
from pathlib import Path

_ITEM = re.compile(rb'\{"kind": ?"run_ended".*\}')


def main() -> None:
    """Read until the process is ended."""
    address, count, file = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    file.touch()
    pages = [_opened(address) for _ in range(count)]
    for page in pages[1:]:
        threading.Thread(target=_read, args=(page,), daemon=True).start()
    threading.Thread(target=_scrape, args=(address,), daemon=True).start()
    print("open", flush=True)
    with file.open("a") as arrivals, pages[0].makefile("rb") as lines:
        for line in lines:
            if found := _ITEM.search(line):
                arrivals.write(f"{(time.time() - json.loads(found[0])['at']) * 1000:.2f}\n")
                arrivals.flush()


def _opened(address: str) -> socket.socket:
    host, _, port = address.rpartition(":")
    page = socket.create_connection((host, int(port)))
    page.sendall(f"GET /api/v1/stream HTTP/1.1\r\nHost: {address}\r\nAccept: text/event-stream\r\n\r\n".encode())
    return page


def _read(page: socket.socket) -> None:
    while page.recv(65_536):
        pass


def _scrape(address: str) -> None:
    while True:
        with urllib.request.urlopen(f"http://{address}/metrics", timeout=10) as response:
            response.read()
        time.sleep(1)


if __name__ == "__main__":
    main()
