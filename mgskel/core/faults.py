"""What is wrong with a file: several faults at once, each with its place and its remedy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from mgskel.core.errors import InputError

_SHOWN = 20


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
        return (
            f"{self.place}\n    expected: {self.expected}\n    found: {self.found}"
            f"\n    remedy: {self.remedy}"
        )


class InvalidFile(InputError):
    """A file that can't be used as it is; `faults` holds all that was found."""

    def __init__(self, path: str | Path, faults: tuple[Fault, ...]) -> None:
        self.faults = faults
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
        self._all.append(Fault(place, str(expected), str(found), remedy))
        self._stopping += stops

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
