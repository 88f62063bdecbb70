"""Named groups of the regular expression in `line` of a container.log: `${event.NAME}` in the steps and key of a rule.

They belong to a rule and an event together, so they are read where a template is filled in, and stored nowhere.
"""

from __future__ import annotations

from hooks.rules import linear_regex
from hooks.rules.matching import AnyOf, Match, Regex

LOG = "container.log"


def names(match: Match | None) -> frozenset[str]:
    """The groups that every text has that passes this match."""
    match match:
        case Regex(pattern):
            return linear_regex.group_names(pattern)
        case AnyOf(options):
            return frozenset.intersection(*map(names, options))
    return frozenset()


def captured(match: Match | None, line: str) -> dict[str, str]:
    """The text of each group that has taken part in the match; of several regular expressions, the first that fits."""
    match match:
        case Regex(pattern):
            return linear_regex.captured(pattern, line)
        case AnyOf(options):
            return next((captured(option, line) for option in options if option(line)), {})
    return {}
