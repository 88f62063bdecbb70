"""Finds the sources of an owner's handlers: the files of the folder, and what installed packages offer.

A package offers a module by an entry point of the group `gluehook.handlers`. Nothing is imported here.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator
from pathlib import Path

from hooks.own_handlers.folder import is_ours
from hooks.own_handlers.rights import distrust
from hooks.rules.own_handler import Source

GROUP = "gluehook.handlers"
_STEM = re.compile(r"[a-z][a-z0-9_]*")
_NO_HANDLERS = re.compile(r"[_.].*|test_.*|.*_test|conftest")  # of files beside them

Faults = dict[str, str]
"""Why a source is refused, by its stem: what is wrong and, after "; ", the cure."""


def of_folder(folder: str, rules_folder: str, taken: Collection[str]) -> tuple[dict[str, Source], Faults]:
    """The sources in a folder by stem, and those that are refused. `taken` are the stems of gluehook's own handlers.

    Without a folder there are none.
    """
    try:
        names = sorted(entry.name for entry in os.scandir(folder) if _may_hold_handlers(entry))
    except FileNotFoundError:
        return {}, {}
    except OSError as error:
        return {}, {"": f"{folder} cannot be read: {error.strerror}; let the user that gluehook runs as read it"}
    if not names or is_ours(folder):
        return {}, {}
    found, faults = dict[str, Source](), Faults()
    for name in names:
        stem, path = name.removesuffix(".py"), f"{folder}/{name}"
        if stem in found:
            faults[stem] = f"{path} and {found[stem].path} would have the same names; rename or remove one of them"
        elif said := refused_name(stem, path, taken):
            faults[stem] = said
        found[stem] = Source(stem, path, folder)
    if untrusted := distrust(folder, rules_folder):
        faults.update({stem: untrusted for stem in found if stem not in faults})
    return {stem: source for stem, source in found.items() if stem not in faults}, faults


def installed(taken: Collection[str]) -> tuple[dict[str, Source], Faults]:
    """What installed packages offer, by stem, and what is refused of it."""
    from importlib.metadata import entry_points

    found, faults = dict[str, Source](), Faults()
    for point in entry_points(group=GROUP):
        package = f"{point.dist.name} {point.dist.version}" if point.dist else "?"
        source = Source(point.name, module=point.module, attribute=point.attr or "", package=package)
        if point.name in found:
            faults[point.name] = f"{found[point.name].said} and {source.said} have the same name; uninstall one of them"
        elif said := refused_name(point.name, source.said, taken):
            faults[point.name] = said
        found[point.name] = source
    return {stem: source for stem, source in found.items() if stem not in faults}, faults


def refused_name(stem: str, said: str, taken: Collection[str]) -> str:
    """Why a source cannot have this name, with the cure; "" if it can."""
    if not _STEM.fullmatch(stem):
        better = re.sub(r"\W+", "_", stem.lower(), flags=re.ASCII).strip("_").lstrip("0123456789_") or "my_handlers"
        return (
            f"{said} cannot be named in a rule: a name has small letters, digits and underscores; rename it to {better}"
        )
    if stem in taken:
        return f"{said} has the name of gluehook's own {stem}.* handlers; rename it, for example to my_{stem}"
    return ""


def _may_hold_handlers(entry: os.DirEntry[str]) -> bool:
    is_file = entry.name.endswith(".py") and not entry.is_dir()
    is_package = entry.is_dir() and Path(entry.path, "__init__.py").exists()
    return (is_file or is_package) and not _NO_HANDLERS.fullmatch(entry.name.removesuffix(".py"))


def stems(names: Collection[str]) -> Iterator[str]:
    """The parts before the dot of these handlers' names."""
    return (name.partition(".")[0] for name in names)
