"""Files of every format, damaged at random: always faults or a recording, never a traceback."""

from __future__ import annotations

import random
from pathlib import Path

import format_files as files
import pytest

from mgskel.formats import validate

NAMES = (
    "mgskel npz", "bundle", "NTU npz", "iMiGUE challenge npy", "pyskl pickle", "OpenPose JSON",
    "NW-UCLA JSON", "MMPose JSON", "COCO keypoint JSON", "MediaPipe CSV", "iMiGUE CSV", "SMG CSV",
    "NTU skeleton",
)  # fmt: skip


def damaged(good: bytes, rng: random.Random) -> bytes:
    """Cut off, with bytes changed, taken out or put in."""
    content = bytearray(good)
    place = rng.randrange(len(content))
    kind = rng.randrange(4)
    if kind == 0:
        del content[place:]
    elif kind == 1:
        for _ in range(rng.randrange(1, 8)):
            content[rng.randrange(len(content))] = rng.randrange(256)
    elif kind == 2:
        del content[place : place + rng.randrange(1, 200)]
    else:
        content[place:place] = rng.choices(b'0123456789,.-[]{}"ne \n', k=rng.randrange(1, 6))
    return bytes(content)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", NAMES)
def test_damage_never_ends_in_a_traceback(tmp_path: Path, name: str) -> None:
    path = files.write_all(tmp_path / "all")[name]
    file = sorted(path.iterdir())[3] if path.is_dir() else path
    good, rng = file.read_bytes(), random.Random(name)
    for _ in range(12):
        file.write_bytes(damaged(good, rng))
        report = validate(path)
        assert report.ok or all(fault.remedy for fault in report.faults)
