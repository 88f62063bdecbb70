"""The few parts of a page that are made here and not in a template, because there are hundreds of them."""

from __future__ import annotations

from collections.abc import Mapping

from markupsafe import Markup

_HEIGHTS: Mapping[str, tuple[int, int]] = {"well": (7, 6), "plain": (7, 6), "unknown": (8, 4), "risk": (4, 12)}


def band_height(tone: str) -> Markup:
    """The place of a span in its band: what is not well is higher, so that it is seen without colour, too."""
    top, height = _HEIGHTS.get(tone, (0, 20))
    return Markup('y="{}" height="{}"').format(top, height)
