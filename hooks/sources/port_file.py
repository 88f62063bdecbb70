"""gluetun's port file, read once: the ports it holds, or the reason why it holds none."""

from __future__ import annotations

import errno
import os
import stat
import time
from pathlib import Path

from hooks.events import byte_order_mark
from hooks.world.model import PortFile

MAX_BYTES = 4096  # gluetun writes at most a few lines of five digits
_MOST_READS = 3  # a file that changes during a read is read again; a busy writer must not hold the thread
_NEXT = "no port is set until it is written anew"
_KINDS = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}
_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK  # not blocking: a pipe in its place must not hang the thread


def read(path: str) -> PortFile:
    """The port file as it is now: one port per line, in the file's order, without repeats.

    An empty or absent file has no ports and no reason. Garbage has a reason: one sentence that says what, where and
    what happens next, and never quotes the content. A reason without a generation means that not even the existence of
    the file is known. Never raises OSError.
    """
    try:
        found, content = _settled(path)
    except FileNotFoundError:
        return _absent(path)
    except OSError as error:
        return _unreadable(path, error)
    generation = f"{found.st_mtime_ns}-{found.st_ino}"
    try:
        ports = parse(content)
    except ValueError as wrong:
        return PortFile((), f"the port file {path} {wrong}; {_NEXT}", generation, found.st_mtime_ns)
    return PortFile(ports, "", generation, found.st_mtime_ns)


def parse(content: bytes) -> tuple[int, ...]:
    """The ports in a port file's content. Raises ValueError with what is wrong, as the rest of a sentence."""
    if len(content) > MAX_BYTES:
        raise ValueError(f"is longer than {MAX_BYTES} bytes, which is no list of ports")
    if mark := byte_order_mark.named(content):
        raise ValueError(f"{mark.partition(';')[0]}, and gluetun writes none: another program or a person wrote it")
    if b"\0" in content:
        raise ValueError("holds NUL bytes, as after a crash in the middle of a write, or as text in UTF-16")
    try:
        lines = content.decode().split("\n")
    except UnicodeDecodeError as error:
        raise ValueError(f"is not UTF-8 text (byte {error.start})") from None
    ports = [_port(line.strip(), number) for number, line in enumerate(lines, 1) if line.strip()]
    return tuple(dict.fromkeys(ports))


def _port(text: str, line: int) -> int:
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit()):
        raise ValueError(f"holds something else than a number in line {line}")
    if len(text) > 20:
        raise ValueError(f"holds a number of {len(digits)} digits in line {line}, and a port is 1 to 65535")
    if not 1 <= int(text) <= 65535:
        raise ValueError(f"holds {text} in line {line}, and a port is 1 to 65535")
    return int(text)


def _settled(path: str) -> tuple[os.stat_result, bytes]:
    file = os.open(path, _FLAGS)
    try:
        after = os.fstat(file)
        if not stat.S_ISREG(after.st_mode):
            raise OSError(errno.EINVAL, _no_file(after.st_mode))
        for _ in range(_MOST_READS):
            before, content, after = after, os.pread(file, MAX_BYTES + 1, 0), os.fstat(file)
            if (before.st_mtime_ns, before.st_size) == (after.st_mtime_ns, after.st_size):
                break
        return after, content
    finally:
        os.close(file)


def _absent(path: str) -> PortFile:
    """No file and no reason, unless a symbolic link stands there that leads nowhere."""
    try:
        link, target = Path(path).lstat(), Path(path).readlink()
    except OSError:
        return PortFile()
    why = f"the port file {path} cannot be read: it is a symbolic link to {target}, which is not there"
    fix = "remove the link, or let FORWARDED_PORT_FILE, or port_file in its [[gluetun]], name the file itself"
    why = f"{why}; {fix}; {_NEXT}"
    return PortFile((), why, f"{link.st_mtime_ns}-{link.st_ino}", link.st_mtime_ns)


def _no_file(mode: int) -> str:
    kind = _KINDS.get(stat.S_IFMT(mode))
    return f"it is no plain file but {kind}" if kind else "it is no plain file"


def _unreadable(path: str, error: OSError) -> PortFile:
    why = f"the port file {path} cannot be read: {(error.strerror or str(error)).lower()}"
    fix = _fix(path, error)
    try:
        found = Path(path).stat()
    except FileNotFoundError:
        return PortFile()
    except OSError:
        return PortFile((), f"{why}; {fix}", "", time.time_ns())
    if not stat.S_ISREG(found.st_mode):  # a socket cannot even be opened
        why = f"the port file {path} cannot be read: {_no_file(found.st_mode)}"
    return PortFile((), f"{why}; {fix}", f"{found.st_mtime_ns}-{found.st_ino}", found.st_mtime_ns)


def _fix(path: str, error: OSError) -> str:
    if isinstance(error, PermissionError):
        return (
            f"run gluehook as the user who owns it (user: PUID:PGID in compose.yaml) "
            f"or open it to others (chmod a+rx {Path(path).parent}, chmod a+r {path}); it is tried again"
        )
    return f"FORWARDED_PORT_FILE must name the file that gluetun writes, or port_file in its [[gluetun]]; {_NEXT}"
