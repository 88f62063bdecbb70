"""What has to be reported to the owner: saved from before the files change until it is, so that no crash loses it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from handlers.wireguard import qr
from handlers.wireguard.files import peer_id
from handlers.wireguard.rewrite import Rewrite
from hooks.handler import Memory, Outcome, Retry


@dataclass(frozen=True, slots=True)
class Notice:
    """What has changed for the devices of one folder and was not said yet."""

    directory: Path
    memory: Memory

    @contextmanager
    def adding(self, rewrite: Rewrite) -> Iterator[None]:
        """Keep what is about to change. Forgets it again where the block raises, unless it asks to be tried again."""
        if not rewrite.words:
            yield
            return
        before = self._kept
        words = dict(before.get("words", {}))
        for name, said in rewrite.words.items():
            words[name] = f"{words[name]}, {said}" if words.get(name, said) != said else said
        importing = list(dict.fromkeys([*before.get("importing", ()), *rewrite.importing]))
        self.memory.put(self._key, {"words": words, "importing": importing})
        try:
            yield
        except Retry:
            raise
        except BaseException:
            self.memory.put(self._key, before or None)
            raise

    def outcome(self, served: str = "") -> Outcome:
        """Everything that is to be said, and nothing is kept any more. `served`: what became of the running server."""
        kept, who = self._kept, f"WireGuard's peers in {self.directory}"
        if not kept:
            return Outcome("unchanged", "; ".join(filter(None, [f"{who} are as they should be", served])))
        self.memory.put(self._key, None)
        words, importing = kept["words"], kept["importing"]
        parts = [f"{who}: {listing(words)}", served]
        if importing:
            parts.append(f"these must import their configuration again (peer_NAME.png): {', '.join(importing)}")
        if without := [name for name in words if _has_no_picture(self.directory / peer_id(name), peer_id(name))]:
            parts.append(f"no QR code can hold the configuration of {', '.join(without)}, which is too long: import "
                         "peer_NAME.conf itself there, or name fewer networks in allowed_ips")  # fmt: skip
        return Outcome("changed", "; ".join(filter(None, parts)))

    @property
    def _kept(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.memory.get(self._key) or {}
        return found

    @property
    def _key(self) -> str:
        return f"wireguard.notice:{self.directory}"


def _has_no_picture(folder: Path, stem: str) -> bool:
    try:
        return bool(qr.too_long((folder / f"{stem}.conf").read_text("utf-8", "replace")))
    except OSError:
        return False


def listing(words: Mapping[str, str]) -> str:
    """ "phone, laptop: DNS 10.0.0.2 → 10.0.0.3; tablet: new": peers with the same sentence stand together."""
    names: dict[str, list[str]] = {}
    for name, said in words.items():
        names.setdefault(said, []).append(name)
    return "; ".join(f"{', '.join(who)}: {said}" for said, who in names.items())
