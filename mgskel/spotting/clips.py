"""Cut clips, which have no past: the first frame is held before them.

Before any recording `Following` holds the first frame for the network alone. A clip is too short
to show what is usual, so here the frame is held for scale and usual places too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mgskel.core.sequence import PoseSequence
from mgskel.spotting.reach import STRIDE

if TYPE_CHECKING:
    from mgskel.spotting.spotter import Spotter, Track


def clip_tracks(spotter: Spotter, sequence: PoseSequence) -> Iterator[Track]:
    """What the network makes of each person of a clip, in the clip's own moments."""
    still = spotter.quick.reach.past // STRIDE + 1
    length_s = still * spotter.step_s
    for track in spotter.tracks(with_still_past(sequence, length_s)):
        yield replace(
            track,
            scores=track.scores[:, still:],
            served=track.served[:, still:],
            start_s=track.start_s + length_s,
        )


def with_still_past(sequence: PoseSequence, length_s: float) -> PoseSequence:
    """The sequence after `length_s` seconds in which its first frame is held."""
    if sequence.num_frames == 0:
        return sequence
    count = max(int(np.ceil(length_s * sequence.fps)), 1)
    before = sequence.timestamps[0] - length_s * np.arange(count, 0, -1) / count
    return sequence.replace(
        keypoints=np.concatenate(
            [np.repeat(sequence.keypoints[:, :1], count, axis=1), sequence.keypoints], axis=1
        ),
        scores=np.concatenate(
            [np.repeat(sequence.scores[:, :1], count, axis=1), sequence.scores], axis=1
        ),
        timestamps=np.concatenate([before, sequence.timestamps]),
    )
