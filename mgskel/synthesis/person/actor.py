"""An actor: a body, its rest and its performances become 3-D joints over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mgskel.synthesis.performance import Performance
from mgskel.synthesis.person.gesture_motion import add_body_moves, add_hand_moves
from mgskel.synthesis.person.hands import arm_points
from mgskel.synthesis.person.physique import Physique, Trunk, head_points, leg_points, pose_trunk
from mgskel.synthesis.person.rest import Temper, rest_channels, rest_hand, sample_habit
from mgskel.synthesis.person.walks import add_walks
from mgskel.synthesis.programs import Programs
from mgskel.synthesis.signals import SIDES, Array, Channels, HandTrack, poisson_times

_PIECE = 2048  # frames worked on at a time: memory stays small, arrays stay in the cache


@dataclass(frozen=True, eq=False)
class Acting:
    """The solved course of a recording, before joints are laid out."""

    body: Physique
    channels: Channels  # the trunk's, head's and legs' motion within limits
    trunk: Trunk
    tracks: dict[str, HandTrack]  # where the hands go
    time: Array


def act(
    rng: np.random.Generator,
    body: Physique,
    temper: Temper,
    performances: Sequence[Performance],
    programs: Programs,
    time: Array,
    fps: float,
    walks: float = 0.0,
) -> Acting:
    """Rest with the performances on top of it; a share `walks` of people come, and leave."""
    shifts = _shifts(rng, temper, performances, time)
    channels = rest_channels(rng, body, temper, time, fps, shifts)
    add_body_moves(channels, performances, time, fps)
    add_walks(rng, channels, time, body.seated, walks, performances)
    channels = channels.limited()
    trunk = pose_trunk(body, channels)
    habit = sample_habit(rng, body)
    tracks = {
        side: rest_hand(rng, body, trunk, temper, side, time, fps, shifts, habit) for side in SIDES
    }
    add_hand_moves(tracks, performances, programs, body, trunk, time, fps)
    return Acting(body, channels, trunk, tracks, time)


def _shifts(
    rng: np.random.Generator, temper: Temper, performances: Sequence[Performance], time: Array
) -> Array:
    """Posture shifts at random, but not in the midst of a gesture, which they would disguise."""
    times = time[0] + poisson_times(rng, temper.shifts_hz, float(time[-1] - time[0]))
    busy = [(p.onset_s - 1.8, p.end_s) for p in performances]
    return np.array([t for t in times if not any(a <= t <= b for a, b in busy)])


def joints(acting: Acting, names: Sequence[str]) -> Array:
    """World positions (T, V, 3), in metres, of the named joints."""
    frames = len(acting.time)
    out = np.empty((frames, len(names), 3), dtype=np.float32)
    for start in range(0, frames, _PIECE):
        piece = slice(start, min(start + _PIECE, frames))
        points = _points(acting, piece)
        out[piece] = np.stack([points[name] for name in names], axis=1) * acting.body.metres
    return out


def _points(acting: Acting, piece: slice) -> dict[str, Array]:
    channels = Channels(0)
    channels.values = acting.channels.values[piece]
    trunk = acting.trunk.piece(piece)
    points = head_points(acting.body, channels, trunk)
    points |= leg_points(acting.body, channels, trunk)
    for side in SIDES:
        points |= arm_points(acting.body, trunk, side, acting.tracks[side].piece(piece))
    return points
