"""Who may import whom: the table of the design, held against every import of every module."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

TOP = Path(__file__).parents[1]

# A layer may import itself and the layers named after it. Modules are under hooks/ unless they say otherwise; "a.*" is
# the package and all in it.
LAYERS: dict[str, tuple[str, str]] = {
    "words": ("events match placeholders durations locate settings secrets signals", ""),
    "facts": ("world view hearsay remembered table runs states wire masking decisions rehearsals", "words"),
    "engine": ("engine lane", "words facts"),
    "rules": (
        """diagnostics findings syntax grammar shape match_reader conditions placeholder_check arguments rule_reader
        rehearsal_reader rules""",
        "words facts base",
    ),
    "records": ("patterns migrations journal durable books memory health log", "words facts"),
    "shell": ("dispatch steps interest control asking pauses orders history filled workbench.explain",
              "words facts engine records base"),
    "workbench": (
        """workbench workbench.recording workbench.event_words workbench.pretence workbench.replay workbench.comparison
        workbench.timeline workbench.rehearsal workbench.verdicts""",
        "words facts engine rules records shell base",
    ),
    "sources": (
        "sources.*",
        "words facts",
    ),
    "loading": ("environment loading", "words facts rules handlers"),  # its child is a composition root of its own
    "root": ("""serve app reload repair reference stop onlooker workbench.schema workbench.survey workbench.sketch_rules
        workbench.sketch_compose workbench.recorder workbench.golden""",
             "words facts engine rules records shell workbench sources loading base handlers look"),
    "command line": ("__init__ cli __main__ verbs.* pytest_plugin",
                     "words facts engine rules records shell workbench sources loading root base handlers look doctor"),
    "base": ("handlers.base", "words facts"),
    "targets": (
        """handlers.containers.* handlers.wireguard.* handlers.gluetun handlers.gluetun_control handlers.qbittorrent
        handlers.qbittorrent_api handlers.command handlers.webhook handlers.notify handlers.notify_child
        handlers.docker_api handlers.docker_exec handlers.docker_records handlers.http handlers.child
        handlers.replacing handlers.rejected handlers.masking""",
        "words facts base",
    ),
    "handlers": ("handlers", "base targets"),  # the table HANDLERS, which loads the targets by name
    "look": (
        "handlers.look.*",
        "words facts sources base targets",
    ),
    "doctor": (
        "handlers.doctor.*",
        "words facts base targets look",
    ),
}  # fmt: skip

THIRD_PARTY: dict[str, str] = {
    "hooks.signals": "blinker",
    "hooks.log": "loguru",
    "hooks.grammar": "pydantic pydantic_core typing_extensions",
    "hooks.shape": "pydantic",
    "hooks.environment": "pydantic pydantic_settings dotenv",
    "hooks.sources.docker_host": "docker urllib3",
    "hooks.sources.watches": "pyinotify",
    "hooks.reference": "rich",
    "hooks.cli": "click",
    "hooks.verbs.asked": "click",
    "hooks.verbs.recorder": "click",
    "hooks.verbs.starting": "click",
    "hooks.verbs.explaining": "click rich",
    "hooks.verbs.editor": "click",
    "hooks.pytest_plugin": "pytest",
    "hooks.verbs.asking": "click",
    "hooks.verbs.checking": "click",
    "hooks.verbs.listing": "click",
    "hooks.verbs.opening": "click rich",
    "hooks.verbs.peers": "click rich",
    "hooks.verbs.replaying": "click",
    "hooks.verbs.running": "click",
    "hooks.verbs.server": "click rich",
    "hooks.verbs.testing": "click",
    "handlers.docker_api": "docker requests urllib3",
    "handlers.look.engine": "docker",
    "handlers.look.names": "dns",
    "handlers.containers.namespace": "docker",
    "handlers.containers.recreate": "docker",
    "handlers.gluetun_control": "requests",
    "handlers.http": "requests urllib3",
    "handlers.notify_child": "apprise",
    "handlers.wireguard.qr": "segno",
    "handlers.qbittorrent_api": "qbittorrentapi urllib3",
    "handlers.webhook": "requests",
    "handlers.wireguard.child": "cryptography",
}


def _module(file: Path) -> str:
    parts = file.relative_to(TOP).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


FILES = {_module(file): file for folder in ("hooks", "handlers") for file in (TOP / folder).rglob("*.py")}


def _covered(name: str) -> list[str]:
    """The modules that a name of the table stands for."""
    whole = name if name.startswith("handlers") else "hooks" if name == "__init__" else f"hooks.{name}"
    folder = whole.removesuffix(".*")
    if folder == whole:
        return [whole]
    return [module for module in FILES if module == folder or module.startswith(f"{folder}.")]


LAYER_OF = {
    module: layer for layer, (names, _) in LAYERS.items() for name in names.split() for module in _covered(name)
}


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


IMPORTS = {module: set(imports(ast.parse(file.read_text()))) for module, file in FILES.items()}


def is_ours(name: str) -> bool:
    return name.split(".", maxsplit=1)[0] in ("hooks", "handlers")


def test_every_module_is_in_the_table_and_the_table_in_the_tree() -> None:
    assert set(FILES) - set(LAYER_OF) == set(), "give each new module a layer"
    assert set(LAYER_OF) - set(FILES) == set(), "these are gone"
    assert len(LAYER_OF) == sum(len(_covered(name)) for names, _ in LAYERS.values() for name in names.split()), (
        "one is in two layers"
    )


@pytest.mark.parametrize("module", sorted(FILES))
def test_it_imports_only_from_layers_that_it_may_know(module: str) -> None:
    own = LAYER_OF[module]
    allowed = {own, *LAYERS[own][1].split()}
    for name in filter(is_ours, IMPORTS[module]):
        assert LAYER_OF[name] in allowed, f"{module} ({own}) imports {name} ({LAYER_OF[name]})"


@pytest.mark.parametrize("module", sorted(FILES))
def test_it_imports_only_the_packages_that_it_is_there_for(module: str) -> None:
    used = {name.split(".")[0] for name in IMPORTS[module]} - set(sys.stdlib_module_names) - {"hooks", "handlers"}
    assert used == set(THIRD_PARTY.get(module, "").split())


def test_no_layer_leads_back_to_itself() -> None:
    def below(layer: str, way: tuple[str, ...]) -> None:
        assert layer not in way, f"{' -> '.join(way)} -> {layer}"
        for other in LAYERS[layer][1].split():
            below(other, (*way, layer))

    for layer in LAYERS:
        below(layer, ())


@pytest.mark.parametrize("package", ["docker", "pyinotify", "loguru", "blinker"])
def test_one_module_of_hooks_speaks_for_a_package(package: str) -> None:
    assert len([m for m, names in THIRD_PARTY.items() if m.startswith("hooks.") and package in names.split()]) == 1


def test_the_engine_is_pure() -> None:
    impure = set("time datetime threading queue random os io pathlib logging socket subprocess".split())
    seen, left = set(), ["hooks.engine"]
    while left:  # also through what it imports
        module = left.pop()
        if module not in seen:
            seen.add(module)
            assert not IMPORTS[module] & impure, f"{module} imports {IMPORTS[module] & impure}"
            left += filter(is_ours, IMPORTS[module])
    assert {"hooks.lane", "hooks.table", "hooks.events"} <= seen


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
    there = loaded("import hooks.serve, hooks.sources.docker_engine")
    assert "loguru" in there, "this loads nothing at all"
    assert not there & {"pydantic", "pydantic_core", "pydantic_settings", "dotenv"}


def test_the_running_process_loads_heavy_packages_only_when_a_handler_runs() -> None:
    heavy = {"qbittorrentapi", "apprise", "rich", "click", "cryptography", "segno"}
    assert not loaded("import hooks.serve") & heavy


def test_every_handler_can_be_imported_with_nothing_installed() -> None:
    names = [name for name in FILES if name.startswith("handlers")]
    there = loaded(f"import {', '.join(names)}", bare=True)
    assert "handlers" in there
    assert not there & {"docker", "requests", "qbittorrentapi", "apprise", "pydantic", "blinker"}


def test_the_health_check_loads_next_to_nothing() -> None:
    code = "sys.argv = ['gluehook', 'health']\nfrom hooks.__main__ import main\nmain()\n"
    assert not loaded(code) & {"click", "docker", "blinker", "loguru", "asyncio", "importlib_metadata"}


def test_only_the_command_line_speaks_for_click() -> None:
    speakers = {module for module, names in THIRD_PARTY.items() if "click" in names.split()}
    assert {module for module in speakers if not module.startswith("hooks.verbs.")} == {"hooks.cli"}
