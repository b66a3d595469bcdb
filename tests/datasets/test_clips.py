from __future__ import annotations

import numpy as np
import pytest
import torch

from mgskel.core.errors import InputError
from mgskel.core.sequence import PoseSequence
from mgskel.core.skeleton import Skeleton, get_skeleton
from mgskel.datasets.clips import ClipStore, view_times, whole_times
from mgskel.datasets.normalise import Normalisation


def test_reading_at_whole_frames_gives_the_frames(store: ClipStore) -> None:
    length = int(store.lengths[1])
    clips = store.cut(torch.tensor([1]), torch.arange(length)[None].float())
    begin, end = store.offsets[1], store.offsets[2]
    torch.testing.assert_close(clips.points[0, 0], store.points[begin:end, 0])
    torch.testing.assert_close(clips.scores[0, 0], store.scores[begin:end, 0])


def test_between_frames_lies_their_mixture(store: ClipStore) -> None:
    clips = store.cut(torch.tensor([0]), torch.tensor([[20.25]]))
    frame = int(store.offsets[0]) + 20
    expected = 0.75 * store.points[frame, 0] + 0.25 * store.points[frame + 1, 0]
    torch.testing.assert_close(clips.points[0, 0, 0], expected)


def test_nothing_is_invented_between_a_missing_and_a_seen_frame(store: ClipStore) -> None:
    last_missing = int(store.lengths[0]) // 3 - 1
    clips = store.cut(torch.tensor([0]), torch.tensor([[last_missing + 0.5, last_missing + 1.0]]))
    assert clips.mask[0, 0, :, 19].tolist() == [False, True]
    assert (clips.points[0, 0, 0, 19] == 0).all()


def test_times_never_leave_their_recording(store: ClipStore) -> None:
    clips = store.cut(torch.tensor([2]), torch.tensor([[-5.0, 1e6]]))
    begin, end = int(store.offsets[2]), int(store.offsets[3])
    torch.testing.assert_close(clips.points[0, 0, 0], store.points[begin, 0])
    torch.testing.assert_close(clips.points[0, 0, 1], store.points[end - 1, 0])


def test_views_begin_with_the_whole_and_stay_inside(store: ClipStore) -> None:
    views = view_times(store.lengths, 16, 5)
    torch.testing.assert_close(views[:, 0], whole_times(store.lengths, 16))
    assert views.shape == (4, 5, 16)
    assert (views >= 0).all()
    assert (views <= (store.lengths - 1)[:, None, None] + 1e-4).all()
    assert len({tuple(view) for view in views[1].round(decimals=3).tolist()}) == 5


def test_one_frame_fills_the_window(kinect: Skeleton) -> None:
    single = PoseSequence.from_arrays(
        np.random.default_rng(0).normal(size=(1, 1, 20, 3)), fps=30, skeleton=kinect
    )
    store = ClipStore.from_sequences([single], Normalisation())
    clips = store.cut(torch.tensor([0]), whole_times(store.lengths, 8))
    assert torch.equal(clips.points[0, 0, 0], clips.points[0, 0, 7])


def test_selection_keeps_frames_and_labels_together(store: ClipStore) -> None:
    part = store.select([3, 0])
    assert part.labels.tolist() == [1, 0]
    assert part.names == ("d", "a")
    begin = int(store.offsets[3])
    torch.testing.assert_close(part.points[:60], store.points[begin : begin + 60])


def test_people_are_filled_up_and_the_longest_seen_are_kept(kinect: Skeleton) -> None:
    points = np.random.default_rng(0).normal(size=(3, 10, 20, 3)).astype(np.float32)
    points[0, 2:] = np.nan
    crowd = PoseSequence.from_arrays(points, fps=30, skeleton=kinect)
    two = ClipStore.from_sequences([crowd], Normalisation(), people=2)
    assert two.people == 2
    assert (two.scores > 0).all()
    four = ClipStore.from_sequences([crowd], Normalisation(), people=4)
    assert not (four.scores[:, 3] > 0).any()


def test_mixed_layouts_are_refused(kinect: Skeleton) -> None:
    one = PoseSequence.from_arrays(np.zeros((1, 4, 20, 3)) + 1, fps=30, skeleton=kinect)
    other = PoseSequence.from_arrays(
        np.zeros((1, 4, 15, 2)) + 1, fps=30, skeleton=get_skeleton("jhmdb15"), source="odd one"
    )
    with pytest.raises(InputError, match="odd one"):
        ClipStore.from_sequences([one, other], Normalisation())
    with pytest.raises(InputError, match="no sequences"):
        ClipStore.from_sequences([], Normalisation())
