"""`mgskel extract`: options reach the settings, mistakes get one message and the right code."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from pose_clips import write_video

from mgskel.cli import main
from mgskel.core.sequence import PoseSequence
from mgskel.synthesis import synthesise_recording


def extract(*words: object) -> int:
    return main(["extract", *map(str, words), "--quiet"])


def test_options_reach_the_settings(make_clip, plugin, tmp_path: Path, capsys) -> None:
    config = tmp_path / "mine.yaml"
    config.write_text("cleaning: {min_score: 0.4}\nvideo: {end: 1.5}\n")
    words = [make_clip(), "-o", tmp_path / "out", "--estimator", "square", "-c", config]
    assert extract(*words, "--end", 0.5, "--cleaning.gaps.longest_s", 0.1, "--json",
                   "--smooth") == 0  # fmt: skip
    answer = json.loads(capsys.readouterr().out)
    assert answer["done"] == 1 and answer["clips"][0]["frames"] == 10
    sequence = PoseSequence.load(tmp_path / "out" / "clip.npz")
    steps = {record["step"]: record for record in sequence.provenance}
    assert steps["score threshold"]["min_score"] == 0.4
    assert steps["gaps"]["longest_s"] == 0.1
    assert steps["smoothing"]["cutoff_hz"] == 5
    assert steps["extract"]["video"]["end"] == 0.5


def test_main_person_one_person_everybody(plugin, tmp_path: Path, capsys) -> None:
    from pose_clips import square_pictures

    clip = write_video(tmp_path / "c.mp4", square_pictures(20))
    words = [clip, "-o", tmp_path / "out", "--estimator", "square"]
    assert extract(*words, "--all-people") == 0
    assert extract(*words, "--person", 1) == 0
    assert extract(*words, "--person", 9) == 2
    assert "no person '9'" in capsys.readouterr().err
    assert extract(*words, "--person", 1, "--all-people") == 2
    assert "not allowed with" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--estimator", "mediapip"], "did you mean 'mediapipe'"),
        (["--cleaning.min_score", "much"], "cleaning.min_score"),
        (["--video.fpss", "3"], "video.fpss"),
        (["--workers", "0"], "1 to 1024 is wanted"),
        (["--estimator", "mmpose"], "needs a config"),
        (["--face", "half"], "estimator.mediapipe.face"),
        (["--start", "5", "--end", "2"], "the part to read is empty"),
        (["-c", "nowhere.yaml"], "nowhere.yaml"),
    ],
)
def test_wrong_commands(make_clip, tmp_path: Path, capsys, words, message: str) -> None:
    assert extract(make_clip(count=2), make_clip("b.mp4", count=2), "-o", tmp_path, *words) == 2
    told = capsys.readouterr().err
    assert message in told and "Traceback" not in told


def test_bad_clips_alone_and_among_good_ones(make_clip, plugin, tmp_path: Path, capsys) -> None:
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(b"\0" * 100)
    dark = write_video(tmp_path / "dark.mp4", [np.zeros((48, 64, 3), np.uint8)] * 3)
    tail = ["-o", tmp_path / "out", "--estimator", "square"]
    assert extract(bad, *tail) == 2
    assert extract(dark, *tail) == 2
    assert extract(tmp_path / "absent.mp4", *tail) == 2
    capsys.readouterr()
    assert extract(bad, make_clip(), *tail) == 1
    told = capsys.readouterr().err
    assert "failed: bad.mp4" in told and "Traceback" not in told


def test_keypoints_of_others(make_clip, plugin, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    assert extract(make_clip(), "-o", first, "--estimator", "square") == 0
    assert extract(first / "clip.npz", "-o", second, "--estimator", "imported") == 0
    steps = [r["step"] for r in PoseSequence.load(second / "clip.npz").provenance]
    assert steps[0] == "extract" and "import" in steps


def test_keypoints_are_cut_as_clips_are_and_never_written_over_themselves(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "own" / "pose.npz"
    place.parent.mkdir()
    synthesise_recording(4, 1).sequence.save(place)
    before = place.read_bytes()
    assert extract(place, "-o", tmp_path / "late", "--start", "2", "--seconds", "1") == 0
    part = PoseSequence.load(tmp_path / "late" / "pose.npz")
    assert 0.9 < part.duration_s < 1.1 and part.start_s >= 2
    assert extract(place, "-o", tmp_path / "after", "--start", "9999") == 2
    assert "before the asked start" in "".join(capsys.readouterr())
    assert extract(place.parent, "-o", place.parent) == 2
    assert "both input and output" in capsys.readouterr().err
    assert place.read_bytes() == before and list(place.parent.iterdir()) == [place]


def test_impossible_output_folder(make_clip, plugin, tmp_path: Path, capsys) -> None:
    assert extract(make_clip(), "-o", "/dev/full/out", "--estimator", "square") == 2
    assert "cannot write" in capsys.readouterr().err


def test_estimate_says_how_long_and_does_nothing(make_clip, square, tmp_path) -> None:
    from mgskel.pose.batches.forecast import forecast

    for name in ("a.mp4", "b.mp4"):
        make_clip(f"clips/{name}", count=40)
    told = forecast([tmp_path / "clips"], tmp_path / "out", square, workers=2)
    assert (told.clips, told.frames, told.workers) == (2, 80, 2)
    assert told.seconds == pytest.approx(40 / told.frames_per_second)
    assert "2 clips, 80 frames: about 0.1 minutes" in told.line()
    assert not (tmp_path / "out").exists()
