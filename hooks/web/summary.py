"""The server in a few values, for a widget on another page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def summary(health: Mapping[str, Any], snapshot: Mapping[str, Any] | None, failed: int | None) -> dict[str, Any]:
    """As `schema.Summary` says. `failed` is how many runs have failed in the last 24 h."""
    said = next(iter(health["said"]), "")
    state = "well" if health["healthy"] else "unwell"
    if snapshot is None:
        nothing = dict.fromkeys(("port", "open", "rules", "waits", "running", "paused"))
        return {"state": "unknown" if health["healthy"] else state, **nothing, "failed_24h": failed, "said": said}
    pair: Mapping[str, Any] = next(iter(snapshot.get("pairs") or ()), {})
    clients = pair.get("clients") or ()
    in_force = [one for one in snapshot.get("rules") or () if one.get("enabled", True)]
    return {
        "state": state, "port": next(iter(pair.get("port") or ()), None),
        "open": next((str(one.get("connection")) for one in clients), None), "rules": len(in_force),
        "waits": len(snapshot.get("waits") or ()) + int(snapshot.get("more_waits") or 0),
        "running": len(snapshot.get("running") or ()), "paused": bool(snapshot.get("pauses")),
        "failed_24h": failed, "said": said,
    }  # fmt: skip
