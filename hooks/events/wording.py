"""Wording that messages share: "did you mean …?", a number with its noun, a failure without a promise.

Every message about an unknown event, field, handler, argument, rule, key, setting, container or run asks here.
A word of the opposite meaning is never suggested, however similar it is: the answer to `containers.stop` is not
`containers.start`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

# No word of the one side is an answer to a word of the other side.
_OPPOSITES = (
    ("start restart resume unpause enable", "stop halt kill die shutdown pause suspend disable"),
    ("forwarded changed open", "cleared closed gone"),
    ("healthy", "unhealthy"),
    ("restored", "lost"),
    ("loaded", "rejected"),
    ("create written", "destroy removed emptied"),
    ("connect attach mount tag handshake", "disconnect detach unmount untag stale"),
    ("load import pull", "save export push"),
    ("min first", "max last"),
)
_SIDES = [(set(one.split()), set(other.split())) for row in _OPPOSITES for one, other in (row, row[::-1])]
_VERBS = set().union(*(one for one, _ in _SIDES))
_PROMISE = re.compile(r"[;.]? [Ii]t is tried again( in [\d.]+ s, as it asks[a-z ]*)?$")
_LONGEST = 80  # characters that are compared
_SAME = 0.8  # a part of the word that is so similar to a verb is that verb, misspelt


def counted(number: int, noun: str) -> str:
    """The number and its noun: "1 rule", "2 rules"."""
    return f"{number:,} {noun}{'s' * (number != 1)}"


def did_you_mean(word: str, words: Iterable[str], form: str = "{}") -> str:
    """The question "did you mean 'container.die'?", put into `form`; "" if none of the words is similar."""
    near = nearest(word, words)
    return form.format(f"did you mean {near!r}?") if near else ""


def nearest(word: str, words: Iterable[str]) -> str:
    """The most similar of the words, without those of another kind or of the opposite meaning; "" if there is none."""
    from difflib import get_close_matches  # most processes never meet a misspelt word, and need not load it

    word = word[:_LONGEST]
    known = _same_kind(word, list(words))
    offered = {part for one in known for part in _parts(one)}
    read = {part: get_close_matches(part, offered | _VERBS, 1, _SAME) for part in _parts(word)}
    said = {verb for verbs in read.values() for verb in verbs} & _VERBS
    if said - offered or any(_undoes(part, verbs) for part, verbs in read.items()):
        return ""  # nothing here does what the word says
    opposite = set().union(*(those for these, those in _SIDES if these & said))
    near = get_close_matches(word, [one for one in known if opposite.isdisjoint(_parts(one))], 1)
    return near[0] if near else ""


def _undoes(part: str, verbs: list[str]) -> bool:
    """Whether the part is such as `unstop`, which says the opposite of the verb that it is most similar to."""
    return part.startswith("un") and any(verb in _VERBS and not verb.startswith("un") for verb in verbs)


def _same_kind(word: str, known: list[str]) -> list[str]:
    """Those that begin with the same `container.`, `port.`, … if any does."""
    kind, dot, _ = word.partition(".")
    alike = [one for one in known if dot and one.startswith(kind + dot)]
    return alike or known


def _parts(word: str) -> set[str]:
    return set(re.split(r"[._-]", word.lower()))


def without_promise(said: str) -> str:
    """A failure's sentence without "it is tried again" at its end: only the engine knows whether and when."""
    return _PROMISE.sub("", said)
