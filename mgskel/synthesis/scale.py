"""Programs made smaller, larger, briefer or longer: for studies of what can still be seen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mgskel.synthesis.programs import Program, Range
from mgskel.synthesis.settings import SynthesisSettings


def scaled(program: Program, settings: SynthesisSettings, rng: np.random.Generator) -> Program:
    """The program with its movements and times scaled by factors from the settings' ranges."""
    if {settings.amplitude, settings.duration, settings.lasting} == {(1.0, 1.0)}:
        return program
    size = float(rng.uniform(*settings.amplitude))
    time = float(rng.uniform(*settings.duration))
    stay = float(rng.uniform(*settings.lasting))

    def by(values: Range, factor: float, least: float = 0.0) -> Range:
        return max(values[0] * factor, least), max(values[1] * factor, least)

    return replace(
        program,
        amplitude=by(program.amplitude, size),
        body=tuple(
            replace(move, amount=(move.amount[0] * size, move.amount[1] * size))
            for move in program.body
        ),
        tempo=None if program.tempo is None else by(program.tempo, 1.0 / time),
        onset=by(program.onset, time, 0.08),
        hold=by(program.hold, time * stay),
        repetitions=None if program.repetitions is None else by(program.repetitions, stay, 1.0),
        offset=by(program.offset, time, 0.08),
    )
