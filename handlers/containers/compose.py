"""What Docker Compose wrote on a container: its project and service, what it depends on, and how to make it anew."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from posixpath import dirname

_NOTICES = (2, 26)  # the oldest that was tried: tests/whole/test_real_compose.py
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


def restarts_with(labels: Labels) -> tuple[str, ...]:
    """The services after whose restart by Compose it restarts this one: `depends_on` has `restart: true`."""
    written = labels.get(f"{_PREFIX}depends_on", "")
    return tuple(name for entry in written.split(",") if (name := entry.partition(":")[0]) and entry.endswith(":true"))


def replaced(labels: Labels) -> str:
    """The id of the container that Compose replaced by this one, or ""."""
    return labels.get(f"{_PREFIX}replace", "")


def recreation(containers: Iterable[Labels], *, podman: bool = False) -> list[str]:
    """The commands that make these containers anew, one for each project. Those that Compose did not make are left out.

    They can be run from any folder: files and project are named. The services are named too: `up -d` alone would start
    what its owner stopped. Podman removes no container that another one joins, and Compose stops it before it notices:
    there the containers are removed first.
    """
    containers = list(containers)
    if podman:
        return up([], recreate=False, removed=containers)
    return [_words(command, ("up", "-d", *_force(those)), those) for command, those in _by_project(containers).items()]


def up(containers: Iterable[Labels], *, recreate: bool, removed: Iterable[Labels] = ()) -> list[str]:
    """The commands that apply a changed compose file to these containers; `recreate`: also where nothing changed.

    `removed`: those that join one of them, on Podman. They are removed first and made anew after it.
    """
    removed, verb = list(removed), ("up", "-d", *(["--force-recreate"] if recreate else []))
    removals = [_words(command, ("rm", "-s", "-f"), those) for command, those in _by_project(removed).items()]
    ups = [_words(command, verb, those) for command, those in _by_project([*containers, *removed]).items()]
    return [" && ".join([*removals, *ups])] if removals else ups


def _words(command: Iterable[str], verb: Iterable[str], containers: Iterable[Labels]) -> str:
    return shlex.join([*command, *verb, *dict.fromkeys(map(service, containers))])


def _by_project(containers: Iterable[Labels]) -> dict[tuple[str, ...], list[Labels]]:
    """The containers that Compose made, by the command that names their project."""
    found: dict[tuple[str, ...], list[Labels]] = {}
    for labels in containers:
        if project(labels) and service(labels):
            found.setdefault(_compose(labels), []).append(labels)
    return found


def _force(containers: Iterable[Labels]) -> list[str]:
    """The option without which an older Compose may not notice that the id of another container has changed."""
    notices = all(_version(labels) >= _NOTICES for labels in containers)
    return [] if notices else ["--force-recreate"]


def _version(labels: Labels) -> tuple[int, ...]:
    numbers = labels.get(f"{_PREFIX}version", "").lstrip("v").split(".")[:2]
    return tuple(int(number) for number in numbers) if all(map(str.isdecimal, numbers)) else ()


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
