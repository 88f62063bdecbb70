"""Regular expressions of rules.toml: linear time whatever the text, and a way out for each that cannot be matched."""

from __future__ import annotations

import subprocess
import sys

import pytest

from hooks.rules.linear_regex import LONGEST_BYTES, fits, refusal
from hooks.rules.matching import Glob
from tests.parts.places import TOP

# With Python's own `re`, each of these takes longer than the universe has. The test's own limit of 60 s fails it then.
HOSTILE = [
    ("(a+)+b", "a" * 5000), ("(a|a)*b", "a" * 5000), ("(a|aa)+$b", "a" * 5000), (r"(\w*)*-", "w" * 5000),
    ("(.*)*x", "\n" * 5000), ("((a*)*)*b", "a" * 5000), ("([a-z]+[0-9]?)+!", "z9" * 2500),
    ("(a?){500}a{500}b", "a" * 5000), ("(x+x+)+y", "x" * LONGEST_BYTES),
]  # fmt: skip


@pytest.mark.parametrize(("pattern", "text"), HOSTILE)
def test_no_text_takes_long(pattern: str, text: str) -> None:
    assert refusal(pattern) is None
    assert not fits(pattern, text)


@pytest.mark.parametrize("pattern", ["*a*a*a*a*a*a*b", "*" + "a?" * 20 + "b", "*a" * 50 + "b", "?*" * 60 + "b"])
def test_no_text_takes_long_for_a_glob_either(pattern: str) -> None:
    assert not Glob(pattern)("a" * 100_000)


@pytest.mark.parametrize(
    ("pattern", "text", "does"),
    [("web-[0-9]+", "web-12", True), ("web", "web-1", False), ("web", "xweb", False), ("a.c", "a\nc", False),
     ("(?i)starr", "StArR", True), (".", "ü", True), ("(?s).*", "a\nb", True), ("x|y", "y", True),
     (".*", "\udc80 half a character", True), (".*", "\0", True), ("", "", True), ("a", "a" * 100_000, False),
     (".*", "a" * (LONGEST_BYTES + 1), False), (".*", "a" * LONGEST_BYTES, True)],
)  # fmt: skip
def test_the_whole_text_must_fit(pattern: str, text: str, does: bool) -> None:
    assert refusal(pattern) is None
    assert fits(pattern, text) is does


@pytest.mark.parametrize(
    ("pattern", "what", "instead"),
    [("a(?=b)", "looks ahead or behind", "not = { regex"), ("(?!x)a", "looks ahead", "not ="),
     ("(?<=a)b", "looks ahead or behind", "not ="), (r"(a)\1", "refers back to a group", "a second time"),
     ("(?P<n>a)(?P=n)", "refers back to a group", "a second time"), (r"a\Z", "has \\Z", "leave it out"),
     ("a*+b", "forbids to go back", "leave that out"), ("(?>a)b", "forbids to go back", "leave that out"),
     (r"\pL{900}", "is too large", "smaller numbers"), ("(a{1,40}){1,24}[a-z]{1000}", "is too large", "smaller"),
     ("a{2000}", "repeats too often: {2000}", "at most 1,000"), ("a{3,1}", "repeats too often", "smaller number first"),
     ("a{,3}", "{,3} repeats nothing", "{0,3}"), ("(", "is no regular expression: missing )", "correct it"),
     ("a{99999999999}", "repeats nothing", "{0,1000}"), ("\udc80", "half a character", "correct it"),
     ("[z-a]", "is no regular expression", "correct it"), ("\\", "trailing", "correct it")],
)  # fmt: skip
def test_what_cannot_be_matched_is_refused_with_a_way_out(pattern: str, what: str, instead: str) -> None:
    wrong = refusal(pattern)
    assert wrong is not None
    assert what in wrong[0]
    assert instead in wrong[1]


def test_without_re2_a_pattern_is_refused_and_everything_else_works() -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(TOP)!r}); sys.modules['re2'] = None\n"
        "from hooks.rules.linear_regex import refusal; from hooks.rules.matching import Glob\n"
        "assert Glob('web-*')('web-1'); print(refusal('web-.*'))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "google-re2 is not installed" in said
    assert "web-*" in said


def test_re2_is_loaded_by_the_first_pattern_and_not_before() -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(TOP)!r})\nfrom hooks.rules import matching\n"
        "assert 're2' not in sys.modules; matching.Regex('a')('a'); assert 're2' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
