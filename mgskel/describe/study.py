"""Do the statements agree with the programs that made the motion? Precision and recall per kind.

Each synthetic recording is described and compared with its truth: the performances, and, since
people also move without performing anything, what the exact joints in 3-D did (`oracle`).
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mgskel.config import load_config
from mgskel.data.synthesis.recording import synthesise_recording
from mgskel.data.synthesis.settings import SynthesisSettings
from mgskel.data.synthesis.truth import ProgramTruth, SyntheticRecording
from mgskel.describe.measurements import describe
from mgskel.describe.oracle import Oracle
from mgskel.describe.statements import Statement

FEW = 30  # a share of fewer cases says little
_SLACK_S = 0.6  # borders of a performance are soft
_SEEN_SCORE = 0.55  # below, a desk or the edge hides hips
_SHOWN = 0.8  # a performance out of the picture need not be told
_PASSING = ("approaching", "leaving", "near", "undecided")


@dataclass(frozen=True)
class Movement:
    """Which kinds tell a body movement, and from which size and number on they must."""

    kinds: tuple[str, ...]
    channel: str
    least: float
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
    """One thing that happened: `kinds` tell it rightly; `must` it be told?"""

    kinds: tuple[str, ...]
    sides: tuple[str, ...]
    from_s: float
    to_s: float
    must: bool


@dataclass
class Score:
    """Counts of one kind.

    Attributes:
        told, right: statements, and those that a performance or the exact joints bear out.
        happened, found: performances that must be told, and those told by any right kind.
        exact: those told by this very kind.
    """

    told: int = 0
    right: int = 0
    happened: int = 0
    found: int = 0
    exact: int = 0

    def __add__(self, other: Score) -> Score:
        return Score(*(a + b for a, b in zip(self._counts, other._counts, strict=True)))

    @property
    def _counts(self) -> tuple[int, ...]:
        return self.told, self.right, self.happened, self.found, self.exact

    @property
    def precision(self) -> float:
        return self.right / self.told if self.told else float("nan")

    @property
    def recall(self) -> float:
        return self.found / self.happened if self.happened else float("nan")


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
    return [e for truth in recording.truth for e in _expected(truth, recording)]


def _expected(truth: ProgramTruth, recording: SyntheticRecording) -> list[Expected]:
    table = study_truth()
    shown = truth.visible >= _SHOWN and _in_picture(recording, truth, table.needs)
    sides = (truth.side, "both") if truth.side in ("left", "right") else ("left", "right", "both")
    expected = []
    if kinds := table.targets.get(truth.target):
        expected.append(Expected(kinds, (*sides, "none"), truth.apex_s, truth.offset_s, shown))
    if kinds := table.hidden_targets.get(truth.target):
        expected.append(Expected(kinds, (*sides, "none"), truth.apex_s, truth.offset_s, False))
    repeats = truth.repetitions >= 1 and truth.manner not in ("", "hold", "touch")
    if repeats:
        plain = truth.manner in ("rub", "scratch") and truth.target in table.targets
        large = truth.amplitude >= 0.08 and truth.repetitions >= 2.5
        in_plane = truth.target not in ("ear", "meeting_lap", "meeting_belly", "meeting_chest")
        fast = min(5.0, recording.sequence.fps / 5)  # five pictures of each stroke to and fro
        must = shown and plain and large and in_plane and 1.0 <= truth.tempo_hz <= fast
        expected.append(
            Expected(("rubbing",), (*sides, "none"), truth.apex_s, truth.offset_s, must)
        )
    if movement := table.movements.get(truth.label):
        expected.append(_of_movement(truth, movement, shown))
    return expected


def _in_picture(
    recording: SyntheticRecording, truth: ProgramTruth, needs: Mapping[str, tuple[str, ...]]
) -> bool:
    """Whether the picture holds what the place is told by, besides the hand."""
    size = recording.clean.frame_size
    joints = needs.get(truth.target)
    if joints is None or size is None:
        return True
    times = recording.clean.timestamps
    at = (times >= truth.apex_s) & (times <= truth.offset_s)
    which = [recording.clean.skeleton.index(name) for name in joints]
    points = recording.clean.keypoints[0, at][:, which]
    seen = recording.sequence.scores[0, at][:, which] >= _SEEN_SCORE
    inside = (points[..., :2] >= 0).all(-1) & (points[..., :2] < np.array(size)).all(-1)
    return bool((inside & seen).mean() >= _SHOWN)


def _of_movement(truth: ProgramTruth, movement: Movement, shown: bool) -> Expected:
    size = dict(truth.moves).get(movement.channel, 0.0)
    large = abs(size) >= movement.least and truth.repetitions >= movement.times
    # A swing that repeats moves half as far to each side as it is long.
    return Expected(
        movement.kinds, ("left", "right", "both", "none"), truth.onset_s, truth.end_s,
        shown and large,
    )  # fmt: skip


def compare_one(
    statements: Sequence[Statement],
    expected: Sequence[Expected],
    oracle: Oracle,
    scores: dict[str, Score],
) -> list[Statement]:
    """Add one recording to the scores; returns the statements that nothing bears out."""
    measured = [s for s in statements if s.category not in _PASSING]
    kinds = {kind for e in expected for kind in e.kinds} | {"rubbing"}
    wrong = []
    for statement in measured:
        if statement.kind not in kinds and statement.kind not in oracle.KINDS:
            continue
        score = scores.setdefault(statement.kind, Score())
        score.told += 1
        right = any(_tells(statement, e) for e in expected) or oracle.bears_out(statement)
        score.right += right
        if not right:
            wrong.append(statement)
    for e in expected:
        if e.must:
            score = scores.setdefault(e.kinds[0], Score())
            score.happened += 1
            telling = {s.kind for s in measured if _tells(s, e)}
            score.found += bool(telling)
            score.exact += e.kinds[0] in telling
    return wrong


def _tells(statement: Statement, expected: Expected) -> bool:
    if statement.kind not in expected.kinds or statement.side not in expected.sides:
        return False
    overlap = min(statement.to_s, expected.to_s + _SLACK_S) - max(
        statement.from_s, expected.from_s - _SLACK_S
    )
    return overlap >= 0.3 * min(statement.duration_s, expected.to_s - expected.from_s)


@dataclass(frozen=True)
class Scores:
    """Per kind: with the estimator's errors, and from the exact projection of the same people."""

    told: Mapping[str, Score]
    exact: Mapping[str, Score]


def study(
    seeds: Iterable[int],
    seconds: float,
    settings: SynthesisSettings | None = None,
) -> dict[str, Score]:
    """Scores per kind over recordings of the given seeds."""
    scores: dict[str, Score] = {}
    for seed in seeds:
        study_one(seed, seconds, settings or SynthesisSettings(), scores)
    return scores


def study_one(
    seed: int,
    seconds: float,
    settings: SynthesisSettings,
    scores: dict[str, Score],
    exact_scores: dict[str, Score] | None = None,
) -> tuple[SyntheticRecording, list[Statement]]:
    """One recording's part of the study, and its statements that nothing bears out.

    Args:
        exact_scores: where given, also from the recording without the estimator's errors: what
            the view itself allows.
    """
    recording = synthesise_recording(seconds, seed, settings)
    in_metres = synthesise_recording(seconds, seed, dataclasses.replace(settings, space="camera"))
    oracle, expected = Oracle(in_metres.clean), expectations(recording)
    if exact_scores is not None:
        compare_one(describe(recording.clean).statements, expected, oracle, exact_scores)
    wrong = compare_one(describe(recording.sequence).statements, expected, oracle, scores)
    return recording, wrong


def table(scores: Scores) -> str:
    """Markdown, one row per kind; counts below `FEW` are marked with an asterisk."""
    rows = [
        "| kind | told | precision | happened | recall | by this very kind "
        "| exact view: precision | recall | by this very kind |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for kind in sorted({*scores.told, *scores.exact}):
        seen, exact = scores.told.get(kind, Score()), scores.exact.get(kind, Score())
        cells = [str(seen.told), _share(seen.precision, seen.told), str(seen.happened)]
        cells += [*_recalls(seen), _share(exact.precision, exact.told), *_recalls(exact)]
        rows.append(f"| {kind} | " + " | ".join(cells) + " |")
    return "\n".join(rows) + "\n"


def _recalls(score: Score) -> tuple[str, str]:
    very_kind = score.exact / max(score.happened, 1)
    return _share(score.recall, score.happened), _share(very_kind, score.happened)


def _share(value: float, count: int) -> str:
    return f"{value:.2f}{'*' if count < FEW else ''}" if count else ""
