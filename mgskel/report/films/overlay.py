"""An mp4 of the skeleton: on a blank ground, on the blurred picture, or on the picture itself.

By default nobody can be recognised: the ground is blank. The file is H.264 with its index in
front, so that browsers play it. With weights, joints glow by how much a decision rests on them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import numpy as np

from mgskel.core.errors import InputError, MissingDependency
from mgskel.core.sequence import PoseSequence
from mgskel.core.skeleton import Skeleton
from mgskel.core.storage.files import writing
from mgskel.core.strokes import strokes
from mgskel.pose.frames import VideoSettings
from mgskel.pose.video import open_source

Ground = Literal["blank", "blur", "picture"]
_PAPER = (24, 26, 30)
_DRAWN_SCORE = 0.2
_LONGEST_SIDE = 1280
_TIME_BASE = Fraction(1, 90000)
_GLOW = (255, 150, 40)
_FAINTEST_GLOW = 0.15
# Sub-pixel positions for OpenCV's drawing: coordinates in 1/16 of a pixel.
_SHIFT = 4


def write_overlay(
    sequence: PoseSequence,
    path: str | Path,
    *,
    clip: str | Path | None = None,
    ground: Ground = "blank",
    weights: np.ndarray | None = None,
) -> None:
    """Write the sequence as a video of its skeletons, frame by frame at its own times.

    Args:
        clip: the recording itself, needed for the grounds 'blur' and 'picture'.
        weights: (M, T, V) in 0..1, how brightly each joint glows at each moment, such as
            `JointAttention.at_frames(sequence.num_frames)`.
    """
    if sequence.num_dims != 2 or sequence.unit != "pixel" or sequence.frame_size is None:
        raise InputError(
            "an overlay needs keypoints in pixels of a known picture size",
            expected="2-D pixels and a frame size",
            found=f"{sequence.num_dims}-D {sequence.unit}, frame size {sequence.frame_size}",
        )
    if ground != "blank" and clip is None:
        raise InputError(f"the ground '{ground}' needs the clip itself")
    if weights is not None:
        _check_weights(weights, sequence)
    canvas = Canvas(sequence.skeleton, sequence.frame_size)
    with writing(path) as temporary:
        pictures = _pictures(sequence, canvas, clip, ground, weights)
        timed = zip(sequence.timestamps.tolist(), pictures, strict=True)
        write_video(temporary, timed, sequence.fps, canvas.size)


class Canvas:
    """Draws skeletons in the colours of their layout onto pictures of one size."""

    def __init__(
        self, skeleton: Skeleton, frame_size: tuple[int, int], longest: int = _LONGEST_SIDE
    ) -> None:
        try:
            import cv2
        except ImportError:
            raise MissingDependency("opencv-python-headless", "mediapipe", "an overlay") from None
        self._cv2: Any = cv2
        self.scale = min(1.0, longest / max(frame_size))
        # H.264 wants even sides.
        self.size = (
            max(round(frame_size[0] * self.scale / 2) * 2, 2),
            max(round(frame_size[1] * self.scale / 2) * 2, 2),
        )
        colours = {part: _rgb(colour) for part, colour in skeleton.colours.items()}
        thin = {
            joint
            for part in ("face", "left_hand", "right_hand")
            for joint in skeleton.parts.get(part, ())
        }
        lines = strokes(skeleton)
        # (S, 4): the joints whose means are a line's start and end; a single one stands twice.
        self._line_joints = np.array([[*_twice(s.start), *_twice(s.end)] for s in lines])
        self._line_colours = np.array([colours[s.part] for s in lines])
        self._line_widths = [1 if s.start[0] in thin else 2 for s in lines]
        joints = range(skeleton.num_joints)
        self._colours = np.array([colours[skeleton.part_of(j)] for j in joints])
        self._radii = [1.2 if j in thin else 2.2 for j in joints]

    def blank(self) -> np.ndarray:
        return np.full((self.size[1], self.size[0], 3), _PAPER, np.uint8)

    def fitted(self, image: np.ndarray) -> np.ndarray:
        """An (H, W, 3) RGB picture at the canvas's size."""
        return np.asarray(self._cv2.resize(image, self.size, interpolation=self._cv2.INTER_AREA))

    def blurred(self, image: np.ndarray) -> np.ndarray:
        """The picture with everything finer than a tenth of it gone: no face remains."""
        coarse = self._cv2.resize(image, (12, 8), interpolation=self._cv2.INTER_AREA)
        return np.asarray(self._cv2.resize(coarse, self.size, interpolation=self._cv2.INTER_CUBIC))

    def draw(self, image: np.ndarray, points: np.ndarray, scores: np.ndarray) -> None:
        """One person's (V, 2) points, in pixels of the full frame; faint where unsure."""
        cv2 = self._cv2
        unit = max(min(self.size) / 240, 1.0)
        seen = scores >= _DRAWN_SCORE
        places = np.where(seen[:, None], points * self.scale, 0.0)
        fixed = np.round(np.clip(places, -1e4, 1e4) * (1 << _SHIFT)).astype(int)
        ends = fixed[self._line_joints].reshape(-1, 2, 2, 2).mean(2).astype(int).tolist()
        weakest = scores[self._line_joints].min(1)
        colours = _faded(self._line_colours, weakest)
        for line in np.flatnonzero(weakest >= _DRAWN_SCORE).tolist():
            width = max(round(unit * self._line_widths[line]), 1)
            cv2.line(image, *ends[line], colours[line], width, cv2.LINE_AA, _SHIFT)
        colours, centres = _faded(self._colours, scores), fixed.tolist()
        for joint in np.flatnonzero(seen).tolist():
            radius = round(unit * self._radii[joint] * (1 << _SHIFT))
            cv2.circle(image, centres[joint], radius, colours[joint], -1, cv2.LINE_AA, _SHIFT)

    def glow(
        self, image: np.ndarray, points: np.ndarray, scores: np.ndarray, weights: np.ndarray
    ) -> None:
        """Light around one person's joints, by their weights (V,) in 0..1."""
        cv2 = self._cv2
        bright = (scores >= _DRAWN_SCORE) & (weights >= _FAINTEST_GLOW)
        radius = max(min(self.size) / 22, 3.0)
        for joint in np.flatnonzero(bright).tolist():
            x, y = points[joint] * self.scale
            # Only the square around the joint is touched: a whole picture per joint is slow.
            left, top = max(int(x - 2 * radius), 0), max(int(y - 2 * radius), 0)
            square = image[top : max(int(y + 2 * radius), 0), left : max(int(x + 2 * radius), 0)]
            if square.size == 0:
                continue
            rows, columns = np.ogrid[: square.shape[0], : square.shape[1]]
            distance = ((columns + left - x) ** 2 + (rows + top - y) ** 2) / radius**2
            light = (weights[joint] * np.exp(-1.8 * distance)).astype(np.float32)
            lit = cv2.multiply(cv2.merge([light] * 3), (*map(float, _GLOW), 0.0))
            cv2.add(square, lit, dst=square, dtype=cv2.CV_8U)


def _pictures(
    sequence: PoseSequence,
    canvas: Canvas,
    clip: str | Path | None,
    ground: Ground,
    weights: np.ndarray | None,
) -> Iterator[np.ndarray]:
    """One drawn picture per frame of the sequence."""
    grounds = _grounds(sequence, canvas, clip, ground)
    for frame, image in zip(range(sequence.num_frames), grounds, strict=False):
        for person in range(sequence.num_people):
            points, scores = sequence.keypoints[person, frame], sequence.scores[person, frame]
            if weights is not None:
                canvas.glow(image, points, scores, weights[person, frame])
            canvas.draw(image, points, scores)
        yield image


def _grounds(
    sequence: PoseSequence, canvas: Canvas, clip: str | Path | None, ground: Ground
) -> Iterator[np.ndarray]:
    if ground == "blank" or clip is None:
        while True:
            yield canvas.blank()
    first = max(float(sequence.timestamps[0]) - 0.5 / sequence.fps, 0.0)
    rate = sequence.fps if Path(clip).is_dir() else None
    video = VideoSettings(fps=rate, start=first or None, max_side=max(canvas.size))
    wanted = iter(sequence.timestamps)
    source = open_source(clip, video)
    try:
        time_s = next(wanted, None)
        image = canvas.blank()
        for frame in source:
            if time_s is None:
                return
            # The sequence may have left frames out; each keypoint frame gets its own picture.
            if frame.time_s < time_s - 1e-4:
                continue
            image = (
                canvas.fitted(frame.image) if ground == "picture" else canvas.blurred(frame.image)
            )
            yield image
            time_s = next(wanted, None)
        while time_s is not None:
            yield image.copy()
            time_s = next(wanted, None)
    finally:
        source.close()


def write_video(
    path: Path, pictures: Iterable[tuple[float, np.ndarray]], fps: float, size: tuple[int, int]
) -> None:
    """H.264 in mp4 of pictures (H, W, 3) RGB with even sides, each shown at its own second.

    The first begins the video, whose size is (W, H).
    """
    import av

    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        stream = container.add_stream(
            "libx264",
            rate=Fraction(fps).limit_denominator(1001),
            options={"crf": "23", "preset": "veryfast"},
        )
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = _TIME_BASE
        begin: float | None = None
        for time_s, picture in pictures:
            begin = time_s if begin is None else begin
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts = round((time_s - begin) / float(_TIME_BASE))
            frame.time_base = _TIME_BASE
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def _check_weights(weights: np.ndarray, sequence: PoseSequence) -> None:
    shape = sequence.scores.shape
    if weights.shape != shape:
        raise InputError(
            "these weights do not fit the recording",
            expected=f"(M, T, V) = {shape}",
            found=weights.shape,
            remedy="attention.at_frames(sequence.num_frames) gives one weight per frame",
        )
    if not np.all((weights >= 0) & (weights <= 1)):
        found = f"{weights.min():g} to {weights.max():g}"
        raise InputError("weights are shares", expected="0..1", found=found)


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _faded(colours: np.ndarray, scores: np.ndarray) -> list[list[int]]:
    """Colours (n, 3), towards grey as the scores (n,) fall."""
    share = 0.35 + 0.65 * scores.astype(float)[:, None]
    return np.round(share * colours + (1 - share) * 110).astype(int).tolist()


def _twice(joints: tuple[int, ...]) -> tuple[int, ...]:
    return joints if len(joints) == 2 else joints * 2
