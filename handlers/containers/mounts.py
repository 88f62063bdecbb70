"""A mount of `containers.run` as rules.toml writes it: `SOURCE:TARGET`, `SOURCE:TARGET:ro`.

The source is a path of the Docker host, or the name of a volume. A relative path means nothing there.
"""

from __future__ import annotations

import re
from posixpath import isabs
from typing import Any

_VOLUME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+")
CURE = 'write "/srv/data:/data", "/srv/data:/data:ro" or "volume:/data"'


def mount(written: str) -> dict[str, Any]:
    """The mount in Docker's words. Raises ValueError: what is wrong with it, without full stop."""
    source, _, rest = written.partition(":")
    target, _, mode = rest.partition(":")
    if not isabs(source) and not _VOLUME.fullmatch(source):
        raise ValueError(f"the mount {written!r} has a source that is neither an absolute path nor a volume's name")
    if not isabs(target):
        raise ValueError(f"the mount {written!r} has no absolute path inside of the container")
    if mode not in ("", "ro", "rw"):
        raise ValueError(f"the mount {written!r} ends neither with ro nor with rw")
    kind = "bind" if isabs(source) else "volume"
    return {"Type": kind, "Source": source, "Target": target, "ReadOnly": mode == "ro"}
