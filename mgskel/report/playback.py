"""What a player shows of a recording, ready beside its keypoints: a long one opens at once."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from mgskel.core.errors import Faults, InputError
from mgskel.core.sequence import PoseSequence
from mgskel.core.storage.files import write_json
from mgskel.core.storage.intake import read_json
from mgskel.core.storage.npz import contents_key
from mgskel.core.version import __version__
from mgskel.report.player import player_data
from mgskel.report.timeline import timeline_data

PLAYBACK = "playback.json"


def playback(
    pose: Path, whole_picture: bool, recording: PoseSequence | None = None
) -> dict[str, Any]:
    """Skeleton and strips of a timeline as they lie beside `pose`; made where they do not.

    Args:
        whole_picture: show the whole frame, as a video beside the skeleton does.
        recording: what `pose` holds, where that is loaded already.
    """
    of = [__version__, contents_key(pose, Faults(pose)), whole_picture]
    path = pose.with_name(PLAYBACK)
    with suppress(InputError):
        ready = read_json(path)
        if isinstance(ready, dict) and ready.pop("of", None) == of:
            return ready
    recording = recording or PoseSequence.load(pose)
    made = {
        "duration_s": recording.start_s + recording.duration_s,
        "player": player_data(recording, None, whole_picture),
        **timeline_data(recording, (), (), None),
    }
    with suppress(InputError):  # a study may lie where nothing can be written
        write_json(path, {"of": of, **made})
    return made
