"""A rejected credential is tried once: what was rejected is kept as a salted hash until something has changed.

`gluehook retry` makes the handlers' memory forget all of them.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from dataclasses import dataclass

from hooks.handler import Context, GiveUp

_ROUNDS = 100_000  # the state folder may be copied: a guess must cost something
_CLOCK_SLACK_NS = 2 * 10**9  # Docker's start event and its StartedAt differ by milliseconds


@dataclass(frozen=True, slots=True)
class Credential:
    """A credential for one address, and the container after whose restart it is tried again."""

    key: str  # of the handlers' memory; hooks.handler.rejection_key makes it
    secret: str  # everything that decides: user and password, or the key; "" for none
    container: str

    def check(self, ctx: Context) -> None:
        """Raises GiveUp, without any request, while this very credential stands rejected."""
        record = ctx.memory.get(self.key)
        if record is None:
            return
        if self._changed(record, ctx) or (record["until_s"] is not None and ctx.now() >= record["until_s"]):
            ctx.memory.put(self.key, None)
            return
        raise GiveUp(f"{record['said']} (not tried again since)", kind=record["kind"])

    def reject(self, ctx: Context, said: str, *, kind: str, until_s: float | None = None) -> GiveUp:
        """Save the rejection (until `until_s`, seconds since the Unix epoch, if it ends by itself)."""
        salt = os.urandom(16)
        ctx.memory.put(self.key, {
            "salt": salt.hex(), "hash": self._hash(salt), "started_at": self._started_at(ctx),
            "until_s": until_s, "said": said, "kind": kind,
        })  # fmt: skip
        return GiveUp(said, kind=kind)

    def _changed(self, record: dict[str, str], ctx: Context) -> bool:
        if "kind" not in record:  # by an earlier version, which did not ask who had answered
            return True
        if self._started_at(ctx) > int(record["started_at"]) + _CLOCK_SLACK_NS:
            return True
        return not hmac.compare_digest(self._hash(bytes.fromhex(record["salt"])), record["hash"])

    def _hash(self, salt: bytes) -> str:
        return hashlib.pbkdf2_hmac("sha256", self.secret.encode(), salt, _ROUNDS).hex()

    def _started_at(self, ctx: Context) -> int:
        known = ctx.world.containers.get(self.container)
        return known.started_at if known else 0
