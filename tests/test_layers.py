"""Who may import whom: one row per package, held against every import of every module."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.parts.places import TOP

# What the modules of a package may import besides their own package. The rows stand in an order without cycles: a row
# names only rows above it. docs/architecture.md shows this table.
PACKAGES: dict[str, str] = {
    "hooks.events": "",
    "hooks.storage": "",
    "hooks.images": "",
    "hooks.threads": "events",
    "hooks.config": "events",
    "hooks.world": "events images",
    "hooks.rules": "events",
    "hooks.pairs": "events images config world rules",
    "hooks.handler": "events config world pairs",
    "hooks.engine": "events rules",
    "hooks.docker": "events images world",
    "hooks.rules_file": "events images config rules handler",
    "hooks.journal": "events storage rules engine",
    "hooks.sources": "events threads rules world docker",
    "handlers": "events storage threads images config world pairs docker handler",
    "hooks.own_handlers": "events config world rules pairs rules_file docker handlers handler",
    "hooks.runtime": "events storage threads config rules pairs engine journal handler",
    "hooks.workbench": "events images config world rules pairs rules_file engine docker sources handler",
    "hooks.trace": "events config rules rules_file engine journal workbench own_handlers handlers handler",
    "hooks.control": "events threads world engine journal runtime workbench",
    "hooks.web": "events threads config journal runtime workbench trace control",
    "hooks.doctor": "events images config world rules pairs docker sources journal runtime handlers handler",
    "hooks.app": "events storage threads config world rules pairs rules_file engine docker sources journal runtime "
    "control own_handlers handlers handler",
    "hooks.cli": "events storage images threads config world rules pairs rules_file engine docker sources journal "
    "runtime workbench trace control web doctor app own_handlers handlers handler",
    "hooks.pytest_plugin": "rules_file workbench app",
    "hooks.__main__": "runtime cli",
    "hooks.old_paths": "",
    "hooks": "old_paths",
}
NOT_IMPORTED = ("hooks.pytest_plugin", "hooks.__main__", "hooks.old_paths", "hooks")  # by any other row

# Which module of hooks speaks to which package. A handler may use any package that pyproject.toml declares with its
# purpose (tests/handlers/completeness.py); docs/architecture.md lists those of both.
THIRD_PARTY: dict[str, str] = {
    "hooks.cli.check": "click",
    "hooks.cli.collector": "click rich",
    "hooks.cli.control": "click",
    "hooks.cli.doctor": "click rich",
    "hooks.cli.explain": "click rich",
    "hooks.cli.follow": "click",
    "hooks.cli.health": "click",
    "hooks.cli.history": "click rich",
    "hooks.cli.init": "click",
    "hooks.cli.main": "click",
    "hooks.cli.notify": "click",
    "hooks.cli.options": "click",
    "hooks.cli.peers": "click rich",
    "hooks.cli.record": "click",
    "hooks.cli.recordings": "click rich",
    "hooks.cli.reference": "click",
    "hooks.cli.replay": "click",
    "hooks.cli.run": "click",
    "hooks.cli.schema": "click",
    "hooks.cli.status": "click rich",
    "hooks.cli.test": "click",
    "hooks.cli.web": "click",
    "hooks.config.environment": "pydantic pydantic_settings dotenv",
    "hooks.docker.client": "docker urllib3",
    "hooks.doctor.facts.docker": "docker",
    "hooks.doctor.facts.names": "dns",
    "hooks.events.signals": "blinker",
    "hooks.own_handlers.contract": "pytest",
    "hooks.pytest_plugin": "pytest",
    "hooks.events.cron": "cronsim",
    "hooks.rules.linear_regex": "re2",
    "hooks.rules_file.schema": "pydantic",
    "hooks.rules_file.schema_conditions": "pydantic",
    "hooks.rules_file.schema_on": "pydantic typing_extensions",
    "hooks.rules_file.schema_rule_tests": "pydantic",
    "hooks.rules_file.schema_values": "pydantic pydantic_core",
    "hooks.rules_file.schema_servers": "pydantic",
    "hooks.rules_file.schema_errors": "pydantic",
    "hooks.runtime.log": "loguru",
    "hooks.sources.inotify": "pyinotify",
    "hooks.web.act": "starlette",
    "hooks.web.actions": "starlette",
    "hooks.web.api": "starlette",
    "hooks.web.api_actions": "starlette",
    "hooks.web.app": "starlette",
    "hooks.web.faults": "starlette",
    "hooks.web.forms": "starlette",
    "hooks.web.gate": "starlette",
    "hooks.web.headers": "starlette",
    "hooks.web.hook": "anyio starlette",
    "hooks.web.hook_body": "starlette",
    "hooks.web.json_answers": "starlette",
    "hooks.web.login": "starlette",
    "hooks.web.metrics": "prometheus_client",
    "hooks.web.operations": "starlette",
    "hooks.web.pages.html": "markupsafe",
    "hooks.web.pages.rule_file": "markupsafe",
    "hooks.web.pages.routes": "starlette",
    "hooks.web.pages.toml_colours": "markupsafe",
    "hooks.web.process": "anyio",
    "hooks.web.refusal": "starlette",
    "hooks.web.rendering": "jinja2 starlette",
    "hooks.web.routing": "starlette",
    "hooks.web.scrape": "starlette",
    "hooks.web.serving": "starlette uvicorn",
    "hooks.web.stream": "starlette",
    "hooks.web.visit": "starlette",
    "hooks.workbench.reference": "rich",
}


def _module(file: Path) -> str:
    parts = file.relative_to(TOP).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {_module(file): file for folder in ("hooks", "handlers") for file in (TOP / folder).rglob("*.py")}


def package_of(module: str) -> str:
    """The row of the table that the module belongs to."""
    parts = module.split(".")
    return "handlers" if parts[0] == "handlers" else ".".join(parts[:2])


def imports(node: ast.AST) -> Iterator[str]:
    """Every module that is imported, also inside functions; under `if TYPE_CHECKING` nothing is."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            yield from (name for other in child.orelse for name in imports(other))
        elif isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0, "imports name the whole path"
            full = [f"{child.module}.{alias.name}" for alias in child.names]
            yield from (name if name in FILES else str(child.module) for name in full)
        else:
            yield from imports(child)


@cache
def imported_by(module: str) -> frozenset[str]:
    """What `imports` finds in a module of ours."""
    return frozenset(imports(ast.parse(FILES[module].read_text())))


def third_party(module: str) -> set[str]:
    """The packages that a module imports and that are neither Python's nor ours."""
    return {name.split(".")[0] for name in imported_by(module)} - {*sys.stdlib_module_names, "hooks", "handlers"}


def is_ours(name: str) -> bool:
    return name.split(".", maxsplit=1)[0] in ("hooks", "handlers")


def may_import(package: str) -> str:
    """The row in words; a long one is told by what it leaves out."""
    may = PACKAGES[package].split()
    others = [name.removeprefix("hooks.") for name in PACKAGES if name not in ("handlers", *NOT_IMPORTED)]
    left_out = [name for name in others if name not in {*may, package.removeprefix("hooks.")}]
    if len(may) < len(others) // 2:
        return ", ".join(may) or "nothing of ours"
    return f"every package but {', '.join(left_out)}" if left_out else "every package"


def test_the_table_has_a_row_for_each_package_and_no_other() -> None:
    packages = {package_of(module) for module in FILES}
    assert packages - set(PACKAGES) == set(), "give each new package a row"
    assert set(PACKAGES) - packages == set(), "these packages are gone: take their rows out"


def test_a_row_names_only_rows_above_it() -> None:
    above: set[str] = set()
    for package, may in PACKAGES.items():
        assert set(may.split()) <= above, f"{package} may not name {set(may.split()) - above}: they stand below it"
        above.add(package.removeprefix("hooks."))


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_imports_only_what_its_row_allows(package: str) -> None:
    allowed = {package, *(name if name == "handlers" else f"hooks.{name}" for name in PACKAGES[package].split())}
    wrong = [
        f"{module} imports {name}; {package} may import {', '.join(sorted(allowed))}"
        for module in sorted(FILES)
        if package_of(module) == package
        for name in sorted(filter(is_ours, imported_by(module)))
        if package_of(name) not in allowed and package_of(name) != "hooks"
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("package", [name for name in PACKAGES if name not in NOT_IMPORTED])
def test_a_package_says_its_seam_and_what_it_may_import(package: str) -> None:
    may = may_import(package)
    said = ast.get_docstring(ast.parse(FILES[package].read_text())) or ""
    assert re.search(r"^Seam: \S", said, re.MULTILINE), f"{package}: its docstring has no line 'Seam: …'"
    assert f"\nMay import: {may}." in "\n" + re.sub(r",\n(?=\w)", ", ", said), (
        f"{package}: its docstring must say 'May import: {may}.'"
    )


def test_a_module_imports_only_the_third_party_packages_that_it_is_there_for() -> None:
    used = {module: third_party(module) for module in FILES if package_of(module) != "handlers"}
    assert {module: names for module, names in used.items() if names} == {
        module: set(names.split()) for module, names in THIRD_PARTY.items()
    }


@pytest.mark.parametrize("package", ["docker", "pyinotify", "loguru", "blinker"])
def test_one_module_of_hooks_speaks_for_a_package(package: str) -> None:
    speakers = [module for module, names in THIRD_PARTY.items() if package in names.split()]
    assert len([m for m in speakers if not m.startswith("hooks.doctor.")]) == 1


def test_only_the_command_line_speaks_for_click() -> None:
    speakers = {module for module, names in THIRD_PARTY.items() if "click" in names.split()}
    assert {package_of(module) for module in speakers} == {"hooks.cli"}


def test_a_package_s_init_holds_a_docstring_and_nothing_else() -> None:
    more = [
        name
        for name, file in FILES.items()
        if file.name == "__init__.py"
        and name not in ("handlers", "hooks")
        and len(ast.parse(file.read_text()).body) > 1
    ]
    assert not more, "the health probe pays for what an __init__ loads; the table of handlers is the one exception"


def test_hooks_itself_loads_nothing() -> None:
    assert loaded("import hooks") - loaded("pass") == {"hooks"}


@pytest.mark.parametrize(
    ("package", "allowed", "reaches"),
    [("engine", (), {"hooks.engine.engine", "hooks.rules.table", "hooks.events.catalogue"}),
     ("world", ("threading",), {"hooks.world.model", "hooks.world.tracker", "hooks.events.catalogue"})],
)  # fmt: skip
def test_the_engine_is_pure_and_the_world_but_for_its_lock(
    package: str, allowed: tuple[str, ...], reaches: set[str]
) -> None:
    impure = set("time datetime threading queue random os io pathlib logging socket subprocess sqlite3 loguru".split())
    seen, left = set(), [module for module in FILES if package_of(module) == f"hooks.{package}"]
    while left:  # also through what it imports
        module = left.pop()
        if module not in seen:
            seen.add(module)
            used = imported_by(module) & impure - set(allowed)
            assert not used, f"{module} imports {used}"
            left += filter(is_ours, imported_by(module))
    assert reaches <= seen


# -- what a process really loads --------------------------------------------------------------------


def loaded(code: str, *, bare: bool = False) -> set[str]:
    """The top-level packages that a Python has loaded after the code; a bare one has no packages to load."""
    path = f"sys.path.insert(0, {str(TOP)!r})" if bare else f"sys.path[:] = {[str(TOP), *sys.path]}"
    program = f"import sys; {path}\n{code}\nprint(*{{name.split('.')[0] for name in sys.modules}})"
    argv = [sys.executable, *(["-S", "-I"] if bare else []), "-W", "ignore", "-c", program]
    ran = subprocess.run(argv, capture_output=True, text=True, check=False, cwd=TOP)
    assert ran.returncode == 0, ran.stderr
    return set(ran.stdout.split())


def test_the_running_process_never_loads_pydantic() -> None:
    there = loaded("import hooks.app.serve, hooks.sources.docker")
    assert "loguru" in there, "this loads nothing at all"
    assert not there & {"pydantic", "pydantic_core", "pydantic_settings", "dotenv"}


def test_the_running_process_loads_heavy_packages_only_when_a_handler_runs() -> None:
    heavy = {"qbittorrentapi", "apprise", "rich", "click", "cryptography", "segno", "starlette", "uvicorn", "jinja2",
             "prometheus_client"}  # fmt: skip
    assert not loaded("import hooks.app.serve") & heavy


def test_every_handler_can_be_imported_with_nothing_installed() -> None:
    names = [name for name in FILES if name.startswith("handlers")]
    there = loaded(f"import {', '.join(names)}", bare=True)
    assert "handlers" in there
    assert not there & {"docker", "requests", "qbittorrentapi", "apprise", "pydantic", "blinker"}


def test_the_health_check_loads_next_to_nothing() -> None:
    code = "sys.argv = ['gluehook', 'health']\nfrom hooks.__main__ import main\nmain()\n"
    assert not loaded(code) & {"click", "docker", "blinker", "loguru", "asyncio", "importlib_metadata"}
