"""The numbers that decide what a description says: typed, and changeable by a YAML file.

Each stands, with its reason, in a frozen dataclass beside the code that uses it. The class is
registered under the name of its section in the file::

    @limits("head")
    @dataclass(frozen=True)
    class HeadLimits:
        hold_min_s: float = 0.4

Lengths are in shoulder widths (about 0.36 m between the shoulder joints of an adult), angles in
degrees, times in seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

from mgskel.core.config import from_dict, read_yaml_config, to_dict
from mgskel.core.errors import unknown
from mgskel.core.registry import Registry

Limits = TypeVar("Limits")
SECTIONS: Registry[type] = Registry(
    "section of thresholds", "mgskel.describe.detectors", "mgskel.statements"
)


@dataclass(frozen=True)
class Band:
    """Asserted from `enter`, kept until `leave`; between the two nothing new is asserted, so that
    a value near a border gives no claim instead of a doubtful one."""

    enter: float
    leave: float

    def raised_by(self, noise: float) -> Band:
        return Band(self.enter + noise, self.leave + noise)


def limits(section: str) -> Callable[[type[Limits]], type[Limits]]:
    """Register a dataclass of thresholds, all with defaults, as a section of threshold files."""

    def registered(kind: type[Limits]) -> type[Limits]:
        SECTIONS.register(section, kind)
        return kind

    return registered


class Thresholds:
    """All thresholds: the defaults, save of the sections given.

    ::

        Thresholds(HeadLimits(hold_min_s=1.0)).of(HeadLimits).hold_min_s
    """

    def __init__(self, *changed: object) -> None:
        self._changed = {type(section): section for section in changed}

    def of(self, kind: type[Limits]) -> Limits:
        return cast(Limits, self._changed.get(kind) or kind())

    @classmethod
    def load(cls, path: str | Path) -> Thresholds:
        """From a YAML file with the sections and numbers that are to differ."""
        changed: list[object] = []
        for name, tree in read_yaml_config(Path(path)).items():
            if name not in SECTIONS:
                raise unknown("section of thresholds", name, SECTIONS.names(), path)
            changed.append(from_dict(SECTIONS.get(name), tree, place=f"{path}, {name}"))
        return cls(*changed)

    def to_dict(self) -> dict[str, Any]:
        """Every section with its numbers, as a file may hold them."""
        return {name: to_dict(self.of(SECTIONS.get(name))) for name in SECTIONS.names()}
