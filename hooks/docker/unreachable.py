"""Why no connection to Docker can be made, as a sentence that says what to do: "what is so: what to do about it".

What the error itself does not say is read from the machine: whose the socket is, whether it is a leftover, what is
mounted where, whether SELinux confines gluehook. `process` is the folder of this process in /proc.
"""

from __future__ import annotations

import os
import re
import socket
import ssl
import stat
from pathlib import Path

from hooks.docker.own_container import own_container_id

PROCESS = Path("/proc/self")
_DAC_OVERRIDE = 1 << 1  # capabilities(7): no file's permissions count
_ROOT_OF_A_CONTAINER = re.compile(r"^\S+ \S+ \S+ \S+ / .* - (?:fuse-)?overlay", re.MULTILINE)
_NO_USER = 65534  # what the kernel shows for an owner that the user namespace does not know
_UP = "and recreate it with `docker compose up -d`"
_SERVICE = "to its service in the compose file"
_AGAIN = "gluehook connects again when Docker is back"


def obstacle(cause: BaseException, where: str, *, reached: bool = False, process: Path = PROCESS) -> str:
    """The sentence for this exception, without its full stop; "" for one that says nothing about the connection.

    `where` is the path of a socket or an address, `reached` whether Docker has answered there before.
    """
    match cause:
        case ConnectionResetError() | BrokenPipeError():
            return f"Docker at {where} closes the connection without an answer: it is starting or stopping"
        case TimeoutError():
            return f"Docker at {where} takes connections but does not answer"
    if where.startswith("/"):
        return _of_socket(cause, where, reached=reached, process=process)
    return _of_address(cause, where)


def _of_socket(cause: BaseException, path: str, *, reached: bool, process: Path) -> str:
    match cause:
        case PermissionError():
            return _forbidden(path, process)
        case FileNotFoundError() | NotADirectoryError():
            return _absent(path, reached=reached, process=process)
        case ConnectionRefusedError():
            return _refused(path)
    return ""


def _of_address(cause: BaseException, where: str) -> str:
    match cause:
        case ConnectionRefusedError():
            return f"nothing listens at {where}: Docker is not running there, or listens on another port"
        case socket.gaierror():
            return f"no address is known for the name in {where}: correct DOCKER_HOST, or put gluehook on its network"
        case ssl.SSLCertVerificationError():
            return (
                f"the certificate of Docker at {where} is not accepted ({cause.verify_message}): ca.pem in "
                "DOCKER_CERT_PATH must be the one that signed it, and the name in DOCKER_HOST must be one of its names"
            )
        case ssl.SSLError() if cause.reason == "WRONG_VERSION_NUMBER":
            return (
                f"Docker at {where} speaks no TLS: take DOCKER_TLS_VERIFY and DOCKER_CERT_PATH out, or correct the port"
            )
        case ssl.SSLError() if "CERTIFICATE" in (cause.reason or ""):
            return (
                f"Docker at {where} does not accept the certificate of gluehook ({cause.reason}): cert.pem in "
                "DOCKER_CERT_PATH must be signed by the authority that Docker knows"
            )
        case FileNotFoundError() | PermissionError():
            return f"a TLS file for {where} cannot be read ({cause.strerror}): look into the folder of DOCKER_CERT_PATH"
    return ""


def _absent(path: str, *, reached: bool, process: Path) -> str:
    if reached:
        return f"Docker's socket {path} is gone: Docker has stopped or restarts; {_AGAIN}"
    mounts = _read(process / "mountinfo")
    folder = _mounted_folder(path, mounts)
    if not (own_container_id(str(process / "mountinfo")) or _ROOT_OF_A_CONTAINER.search(mounts)):
        return (
            f"Docker's socket {path} is not there: Docker is not running on this machine, "
            "or DOCKER_HOST must name another"
        )
    if folder:
        return f"Docker's socket {path} is not in the mounted folder {folder}: Docker has stopped or restarts; {_AGAIN}"
    return (
        f"Docker's socket {path} is not there: mount it into gluehook's container "
        f'(volumes: ["/var/run/docker.sock:/var/run/docker.sock:ro"]) or set DOCKER_HOST'
    )


def _mounted_folder(path: str, mounts: str) -> str:
    """The folder above the path on which something is mounted, "" if that is only the root."""
    points = {line.split()[4].replace("\\040", " ") for line in mounts.splitlines() if line.count(" ") > 4}
    folders = Path(os.path.realpath(Path(path).parent), "socket").parents
    return next((str(one) for one in folders if str(one) in points and str(one) != "/"), "")


def _refused(path: str) -> str:
    try:
        found = Path(path).stat()
    except OSError:
        return f"nothing listens at {path}: Docker is not running there"
    if stat.S_ISDIR(found.st_mode):
        return (
            f"Docker's socket {path} is a folder, which Docker makes where the file to mount is missing: mount the "
            "socket that `docker context inspect` shows as Host, and recreate gluehook's container"
        )
    if not stat.S_ISSOCK(found.st_mode):
        return f"Docker's socket {path} is a file and no socket: correct the mount or DOCKER_HOST"
    if not found.st_nlink:  # the file that is mounted has been removed on the host
        return (
            f"Docker's socket {path} is the one of an engine that has ended, since Docker makes a new one when it "
            "starts and a mounted file stays the old one: restart gluehook's container, and mount the socket's folder "
            "to make that unnecessary"
        )
    return f"nothing listens at {path}: Docker is not running there; {_AGAIN}"


def _forbidden(path: str, process: Path) -> str:
    denied = f"gluehook may not use Docker's socket {path} (permission denied)"
    try:
        found = Path(path).stat()
    except PermissionError:
        return f"{denied}: it may not enter a folder above it; mount the socket itself, or give that folder `chmod o+x`"
    except OSError:
        return f"{denied}: add the group of the socket as `group_add` {_SERVICE} {_UP}"
    if _NO_USER in (found.st_uid, found.st_gid) and "4294967295" not in _read(process / "uid_map"):
        cure = f'add `userns_mode: "host"` {_SERVICE} {_UP}'
        return f"{denied}: its owner is outside of the container's user namespace; {cure}"
    if _permitted(found, process):
        return (
            f"{denied} although its permissions allow it: SELinux or another security module forbids it; "
            f'add `security_opt: ["label=disable"]` {_SERVICE} {_UP}'
        )
    is_confined = ":container" in _read(process / "attr/current")
    more = ' and, because SELinux confines it, `security_opt: ["label=disable"]`' if is_confined else ""
    return f'{denied}: add the line `group_add: ["{found.st_gid}"]`{more} {_SERVICE} {_UP}'


def _permitted(found: os.stat_result, process: Path) -> bool:
    """Whether the file's owner, group and mode let this process connect, which is to write."""
    effective = re.search(r"^CapEff:\s*([0-9a-f]+)", _read(process / "status"), re.MULTILINE)
    if effective and int(effective[1], 16) & _DAC_OVERRIDE:
        return True
    if os.geteuid() == found.st_uid:
        return bool(found.st_mode & stat.S_IWUSR)
    groups = {os.getegid(), *os.getgroups()}
    return bool(found.st_mode & (stat.S_IWGRP if found.st_gid in groups else stat.S_IWOTH))


def _read(file: Path) -> str:
    try:
        return file.read_text(errors="replace")
    except OSError:
        return ""
