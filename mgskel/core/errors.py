"""Errors that a user can act on: what was expected, what was found, what to do.

An `InputError` is one; `Faults` are all those of a file, each with its place and its remedy.

Anything raised from here reaches the command line as one message and an exit code;
anything else is a bug of ours and keeps its traceback.
"""

from __future__ import annotations

import difflib
import reprlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from mgskel.core.machine.extras import install_command

_SHOWN = 8
_WIDEST = 800
_LONGEST = 36
_MOST_FAULTS = 1000


class MgskelError(Exception):
    """What went wrong, as a plain sentence, where (file, line, key, frame, joint), what would have
    been right, what was there instead, and what the user can do."""

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
        lines = printable(self.message).splitlines() or [""]
        if self.place is not None:
            lines[0] = f"{printable(self.place)}: {lines[0]}"
        for label in ("expected", "found", "remedy"):
            value = getattr(self, label)
            if value is not None:
                lines += f"  {label}: {printable(value)}".splitlines()
        return on_a_screen("\n".join(lines))

    def __reduce__(self) -> tuple[object, ...]:
        # Errors cross process borders (workers), keyword arguments included.
        return (_rebuild, (type(self), self.__dict__.copy()))


def _rebuild(kind: type[MgskelError], state: dict[str, object]) -> MgskelError:
    error = kind.__new__(kind)
    Exception.__init__(error, state["message"])
    error.__dict__.update(state)
    return error


def printable(text: object) -> str:
    """Text as a screen may show it: nothing that moves the cursor or reorders the letters."""
    words = _cut(str(text), _LONGEST * _WIDEST)
    return "".join(c if c.isprintable() or c == "\n" else ascii(c)[1:-1] for c in words)


def on_a_screen(text: str) -> str:
    """A message of at most a screen, whatever it tells of."""
    lines = printable(text).splitlines()
    if len(lines) > _LONGEST:
        lines[_LONGEST:] = ["  ..."]
    return "\n".join(_cut(line, _WIDEST) for line in lines)


def shown(value: object, most: int = 60) -> str:
    """A value of somebody's file in a message: however large or deep it is, a few words."""
    try:
        return _cut(printable(_repr(most).repr(value)), most)
    except ValueError:  # a whole number with more digits than Python writes
        return f"{type(value).__name__} of too many digits"


def listed(names: Iterable[object], most: int = 10) -> str:
    """The first names of many, and how many more there are."""
    known = [printable(name) for name in names]
    more = f" and {len(known) - most} more" if len(known) > most else ""
    return ", ".join(_cut(name, 60) for name in known[:most]) + more


def _repr(most: int) -> reprlib.Repr:
    short = reprlib.Repr()
    short.maxstring = short.maxother = short.maxlong = most
    return short


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 3]}..."


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


@dataclass(frozen=True)
class Fault:
    """One fault: where it is, what would be right, what is there, what to do."""

    place: str
    expected: str
    found: str
    remedy: str

    def to_dict(self) -> dict[str, str]:
        return asdict(self)

    def __str__(self) -> str:
        lines = (f"{name}: {text}" for name, text in list(self.to_dict().items())[1:])
        return "\n    ".join(_cut(line, _WIDEST) for line in (self.place, *lines))


class InvalidFile(InputError):
    """A file that can't be used as it is; `faults` holds all that was found."""

    def __init__(self, path: str | Path, faults: tuple[Fault, ...]) -> None:
        self.faults = faults
        self.path = path
        count = "a fault" if len(faults) == 1 else f"{len(faults)} faults"
        lines = [f"  - {fault}" for fault in faults[:_SHOWN]]
        if len(faults) > _SHOWN:
            lines.append(f"  - and {len(faults) - _SHOWN} more ('mgskel validate' lists all)")
        super().__init__(f"{path}: {count}\n" + "\n".join(lines))


class Faults:
    """Collects the faults of one file while it is read.

    A fault that *stops* leaves the data unusable or its meaning unsure; reading fails on it.
    Others are told by `mgskel validate` and do no harm to reading.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = path
        self._all: list[Fault] = []
        self._stopping = 0

    def add(
        self, place: str, expected: object, found: object, remedy: str, *, stops: bool = True
    ) -> None:
        said = (_cut(printable(text), _WIDEST) for text in (place, expected, found, remedy))
        self._all.append(Fault(*said))
        self._stopping += stops
        if self._stopping > _MOST_FAULTS:  # nothing of such a file is what it should be
            raise InvalidFile(self.path, self.all)

    def add_error(self, error: MgskelError, place: object = None) -> None:
        """Add what another reader says, unless it told it already."""
        if isinstance(error, InvalidFile) and error.path == self.path:
            return
        self.add(
            str(place or error.place or self.path),
            error.expected or "a readable recording",
            error.message + (f": {error.found}" if error.found is not None else ""),
            error.remedy or "correct the file",
        )

    def stop(self, place: str, expected: object, found: object, remedy: str) -> InvalidFile:
        """Add a fault after which nothing more can be read; raise what this returns."""
        self.add(place, expected, found, remedy)
        return InvalidFile(self.path, self.all)

    def raise_if_stopping(self) -> None:
        """Refuse the file if anything found so far makes it unusable."""
        if self._stopping:
            raise InvalidFile(self.path, self.all)

    @property
    def all(self) -> tuple[Fault, ...]:
        return tuple(self._all)

    @property
    def stopping(self) -> bool:
        return self._stopping > 0

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[Fault]:
        return iter(self._all)
