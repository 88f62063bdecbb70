"""Whatever the process of an owner's handler sends is a message, or an error that says what it is."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hooks.own_handlers.channel import ChannelError, Lines


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (b"\n", "no JSON"),
        (b"\xff\xfe\n", "no JSON"),
        (b"[1]\n", "no table"),
        (b"null\n", "no table"),
        (b"[" * 100_000 + b"\n", "no JSON"),
        (b'{"a":' * 100_000 + b"\n", "no JSON"),
        (b"9" * 5000 + b"\n", "no JSON"),
    ],
    ids=["empty", "bytes", "list", "null", "deep-list", "deep-table", "long-number"],
)
def test_what_is_no_message_is_named(sent: bytes, said: str) -> None:
    lines = Lines()
    lines.add(sent)
    with pytest.raises(ChannelError, match=said):
        lines.next()


ANY = st.binary(max_size=200) | st.text('[]{}:,"\\\n0-e', max_size=80).map(str.encode)


@settings(max_examples=100, derandomize=True, database=None, deadline=None)
@given(ANY)
def test_any_bytes_are_messages_or_a_channel_error(sent: bytes) -> None:
    lines = Lines()
    lines.add(sent + b"\n")
    with suppress(ChannelError):
        assert isinstance(lines.next(), dict)
