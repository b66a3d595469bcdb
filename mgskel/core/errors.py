"""Errors that a user can act on: what was expected, what was found, what to do.

Anything raised from here reaches the command line as one message and an exit code;
anything else is a bug of ours and keeps its traceback.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from mgskel.core.extras import install_command


class MgskelError(Exception):
    """A failure with a place, an expectation, a finding and a remedy.

    Args:
        message: what went wrong, as a plain sentence.
        expected: what would have been right.
        found: what was there instead.
        remedy: what the user can do.
        place: where in the input (file, line, key, frame, joint).
    """

    exit_code = 2

    def __init__(
        self,
        message: str,
        *,
        expected: object = None,
        found: object = None,
        remedy: str | None = None,
        place: object = None,
    ) -> None:
        self.message = message
        self.expected = expected
        self.found = found
        self.remedy = remedy
        self.place = place
        super().__init__(message)

    def __str__(self) -> str:
        lines = [self.message if self.place is None else f"{self.place}: {self.message}"]
        for label in ("expected", "found", "remedy"):
            value = getattr(self, label)
            if value is not None:
                lines.append(f"  {label}: {value}")
        return "\n".join(lines)

    def __reduce__(self) -> tuple[object, ...]:
        # Errors cross process borders (workers), keyword arguments included.
        return (_rebuild, (type(self), self.__dict__.copy()))


def _rebuild(kind: type[MgskelError], state: dict[str, object]) -> MgskelError:
    error = kind.__new__(kind)
    Exception.__init__(error, state["message"])
    error.__dict__.update(state)
    return error


class InputError(MgskelError):
    """The input or the command is wrong."""


class MissingDependency(MgskelError):
    """A package that this step needs is not installed."""

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        super().__init__(
            f"{purpose} needs the package '{package}', which is not installed",
            remedy=f"{install_command(extra)}  ('mgskel doctor' shows what else is missing)",
        )


class PartFailed(MgskelError):
    """A part failed; everything else is done and kept."""

    exit_code = 1


def nearest(word: str, choices: Iterable[str]) -> str | None:
    """The choice that `word` was probably meant to be, if any is close."""
    known = list(choices)
    folded = {choice.lower(): choice for choice in known}
    found = difflib.get_close_matches(word.lower(), folded, n=1, cutoff=0.5)
    return folded[found[0]] if found else None


def unknown(kind: str, word: str, choices: Iterable[str], place: object = None) -> InputError:
    """The error for a name that is not among the known ones, naming the nearest right one."""
    known = list(choices)
    guess = nearest(word, known)
    return InputError(
        f"unknown {kind} '{word}'",
        expected="one of " + ", ".join(known),
        found=repr(word),
        remedy=f"did you mean '{guess}'?" if guess else None,
        place=place,
    )
