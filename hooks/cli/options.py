"""What several verbs read from their options and the environment: the settings, a duration, a file to write."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from hooks.config.secrets import Sources
    from hooks.config.settings import Settings
    from hooks.own_handlers.table import HandlerTable


def settings() -> tuple[Settings, Sources]:
    """The settings, and where secrets come from. Raises click.UsageError."""
    from hooks.app import loading

    try:
        return loading.settings()
    except loading.SettingsError as wrong:
        raise click.UsageError(str(wrong)) from None


def own_handlers(rules_file: str | None = None) -> HandlerTable:
    """Our handlers and those beside this rules file, else beside the one that `gluehook run` would use.

    Raises click.UsageError.
    """
    from hooks.own_handlers.table import handlers_of

    return handlers_of(rules_file or settings()[0].gluehook_rules)


def require_docker_address() -> None:
    """Raises click.UsageError if Docker's own variables, such as DOCKER_HOST, cannot work."""
    from hooks.docker.address import problems

    if wrong := problems():
        raise click.UsageError("\n".join(wrong))


def seconds(option: str, text: str) -> float:
    """The seconds of an option's duration. Raises click.UsageError."""
    from hooks.events import durations

    try:
        return durations.parse(text)
    except ValueError as wrong:
        raise click.UsageError(f"{option}: {wrong}") from None


def new_file(name: str) -> int:
    """The descriptor of a new file that only its owner may read; "-" is standard output. Raises click.UsageError."""
    if name == "-":
        return os.dup(1)
    try:
        return os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise click.UsageError(f"{name} exists already, and no file is overwritten; give another name") from None
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or error
        raise click.UsageError(f"{name} cannot be written: {said}; give another name") from None
