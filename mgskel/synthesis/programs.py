"""Micro-gestures as small declarative programs, from `core/gestures.yaml` and users' own files.

A program says which point of a hand goes where on the body, what it does there, how the rest of
the body moves along, and in which time. Every number is a range; one performance draws from it.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from mgskel.core.config import from_dict
from mgskel.core.errors import InputError, unknown
from mgskel.core.gestures import known_gestures
from mgskel.core.storage.intake import read_yaml
from mgskel.synthesis.person.hands import contact_point, posture
from mgskel.synthesis.signals import CHANNELS

Range = tuple[float, float]
Point = tuple[float, float, float]
Frame = Literal["head", "chest", "pelvis", "other_forearm", "other_upper_arm", "other_hand"]
Manner = Literal[
    "touch", "hold", "rub", "scratch", "tap", "stroke", "circle", "fiddle", "wave", "illustrate"
]
Use = Literal["one", "both", "left", "right"]
Wave = Literal["hold", "swing", "pulse", "settle"]
Posture = Literal["any", "seated", "standing"]

_TARGETS = Path(__file__).with_name("targets.yaml")
# Programs name the side by its role; `near` is the acting hand's side.
_ROLES = ("near", "far", "both")
LATERAL = ("side_lean", "twist", "pelvis_yaw", "root_x", "head_yaw", "head_roll")


@dataclass(frozen=True)
class Target:
    """A place on the body or in the air. x points to the acting hand's side, y up, z forward."""

    # the part that carries it. `head` has its origin between the ears, `chest` between the
    # shoulders, `pelvis` between the hips; along another limb, x runs from its upper (0) to its
    # lower end (1), and y, z lie off it (outwards, forward)
    frame: Frame
    at: Point  # the place, in shoulder widths
    # the direction of the body's surface there; the palm turns against it
    faces: Point = (0.0, 0.0, 1.0)
    posture: Posture = "any"  # whether seated or standing people have it there, or both
    along: Point | None = None  # where the fingers must point there, whatever the program says


@dataclass(frozen=True)
class HandAct:
    """What a hand does."""

    targets: tuple[str, ...]  # names of targets, one of which is drawn
    use: Use = "one"  # one hand (either), both, or a given one
    contact: str = "fingertips"  # the part of the hand that touches
    fingers: str = "relaxed"  # finger posture at the target
    manner: Manner = "touch"  # what happens there
    # direction of rubbing and the like (x to the acting side, y up, z forward)
    direction: Point = (1.0, 0.0, 0.0)
    # along, palm: where fingers and palm point (palm: against the target's surface by default)
    along: Point = (-0.4, 0.8, -0.4)
    palm: Point | None = None
    pole: Point = (0.55, -0.80, -0.30)  # where the elbow points
    via: Point = (0.10, 0.0, 0.20)  # a detour on the way there and back
    across: float = 0.0  # share of performances with the hand of the other side (reaching across)
    opposed: bool = False  # both hands move against one another
    apart: Point = (0.0, 0.0, 0.0)  # where the second hand lies beside the first one
    wander: float = 0.03  # how far performances scatter around the target
    freedom: float = 0.3  # how far the directions of fingers, palm and elbow scatter


@dataclass(frozen=True)
class Move:
    """How a channel of the body moves along."""

    # a channel, with `_near`, `_far` or `_both` for `_left` and `_right`. Sideways channels are
    # positive towards the acting side
    channel: str
    amount: Range  # range of its largest excursion, in the channel's unit
    # `hold` follows the gesture's rise and fall, `swing` oscillates about it to both sides, `pulse`
    # oscillates to one side, `settle` rises and then fades slowly
    wave: Wave = "hold"
    lag: float = 0.0  # share of a cycle by which it comes later


@dataclass(frozen=True)
class Program:
    """One way to perform one class of gesture."""

    label: str = ""  # class in the vocabulary; the program's name by default
    hands: HandAct | None = None  # what the hands do, or none
    # what else moves; for a gesture without hands, the first is the main movement
    body: tuple[Move, ...] = ()
    # range of the movement at the target from end to end, in shoulder widths (hands only)
    amplitude: Range = (0.02, 0.05)
    tempo: Range | None = None  # cycles per second at the target or of the body's waves
    # cycles; with them the time at the apex follows from the tempo
    repetitions: Range | None = None
    # onset, hold, offset: seconds to get there, to stay, to get back
    onset: Range = (0.3, 0.7)
    hold: Range = (0.3, 1.3)
    offset: Range = (0.3, 0.7)
    chance: float = 1.0  # relative frequency among the programs of the same class
    posture: Posture = "any"  # whether seated or standing people do it, or both
    micro: bool = True  # whether it counts as a micro-gesture
    name: str = ""


@dataclass(frozen=True)
class Programs:
    """All known programs and targets."""

    programs: Mapping[str, Program]
    targets: Mapping[str, Target] = field(default_factory=dict)

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(program.label for program in self.programs.values()))

    def of(self, label: str) -> tuple[Program, ...]:
        """The programs of a class."""
        found = tuple(p for p in self.programs.values() if p.label == label)
        if not found:
            raise unknown("synthetic gesture", label, self.labels)
        return found

    def target(self, name: str) -> Target:
        return self.targets[name]

    def choose(self, label: str, seated: bool, rng: np.random.Generator) -> Program:
        """A program of the class that suits the posture, by chance."""
        return drawn([p for p in self.of(label) if suits(p, seated)] or self.of(label), rng)


def drawn(programs: Sequence[Program], rng: np.random.Generator) -> Program:
    weights = np.array([program.chance for program in programs])
    return programs[int(rng.choice(len(programs), p=weights / weights.sum()))]


def suits(needed: Program | Target, seated: bool) -> bool:
    return needed.posture in ("any", "seated" if seated else "standing")


def channels_of(channel: str, side: str) -> tuple[str, ...]:
    """The body channels that a program's channel means for an acting side."""
    stem, _, role = channel.rpartition("_")
    if role not in _ROLES:
        return (channel,)
    far = "right" if side == "left" else "left"
    sides = {"near": (side,), "far": (far,), "both": ("left", "right")}[role]
    return tuple(f"{stem}_{chosen}" for chosen in sides)


def load_programs(*paths: str | Path) -> Programs:
    """The package's programs and the user's; a later file may replace an earlier program."""
    known = _shipped()
    for path in paths:
        known = _merged(known, read_yaml(path, "program file"), str(path))
    return known


@functools.cache
def _shipped() -> Programs:
    programs = {
        name: {"label": gesture.name, "micro": gesture.micro, **program}
        for gesture in known_gestures().values()
        for name, program in gesture.performed.items()
    }
    tree = {"targets": read_yaml(_TARGETS, "targets"), "programs": programs}
    return _merged(Programs({}, {}), tree, "the gestures of the package")


def _merged(known: Programs, tree: Any, place: str) -> Programs:
    if not isinstance(tree, Mapping) or not set(tree) <= {"targets", "programs"}:
        raise InputError(
            "a program file holds 'programs' and, if needed, 'targets'",
            place=place,
            expected="targets: {name: {frame, at}}, programs: {name: {...}}",
            found=", ".join(map(str, tree)) if isinstance(tree, Mapping) else type(tree).__name__,
            remedy="docs/howto/own-gestures.md shows a complete file",
        )
    targets = dict(known.targets)
    for name, value in (tree.get("targets") or {}).items():
        targets[str(name)] = from_dict(Target, value, f"{place}, target {name}")
    programs = dict(known.programs)
    for name, value in (tree.get("programs") or {}).items():
        where = f"{place}, program {name}"
        program = from_dict(Program, {"label": name, **(value or {}), "name": name}, where)
        _check(program, targets, where)
        programs[str(name)] = program
    return Programs(programs, targets)


def _check(program: Program, targets: Mapping[str, Target], place: str) -> None:
    if program.hands is None and not program.body:
        raise InputError("the program moves nothing", place=place, expected="hands or body")
    act = program.hands
    if act is not None:
        if not act.targets:
            raise InputError("the hand has no target", place=place, expected="targets: [name]")
        for name in act.targets:
            if name not in targets:
                raise unknown("target", name, targets, place)
        try:
            contact_point(act.contact, posture(act.fingers))
        except InputError as error:
            error.place = place
            raise
    for move in program.body:
        for channel in channels_of(move.channel, "left"):
            if channel not in CHANNELS:
                raise unknown("channel of the synthetic body", move.channel, CHANNELS, place)
    for key in ("amplitude", "tempo", "onset", "repetitions", "hold", "offset"):
        value: Range | None = getattr(program, key)
        if value is not None and not 0 <= value[0] <= value[1]:
            raise InputError(
                f"'{key}' is not a range",
                place=place,
                found=list(value),
                expected="[lowest, highest], not negative",
            )
    if program.repetitions is not None and program.tempo is None:
        raise InputError("repetitions need a tempo", place=place, expected="tempo: [low, high]")
    if min(program.onset[0], program.offset[0]) < 0.05:
        raise InputError(
            "no body moves that fast",
            place=place,
            expected="onset and offset of at least 0.05 seconds",
        )
