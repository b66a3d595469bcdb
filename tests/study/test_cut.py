"""Clips of events: cut where they lie, faces taken out, others' videos never needed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from study_cases import a_clip, a_person, an_event, unseen

from mgskel.cli import main
from mgskel.core.sequence import PoseSequence
from mgskel.report.films import faces
from mgskel.report.films.event_clips import CutSettings, cut_events
from mgskel.report.films.faces import FaceBlur
from mgskel.report.films.overlay import write_video
from mgskel.study.study_folder import About, study_clips
from mgskel.study.tables import make_tables

FPS, SIZE = 25, (640, 480)


@pytest.fixture(autouse=True)
def _without_detector(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keypoints tell where heads are; loading the detector takes seconds."""
    monkeypatch.setattr(faces, "_detector", lambda: None)


def noise(frames: int) -> list[np.ndarray]:
    """Pictures full of detail, the same all along, so that they are quickly encoded."""
    image = np.random.default_rng(0).integers(0, 255, (SIZE[1], SIZE[0], 3)).astype(np.uint8)
    return [image] * frames


def fineness(image: np.ndarray, x: int, y: int, reach: int = 20) -> float:
    """How much neighbouring pixels differ around a place."""
    part = image[y - reach : y + reach, x - reach : x + reach].astype(float)
    return float(np.abs(np.diff(part, axis=1)).mean())


@pytest.fixture
def study(tmp_path: Path) -> Path:
    folder = tmp_path / "study"
    events = [an_event("nodding", 1, 2), an_event("=touch/../x", 2.5, 3, score=0.9)]
    a_clip(folder / "one", events, a_person(4))
    video = tmp_path / "one.mp4"
    write_video(video, ((i / FPS, image) for i, image in enumerate(noise(100))), FPS, SIZE)
    About(sources={"one": str(video)}).save(folder)
    make_tables(study_clips(folder)).write(folder)
    return folder


def pictures(file: Path) -> list[np.ndarray]:
    import av

    with av.open(str(file)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def test_each_event_becomes_a_clip_of_its_length(study: Path, tmp_path: Path) -> None:
    done = cut_events(study, tmp_path / "cuts", CutSettings(padding_s=0.2, blur_faces=False))
    assert [file.parent.name for file in done.files] == ["nodding", "touch_x"]
    assert all((tmp_path / "cuts") in file.resolve().parents for file in done.files)
    assert len(pictures(done.files[0])) == pytest.approx(1.4 * FPS, abs=2)
    rows = (tmp_path / "cuts" / "cuts.csv").read_text().splitlines()
    assert rows[0].startswith("file,clip,participant") and len(rows) == 3
    assert "'=touch" in rows[2]


def test_faces_are_taken_out_and_hands_stay_clear(study: Path, tmp_path: Path) -> None:
    done = cut_events(study, tmp_path / "cuts")
    image = pictures(done.files[0])[5]
    nose, wrist, corner = (300, 100), (340, 380), (60, 60)
    assert fineness(image, *nose) < 0.3 * fineness(image, *wrist)
    assert fineness(image, *corner) < 0.3 * fineness(image, *wrist)
    clear = pictures(cut_events(study, tmp_path / "b", CutSettings(blur_faces=False)).files[0])[5]
    assert fineness(clear, *nose) > 0.7 * fineness(clear, *wrist)


def test_a_picture_in_which_no_face_is_known_is_coarse_everywhere() -> None:
    blur = FaceBlur(unseen(a_person(2)), detect=False)
    image = noise(1)[0]
    assert fineness(blur(image, 0.5), 340, 380) < 1
    assert blur.whole == 1


def test_the_detector_finds_people_whom_nobody_tracked(
    sample_clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("mediapipe")
    from mgskel.pose.video import open_source

    monkeypatch.undo()
    image = next(iter(open_source(sample_clip))).image
    blur = FaceBlur(unseen(a_person(2)))
    blurred = blur(image, 0.5)
    blur.close()
    assert blur.whole == 0 and blurred.shape == image.shape
    assert np.abs(blurred.astype(int) - image).max() > 40


def test_a_head_stays_covered_a_moment_longer_than_seen() -> None:
    sequence = a_person(4)
    scores, points = sequence.scores.copy(), sequence.keypoints.copy()
    head = list(sequence.skeleton.parts["head"])
    scores[:, 25:50, head], points[:, 25:50, head] = 0, np.nan
    gap: PoseSequence = sequence.replace(scores=scores, keypoints=points)
    blur, image = FaceBlur(gap, detect=False), noise(1)[0]
    for time_s in np.arange(0.5, 1.2, 0.04):
        assert fineness(blur(image, float(time_s)), 300, 100) < 20
    assert blur.whole == 0


def test_smaller_pictures_than_the_keypoints_are_covered_in_their_place() -> None:
    blur = FaceBlur(a_person(2), detect=False)
    image = noise(1)[0][:240, :320]
    assert fineness(blur(image, 0.5), 150, 50, 10) < 0.3 * fineness(image, 150, 50, 10)


def test_the_surest_of_some_gestures_may_be_chosen(study: Path, tmp_path: Path) -> None:
    settings = CutSettings(gestures=("nodding",), most=1)
    assert len(cut_events(study, tmp_path / "cuts", settings).files) == 1
    assert main(["cut", str(study), "--gesture", "smiling"]) == 2


def test_a_video_that_moved_is_found_in_the_media_folder(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "one.mp4").rename(tmp_path / "elsewhere" / "one.mp4")
    out = ["-o", str(tmp_path / "cuts"), "-q"]
    assert main(["cut", str(study), *out]) == 2
    assert "no longer at" in capsys.readouterr().err
    assert main(["cut", str(study), *out, "--media", str(tmp_path / "elsewhere")]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "cuts")


def test_clips_without_video_are_told_and_the_rest_is_cut(
    study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a_clip(study / "two", [an_event("nodding", 1, 2)])
    make_tables(study_clips(study)).write(study)
    assert main(["cut", str(study), "--no-blur-faces"]) == 1
    told = capsys.readouterr().err
    assert "failed: two: no video is on record" in told and "these clips show faces" in told
    assert len(list((study / "cuts").rglob("*.mp4"))) == 2
