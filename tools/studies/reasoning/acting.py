"""Scenes acted by the synthesis: statements measured from motion instead of written by hand.

The annotated gestures of a scene are performed by a synthetic person before a synthetic camera
with an estimator's errors, and `describe` measures the result. What the hand-written statements
said about decisive and misleading evidence passes to the measured ones by time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from mgskel.core.gestures import gestures_of
from mgskel.describe import describe
from mgskel.reason.evidence import GestureRecord, StatementRecord, make_case, statements_from
from mgskel.synthesis import SynthesisSettings
from mgskel.synthesis.performance import Performance, perform
from mgskel.synthesis.programs import Programs, load_programs
from mgskel.synthesis.synthetic_recording import film
from studies.reasoning.examples import Example, Reference

_FPS = 25.0
_SETTINGS = SynthesisSettings(layout="upper")
_LONGEST_RISE = 0.35  # share of a gesture that getting there, or back, may take


@dataclass(frozen=True)
class ActedExample:
    """An example with measured statements.

    Attributes:
        left_out: labels of annotated gestures that could not be acted: no program shows them,
            or the body part was busy.
    """

    example: Example
    left_out: tuple[str, ...]


def act_example(example: Example, seed: int) -> ActedExample:
    """Perform the scene's annotated gestures and measure them."""
    rng = np.random.default_rng([seed, len(example.gestures)])
    programs = load_programs()
    performances, left_out = _performances(example.gestures, programs, rng)
    length = make_case(example.scene, (), example.gestures).duration_s + 0.5
    recording = film(
        rng, length, seed, True, performances, programs, _SETTINGS, fps=_FPS, must_show=True
    )
    document = describe(recording.sequence).to_dict()
    end = example.scene.duration_s or length
    statements = tuple(
        record.model_copy(update={"to_s": min(record.to_s, end)})
        for record in statements_from(document).records
        if record.from_s < end
    )
    return ActedExample(
        replace(example, statements=statements, reference=_by_time(example, statements)),
        tuple(left_out),
    )


def _performances(
    gestures: Sequence[GestureRecord], programs: Programs, rng: np.random.Generator
) -> tuple[list[Performance], list[str]]:
    chosen: list[Performance] = []
    left_out = []
    for gesture in gestures:
        label = next((m for m in gestures_of(gesture.label) if m in programs.labels), None)
        if label is None:
            left_out.append(gesture.label)
            continue
        program = programs.choose(label, True, rng)
        performance = _lasting(
            perform(program, programs, gesture.from_s, True, rng), gesture.duration_s
        )
        if any(_collide(performance, other) for other in chosen):
            left_out.append(gesture.label)
            continue
        chosen.append(performance)
    return chosen, left_out


def _lasting(performance: Performance, seconds: float) -> Performance:
    """The performance with the annotated length; tempo stays, cycles follow."""
    start = performance.onset_s
    rise = min(performance.apex_s - start, _LONGEST_RISE * seconds)
    fall = min(performance.end_s - performance.offset_s, _LONGEST_RISE * seconds)
    hold = seconds - rise - fall
    return replace(
        performance,
        apex_s=start + rise,
        offset_s=start + rise + hold,
        end_s=start + seconds,
        repetitions=hold * performance.tempo,
    )


def _collide(one: Performance, other: Performance) -> bool:
    overlap = min(one.end_s, other.end_s) > max(one.onset_s, other.onset_s)
    return overlap and bool(one.claims & other.claims)


def _by_time(example: Example, statements: Sequence[StatementRecord]) -> Reference:
    """The reference with measured statements in the place of written ones.

    A statement is decisive when most of it lies within a decisive gesture, misleading when
    most of it lies within a misleading one and none that is decisive.
    """
    reference = example.reference

    def within(statement: StatementRecord, ids: Sequence[str]) -> bool:
        return any(
            min(statement.to_s, gesture.to_s) - max(statement.from_s, gesture.from_s)
            > 0.5 * statement.duration_s
            for number, gesture in enumerate(example.gestures, 1)
            if f"g{number}" in ids
        )

    decisive = [s.id for s in statements if within(s, reference.decisive)]
    misleading = [
        s.id for s in statements if within(s, reference.misleading) and s.id not in decisive
    ]
    return reference.model_copy(
        update={
            "decisive": (*_without_statements(reference.decisive), *decisive),
            "misleading": (*_without_statements(reference.misleading), *misleading),
        }
    )


def _without_statements(ids: Sequence[str]) -> tuple[str, ...]:
    return tuple(one for one in ids if not one.startswith("s"))
