"""The measurement on real people, on made-up ones."""

import json

import numpy as np
import pytest
from benchmarks import real

from mgskel.core.errors import InputError
from mgskel.core.recording import Dataset, Recording
from mgskel.formats import write
from mgskel.synthesis import synthesise_clip, synthesise_recording


def test_labels_are_judged_by_what_they_mean(tmp_path, capsys):
    clips = [synthesise_clip("touch-neck", seed).sequence for seed in (1, 2)]
    rest = [synthesise_recording(6, 3).sequence.crop(0, 2)]
    names = ("sore throat", "no hand detected", "water")
    sequences = enumerate(zip([*clips, *rest, *rest], (0, 0, 1, 2), strict=True))
    recordings = [Recording(sequence, f"clip {i}", label) for i, (sequence, label) in sequences]
    write(tmp_path / "real_symptoms.npz", Dataset(recordings, class_names=names))

    assert real.main(["--data", str(tmp_path), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    rows = {row["label"]: row for row in answer["sets"]["real_symptoms"]}
    assert [rows[name]["kind"] for name in names] == ["gesture", "nothing", "open"]
    assert rows["sore throat"]["n"] == 2
    assert rows["sore throat"]["event"] <= rows["sore throat"]["group"]
    assert rows["sore throat"]["first"] <= rows["sore throat"]["first_three"]
    assert answer["summary"]["event"] == rows["sore throat"]["event"]
    assert answer["summary"]["silent"] == rows["no hand detected"]["silent"]


def test_a_face_is_put_on_still_shoulders(tmp_path):
    columns = [f"{joint.upper()}_{axis}" for joint in real._HEAD_JOINTS for axis in "XY"]
    face = np.tile(np.linspace(0.4, 0.6, 12), (120, 1)).astype(np.float32)
    np.savez(tmp_path / "head_motion.npz", feature_names=np.array(columns),
             nodding=face, turning=face, stationary=face)  # fmt: skip
    clips = real.clips_by_label(tmp_path / "head_motion.npz")
    assert {label: len(found) for label, found in clips.items()} == dict.fromkeys(
        ("nodding", "turning", "stationary"), 2
    )
    clip = clips["nodding"][0]
    assert np.ptp(clip.joint("left_shoulder")[0], axis=0).max() == 0
    assert clip.joint("neck")[0, 0, 1] > clip.joint("nose")[0, 0, 1]


def test_a_folder_without_the_sets_is_refused(tmp_path):
    with pytest.raises(InputError, match="none of the real sets"):
        real.main(["--data", str(tmp_path)])
