"""Output is cut where no secret can be cut in half."""

from __future__ import annotations

from handlers.shared.output import Tail, cut


def test_no_word_is_cut_in_half() -> None:
    assert cut("one  two\nthree", 20) == "one two three"
    assert cut("one two three", 10) == "one two …"
    assert cut("x" * 400) == " …"
    assert cut("\x1b[31mred\x1b[0m") == "�[31mred�[0m"


def test_only_the_end_is_kept_and_no_line_without_its_beginning() -> None:
    tail = Tail(10)
    for piece in (b"first\n", b"second\n", b"third\n"):
        tail.add(piece)
    assert (tail.text, tail.last_line()) == ("third\n", "third")
    tail.add(b"z" * 50)
    assert (tail.text, tail.last_line()) == ("", "")


def test_what_is_no_text_is_shown_as_far_as_it_is() -> None:
    tail = Tail()
    tail.add(b"\xff\0ok")
    assert tail.last_line() == "\ufffdok"
