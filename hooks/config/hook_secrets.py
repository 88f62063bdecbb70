"""The names of the secrets that open hooks: one for all, and one for each hook that has its own."""

from __future__ import annotations

import re

ALL = "GLUEHOOK_HOOK_TOKEN"
_OWN = re.compile(rf"{ALL}_[A-Z0-9_]+")


def secret_of(hook: str) -> str:
    """The secret of this hook alone: uptime-kuma has GLUEHOOK_HOOK_TOKEN_UPTIME_KUMA."""
    return f"{ALL}_{re.sub(r'[^A-Z0-9]', '_', hook.upper())}"


def is_of_a_hook(variable: str) -> bool:
    """Whether a variable names such a secret, or the file of one."""
    return bool(_OWN.fullmatch(variable))
