"""What the performances of a synthetic recording should be told as, and which of them must be."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from mgskel.core.config import load_config
from mgskel.synthesis.truth import ProgramTruth, SyntheticRecording
from studies.description.pictured import Measure, Picture

_SEEN_SCORE = 0.55  # below, a desk or the edge hides hips
_SHOWN = 0.8  # a performance out of the picture need not be told
_ELSEWHERE = 0.03  # a hand nearer by this to another place of the head is seen there
_STROKE, _STROKES = 0.08, 2.5  # shoulder widths and cycles, from which rubbing must be told
_SLOWEST_HZ, _FASTEST_HZ = 1.0, 5.0
# Before the trunk a flat picture shows the strokes, but not whether they touch.
_STROKED = ("rubbing", "hand_strokes")
# There hands stroke along the line of sight, or their finger tips hardly move.
_DEEP = ("ear", "meeting_lap", "meeting_belly", "meeting_chest")

Excuse = Literal["", "too small", "out of the picture", "nearer to another place",
                 "small in the picture"]  # fmt: skip


@dataclass(frozen=True)
class Movement:
    """Which kinds tell a body movement, and from which size and number on they must.

    Attributes:
        channel, least: what moves in synthesis, and how far at least.
        shows, pictured: what that moves in the picture (see `Picture`), and how far at least.
    """

    kinds: tuple[str, ...]
    channel: str
    least: float
    shows: Measure
    pictured: float
    times: float = 0.0


@dataclass(frozen=True)
class StudyTruth:
    """Content of `study_truth.yaml`."""

    targets: Mapping[str, tuple[str, ...]]
    hidden_targets: Mapping[str, tuple[str, ...]]
    movements: Mapping[str, Movement]
    needs: Mapping[str, tuple[str, ...]]
    focus: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Expected:
    """One thing that happened: `kinds` tell it rightly; it must be told unless there is an excuse.

    What is only right where it is told has `optional`.
    """

    kinds: tuple[str, ...]
    sides: tuple[str, ...]
    from_s: float
    to_s: float
    excuse: Excuse = ""
    optional: bool = False

    @property
    def must(self) -> bool:
        return not self.optional and not self.excuse


@functools.cache
def study_truth() -> StudyTruth:
    truth = load_config(StudyTruth, Path(__file__).with_name("study_truth.yaml"))
    return dataclasses.replace(
        truth,
        targets={name: _or_head(kinds) for name, kinds in truth.targets.items()},
        hidden_targets={name: _or_head(kinds) for name, kinds in truth.hidden_targets.items()},
    )


def _or_head(kinds: tuple[str, ...]) -> tuple[str, ...]:
    """A hand at a place of the head is also at the head; "the head or the neck" is of that kind."""
    near_head = {"hand_to_face", "hand_to_hair", "hand_to_neck"} & set(kinds)
    return (*kinds, "hand_to_head") if near_head else kinds


def expectations(recording: SyntheticRecording) -> list[Expected]:
    """What the performances of a recording should be told as."""
    picture = Picture(recording.clean)
    return [e for truth in recording.truth for e in expected_of(truth, recording, picture)]


def expected_of(
    truth: ProgramTruth, recording: SyntheticRecording, picture: Picture
) -> list[Expected]:
    table = study_truth()
    shown = truth.visible >= _SHOWN and _in_picture(recording, truth, table.needs)
    unseen: Excuse = "" if shown else "out of the picture"
    sides = (truth.side, "both") if truth.side in ("left", "right") else ("left", "right", "both")
    sides = (*sides, "none")
    at = (truth.apex_s, truth.offset_s)
    expected = []
    if kinds := table.targets.get(truth.target):
        covered = picture.nearer_elsewhere(truth, kinds) > _ELSEWHERE
        excuse = unseen or ("nearer to another place" if covered else "")
        expected.append(Expected(kinds, sides, *at, excuse))
    if kinds := table.hidden_targets.get(truth.target):
        expected.append(Expected(kinds, sides, *at, optional=True))
    if truth.repetitions >= 1 and truth.manner not in ("", "hold", "touch"):
        told = truth.manner in ("rub", "scratch") and truth.target in table.targets
        excuse = unseen if _strokes_show(truth, recording.sequence.fps) else "too small"
        expected.append(Expected(_STROKED, sides, *at, excuse, optional=not told))
    if movement := table.movements.get(truth.label):
        expected.append(_of_movement(truth, movement, unseen, picture))
    return expected


def _strokes_show(truth: ProgramTruth, fps: float) -> bool:
    large = truth.amplitude >= _STROKE and truth.repetitions >= _STROKES
    fastest = min(_FASTEST_HZ, fps / 5)  # five pictures of each stroke to and fro
    return large and truth.target not in _DEEP and _SLOWEST_HZ <= truth.tempo_hz <= fastest


def _in_picture(
    recording: SyntheticRecording, truth: ProgramTruth, needs: Mapping[str, tuple[str, ...]]
) -> bool:
    """Whether the picture holds what a performance is told by, besides the hand."""
    size = recording.clean.frame_size
    joints = needs.get(truth.target or truth.label)
    if joints is None or size is None:
        return True
    times = recording.clean.timestamps
    at = (times >= truth.apex_s) & (times <= truth.offset_s)
    far = "right" if truth.side == "left" else "left"
    names = [name.replace("far_", f"{far}_") for name in joints]
    which = [recording.clean.skeleton.index(name) for name in names]
    points = recording.clean.keypoints[0, at][:, which]
    seen = recording.sequence.scores[0, at][:, which] >= _SEEN_SCORE
    inside = (points[..., :2] >= 0).all(-1) & (points[..., :2] < np.array(size)).all(-1)
    return bool((inside & seen).mean() >= _SHOWN)


def _of_movement(
    truth: ProgramTruth, movement: Movement, unseen: Excuse, picture: Picture
) -> Expected:
    size = dict(truth.moves).get(movement.channel, 0.0)
    # A swing that repeats moves half as far to each side as it is long.
    excuse: Excuse = ""
    if abs(size) < movement.least or truth.repetitions < movement.times:
        excuse = "too small"
    elif unseen:
        excuse = unseen
    elif picture.excursion(truth, movement.shows) < movement.pictured:
        excuse = "small in the picture"
    return Expected(
        movement.kinds, ("left", "right", "both", "none"), truth.onset_s, truth.end_s, excuse
    )
