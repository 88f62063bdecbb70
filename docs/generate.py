"""`make docs`: writes what the code knows into the pages, between `<!-- made: PART -->` and `<!-- end -->`.

It also writes rules.schema.json, the man page and the completion of shells. The prose around the parts is written by
hand. `make lint` names each file that is out of date (`python -m docs --check`); tests/docs/ compares them, too.
"""

from __future__ import annotations

import dataclasses
import inspect
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

from docs import shell_files
from docs.packages import libraries, packages
from handlers import HANDLERS
from hooks.config.settings import SECRETS, Settings
from hooks.doctor.examine import CHECKS
from hooks.events.fields import FIELDS
from hooks.rules.placeholders import render
from hooks.rules.table import Table
from hooks.rules_file import reader
from hooks.rules_file.arguments import field_kind
from hooks.rules_file.errors import CODES
from hooks.workbench import json_schema, reference

DOCS = Path(__file__).parent
TOP = DOCS.parent
BROKEN = TOP / "tests" / "broken"
EXAMPLES = DOCS / "examples"
PAGES = tuple(sorted(DOCS.glob("*.md")))

_PART = re.compile(r"(<!-- made: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
_BLOCK = re.compile(r"^\S.*?error\[([a-z0-9-]+)\].*\n(?:    .*\n)*", re.MULTILINE)
_WORDS: Mapping[Any, str] = {str: "text", bool: "true or false"}


def main(words: Sequence[str]) -> int:
    """Write every file that is out of date, or with `--check` only name it. Returns the exit code."""
    try:
        return bring_up_to_date(outputs(), only_check="--check" in words)
    except ValueError as error:
        sys.stdout.write(f"{error}\n")
        return 1


def bring_up_to_date(files: Iterable[tuple[Path, str]], *, only_check: bool) -> int:
    """Compare each file with the text that it must hold. Returns 1 if one was only named, else 0."""
    stale = {path: text for path, text in files if not path.exists() or path.read_text(encoding="utf-8") != text}
    for path, text in stale.items():
        name = path.relative_to(TOP)
        if only_check:
            sys.stdout.write(f"{name} is out of date; write it again with: make docs\n")
        else:
            path.write_text(text, encoding="utf-8")
            sys.stdout.write(f"{name} is written\n")
    return 1 if stale and only_check else 0


def outputs() -> Iterator[tuple[Path, str]]:
    """Each file that this program makes, with the text that it must hold."""
    yield TOP / json_schema.FILE_NAME, json.dumps(json_schema.schema(HANDLERS), ensure_ascii=False, indent=1) + "\n"
    yield from shell_files.files()
    for page in PAGES:
        yield page, made(page.read_text(encoding="utf-8"))


def made(page: str) -> str:
    """The page with each of its parts as the code has it now. Raises KeyError for a part that nobody makes."""
    return _PART.sub(lambda found: found[1] + "\n" + PARTS[found[2]]() + "\n\n" + found[3], page)


# -- markdown ------------------------------------------------------------------------------------


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A markdown table."""
    head = tuple(head)
    lines = [head, ["---"] * len(head), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def code(text: str) -> str:
    """As code, or nothing."""
    return f"`{text}`" if text else ""


def codes(words: Iterable[str]) -> str:
    """Each as code, separated by commas."""
    return ", ".join(map(code, words))


# -- events --------------------------------------------------------------------------------------


def events() -> str:
    """A table for each kind of events, and one of all fields."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for entry in reference.events():
        groups.setdefault(entry["name"].partition(".")[0], []).append(entry)
    fields = table(
        ("field", "written", "holds"),
        ((code(name), code(field_kind(field.type).written), field.says) for name, field in FIELDS.items()),
    )
    return "\n\n".join([*map(_group, groups, groups.values()), "## The fields", fields])


def _group(kind: str, entries: list[dict[str, Any]]) -> str:
    names = [[field["name"] for field in entry["fields"]] for entry in entries]
    shared = [name for name in names[0] if all(name in own for own in names)]
    rows = (
        (code(entry["name"]), entry["says"], "yes" if entry["state"] else "", codes(n for n in own if n not in shared))
        for entry, own in zip(entries, names, strict=True)
    )
    title = f"## `{kind}.*`\n\n" + (f"All have {codes(shared)}.\n\n" if shared else "")
    return title + table(("event", "happens when", "state", "fields of its own"), rows)


# -- handlers ------------------------------------------------------------------------------------


def handlers() -> str:
    """A section for each handler."""
    return "\n\n".join("\n\n".join(_handler(entry)) for entry in reference.handlers(HANDLERS))


def _handler(entry: Mapping[str, Any]) -> Iterator[str]:
    name, handler = entry["name"], HANDLERS[entry["name"]]
    yield f"## `{name}`"
    yield f"**{_sentence(entry['says'])}** {_does(handler)} {_does(handler.apply)}"
    yield table(
        ("argument", "written", "default", "meaning"),
        ((code(a["name"]), code(a["type"]), _left_out(a), a["says"]) for a in entry["args"]),
    )
    example = example_of(name)
    yield f"```toml\n{example}```"
    woken = (
        "It reconciles: a resync runs it, too, and it acts only on a difference."
        if entry["reconciles"] else "A resync does not run it."
    )  # fmt: skip
    locks = f"The example locks {codes(touched(name, example))}: no other run works on that at the same time."
    yield f"{locks} {woken}"


def _left_out(argument: Mapping[str, Any]) -> str:
    return "required" if argument["required"] else code(reference.default(argument))


def example_of(name: str) -> str:
    """The rules file that shows the handler in use. Raises ValueError where it is missing or does not use it."""
    file = EXAMPLES / f"{name}.toml"
    if not file.exists():
        raise ValueError(f"docs/examples/{name}.toml is missing: write a rules file with a rule that uses {name}")
    text = file.read_text(encoding="utf-8")
    if name not in text:
        raise ValueError(f"docs/examples/{name}.toml has no rule that uses {name}")
    return text


def touched(name: str, example: str) -> tuple[str, ...]:
    """The targets that the handler's step in a rules text locks, with default settings.

    Raises ValueError for a text that is no good rules file.
    """
    found = reader.read(example, f"{name}.toml", HANDLERS)
    if not isinstance(found, Table):
        raise ValueError(f"docs/examples/{name}.toml: {found[0].sentence}")
    step = next(step for rule in found.rules for step in rule.do if step.use == name)
    args = HANDLERS[name].Args(**{key: render(value, str) for key, value in step.args.items()})
    return HANDLERS[name]().targets(args, Settings())


def _does(thing: Any) -> str:
    return " ".join((inspect.getdoc(thing) or "").split())


def _sentence(says: str) -> str:
    return f"{says if says.startswith('qB') else says[0].upper() + says[1:]}."


# -- errors --------------------------------------------------------------------------------------


def errors() -> str:
    """A section for each code: its meaning, and the message of its example."""
    return "\n\n".join(f"## {name}\n\n{meaning}\n\n{_message(name)}" for name, meaning in CODES.items())


def _message(name: str) -> str:
    golden = (BROKEN / f"{name}.txt").read_text(encoding="utf-8")
    block = next(found[0] for found in _BLOCK.finditer(golden) if found[1] == name)
    more = f"\n\n[The whole example](../tests/broken/{name}.toml)" if (BROKEN / f"{name}.toml").exists() else ""
    return f"```text\n{block}```{more}"


# -- settings ------------------------------------------------------------------------------------


def settings() -> str:
    """A table of the settings, and one of the secrets."""
    hints = get_type_hints(Settings, include_extras=True)
    rows = (
        (code(field.name.upper()), _kind(hints[field.name]), code(_text(field.default)), field.metadata["says"])
        for field in dataclasses.fields(Settings)
    )
    known = table(("variable", "written", "default", "meaning"), rows)
    return known + "\n\n## Secrets\n\n" + table(("secret", "meaning"), ((code(n), says) for n, says in SECRETS.items()))


def _kind(hint: Any) -> str:
    if get_origin(hint) is Annotated:  # the check beside the type says what it is
        return str(get_args(hint)[1].__name__).replace("_", " ")
    return " or ".join(map(code, get_args(hint))) if get_origin(hint) is Literal else _WORDS[hint]


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


# -- the doctor ----------------------------------------------------------------------------------


def checks() -> str:
    """A table of everything that the doctor knows."""
    rows = (
        (code(check.name), check.severity, check.finds, check.why, ", ".join(map(code, check.follows)))
        for check in CHECKS
    )
    return table(("check", "severity", "finds", "because", "follows from"), rows)


PARTS: Mapping[str, Callable[[], str]] = {
    "events": events, "handlers": handlers, "errors": errors, "settings": settings,
    "packages": lambda: table(("package", "lives there", "seam", "may import"), packages()),
    "libraries": lambda: table(("library", "modules that import it"), libraries()),
    "checks": checks,
}  # fmt: skip
