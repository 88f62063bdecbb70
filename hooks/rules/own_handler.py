"""An owner's own handler as plain values: what the loading child sends to the running process beside the rules.

The running process never imports an owner's module. It knows of one what stands here, and starts a child for each
attempt.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Spec = Any
"""The type of an argument: a word such as "str", or a tuple: ("list", Spec), ("dict", Spec), ("union", Spec, …),
("literal", value, …)."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where handlers of one's own come from: `path`, a file or a package's folder, or `module`, an installed one.

    `stem` is the part of their names before the dot. `folder` is the folder that `path` lies in. An installed one may
    name one class of its module as `attribute`; `package` says which distribution has brought it.
    """

    stem: str
    path: str = ""
    folder: str = ""
    module: str = ""
    attribute: str = ""
    package: str = ""

    @property
    def said(self) -> str:
        """Where it is, in a sentence: a path, or the package that was installed."""
        return self.path or f"{self.module} of the installed package {self.package}"


@dataclass(frozen=True, slots=True)
class OwnArgument:
    """One argument. `default` counts if `is_known`; else the handler's module knows the default, or there is none."""

    name: str
    spec: Spec
    required: bool
    default: Any
    is_known: bool
    says: str


@dataclass(frozen=True, slots=True)
class OwnHandler:
    """One handler: `class_name` is its class in the module, `mark` stands for the content of its files."""

    name: str
    says: str
    about: str  # its class's docstring
    class_name: str
    source: Source
    arguments: tuple[OwnArgument, ...]
    reconciles: bool = False
    uses_port: bool = False
    files: frozenset[str] = frozenset()
    mark: str = ""
