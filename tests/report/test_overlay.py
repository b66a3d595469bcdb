"""The overlay plays, is as long as the recording, and shows nobody unless asked to."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("cv2")

from mgskel.core.errors import InputError
from mgskel.core.sequence import PoseSequence
from mgskel.core.skeleton import get_skeleton
from mgskel.report.films.overlay import write_overlay

LAYOUT = get_skeleton("coco17")
SIZE = (160, 121)  # an odd height, which H.264 does not take


def sequence(frames: int = 12, people: int = 1) -> PoseSequence:
    rng = np.random.default_rng(2)
    pose = rng.uniform(30, 100, (people, 1, LAYOUT.num_joints, 2))
    points = np.repeat(pose, frames, axis=1)
    points[:, :, :, 0] += np.arange(frames)[:, None]
    points[:, 3] = np.nan
    times = np.cumsum(np.where(np.arange(frames) % 2, 0.04, 0.08))
    return PoseSequence.from_arrays(
        points, fps=16, skeleton=LAYOUT, frame_size=SIZE, timestamps=times
    )


def clip(path: Path, frames: int = 12) -> Path:
    """Vivid stripes: fine detail that no blur may leave."""
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=16, options={"crf": "5"})
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        for _ in range(frames + 10):
            picture = np.zeros((120, 160, 3), np.uint8)
            picture[:, ::4] = 255
            picture[:, 1::4] = 255
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    return path


def decode(path: Path) -> tuple[list[np.ndarray], list[float], str]:
    import av

    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        frames = [(f.to_ndarray(format="rgb24"), float(f.time)) for f in container.decode(stream)]
        return [f for f, _ in frames], [t for _, t in frames], stream.codec_context.name


def test_it_plays_at_the_recordings_own_times(tmp_path: Path) -> None:
    recording = sequence()
    write_overlay(recording, tmp_path / "o.mp4")
    pictures, times, codec = decode(tmp_path / "o.mp4")
    assert codec == "h264" and len(pictures) == 12
    np.testing.assert_allclose(times, recording.timestamps - recording.timestamps[0], atol=1e-3)
    content = (tmp_path / "o.mp4").read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")  # a browser can begin at once


def test_points_are_where_they_should_be(tmp_path: Path) -> None:
    recording = sequence()
    write_overlay(recording, tmp_path / "o.mp4")
    pictures, _, _ = decode(tmp_path / "o.mp4")
    x, y = np.round(recording.keypoints[0, 0, LAYOUT.index("nose")]).astype(int)
    ground = np.median(pictures[0].reshape(-1, 3), axis=0)
    assert np.abs(pictures[0][y - 1 : y + 2, x - 1 : x + 2] - ground).max() > 60
    assert np.abs(pictures[3].astype(int) - ground).max() < 30  # nobody in that frame


@pytest.mark.parametrize("ground", ["blank", "blur", "picture"])
def test_only_on_request_is_anybody_recognisable(tmp_path: Path, ground: str) -> None:
    striped = clip(tmp_path / "c.mp4")
    write_overlay(sequence(), tmp_path / "o.mp4", clip=striped, ground=ground)
    pictures, _, _ = decode(tmp_path / "o.mp4")
    assert len(pictures) == 12
    # The fourth frame has no skeleton: whatever detail it shows is the clip's own stripes.
    detail = np.abs(np.diff(pictures[3][..., 1].astype(int), axis=1)).mean()
    assert detail > 40 if ground == "picture" else detail < 3


def test_a_part_of_a_clip(tmp_path: Path) -> None:
    part = sequence().crop(0.3, 0.6)
    write_overlay(part, tmp_path / "o.mp4", clip=clip(tmp_path / "c.mp4"), ground="picture")
    assert len(decode(tmp_path / "o.mp4")[0]) == part.num_frames


def test_several_people(tmp_path: Path) -> None:
    write_overlay(sequence(people=3), tmp_path / "o.mp4")
    assert len(decode(tmp_path / "o.mp4")[0]) == 12


def test_the_joint_that_weighs_glows(tmp_path: Path) -> None:
    recording = sequence()
    wrist = LAYOUT.index("left_wrist")
    weights = np.zeros(recording.scores.shape)
    weights[0, 6:, wrist] = 1
    for name, glow in (("plain", None), ("glow", weights)):
        write_overlay(recording, tmp_path / f"{name}.mp4", weights=glow)
    plain, glowing = (decode(tmp_path / f"{name}.mp4")[0] for name in ("plain", "glow"))
    added = [
        g.astype(int).sum(2) - p.astype(int).sum(2) for g, p in zip(glowing, plain, strict=True)
    ]
    assert np.abs(added[2]).mean() < 1  # no weight yet
    y, x = np.unravel_index(added[8].argmax(), added[8].shape)
    np.testing.assert_allclose((x, y), recording.keypoints[0, 8, wrist], atol=12)
    assert added[8].max() > 100


def test_a_glow_beyond_the_picture_is_no_trouble(tmp_path: Path) -> None:
    recording = sequence()
    outside = recording.replace(keypoints=recording.keypoints - 80)
    write_overlay(outside, tmp_path / "o.mp4", weights=np.ones(outside.scores.shape))
    assert len(decode(tmp_path / "o.mp4")[0]) == 12


@pytest.mark.parametrize("weights", [np.ones((1, 5, 17)), np.full((1, 12, 17), 1.5)])
def test_weights_that_do_not_fit_are_refused(tmp_path: Path, weights: np.ndarray) -> None:
    with pytest.raises(InputError, match="weights"):
        write_overlay(sequence(), tmp_path / "o.mp4", weights=weights)


def test_what_cannot_be_drawn_is_refused(tmp_path: Path) -> None:
    metres = sequence().replace(unit="metre")
    with pytest.raises(InputError, match="pixels"):
        write_overlay(metres, tmp_path / "o.mp4")
    with pytest.raises(InputError, match="needs the clip"):
        write_overlay(sequence(), tmp_path / "o.mp4", ground="blur")
    assert list(tmp_path.iterdir()) == []
