"""Numbers on a command line, within bounds: beyond them nothing useful could happen."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable

from mgskel.core.errors import shown


def whole(low: int, high: int) -> Callable[[str], int]:
    """The type of an option: a whole number from `low` to `high`."""
    inside = number(low, high)

    def read(text: str) -> int:
        value = inside(text)
        if value != int(value):
            raise argparse.ArgumentTypeError(f"a whole number is wanted, not {shown(text)}")
        return int(value)

    return read


def number(low: float, high: float) -> Callable[[str], float]:
    """The type of an option: a number from `low` to `high`."""

    def read(text: str) -> float:
        try:
            value = float(text) if text.isascii() and "_" not in text else math.nan
        except ValueError:
            value = math.nan
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(
                f"{low:.10g} to {high:.10g} is wanted, not {shown(text)}"
            )
        return value

    return read
