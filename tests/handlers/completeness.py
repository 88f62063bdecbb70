"""What a handler needs besides its module: each thing that is missing, as a line that says what to write where.

tests/handlers/test_table.py fails with these lines. Tests of generated files ask `missing` first, so that one
unfinished handler fails one test. docs/add-a-handler.md shows how each thing is written.
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import json
import pkgutil
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import handlers
from docs import generate
from handlers import HANDLERS
from hooks.handler import Handler
from hooks.workbench.json_schema import FILE_NAME
from tests.handlers.contract import CASES, load_cases
from tests.parts.places import TOP
from tests.test_layers import FILES, third_party


@cache
def missing() -> tuple[str, ...]:
    """One line for each missing thing; none when every handler is complete."""
    load_cases()
    by_hand = [line for name in sorted({*HANDLERS, *defined()}) for line in _missing_of(name)]
    by_hand += _examples_without_a_handler()
    by_hand += [line for module in FILES if module.startswith("handlers.") for line in _undeclared(module)]
    return (*by_hand, "then run `make docs`: it writes the reference and the schema") if by_hand else _not_generated()


def defined() -> dict[str, type[Handler[Any]]]:
    """Every concrete handler in the package, by its `name`."""
    modules = [importlib.import_module(found.name) for found in pkgutil.walk_packages(handlers.__path__, "handlers.")]
    classes = {c for m in modules for c in vars(m).values() if inspect.isclass(c) and issubclass(c, Handler)}
    return {c.name: c for c in classes if not inspect.isabstract(c)}


def _missing_of(name: str) -> Iterator[str]:
    path, found = f"handlers/{name.replace('.', '/')}.py", defined().get(name)
    if found is None:
        yield f'{path}: define the class whose `name` is "{name}", or take its line out of handlers/__init__.py'
        return
    if not re.fullmatch(r"[a-z]+\.[a-z]+(_[a-z]+)*", name):
        yield f'{path}: "{name}" is not a name like "target.verb"'
    if found.__module__ != f"handlers.{name}":
        yield f"{found.__module__.replace('.', '/')}.py: move {found.__name__} to {path}, as rules call it {name}"
    if name not in HANDLERS:
        yield f'handlers/__init__.py: add "{name}": "{found.__name__}" to HANDLERS'
    yield from (f"{path}: {line}" for line in _unexplained(found))
    if problem := _problem_of_example(name):
        yield problem
    if not any(case.handler is found for case in CASES):
        yield f"tests/handlers/cases_{name.replace('.', '_')}.py: append a Case({found.__name__}, …) to CASES"


def _unexplained(handler: type[Handler[Any]]) -> Iterator[str]:
    if not handler.says or handler.says.endswith("."):
        yield "`says` is one sentence without its full stop"
    if not dataclasses.is_dataclass(handler.Args) or not handler.Args.__dataclass_params__.frozen:
        yield "`Args` is a frozen dataclass"
        return
    for field in dataclasses.fields(handler.Args):
        if not field.metadata.get("says"):
            yield f'give the argument {field.name} its meaning: field(metadata={{"says": "…"}})'


def _problem_of_example(name: str) -> str:
    try:
        example = generate.example_of(name)
        if name not in HANDLERS or generate.touched(name, example):  # a missing line of the table is a line of its own
            return ""
    except ValueError as error:
        return str(error)
    return f"docs/examples/{name}.toml touches nothing: let `targets` name what it changes"


def _examples_without_a_handler() -> list[str]:
    files = sorted(file.stem for file in generate.EXAMPLES.glob("*.toml"))
    return [f"docs/examples/{name}.toml: no handler is called {name}" for name in files if name not in HANDLERS]


@cache
def declared() -> dict[str, str]:
    """The import names of the packages that pyproject.toml declares for gluehook itself, each with its purpose."""
    text = (TOP / "pyproject.toml").read_text(encoding="utf-8")
    lines = [line for line in tomllib.loads(text)["project"]["dependencies"] if line in text]
    names = {re.split(r"[^\w.-]", line)[0].lower(): _purpose(line, text) for line in lines}
    return {
        package: names[distribution.lower()]
        for package, distributions in packages_distributions().items()
        for distribution in distributions
        if distribution.lower() in names
    }


def _purpose(line: str, text: str) -> str:
    found = re.search(rf'"{re.escape(line)}", +# (\S.*)', text)
    return found[1] if found else ""


def _undeclared(module: str) -> Iterator[str]:
    file = Path(FILES[module]).relative_to(TOP)
    for package in sorted(third_party(module)):
        if not declared().get(package):
            yield f"pyproject.toml: add {package}, which {file} imports, to dependencies with its purpose; make lock"


def _not_generated() -> tuple[str, ...]:
    texts = {file: (TOP / file).read_text(encoding="utf-8") for file in ("docs/handlers.md", FILE_NAME)}
    return tuple(
        f"{file}: run `make docs`, which writes {name} into it"
        for file, text in texts.items()
        for name in HANDLERS
        if f"`{name}`" not in text and json.dumps(name) not in text
    )
