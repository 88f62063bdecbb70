"""Which handlers of an owner are found, and what is said of those that cannot be used."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from handlers import HANDLERS
from hooks.app import loading
from hooks.handler import Duration, Unusable
from hooks.own_handlers import describe as describing
from hooks.own_handlers.table import HandlerTable, handlers_of
from hooks.rules.table import Table
from hooks.rules_file.arguments import arguments
from tests.parts.values.own_files import HEAD, handler, place, rules


def table_of(folder: Path, **files: str) -> HandlerTable:
    return handlers_of(str(place(folder, **files)), "/nowhere")


def fault(table: HandlerTable, name: str = "sonarr.act") -> str:
    """What is said of a handler that cannot be used."""
    with pytest.raises(Unusable) as why:
        table[name]
    return str(why.value)


def test_it_is_described_as_its_module_says(tmp_path: Path) -> None:
    table = table_of(tmp_path, sonarr=handler())
    found = table["sonarr.act"]
    assert (found.name, found.says, found.reconciles, found.uses_port) == (
        "sonarr.act", "does what a test wants", True, False,
    )  # fmt: skip
    known = arguments(found.Args)
    assert {name: (one.required, one.default, one.says) for name, one in known.items()} == {
        "what": (False, "nothing", "what to do"), "wait": (False, "5s", "how long"), "words": (False, None, ""),
        "kind": (False, "a", ""), "more": (False, None, ""),
    }  # fmt: skip
    assert known["wait"].kinds[0].base is Duration
    assert known["words"].kinds[0].says == "a list of texts"
    assert list(table) == [*HANDLERS, "sonarr.act"]


def test_rules_that_name_it_carry_it(tmp_path: Path) -> None:
    path = place(tmp_path, sonarr=handler(), radarr=handler(stem="radarr"))
    path.write_text(rules(more=', what = "x", wait = "3s"'))
    table, found, _ = loading.check(str(path))
    assert isinstance(table, Table), found
    assert [own.name for own in table.own] == ["sonarr.act"]
    assert table.rules[0].do[0].reconciles
    assert table.rules[0].do[0].args == {"what": "x", "wait": 3.0}
    path.write_text(rules(more=', whta = "x"'))
    assert [(one.code, one.hint) for one in loading.check(str(path))[1]] == [
        ("unknown-argument", "did you mean 'what'?")
    ]
    path.write_text(rules("sonar.act"))
    assert "did you mean 'sonarr.act'?" in loading.check(str(path))[1][0].sentence


BAD: dict[str, tuple[str, str]] = {
    "syntax": ("def (", r"cannot be used: SyntaxError: invalid syntax (line 1 of {file}); mend it"),
    "exit": ("import sys\nsys.exit(3)", "cannot be used: it called sys.exit(3) (line 2 of {file}); mend it"),
    "os-exit": ("import os\nos._exit(4)",
                "cannot be used: its import ended the process with exit code 4; take out what it does at its import"),
    "killed": ("import os\nos.kill(os.getpid(), 9)",
               "cannot be used: its import ended the process by signal 9; take out what it does at its import"),
    "missing": ("import no_such", "cannot be used: ModuleNotFoundError: No module named 'no_such' (line 1 of {file})"),
    "none": ("x = 1", "cannot be used: it holds no handler; write a class that inherits hooks.handler.Handler"),
    "abstract": (HEAD + "class Act(Handler[Args]):\n    name = 'sonarr.act'\n",
                 "cannot be used: its class Act lacks says, Args, apply, plan, targets; docs/own-handlers.md shows"),
    "named": (handler().replace('"sonarr.act"', '"radarr.act"'), "its class Act is called 'radarr.act'"),
    "hyphen": (handler().replace('"sonarr.act"', '"sonarr.act-now"'), "its name must be sonarr. and a verb, such as"),
    "twice": (handler() + "\n\nclass Other(Act):\n    pass\n",
              "the classes Act and Other are both called sonarr.act; rename one"),
    "says": (handler().replace('"does what a test wants"\n    Args', '""\n    Args'), "has no sentence in `says`"),
    "type": (handler().replace("what: str =", "what: bytes ="), "the Args of its class Act cannot be read: no"),
    "default": (handler().replace("kind: Literal[\"a\", \"b\"] = \"a\"", "kind: Any = Args"),
                "cannot be used: NameError: name 'Args' is not defined"),
    "binary": ("import os\nos.write(1, bytes(range(256)) * 99)\nraise ValueError('\\x00\\x1b[31m')",
               "cannot be used: ValueError: ��[31m (line 3 of {file})"),
    "base-exception": ("raise BaseException", "cannot be used: BaseException (line 1 of {file})"),
    "deep": ("def f(): f()\nf()", "cannot be used: RecursionError: maximum recursion depth exceeded"),
}  # fmt: skip


def test_each_broken_file_is_one_sentence_and_harms_no_other(tmp_path: Path) -> None:
    stems = {name: name.replace("-", "_") for name in BAD}
    texts = {stem: BAD[name][0].replace("sonarr.", f"{stem}.") for name, stem in stems.items()}
    table = table_of(tmp_path, **texts, zz_good=handler(stem="zz_good"))
    assert "zz_good.act" in table
    for name, stem in stems.items():
        file = f"{tmp_path}/handlers/{stem}.py"
        said, wanted = table.faults[stem], BAD[name][1].replace("sonarr.", f"{stem}.").replace("{file}", file)
        assert said.startswith(file), name
        assert wanted in said, f"{name}: {said}"
        assert "; " in said, "it says what to do"
        assert said.isprintable(), name


def test_an_import_that_hangs_names_its_line_and_the_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(describing.describe, "__kwdefaults__", {"import_s": 0.3, "all_s": 60.0})
    hangs = handler(before="def endless():\n    while True:\n        pass\n\n\nendless()")
    table = table_of(tmp_path, sonarr=hangs, tautulli=handler(stem="tautulli"))
    assert "tautulli.act" in table
    said = fault(table)
    line = 1 + hangs.splitlines().index("        pass")
    assert "its import was not done after 0.3 s (line " in said
    assert any(f"(line {near} of {tmp_path}/handlers/sonarr.py)" in said for near in (line - 1, line))


def test_modules_import_what_lies_beside_them_and_packages_their_parts(tmp_path: Path) -> None:
    files = {
        "_shared": "WORD = 'shared'\n", "_second": "WORD = 'second'\n",
        "sonarr": handler(before="from _shared import WORD\nfrom ._second import WORD as OTHER\n"),
        "radarr/__init__": "from .act import Act\n", "radarr/act": handler(stem="radarr"),
        "test_sonarr": "raise ValueError", "conftest": "raise ValueError",
    }  # fmt: skip
    table = table_of(tmp_path, **files)
    assert [own.name for own in table.own] == ["radarr.act", "sonarr.act"]
    assert table.faults == {}
    assert not list(tmp_path.rglob("__pycache__")), "it writes nothing there"


def to_others(path: Path) -> None:
    path.chmod(path.stat().st_mode | 0o022)


def to_group(path: Path) -> None:
    path.chmod(path.stat().st_mode | 0o020)


def to_somebody(path: Path) -> None:
    os.chown(path, 12345, -1)


@pytest.mark.parametrize("give", [to_others, to_group, to_somebody])
@pytest.mark.parametrize("what", ["handlers/sonarr.py", "handlers/_shared.py", "handlers", "."])
def test_what_others_could_write_is_refused_with_a_cure_that_works(
    give: Callable[[Path], None], what: str, tmp_path: Path
) -> None:
    if give is to_somebody and os.geteuid():
        pytest.skip("only root gives files away")
    path = place(tmp_path, sonarr=handler(before="from _shared import WORD"), _shared="WORD = 1")
    place_ = (tmp_path / what).resolve()
    give(place_)
    said = fault(handlers_of(str(path), "/nowhere"))
    assert str(place_) in said
    assert os.system(said.rpartition("run: ")[2]) == 0
    assert "sonarr.act" in handlers_of(str(path), "/nowhere")


@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_link_is_as_good_as_what_it_leads_to(what: str, tmp_path: Path) -> None:
    away = tmp_path / "away"
    for folder in (away, tmp_path / "config"):
        folder.mkdir()
    path = place(tmp_path / "config", _none="")
    place(away, sonarr=handler())
    (tmp_path / "config/handlers/_none.py").unlink()
    if what == "file":
        (tmp_path / "config/handlers/sonarr.py").symlink_to(away / "handlers/sonarr.py")
    else:
        (tmp_path / "config/handlers").rmdir()
        (tmp_path / "config/handlers").symlink_to(away / "handlers")
    assert "sonarr.act" in handlers_of(str(path), "/nowhere")
    for bad in (away / "handlers/sonarr.py", away / "handlers", away):
        mode = bad.stat().st_mode
        bad.chmod(mode | 0o002)
        said = fault(handlers_of(str(path), "/nowhere"))
        assert "every user can write " in said
        assert Path(said.rpartition(" ")[2]).resolve() == bad
        bad.chmod(mode)


@pytest.mark.parametrize(
    ("files", "name", "said"),
    [
        ({"gluetun": handler()}, "gluetun.restart_vpn", "rename it, for example to my_gluetun"),
        ({"my-sonarr": handler()}, "my-sonarr.act", "letters, digits and underscores; rename it to my_sonarr"),
        ({"Sonarr": handler()}, "Sonarr.act", "rename it to sonarr"),
        ({"sonarr": handler(), "sonarr/__init__": handler()}, "sonarr.act", "would have the same names; rename"),
    ],
)  # fmt: skip
def test_names_that_clash_or_cannot_be_written_are_refused(
    files: dict[str, str], name: str, said: str, tmp_path: Path
) -> None:
    table = table_of(tmp_path, **files, good=handler(stem="good"))
    assert said in fault(table, name)
    assert name not in list(table)
    assert "good.act" in table


def test_without_a_folder_nothing_is_started_and_our_own_package_is_none(tmp_path: Path) -> None:
    table = handlers_of(str(tmp_path / "rules.toml"), "/nowhere")
    assert table["command.run"] is HANDLERS["command.run"]
    assert "sonarr.act" not in table
    assert list(handlers_of("rules.toml", "/nowhere")) == list(HANDLERS)


def test_installed_packages_bring_handlers_the_same_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gluehook_sonarr.py").write_text(handler())
    info = tmp_path / "gluehook_sonarr-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: gluehook-sonarr\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text(
        "[gluehook.handlers]\nsonarr = gluehook_sonarr:Act\ngluetun = gluehook_sonarr\nmissing = no_such_module\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    config = tmp_path / "config"
    config.mkdir()
    table = handlers_of(str(config / "rules.toml"), "/nowhere")
    assert "sonarr.act" in table
    assert table.own[0].source.said == "gluehook_sonarr of the installed package gluehook-sonarr 1.2"
    assert "has the name of gluehook's own gluetun.* handlers" in table.faults["gluetun"]
    assert table["gluetun.restart_vpn"] is HANDLERS["gluetun.restart_vpn"]
    assert "No module named 'no_such_module'" in table.faults["missing"]
    place(config, sonarr=handler())
    clash = handlers_of(str(config / "rules.toml"), "/nowhere")
    assert "has the name of an installed package's handlers" in fault(clash)
