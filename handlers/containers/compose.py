"""What Docker Compose wrote on a container: its project and service, what it depends on, and how to make it anew."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from posixpath import dirname

_PREFIX = "com.docker.compose."
Labels = Mapping[str, str]


def project(labels: Labels) -> str:
    """The project's name, or "" for a container that Compose did not make."""
    return labels.get(f"{_PREFIX}project", "")


def service(labels: Labels) -> str:
    """The service's name in the compose file, or ""."""
    return labels.get(f"{_PREFIX}service", "")


def depends_on(labels: Labels) -> tuple[str, ...]:
    """The services that must start first. Compose counts the one of `network_mode: service:…` among them."""
    written = labels.get(f"{_PREFIX}depends_on", "")  # "gluetun:service_healthy:true,db:service_started:false"
    return tuple(name for entry in written.split(",") if (name := entry.partition(":")[0]))


def recreation(containers: Iterable[Labels]) -> list[str]:
    """The commands that make these containers anew, one for each project. Those that Compose did not make are left out.

    They can be run from any folder: files and project are named.
    """
    services: dict[tuple[str, ...], list[str]] = {}
    for labels in containers:
        if project(labels) and service(labels):
            services.setdefault(_compose(labels), []).append(service(labels))
    return [
        shlex.join([*command, "up", "-d", "--force-recreate", *dict.fromkeys(names)])
        for command, names in services.items()
    ]


def _compose(labels: Labels) -> tuple[str, ...]:
    """`docker compose` with all that says which project is meant."""
    files, folder = _listed(labels, "project.config_files"), labels.get(f"{_PREFIX}project.working_dir", "")
    options = [("-f", file) for file in files]
    options += [("--env-file", file) for file in _listed(labels, "project.environment_file")]
    if folder and (not files or dirname(files[0]) != folder):
        options.append(("--project-directory", folder))  # else it is the first file's
    return ("docker", "compose", *(word for pair in options for word in pair), "-p", project(labels))


def _listed(labels: Labels, name: str) -> list[str]:
    return [file for file in labels.get(_PREFIX + name, "").split(",") if file]
