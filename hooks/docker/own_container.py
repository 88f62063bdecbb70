"""Which container is ours: every handler refuses to touch it."""

from __future__ import annotations

import re
from pathlib import Path

# A host's table names every container's folder; only ours is mounted on these files of /etc.
_OWN_ID = re.compile(r"containers/([0-9a-f]{64})/\S* /etc/(?:hostname|hosts|resolv\.conf) ")


def own_container_id(mounts: str = "/proc/self/mountinfo") -> str:
    """The id of the container that we run in, "" outside of one: its /etc/hosts lies in a folder of that name."""
    try:
        found = _OWN_ID.search(Path(mounts).read_text())
    except OSError:
        return ""
    return found[1] if found else ""
