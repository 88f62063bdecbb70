"""Every code has a broken file in tests/broken/ and beside it what its owner reads.

After a change that is meant, `python -m tests.rules_file.test_broken` writes the golden
files anew; read the difference before you keep it.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hooks.rules.table import Table
from hooks.rules_file import reader
from hooks.rules_file.errors import CODES, Diagnostic, render
from tests.parts.places import BROKEN, TOP
from tests.parts.values.small_handlers import SMALL_HANDLERS

GOOD = 'version = 1\n[[rule]]\nname = "a"\non = "container.die"\ndo = "gluetun.restart_vpn"\n'


# -- golden files ------------------------------------------------------------------------------


def missing(_path: Path) -> None:
    """Nothing is made."""


def loop(path: Path) -> None:
    """A link to itself: nobody can read that, not even root."""
    path.symlink_to(path.name)


def too_big(path: Path) -> None:
    """Ten megabytes of good rules."""
    path.write_text(GOOD + "# fill\n" * (10_000_000 // 7), encoding="utf-8")


SITUATIONS: dict[str, Callable[[Path], object]] = {
    "file-missing": missing,
    "file-unreadable": loop,
    "not-a-file": Path.mkdir,
    "file-empty": Path.touch,
    "file-too-big": too_big,
    "not-utf8": lambda path: path.write_bytes(b'version = 1\n\x7fELF\x02\x01\xff\xfe = "x"\n'),
}


def said_about(code: str, folder: Path) -> tuple[list[Diagnostic], str]:
    """The diagnostics of a code's example, and what an owner reads."""
    path = BROKEN / f"{code}.toml"
    if code in SITUATIONS:
        path = folder / "rules.toml"
        SITUATIONS[code](path)
    found = reader.load(path, SMALL_HANDLERS)
    assert isinstance(found, list), f"{code}: nothing is wrong with its example"
    text = reader.source(path)
    return found, render(found, text if isinstance(text, str) else "", path.name) + "\n"


@pytest.mark.parametrize("code", CODES)
def test_the_owner_reads_this(code: str, tmp_path: Path) -> None:
    found, said = said_about(code, tmp_path)
    assert code in {one.code for one in found}
    assert said == (BROKEN / f"{code}.txt").read_text(encoding="utf-8")


def test_no_code_lacks_an_example_and_no_example_lacks_its_code() -> None:
    assert {path.stem for path in BROKEN.glob("*.txt")} == set(CODES)
    assert {path.stem for path in BROKEN.glob("*.toml")} | set(SITUATIONS) == set(CODES)


def test_every_code_that_the_source_uses_is_in_the_table() -> None:
    hooks = Path(reader.__file__).parent
    words = {
        word
        for module in hooks.glob("*.py")
        for word in re.findall(r'"([a-z0-9]+(?:-[a-z0-9]+)+|syntax|version)"', module.read_text(encoding="utf-8"))
    }
    assert set(CODES) <= words
    used = re.compile(r'(?:Diagnostic|SchemaError|_wrong|report|add)\(\s*"([a-z0-9-]+)"')
    assert {code for module in hooks.glob("*.py") for code in used.findall(module.read_text(encoding="utf-8"))} <= set(
        CODES
    )


@pytest.mark.parametrize("code", CODES)
def test_each_error_says_what_is_wrong_and_what_to_write(code: str, tmp_path: Path) -> None:
    found, said = said_about(code, tmp_path)
    for one in found:
        assert one.said
        assert one.hint
        assert one.line == 0 or one.column > 0
    # three lines each: the sentence, the source, the caret
    assert said.count("\n") == sum(3 if one.line else 1 for one in found)


# -- all at once -------------------------------------------------------------------------------


def errors(text: str) -> list[Diagnostic]:
    """What is wrong with a text."""
    found = reader.read(text, "rules.toml", SMALL_HANDLERS)
    return found if isinstance(found, list) else []


def test_no_error_hides_another() -> None:
    """All broken files in one: each rule's errors are the ones it has alone."""
    alone: list[tuple[str, str]] = []
    together = "version = 1\n"
    whole_file = {"syntax", "version", "unknown-key", "wrong-type", "bad-value", "bad-duration", "unknown-rule"}
    for path in sorted(BROKEN.glob("*.toml")):
        by_name = path.stem.startswith("test-") or path.stem in ("duplicate-name", "escalates-itself", "never-matches")
        if path.stem in whole_file or by_name:
            continue  # they speak of the file as a whole, or of names that other files use too
        own = path.read_text(encoding="utf-8").replace("version = 1\n", "")
        own = re.sub(r'^name = "([a-z-]+)"', rf'name = "\1-{path.stem}"', own, flags=re.MULTILINE)
        together += own
        alone += [(one.code, one.said) for one in errors("version = 1\n" + own)]
    assert len(alone) > 50
    assert sorted((one.code, one.said) for one in errors(together)) == sorted(alone)


def test_a_syntax_error_hides_no_error_of_another_rule() -> None:
    found = errors(GOOD.replace('"a"', '"A"') + "[[rule]]\nname = x\n" + GOOD[12:].replace("die", "dye"))
    assert [(one.code, one.line) for one in found] == [("bad-name", 3), ("syntax", 7), ("unknown-event", 10)]


@pytest.mark.parametrize(
    "open_end", ['name = """x', "name = 'x", "on = [", "do = { use = ", "on = [ 'x',  # ]", "[rule.do"]
)
def test_what_is_never_closed_is_told_in_its_own_rule_and_hides_no_other(open_end: str) -> None:
    found = errors(GOOD.replace('"a"', '"A"') + f'[[rule]]\nname = "b"\n{open_end}\n' + GOOD[12:].replace("die", "dye"))
    assert [(one.code, one.rule) for one in found] == [("bad-name", "'A'"), ("syntax", "'b'"), ("unknown-event", "'a'")]
    assert found[1].line == 8


def test_after_ten_tables_that_cannot_be_read_the_rest_is_left_alone() -> None:
    found = errors(GOOD + "[[rule]]\nname = x\n" * 12)
    assert [one.code for one in found] == ["syntax"] * 10


def test_a_rule_that_cannot_be_read_is_not_called_unknown() -> None:
    text = GOOD + 'x = \n[[rule]]\nname = "b"\non = { event = "run.failed", rule = "a" }\ndo = "gluetun.restart_vpn"\n'
    assert [one.code for one in errors(text)] == ["syntax"]


@pytest.mark.parametrize("version", ["2", "0", "-1", "1.0", "true", '"1"', "[1]"])
def test_another_version_is_refused(version: str) -> None:
    found = errors(GOOD.replace("version = 1", f"version = {version}"))
    assert [(one.code, one.line, one.column) for one in found] == [("version", 1, 11)]


# -- never an exception ------------------------------------------------------------------------


@pytest.mark.usefixtures("no_collection")
@pytest.mark.parametrize(
    "text",
    [
        "a = " + "[" * 5000,
        "a = " + "[" * 200 + "]" * 200,
        "version = 1\n[[rule]]\non = { event = 'container.die', container = " + "[" * 300 + "1" + "]" * 300 + " }",
        "version = 1\nrule." + ".".join("a" * 1_000) + " = 1",
        "version = " + "9" * 5000,
        "version = 1\nrule = 3",
        "version = 1\n[rule]\nname = 'a'",
        "version = 1\nrule = [1, [], 'x', 2020-01-01]",
        "version = 1\n[[rule]]\non = {}\ndo = {}",
        "version = 1\n[[rule]]\non = [[]]\ndo = [[]]",
        "version = 1\n[[rule]]\non = { event = [] }\ndo = { use = {} }",
        "version = 1\n[[rule]]\nname = ''\non = ''\ndo = ''",
        GOOD.replace('"container.die"', '{ event = "container.die", container = { regex = "(" } }'),
        GOOD.replace('"container.die"', '{ event = "container.die", container = { regex = "a{99999999999}" } }'),
        GOOD.replace('"container.die"', '{ event = "container.die", container = { regex = "[[:word" } }'),
        *(
            GOOD.replace('"container.die"', f"{{ event = 'container.die', container = {{ regex = '{pattern}' }} }}")
            for pattern in ("a(?=b)", "(?<!a)b", r"(a)\1", "a{,3}", r"a\Z", r"\pL{900}", "a*+", "(?x)a")
        ),
        GOOD.replace('"container.die"', '{ event = "container.die", exit_code = nan }'),
        GOOD.replace('"container.die"', '{ event = "container.die", exit_code = { min = inf } }'),
        GOOD.replace('"container.die"', '{ event = "container.die", container = 07:32:00 }'),
        GOOD.replace('"a"', '"' + "a" * 500_000 + '"'),
        GOOD + "# \x00",
        GOOD + "\r",
        GOOD + "[[rule]]\n" * 2000,
    ],
    ids=lambda text: text[:40] if len(text) < 60 else f"{text[:30]}…{text[-20:]}",
)
def test_whatever_is_written_is_an_error_and_no_exception(text: str) -> None:
    found = errors(text)
    assert found
    said = render(found, text, "rules.toml")
    assert len(said) < 400 * len(found) + 1000
    assert all(one.code in CODES and 0 <= one.line <= text.count("\n") + 1 for one in found)


_WORDS = st.sampled_from(
    "version name on do for debounce cooldown repeat limit mode key timeout retry use event not regex min max labels "
    "container exit_code port every wait runs per first attempts rule defaults test when_changed [[rule]] [rule.do] "
    '[defaults] = = = [ ] { } , . " \' """ # 1 1.5 true nan "5m" "container.die" "port.forwarded" "timer.tick" '
    '"${event.port}" "${" "latest" "queued" "gluetun.restart_vpn" "notify.send" 2020-01-01 é \\ \t \r'.split(" ")
)
_LINES = st.lists(st.lists(_WORDS, max_size=7).map(" ".join), max_size=12).map("\n".join)


@settings(print_blob=True, database=None, deadline=None, max_examples=150)
@given(_LINES)
def test_random_words_of_the_grammar_raise_nothing(lines: str) -> None:
    for text in (lines, GOOD + lines):
        found = reader.read(text, "rules.toml", SMALL_HANDLERS)
        if isinstance(found, list):
            assert found
            assert render(found, text, "rules.toml").count("error[") >= len(found)
        else:
            assert isinstance(found, Table)


_SHIPPED = (TOP / "rules.toml").read_text(encoding="utf-8")


@settings(print_blob=True, database=None, deadline=None, max_examples=100)
@given(st.integers(0, len(_SHIPPED)), st.integers(0, 40), st.text(max_size=6) | _WORDS)
def test_a_slip_of_the_hand_in_the_shipped_rules_raises_nothing(at: int, cut: int, put: str) -> None:
    text = _SHIPPED[:at] + put + _SHIPPED[at + cut :]
    found = reader.read(text, "rules.toml", SMALL_HANDLERS)
    if isinstance(found, list):
        assert all(one.said and 0 <= one.line <= text.count("\n") + 1 for one in found)
        assert render(found, text, "rules.toml")


if __name__ == "__main__":
    for each in CODES:
        with tempfile.TemporaryDirectory() as folder:
            (BROKEN / f"{each}.txt").write_text(said_about(each, Path(folder))[1], encoding="utf-8")
