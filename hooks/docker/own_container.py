"""Which container gluehook runs in. Every handler refuses to touch it."""

from __future__ import annotations

import re
from pathlib import Path

# A host's table names every container's folder; only ours is mounted on these files of /etc.
_OWN_ID = re.compile(r"containers/([0-9a-f]{64})/\S* /etc/(?:hostname|hosts|resolv\.conf) ")


def own_container_id(mounts: str = "/proc/self/mountinfo") -> str:
    """The id of the container that gluehook runs in, "" outside of one.

    Its /etc/hosts is mounted from a folder on the host that has the container's id as its name.
    """
    try:
        found = _OWN_ID.search(Path(mounts).read_text())
    except OSError:
        return ""
    return found[1] if found else ""
