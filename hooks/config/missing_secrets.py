"""Why a secret that is needed has no value: what was looked at, and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from hooks.config.secrets import SecretError, Secrets
from hooks.events.wording import did_you_mean, nearest


@dataclass(frozen=True, slots=True)
class Missing:
    """A secret without a value. `seen` and `cure` are parts of a sentence; `file_is_wrong`: it has one, a bad one."""

    seen: str
    cure: str
    file_is_wrong: bool = False


def missing(name: str, secrets: Secrets) -> Missing | None:
    """What is wrong about the secret of this name; None if it has a value. Raises nothing."""
    try:
        if secrets.read(name):
            return None
    except SecretError as error:
        return Missing(error.seen, "correct that file; it is read at each use", file_is_wrong=True)
    variables, folder = secrets.sources.variables, Path(secrets.sources.folder)
    variable = f"the variable {name} is empty, and there is" if name in variables else f"there is no variable {name},"
    files = " or ".join(dict.fromkeys((name.lower(), name)))
    seen = f"{variable} no {name}_FILE and no file {files} in {folder}"
    return Missing(seen, _cure(name, folder, variables))


def _cure(name: str, folder: Path, variables: Iterable[str]) -> str:
    files = _names(folder)
    if near := nearest(name.lower(), files):
        cure = f"set {name}_FILE={folder / near}, if that is it"
    else:
        cure = f"set {name}_FILE to the path of a file with the secret, or mount one as {folder / name.lower()}"
    usable = {name.upper() for name in files} | {name.removesuffix("_FILE") for name in variables}
    return f"{cure}, or correct the name{did_you_mean(name.upper(), usable - {name}, ' ({})')}"


def _names(folder: Path) -> list[str]:
    with suppress(OSError):
        return [file.name for file in folder.iterdir()]
    return []
