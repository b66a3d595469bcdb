"""Coming before the camera and leaving it: the whole body moves and turns, and it is no gesture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mgskel.synthesis.performance import Performance
from mgskel.synthesis.signals import Array, Channels, minimum_jerk

# How early a way may have begun before the recording, and how late in it; how long it takes.
_FROM_S, _LASTS_S = (-1.2, 1.5), (0.7, 2.5)
_MARGIN_S = 0.3
_STEPS_HZ = (1.5, 2.1)


def add_walks(
    rng: np.random.Generator,
    channels: Channels,
    time: Array,
    seated: bool,
    share: float,
    performances: Sequence[Performance],
) -> None:
    """Let a share of people come into place at the beginning, and leave it at the end (in place).

    None is under way while the body performs: a way would disguise that.
    """
    busy = [(p.onset_s - _MARGIN_S, p.end_s + _MARGIN_S) for p in performances if not p.hand_sides]
    for coming in (True, False):
        if rng.random() >= share:
            continue
        lasts = float(rng.uniform(*_LASTS_S))
        first = float(rng.uniform(*_FROM_S))
        start = time[0] + first if coming else time[-1] - first - lasts
        if not any(a < start + lasts and start < b for a, b in busy):
            _go(rng, channels, time, start, lasts, coming, seated)


def _go(
    rng: np.random.Generator,
    channels: Channels,
    time: Array,
    start: float,
    lasts: float,
    coming: bool,
    seated: bool,
) -> None:
    """From another place, another way round, to the usual one, or back to it."""
    side = 1.0 if rng.random() < 0.5 else -1.0
    # Whoever comes from the left faces to the right, mostly.
    facing = -side if rng.random() < 0.8 else side
    turned = facing * rng.uniform(15.0, 90.0)
    if seated:  # a chair that rolls and turns, somebody who leans to the camera
        away = {"root_x": side * rng.uniform(0.0, 0.6), "root_z": rng.uniform(-0.7, 0.4),
                "lean": rng.uniform(0.0, 30.0)}  # fmt: skip
    else:
        away = {"root_x": side * rng.lognormal(-0.2, 0.6), "root_z": rng.uniform(-2.0, 0.5),
                "lean": rng.uniform(0.0, 12.0)}  # fmt: skip

    def left(late: float) -> Array:
        """How much of the way is left (T,), 1 to 0, of what moves somewhat later."""
        done = minimum_jerk((time - start) / lasts - late)
        return 1.0 - done if coming else done

    for name, amount in away.items():
        channels[name][:] += amount * left(0.0)
    channels["pelvis_yaw"][:] += turned * left(rng.uniform(-0.3, 0.3))
    # The eyes are at the goal before the body.
    channels["head_yaw"][:] -= rng.uniform(0.0, 0.7) * turned * left(rng.uniform(-0.3, 0.3))
    if not seated:
        moving = 4.0 * left(0.0) * (1.0 - left(0.0))
        phase = 2.0 * np.pi * rng.uniform(*_STEPS_HZ) * time + rng.uniform(0.0, 2.0 * np.pi)
        channels["root_y"][:] += rng.uniform(0.02, 0.06) * moving * np.sin(phase)
        channels["root_x"][:] += rng.uniform(0.01, 0.04) * moving * np.sin(phase / 2.0)
