"""Recordings that somebody annotated: keypoints, and events beside them."""

from __future__ import annotations

from pathlib import Path

from mgskel.core.errors import InputError
from mgskel.core.events import read_events
from mgskel.core.recording import Recording
from mgskel.core.sequence import PoseSequence
from mgskel.spotting.metrics import check_reference

_ANNOTATIONS = (".eaf", ".csv", ".json")


def annotated_recordings(folder: Path) -> list[Recording]:
    """Recordings NAME.npz of a folder with annotations NAME.eaf, .csv or .json."""
    if not folder.is_dir():
        raise InputError(f"no folder {folder}", expected="recordings with annotations")
    found, alone = [], []
    for pose in sorted(folder.glob("*.npz")):
        beside = [pose.with_suffix(ending) for ending in _ANNOTATIONS]
        events = next((path for path in beside if path.exists()), None)
        if events is None:
            alone.append(pose.name)
            continue
        sequence = PoseSequence.load(pose)
        truth = read_events(events)
        check_reference(truth, sequence.start_s + sequence.duration_s, sequence.start_s)
        found.append(Recording(sequence, pose.stem, events=truth))
    if not found:
        raise InputError(
            "no annotated recordings",
            place=folder,
            expected="pairs such as interview1.npz (from 'mgskel extract') and interview1.eaf",
            found=f"without annotation: {', '.join(alone[:5])}" if alone else "no .npz files",
            remedy="see docs/howto/annotate-and-finetune.md",
        )
    return found
