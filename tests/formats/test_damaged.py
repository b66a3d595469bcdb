"""Files of every format, changed at random: always faults or a recording, never a surprise.

`make fuzz` runs the same for minutes.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

import format_files as files
import pytest
from mutations import changes_for

from mgskel.formats import validate
from mgskel.formats.format import UNFORESEEN

SECONDS = float(os.environ.get("MGSKEL_FUZZ_SECONDS", 0))
SEED = os.environ.get("MGSKEL_FUZZ_SEED", "")
NAMES = (
    "mgskel npz", "bundle", "NTU npz", "iMiGUE challenge npy", "pyskl pickle", "OpenPose JSON",
    "NW-UCLA JSON", "MMPose JSON", "COCO keypoint JSON", "MediaPipe CSV", "iMiGUE CSV", "SMG CSV",
    "NTU skeleton", "long CSV",
)  # fmt: skip


def rounds(few: int) -> Iterator[int]:
    """A few in the suite; as many as fit into the time that `make fuzz` gives."""
    begun = time.monotonic()
    number = 0
    while number < few or time.monotonic() - begun < SECONDS:
        yield number
        number += 1


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.filterwarnings("ignore::SyntaxWarning")
@pytest.mark.parametrize("name", NAMES)
def test_damage_never_ends_in_a_traceback(tmp_path: Path, name: str) -> None:
    path = files.write_all(tmp_path / "all")[name]
    file = sorted(path.iterdir())[3] if path.is_dir() else path
    good, rng = file.read_bytes(), random.Random(name + SEED)
    changes = changes_for(file.name, good)
    for number in rounds(16):
        content = rng.choice(changes)(good, rng)
        file.write_bytes(content)
        begun = time.monotonic()
        report = validate(path)
        assert time.monotonic() - begun < 5, number
        assert report.ok or all(fault.remedy for fault in report.faults)
        # The last net is not there to be needed.
        assert not any(UNFORESEEN in fault.found for fault in report.faults), report.faults
