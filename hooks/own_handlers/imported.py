"""Imports a module of an owner and finds its handlers. Runs in the process of handlers of one's own only.

A file is imported as `own_handlers.STEM`, so that `from . import _common` finds what lies beside it; the folder stands
at the end of `sys.path`, so that `import _common` does, too. No bytecode is written.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from hooks.config.secrets import on_one_line
from hooks.handler import Handler
from hooks.own_handlers.hints import described
from hooks.rules.own_handler import Source

_PARENT = "own_handlers"
_LONGEST_SAYS = 200


class Unfit(Exception):  # noqa: N818 - said to the owner, not an error of ours
    """A module holds no handler that gluehook can use; its text says why and, after "; ", the cure."""


def load(source: Source) -> ModuleType:
    """Import the module of a source. Raises whatever it raises."""
    if not source.path:
        return importlib.import_module(source.module)
    sys.dont_write_bytecode = True
    if source.folder not in sys.path:
        sys.path.append(source.folder)
    parent = sys.modules.setdefault(_PARENT, ModuleType(_PARENT))
    parent.__path__ = [source.folder]
    name, is_package = f"{_PARENT}.{source.stem}", Path(source.path).is_dir()
    spec = importlib.util.spec_from_file_location(
        name, f"{source.path}/__init__.py" if is_package else source.path,
        submodule_search_locations=[source.path] if is_package else None,
    )  # fmt: skip
    assert spec, source.path
    assert spec.loader, source.path
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def classes(source: Source, module: ModuleType) -> dict[str, type[Handler[Any]]]:
    """The handlers of a module by name. Raises Unfit."""
    found = dict[str, type[Handler[Any]]]()
    for one in _candidates(source, module):
        name = _checked(source, one)
        if name in found:
            raise Unfit(f"the classes {found[name].__name__} and {one.__name__} are both called {name}; rename one")
        found[name] = one
    if not found:
        raise Unfit("it holds no handler; write a class that inherits hooks.handler.Handler, with a name")
    return found


def _candidates(source: Source, module: ModuleType) -> Iterator[type[Handler[Any]]]:
    if source.attribute:
        yield getattr(module, source.attribute)
        return
    for one in dict.fromkeys(value for value in vars(module).values() if isinstance(value, type)):
        is_own = f"{one.__module__}.".startswith(f"{module.__name__}.")
        if is_own and issubclass(one, Handler) and (hasattr(one, "name") or not inspect.isabstract(one)):
            yield one


def _checked(source: Source, one: type[Handler[Any]]) -> str:
    if not (isinstance(one, type) and issubclass(one, Handler)):
        raise Unfit(f"{source.attribute} is no class that inherits hooks.handler.Handler")
    lacking = [*(name for name in ("name", "says", "Args") if not hasattr(one, name)), *sorted(one.__abstractmethods__)]
    if lacking:
        raise Unfit(f"its class {one.__name__} lacks {', '.join(lacking)}; docs/own-handlers.md shows a whole one")
    stem, dot, verb = str(one.name).partition(".")
    if stem != source.stem or not dot or not verb.isidentifier() or not verb.islower():
        raise Unfit(
            f"its class {one.__name__} is called {str(one.name)!r}; its name must be {source.stem}. and a verb, "
            f'such as "{source.stem}.refresh"'
        )
    if not isinstance(one.says, str) or not one.says.strip():
        raise Unfit(f"its class {one.__name__} has no sentence in `says`; write what it does")
    return str(one.name)


def facts(source: Source, module: ModuleType) -> list[dict[str, Any]]:
    """What gluehook must know of the handlers of a module, as JSON values. Raises Unfit."""
    return [_facts(one) for one in classes(source, module).values()]


def _facts(one: type[Handler[Any]]) -> dict[str, Any]:
    try:
        arguments = described(one.Args)
    except Exception as error:  # noqa: BLE001 - a class of the owner may raise anything
        raise Unfit(f"the Args of its class {one.__name__} cannot be read: {error}") from None
    about = inspect.cleandoc(one.__doc__ or "")
    return {
        "name": one.name, "says": on_one_line(one.says)[:_LONGEST_SAYS], "about": about, "class_name": one.__name__,
        "reconciles": bool(one.reconciles), "uses_port": bool(one.uses_port),
        "arguments": [[a.name, a.spec, a.required, a.default, a.is_known, a.says] for a in arguments],
    }  # fmt: skip


def where_raised(source: Source, error: BaseException) -> str:
    """The last place in the owner's files that led to the exception, such as "line 12 of /config/handlers/a.py"."""
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        return f"line {error.lineno} of {error.filename}"
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if source.folder and frame.filename.startswith(f"{source.folder}/")]
    last = (own or frames)[-1:]
    return f"line {last[0].lineno} of {last[0].filename}" if last else source.said


def fault(source: Source, error: BaseException) -> str:
    """What was raised, and where, on one line."""
    if isinstance(error, Unfit):
        return str(error)
    what = f"it called sys.exit({error.code!r})" if isinstance(error, SystemExit) else _text(error)
    return f"{what} ({where_raised(source, error)})"


def _text(error: BaseException) -> str:
    said = on_one_line(error.msg if isinstance(error, SyntaxError) else str(error))
    return f"{type(error).__name__}: {said}" if said else type(error).__name__
