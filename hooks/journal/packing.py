"""An event of the journal as what differs from an earlier one: the labels of a container are the same a thousand times.

A *pattern* is the whole line of an event; the events after it are compressed with it as their dictionary. One that is
too unlike begins the next pattern.
"""

from __future__ import annotations

import sqlite3
import zlib

from hooks.events import jsonl
from hooks.events.catalogue import Event

TABLE = """
create table patterns (seq integer primary key, subject text not null, line blob not null);
create index by_subject on patterns (subject);
insert into patterns (seq, subject, line) values (0, '', x'');
"""
_UNLIKE_BYTES = 200
# A shorter line is kept whole, with the empty pattern. Each call into zlib and SQLite lets go of the interpreter, and
# in a burst it takes half a millisecond to have it back: what a short line would save is not worth a late port.
_SHORT_BYTES, _EMPTY = 400, 0
_FAST = 1  # of zlib's levels; the better ones make lines as short as these no shorter


def pack(db: sqlite3.Connection, event: Event) -> tuple[int, bytes]:
    """The pattern's number and what differs from it. Record a pattern where none is like it."""
    line = jsonl.dumps(event).encode()
    if len(line) < _SHORT_BYTES:
        return _EMPTY, line
    if found := _nearest(db, event.subject):
        pattern, whole = found
        packed = _compressed(line, whole)
        if len(packed) < _UNLIKE_BYTES:
            return pattern, packed
    written = db.execute("insert into patterns (subject, line) values (?, ?)", (event.subject, line))
    return written.lastrowid or 0, _compressed(line, line)


def unpack(packed: bytes, pattern: bytes) -> Event | None:
    """The event; None for one that this gluehook does not know, or that is damaged: there is nothing to do about it."""
    if packed.startswith(b"{"):  # what zlib writes begins otherwise
        return jsonl.loads(packed)
    try:
        return jsonl.loads(zlib.decompressobj(zdict=pattern).decompress(packed))
    except (zlib.error, ValueError):
        return None


def prune(db: sqlite3.Connection) -> None:
    """Forget the patterns that no event needs any more."""
    db.execute("delete from patterns where seq > ? and seq not in (select pattern from events)", (_EMPTY,))


def _nearest(db: sqlite3.Connection, subject: str) -> tuple[int, bytes] | None:
    # the newest of its subject, else of all: containers of one kind may have names of their own each time
    rows = db.execute(
        "select seq, line from patterns where seq = coalesce((select max(seq) from patterns where subject = ?),"
        " (select max(seq) from patterns))",
        (subject,),
    )
    row: tuple[int, bytes] | None = rows.fetchone()
    return row


def _compressed(line: bytes, pattern: bytes) -> bytes:
    packer = zlib.compressobj(_FAST, zdict=pattern)
    return packer.compress(line) + packer.flush()
