"""What `gluehook status`, `doctor` and `peers` share: the collector of the server's facts, and how they are printed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import Console

    from hooks.config.secrets import Secrets
    from hooks.doctor.checks.check import Finding
    from hooks.doctor.facts.collect import Collector
    from hooks.doctor.status.row import Row

_PRELOADED = ("docker", "qbittorrentapi", "rich.console", "rich.table")  # loaded before the time-out of a target runs


def collector_and_mask(public_ip: str = "") -> tuple[Collector, Callable[[str], str]]:
    """The collector of the server's facts, and the function that makes a text fit to be shown: no secret, no control.

    Raises click.UsageError if the settings are wrong.
    """
    from handlers.shared import docker_rights
    from hooks.app import loading

    child = loading.begin()  # checks the settings while this process loads the rest
    from hooks.config.missing_secrets import missing
    from hooks.config.secrets import Secrets, printable
    from hooks.docker.own_container import own_container_id
    from hooks.doctor import own_state
    from hooks.doctor.facts.collect import Collector

    for package in _PRELOADED:
        import_module(package)
    loaded = child.result()
    if loaded.settings is None:
        raise click.UsageError("\n".join(loaded.errors))
    secrets, state = Secrets(loaded.sources), Path(loaded.settings.gluehook_state)
    rules = loaded.table.rules if loaded.table else ()
    collector = Collector(
        loaded.settings, lambda: own_state.read(state, loaded.count), _reader(secrets), own_state.DoctorMemory(state),
        own_id=own_container_id(), table=loaded.table, uses=docker_rights.uses(rules), public_ip=public_ip,
        find_secret=lambda name: missing(name, secrets),
    )  # fmt: skip
    return collector, lambda text: printable(secrets.mask(text))


def _reader(secrets: Secrets) -> Callable[[str], str | None]:
    """Reads a secret by its name, as handlers do. Each is read once at once, so that the mask knows it."""
    from hooks.config.secrets import SecretError
    from hooks.config.settings import SECRETS
    from hooks.handler import GiveUp

    def read(name: str) -> str | None:
        try:
            return secrets.read(name)
        except SecretError as error:
            raise GiveUp(str(error)) from None

    for name in SECRETS:
        with suppress(GiveUp):
            read(name)
    return read


def records(found: Sequence[Row] | Sequence[Finding], mask: Callable[[str], str]) -> list[dict[str, Any]]:
    """For JSON. Each text is masked by itself, so that the whole stays JSON whatever a secret looks like."""
    return [
        {name: mask(value) if isinstance(value, str) else [*map(mask, value)] for name, value in asdict(one).items()}
        for one in found
    ]


def console() -> Console:
    """Standard output for rich: no colours but those that are asked for."""
    from rich.console import Console

    return Console(highlight=False)
