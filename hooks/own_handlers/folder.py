"""Where handlers of one's own lie: the folder that `GLUEHOOK_HANDLERS` names, else `handlers` beside the rules file."""

from __future__ import annotations

import os
from pathlib import Path

NAME = "handlers"
_VARIABLE = "GLUEHOOK_HANDLERS"


def folder_of(rules_file: str, secrets_folder: str) -> str:
    """The folder of handlers for this rules file, whether it is there or not."""
    return str(Path(_named(secrets_folder) or Path(rules_file).parent / NAME).absolute())


def is_ours(folder: str) -> bool:
    """Whether it is the package of gluehook's own handlers: in a checkout, it lies beside the shipped rules."""
    import handlers

    try:
        return Path(folder).samefile(Path(handlers.__file__).parent)
    except OSError:
        return False


def _named(secrets_folder: str) -> str:
    """What the setting says. Settings are read as a whole only where one of their other places may hold it."""
    if value := os.environ.get(_VARIABLE):
        return value
    files = (Path(".env"), Path(secrets_folder) / _VARIABLE.lower(), Path(secrets_folder) / _VARIABLE)
    if f"{_VARIABLE}_FILE" not in os.environ and not any(file.exists() for file in files):
        return ""
    from hooks.config import environment

    settings, _, _ = environment.read(secrets_folder)
    return settings.gluehook_handlers if settings else ""
