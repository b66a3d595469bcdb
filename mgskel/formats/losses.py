"""What a recording knows that a plain format has no place for."""

from __future__ import annotations

import numpy as np

from mgskel.core.sequence import PoseSequence


def has_history(sequence: PoseSequence) -> bool:
    """Whether its provenance tells more than that a frame rate was assumed."""
    return any(record["step"] != "read" or set(record) - {"step", "fps"}
               for record in sequence.provenance)  # fmt: skip


def fps_assumed(sequence: PoseSequence) -> bool:
    return any("assumed" in str(record.get("fps", "")) for record in sequence.provenance)


def general_losses(
    sequence: PoseSequence, *, fps: bool = False, times: bool = False, size: bool = False
) -> list[str]:
    """Names of what would be lost, where the format keeps only the things asked for."""
    lost = []
    if not fps and not fps_assumed(sequence):
        lost.append(f"frame rate ({sequence.fps:g})")
    even = sequence.timestamps[0] + np.arange(sequence.num_frames) / sequence.fps
    if not times and not np.allclose(sequence.timestamps, even, atol=1e-3 / sequence.fps):
        lost.append("uneven timestamps")
    elif not times and abs(sequence.timestamps[0]) > 1e-9:
        lost.append("the time of the first frame")
    if not size and sequence.frame_size is not None:
        lost.append("picture size")
    if has_history(sequence):
        lost.append("provenance")
    return lost


def people_named(sequence: PoseSequence) -> bool:
    """Whether people have names of their own, not just their places."""
    return sequence.people != tuple(str(m + 1) for m in range(sequence.num_people))
