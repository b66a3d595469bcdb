"""One performance of a program: its ranges become numbers, larger or briefer where wanted."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from mgskel.synthesis.programs import Program, Programs, Range, channels_of, suits
from mgskel.synthesis.settings import SynthesisSettings
from mgskel.synthesis.signals import CHANNELS, Array, envelope


@dataclass(frozen=True, eq=False)
class Performance:
    """A program with all its numbers drawn."""

    program: Program
    side: str  # the acting side; for a gesture without hands, the side to which it goes
    target: str  # name of the drawn target, empty without hands
    # onset_s, apex_s, offset_s, end_s: it begins, arrives, leaves, is back
    onset_s: float
    apex_s: float
    offset_s: float
    end_s: float
    # from end to end of the movement at the target (shoulder widths), or the excursion of the first
    # body move
    amplitude: float
    amplitude_unit: str  # `shoulder_widths`, `degrees` or `share`
    tempo: float  # cycles per second, 0 where nothing repeats
    repetitions: float  # cycles, between apex and offset for hands, from onset to end for the body
    amounts: tuple[float, ...]  # excursion of each body move, in its channel's unit
    reach_across: bool  # whether the hand goes to the other side of the body
    seed: int  # for the small irregularities

    @property
    def hand_sides(self) -> tuple[str, ...]:
        """The hands that act."""
        act = self.program.hands
        if act is None:
            return ()
        return ("left", "right") if act.use == "both" else (self.side,)

    @property
    def claims(self) -> frozenset[str]:
        """What it needs for itself; performances that share a claim cannot overlap."""
        return claims_of(self.program, self.side)

    def weight(self, time: Array) -> Array:
        """The gesture's rise and fall (T,) between 0 and 1."""
        return envelope(time, self.onset_s, self.apex_s, self.offset_s, self.end_s)


def claims_of(program: Program, side: str) -> frozenset[str]:
    """Body parts that a program occupies."""
    claims: set[str] = set()
    act = program.hands
    if act is not None:
        far = "right" if side == "left" else "left"
        claims.add(f"{side}_hand")
        # Two hands need each other; a hand on the other arm needs that arm to stay.
        if act.use == "both" or any(t in _ON_OTHER_ARM for t in act.targets):
            claims.add(f"{far}_hand")
    for move in program.body:
        largest = max(abs(move.amount[0]), abs(move.amount[1]))
        for channel in channels_of(move.channel, side):
            part = _PART[channel.split("_left")[0].split("_right")[0]]
            # What only accompanies a hand is small and adds up with other movement.
            if act is None or largest >= _NOTABLE[part]:
                claims.add(part)
    return frozenset(claims)


_ON_OTHER_ARM = {"forearm", "elbow", "upper_arm", "wrist", "knuckles"}
_CHANNELS_OF = {
    "torso": ("lean", "side_lean", "twist", "pelvis_yaw", "slouch", "root_x", "root_y", "root_z"),
    "shoulders": ("shrug", "forward"),
    "head": ("head_pitch", "head_yaw", "head_roll", "neck_short", "head_forward"),
    "face": ("jaw", "lips_press", "smile", "brows", "cheeks", "blink"),
    "legs": ("knee", "heel", "cross", "foot"),
}
_PART = {channel: part for part, channels in _CHANNELS_OF.items() for channel in channels}
_NOTABLE = {"torso": 9.0, "shoulders": 0.05, "head": 15.0, "face": 0.5, "legs": 0.1}


def perform(
    program: Program,
    programs: Programs,
    start_s: float,
    seated: bool,
    rng: np.random.Generator,
    side: str | None = None,
) -> Performance:
    """Draw a performance that begins at `start_s`."""
    act = program.hands
    if act is not None and act.use in ("left", "right"):
        side = act.use
    side = side or ("left", "right")[int(rng.random() < 0.55)]
    target = ""
    if act is not None:
        fitting = [t for t in act.targets if suits(programs.target(t), seated)] or act.targets
        target = fitting[int(rng.integers(len(fitting)))]
    tempo = _draw(rng, program.tempo) if program.tempo else 0.0
    onset, hold, offset = (_draw(rng, r) for r in (program.onset, program.hold, program.offset))
    repetitions = hold * tempo
    if program.repetitions is not None:
        repetitions = _whole_cycles(program, _draw(rng, program.repetitions))
        hold = repetitions / tempo
        if act is None:
            # A waving body is under way from the first moment: rise and fall belong to the waves.
            onset, offset = min(onset, 0.45 / tempo), min(offset, 0.45 / tempo)
            hold -= onset + offset
    apex = start_s + onset
    leave = apex + hold
    amounts = tuple(_draw(rng, move.amount) for move in program.body)
    if act is not None:
        amplitude, unit = _draw(rng, program.amplitude), "shoulder_widths"
        if act.manner in ("touch", "hold"):
            amplitude = 0.0
    else:
        channel = channels_of(program.body[0].channel, side)[0]
        amplitude, unit = abs(amounts[0]), CHANNELS[channel][0]
    return Performance(
        program,
        side,
        target,
        start_s,
        apex,
        leave,
        leave + offset,
        amplitude,
        unit,
        tempo,
        repetitions,
        amounts,
        act is not None and rng.random() < act.across,
        int(rng.integers(2**31)),
    )


def _whole_cycles(program: Program, drawn: float) -> float:
    """Whole cycles for movement to one side, whole or half ones for movement to both."""
    one_sided = program.hands is None and program.body[0].wave == "pulse"
    steps = 1.0 if one_sided else 2.0
    return max(round(drawn * steps) / steps, 1.0)


def _draw(rng: np.random.Generator, between: Range) -> float:
    return float(rng.uniform(*between))


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
