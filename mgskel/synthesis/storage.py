"""Synthetic recordings on disk: keypoints, events for tables and ELAN, and the truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from mgskel.core.config import from_dict
from mgskel.core.errors import InputError
from mgskel.core.events import write_events
from mgskel.core.files import read_json, write_json
from mgskel.synthesis.truth import ProgramTruth, SyntheticRecording

SCHEMA = "mgskel-synthesis-truth/1"


def save_recording(
    folder: str | Path, name: str, recording: SyntheticRecording, *, clean: bool = False
) -> tuple[Path, ...]:
    """Write NAME.npz, NAME.csv, NAME.eaf and NAME.truth.json; the paths written.

    Args:
        clean: also write NAME.clean.npz, the keypoints without the estimator's errors.
    """
    place = Path(folder)
    paths = [place / f"{name}{ending}" for ending in (".npz", ".csv", ".eaf", ".truth.json")]
    recording.sequence.save(paths[0])
    write_events(paths[1], recording.events)
    write_events(paths[2], recording.events)
    write_truth(paths[3], recording.truth)
    if clean:
        paths.append(place / f"{name}.clean.npz")
        recording.clean.save(paths[-1])
    return tuple(paths)


def write_truth(path: str | Path, truth: Sequence[ProgramTruth]) -> None:
    write_json(path, {"schema": SCHEMA, "truth": [asdict(gesture) for gesture in truth]})


def read_truth(path: str | Path) -> tuple[ProgramTruth, ...]:
    tree = read_json(path, "truth file")
    if not isinstance(tree, dict) or tree.get("schema") != SCHEMA:
        raise InputError("this is no truth of a synthetic recording", place=path,
                         expected=f"a JSON object with schema {SCHEMA}")  # fmt: skip
    return tuple(
        from_dict(ProgramTruth, entry, f"{path}, gesture {number}")
        for number, entry in enumerate(tree.get("truth", []))
    )
