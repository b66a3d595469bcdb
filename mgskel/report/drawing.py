"""The colours of groups of gestures, and what reads well on them."""

from __future__ import annotations

from collections.abc import Iterable

# Told apart by people of every colour vision.
_PALETTE = (
    "#0072b2",
    "#e69f00",
    "#009e73",
    "#cc79a7",
    "#d55e00",
    "#56b4e9",
    "#b8a800",
    "#7a6fb0",
)


def group_colours(groups: Iterable[str]) -> dict[str, str]:
    """One colour per group, in the order of their names."""
    names = sorted(set(groups))
    return {name: _PALETTE[index % len(_PALETTE)] for index, name in enumerate(names)}


def ink_on(colour: str) -> str:
    """Black or white, whichever reads better on a colour (WCAG relative luminance)."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#000000" if (luminance + 0.05) / 0.05 > 1.05 / (luminance + 0.05) else "#ffffff"
