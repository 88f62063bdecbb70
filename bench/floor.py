"""The floor of the reaction: a bare inotify read, one GET and one POST on a warm connection. Nothing else.

usage: python -m bench.floor FILE HOST PORT COOKIE; prints "ready" once the watch is on.
"""

from __future__ import annotations

import ctypes
import http.client
import json
import os
import select
import sys
import urllib.parse
from pathlib import Path

IN_CLOSE_WRITE = 8
WARM_S = 2.0  # qBittorrent closes a connection that is idle for some seconds


def main() -> None:
    """Set the port at each close of the file, until ended."""
    file, host, port, cookie = sys.argv[1:5]
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = libc.inotify_init1(os.O_CLOEXEC)
    libc.inotify_add_watch(descriptor, str(Path(file).parent).encode(), IN_CLOSE_WRITE)
    connection = http.client.HTTPConnection(host, int(port), timeout=10)
    headers = {"Cookie": cookie}
    connection.request("GET", "/api/v2/app/preferences", headers=headers)
    connection.getresponse().read()
    print("ready", flush=True)
    while True:
        if not select.select([descriptor], [], [], WARM_S)[0]:
            connection.request("GET", "/api/v2/app/webapiVersion", headers=headers)
            connection.getresponse().read()
            continue
        os.read(descriptor, 4096)
        wanted = int(Path(file).read_text())
        connection.request("GET", "/api/v2/app/preferences", headers=headers)
        if json.loads(connection.getresponse().read())["listen_port"] == wanted:
            continue
        body = urllib.parse.urlencode({"json": json.dumps({"listen_port": wanted})})
        form = {**headers, "Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", "/api/v2/app/setPreferences", body, form)
        connection.getresponse().read()


if __name__ == "__main__":
    main()
