"""What a pose estimator is, how one registers itself, and how one is chosen by name.

An estimator gets RGB pictures and answers with the people it found in each. Each stands in one
file that registers it; see `mgskel.pose.estimators` for ours. One of another package is found by
the entry point group ``mgskel.estimators``, one in a single file by ``FILE.py:NAME``::

    @estimator("brightest", settings=Brightness)
    class BrightestSpot:
        def __init__(self, settings: Brightness, threads: int | None = None) -> None: ...
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol, TypeVar, runtime_checkable

import numpy as np

from mgskel.core.config import from_dict, to_dict
from mgskel.core.errors import InputError, unknown
from mgskel.core.registry import Registry
from mgskel.core.skeleton import Skeleton
from mgskel.core.storage.files import file_hash

Made = TypeVar("Made", bound=Callable[..., Any])
Options = TypeVar("Options")


@dataclass(frozen=True, eq=False)
class Detection:
    """One person in one picture.

    Attributes:
        keypoints: (V, 2) float32, x and y in pixels of the picture given; NaN where unknown.
        scores: (V,) float32 in 0..1; 0 where unknown.
        run: where the estimator follows people from picture to picture itself, the number of the
            unbroken run on this person; a number is never used again.
        glimpsed: the estimator looked at somebody else more closely: this tells where the person
            is, not what the person does.
    """

    keypoints: np.ndarray
    scores: np.ndarray
    run: int | None = None
    glimpsed: bool = False


@runtime_checkable
class Estimator(Protocol):
    """Pictures in, people out.

    Attributes:
        skeleton: the layout of every detection.
        batch_size: how many pictures it likes to get at once.
        identity: name, versions, weights' hash, settings: whatever changes the numbers.

    It may have `notes`, sentences about the clip just seen, such as people it could not follow,
    and `attend(keep)`, which says before each clip who is asked for (see `people.choose`), so that
    it may answer others by `glimpsed` detections.
    """

    skeleton: Skeleton
    batch_size: int
    identity: Mapping[str, Any]

    def reset(self) -> None:
        """Forget earlier pictures: a new clip begins."""

    def estimate(self, images: Sequence[np.ndarray]) -> list[list[Detection]]:
        """The people in each (H, W, 3) uint8 RGB picture, one list per picture.

        A failure raises; an empty list means that nobody is there.
        """

    def close(self) -> None:
        """Let go of models and threads."""


def option(default: Any, name: str, help: str, metavar: str | None = None) -> Any:
    """A field of an estimator's settings that has an option of its own in `mgskel extract`."""
    return field(default=default, metadata={"option": name, "help": help, "metavar": metavar})


@dataclass(frozen=True)
class NoSettings:
    """The settings of an estimator that has none."""


@dataclass(frozen=True)
class EstimatorEntry:
    """A registered estimator.

    Attributes:
        create: makes one from its settings and a number of threads (none: its own choice).
        settings: a dataclass whose fields all have defaults.
        identity: what changes the numbers, told from the settings without loading a model.
    """

    name: str
    create: Callable[[Any, int | None], Estimator]
    settings: type[Any]
    identity: Callable[[Any], Mapping[str, Any]]


ESTIMATORS: Registry[EstimatorEntry] = Registry(
    "estimator", "mgskel.pose.estimators", "mgskel.estimators"
)


def estimator(
    name: str,
    settings: type[Options] | type[NoSettings] = NoSettings,
    identity: Callable[[Options], Mapping[str, Any]] | None = None,
) -> Callable[[Made], Made]:
    """Register the class (or function) below as an estimator.

    It is called with its settings and a number of threads. Without an `identity` of its own, one
    is known by its name, its settings and the content of its file.
    """

    def register(made: Made) -> Made:
        told = identity or (lambda options: _identity(name, made, options))
        ESTIMATORS.register(name, EstimatorEntry(name, made, settings, told), origin=made)
        return made

    return register


@dataclass(frozen=True)
class EstimatorSettings:
    """Which estimator, and its settings (by default its own defaults).

    In a config file each estimator's settings stand under its name; those of the others are
    checked and ignored.
    """

    name: str = "mediapipe"
    options: Any = None

    @property
    def entry(self) -> EstimatorEntry:
        return ESTIMATORS.get(self.name)

    @property
    def chosen(self) -> Any:
        """The options, or the estimator's defaults."""
        return self.entry.settings() if self.options is None else self.options

    @classmethod
    def from_tree(cls, tree: Any, path: tuple[str, ...], place: str) -> EstimatorSettings:
        """As `mgskel.core.config` reads it."""
        if not isinstance(tree, Mapping):
            raise InputError("'estimator' holds a name and settings", place=place, found=repr(tree))
        name = str(tree.get("name", cls.name))
        chosen = ESTIMATORS.get(name).name
        options = None
        for key, section in tree.items():
            if key == "name":
                continue
            if key not in ESTIMATORS:
                known = ("name", *ESTIMATORS.names())
                raise unknown("key", ".".join((*path, str(key))), known, place)
            read = from_dict(ESTIMATORS.get(key).settings, section, place, (*path, str(key)))
            options = read if key == chosen else options
        return cls(name, options)

    def to_tree(self) -> dict[str, Any]:
        return {"name": self.name, self.entry.name: to_dict(self.chosen)}


def create_estimator(
    settings: EstimatorSettings = EstimatorSettings(), threads: int | None = None
) -> Estimator:
    """The estimator of that name, ready to run, on so many threads (by default its own choice)."""
    made = settings.entry.create(settings.chosen, threads)
    if not isinstance(made, Estimator):
        raise InputError(
            f"estimator '{settings.name}' does not keep to the protocol",
            expected="skeleton, batch_size, identity, reset(), estimate(), close()",
            found=type(made).__name__,
            remedy="see docs/howto/own-estimator.md",
        )
    return made


def estimator_identity(settings: EstimatorSettings) -> dict[str, Any]:
    """What changes the numbers, known without loading a model (weights enter by their hash)."""
    return dict(settings.entry.identity(settings.chosen))


def _identity(name: str, made: Callable[..., Any], options: Any) -> dict[str, Any]:
    file = getattr(sys.modules.get(made.__module__), "__file__", None)
    code = file_hash(file) if file else ""
    return {"name": name, "code": code, "settings": asdict(options)}
