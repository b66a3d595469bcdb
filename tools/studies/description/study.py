"""Do the statements agree with the programs that made the motion? Precision and recall per kind.

Each synthetic recording is described and compared with its truth: the performances, and, since
people also move without performing anything, what the exact joints in 3-D did (`oracle`).
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import get_args

from mgskel.describe import Statement, describe
from mgskel.synthesis.settings import SynthesisSettings
from mgskel.synthesis.synthetic_recording import synthesise_recording
from mgskel.synthesis.truth import SyntheticRecording
from studies.description.expected import Excuse, Expected, expectations
from studies.description.oracle import Oracle

FEW = 30  # a share of fewer cases says little
ASKED = 0.9  # of precision and recall
_SLACK_S = 0.6  # borders of a performance are soft


@dataclass
class Score:
    """Counts of one kind.

    Attributes:
        told, right: statements, and those that a performance or the exact joints bear out.
        happened, found: performances that must be told, and those told by any right kind.
        exact: those told by this very kind.
        excused: performances that need not be told, by reason.
    """

    told: int = 0
    right: int = 0
    happened: int = 0
    found: int = 0
    exact: int = 0
    excused: Counter[str] = field(default_factory=Counter)

    def __add__(self, other: Score) -> Score:
        return Score(
            self.told + other.told, self.right + other.right, self.happened + other.happened,
            self.found + other.found, self.exact + other.exact, self.excused + other.excused,
        )  # fmt: skip

    @property
    def precision(self) -> float:
        return self.right / self.told if self.told else float("nan")

    @property
    def recall(self) -> float:
        return self.found / self.happened if self.happened else float("nan")


def compare_one(
    statements: Sequence[Statement],
    expected: Sequence[Expected],
    oracle: Oracle,
    scores: dict[str, Score],
) -> list[Statement]:
    """Add one recording to the scores; returns the statements that nothing bears out."""
    measured = [s for s in statements if s.there]
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
        if e.excuse and not e.optional:
            scores.setdefault(e.kinds[0], Score()).excused[e.excuse] += 1
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


def below(scores: Scores) -> str:
    """One sentence: the kinds that fall short of what is asked."""
    short = [
        f"{kind} ({what} {share:.2f})"
        for kind, score in sorted(scores.told.items())
        for what, share, count in (
            ("precision", score.precision, score.told), ("recall", score.recall, score.happened)
        )
        if count and share < ASKED
    ]  # fmt: skip
    return f"Below {ASKED}: {', '.join(short) or 'none'}.\n"


def excuses(scores: Scores) -> str:
    """Markdown: how many performances need not be told, by kind and reason."""
    reasons = [reason for reason in get_args(Excuse) if reason]
    rows = [
        "| kind | must be told | " + " | ".join(reasons) + " |",
        "|---|" + "---:|" * (1 + len(reasons)),
    ]
    for kind, score in sorted(scores.told.items()):
        if score.happened or score.excused:
            counts = [score.happened, *(score.excused[reason] for reason in reasons)]
            rows.append(f"| {kind} | " + " | ".join(map(str, counts)) + " |")
    return "\n".join(rows) + "\n"


def _recalls(score: Score) -> tuple[str, str]:
    very_kind = score.exact / max(score.happened, 1)
    return _share(score.recall, score.happened), _share(very_kind, score.happened)


def _share(value: float, count: int) -> str:
    return f"{value:.2f}{'*' if count < FEW else ''}" if count else ""
