"""The table of packages and the table of libraries, as the code itself has them.

A package's `__init__` says what lives there, its seam and what it may import; tests/test_layers.py holds these lines
against every import. The libraries are read from the imports.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator, Mapping
from graphlib import TopologicalSorter
from pathlib import Path

TOP = Path(__file__).parents[1]


def packages() -> Iterator[tuple[str, str, str, str]]:
    """A row for each package, below the packages that it may import: name, what lives there, seam, may import."""
    said = {_name(file): ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or "" for file in _inits()}
    for name in TopologicalSorter(_allowed(said)).static_order():
        yield f"`{name}`", said[name].splitlines()[0], _line(said[name], "Seam"), _line(said[name], "May import")


def libraries() -> Iterator[tuple[str, str]]:
    """A row for each library: its name, and the modules that import it, also inside of functions."""
    users: dict[str, list[str]] = {}
    for file in sorted(file for folder in ("hooks", "handlers") for file in (TOP / folder).rglob("*.py")):
        for library in sorted(_imported(ast.parse(file.read_text(encoding="utf-8"))) - sys.stdlib_module_names):
            if library not in ("hooks", "handlers"):
                users.setdefault(library, []).append(f"`{'.'.join(file.relative_to(TOP).with_suffix('').parts)}`")
    for library in sorted(users, key=str.lower):
        yield f"`{library}`", ", ".join(users[library])


def _inits() -> Iterator[Path]:
    yield from sorted((TOP / "hooks").glob("*/__init__.py"))
    yield TOP / "hooks" / "handler.py"
    yield TOP / "handlers" / "__init__.py"


def _name(file: Path) -> str:
    return file.stem if file.stem == "handler" else file.parent.name


def _line(text: str, word: str) -> str:
    """What the docstring says after `Seam:` or `May import:`, to the end of the paragraph or the next such line."""
    found = re.search(rf"^{word}: (.+?)\.?(?=\n\n|\n[A-Z][a-z ]+: |\Z)", text, re.MULTILINE | re.DOTALL)
    return " ".join(found[1].split()) if found else ""


def _allowed(said: Mapping[str, str]) -> dict[str, list[str]]:
    allowed = {}
    for name, text in said.items():
        may = _line(text, "May import")
        named = [other for other in said if re.search(rf"\b{other}\b", may) and other != name]
        every = may.startswith("every package")
        allowed[name] = [other for other in said if other not in (*named, name)] if every else named
    return allowed


def _imported(tree: ast.Module) -> set[str]:
    """The top-level packages that the module imports; what only a type checker reads does not count."""
    names: set[str] = set()
    left: list[ast.AST] = [tree]
    while left:
        node = left.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            left += node.orelse
            continue
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(str(node.module).split(".")[0])
        left += ast.iter_child_nodes(node)
    return names
