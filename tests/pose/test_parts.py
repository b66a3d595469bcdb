"""A long clip in parts gives what it gives in one piece, and parts that are done are kept."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from pose_clips import SquareEstimator

from mgskel.core.errors import PartFailed
from mgskel.pose.batches import parts
from mgskel.pose.batches.clip_list import find_clips
from mgskel.pose.batches.parts import Parts, load_observed, save_observed
from mgskel.pose.extract import ExtractSettings, extract
from mgskel.pose.frames import VideoSettings
from mgskel.pose.observe import observe
from mgskel.pose.tracking import PeopleSettings


@pytest.fixture
def inline(monkeypatch) -> None:
    """Parts are done one after the other in this process."""
    from mgskel.pose.batches.workers import Inline

    monkeypatch.setattr(parts, "create_engine", lambda *_: Inline())


@pytest.mark.parametrize("video", [VideoSettings(), VideoSettings(fps=7, start=0.4, end=3.3)])
def test_parts_are_the_whole(make_clip, square, tmp_path, inline, video: VideoSettings) -> None:
    """To the last number, for an estimator that judges each picture by itself."""
    path = make_clip(count=80)
    settings = dataclasses.replace(square, video=video)
    (clip,) = find_clips([path], tmp_path / "out")
    split = Parts(tmp_path / "out", 2, length_s=1.0, warm_up_s=0.4).of(clip, video)
    assert split is not None
    result = split.extract(clip, settings).sequence
    whole = extract(path, settings=settings).sequence
    np.testing.assert_array_equal(result.timestamps, whole.timestamps)
    np.testing.assert_array_equal(result.keypoints, whole.keypoints)
    assert result.people == whole.people
    assert result.provenance[0]["split"]["parts"] > 2
    assert not list((tmp_path / "out").iterdir())


def test_a_short_clip_stays_whole(make_clip, tmp_path) -> None:
    (clip,) = find_clips([make_clip()], tmp_path / "out")
    assert Parts(tmp_path / "out", 2).of(clip, VideoSettings()) is None


def test_parts_that_are_done_are_not_done_again(
    make_clip, square, tmp_path, inline, monkeypatch
) -> None:
    (clip,) = find_clips([make_clip(count=80)], tmp_path / "out")
    split = Parts(tmp_path / "out", 2, length_s=1.0, warm_up_s=0.0)
    looked: list[float] = []

    def once(*args):
        if len(looked) == 2:
            looked.append(-1)
            raise RuntimeError("killed")
        looked.append(args[2].start or 0.0)
        return observe(*args)

    monkeypatch.setattr(parts, "observe", once)
    with pytest.raises(PartFailed, match="killed"):
        split.extract(clip, square)
    split.extract(clip, square)
    assert looked == [0, 1, -1, 2, 3]


def test_what_was_observed_is_stored_whole(make_clip, tmp_path) -> None:
    seen = observe(make_clip(), SquareEstimator(), VideoSettings(), "all")
    first = dataclasses.replace(seen.people[0][0], run=3, glimpsed=True)
    seen = dataclasses.replace(seen, people=((first,), (), *seen.people[2:]))
    save_observed(seen, tmp_path / "part.npz")
    again = load_observed(tmp_path / "part.npz")
    assert again.times == seen.times and again.size == seen.size and again.notes == seen.notes
    assert again.skeleton == seen.skeleton and again.people[1] == ()
    assert (again.people[0][0].run, again.people[0][0].glimpsed) == (3, True)
    np.testing.assert_array_equal(again.people[5][0].keypoints, seen.people[5][0].keypoints)


def test_only_parts_with_glimpses_of_who_is_kept_are_looked_at_again(
    make_clip, square: ExtractSettings, tmp_path, inline, monkeypatch
) -> None:
    (clip,) = find_clips([make_clip(count=80)], tmp_path / "out")
    asked: list[tuple[float, str]] = []

    def glimpsing(path, model, video, keep, progress):
        begin = video.start or 0.0
        asked.append((begin, keep))
        seen = observe(path, model, video, keep, progress)
        people = [
            tuple(dataclasses.replace(one, glimpsed=keep != "all" and begin == 2) for one in found)
            for found in seen.people
        ]
        return dataclasses.replace(seen, people=tuple(people))

    monkeypatch.setattr(parts, "observe", glimpsing)
    Parts(tmp_path / "out", 2, length_s=1.0, warm_up_s=0.0).extract(
        clip, dataclasses.replace(square, people=PeopleSettings())
    )
    assert asked == [(0, "main"), (1, "main"), (2, "main"), (3, "main"), (2, "all")]
