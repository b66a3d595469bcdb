"""What users bring, made of held-out recordings: clips cut anywhere, slow cameras, people who move.

A clip of one to three seconds may begin and end within a gesture, and hold it throughout.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from mgskel.core.sequence import PoseSequence
from mgskel.core.skeleton import get_skeleton
from studies.shipped.heldout import Example

LAYOUTS = ("imigue22", "openpose25", "coco17", "kinect25")
_LENGTHS_S = (1.0, 3.0)
_LEAST_SHOWN_S = 0.4
_FAST_FPS = 20.0
_FARTHER = (0.5, 0.85)
_ASIDE = 0.1
# Points in shares of a picture whose size nobody noted: 16:9 taken for 4:3.
_UNKNOWN_SIZE, _NARROWED = 0.25, (0.75, 1.0)


def cuts(examples: Sequence[Example], each: int, seed: int) -> Iterator[Example]:
    """Clips of one to three seconds, half of them about a gesture, half as a slow camera sees them,
    some in a picture of another shape than was noted.

    Args:
        each: clips from every recording.
    """
    for number, example in enumerate(examples):
        rng = np.random.default_rng([seed, number])
        for _ in range(each):
            begin, end = _window(example, rng)
            clip = example.sequence.crop(begin, end)
            if rng.random() < 0.5 and clip.fps > _FAST_FPS:
                clip = _slowed(clip)
            if rng.random() < _UNKNOWN_SIZE:
                clip = clip.replace(keypoints=clip.keypoints * np.array(_NARROWED, np.float32))
            yield Example(
                clip,
                tuple(
                    replace(event, start_s=max(event.start_s, begin), end_s=min(event.end_s, end))
                    for event in example.events
                    if min(event.end_s, end) - max(event.start_s, begin) >= _LEAST_SHOWN_S
                ),
            )


def in_other_layouts(examples: Iterable[Example]) -> Iterator[Example]:
    """The same as other sources give them, which lack some joints: a layout each, in turn."""
    for number, example in enumerate(examples):
        layout = get_skeleton(LAYOUTS[number % len(LAYOUTS)])
        yield replace(example, sequence=example.sequence.to_skeleton(layout, allow_missing=True))


def approaches(rests: Sequence[Example], each: int, seed: int) -> Iterator[Example]:
    """Clips of people at rest who come nearer or go away, which is no gesture."""
    for number, example in enumerate(rests):
        rng = np.random.default_rng([seed, number, 1])
        for _ in range(each):
            begin, end = _window(example, rng)
            yield Example(_approaching(example.sequence.crop(begin, end), rng), ())


def _window(example: Example, rng: np.random.Generator) -> tuple[float, float]:
    length = float(rng.uniform(*_LENGTHS_S))
    first = example.sequence.start_s
    last = first + example.sequence.duration_s - length
    begin = float(rng.uniform(first, last))
    if example.events and rng.random() < 0.5:
        event = example.events[int(rng.integers(len(example.events)))]
        begin = float(rng.uniform(event.start_s, event.end_s) - length * rng.random())
    begin = float(np.clip(begin, first, last))
    return begin, begin + length


def _slowed(clip: PoseSequence) -> PoseSequence:
    """Every second frame."""
    return clip.frames(slice(None, None, 2)).replace(fps=clip.fps / 2)


def _approaching(clip: PoseSequence, rng: np.random.Generator) -> PoseSequence:
    """The picture grows or shrinks about a point of the lower body, and drifts sideways."""
    frames = clip.num_frames
    size = np.linspace(rng.uniform(*_FARTHER), 1, frames)
    size = size if rng.random() < 0.5 else size[::-1]
    width, height = clip.frame_size or (640, 480)
    centre = np.array([width / 2, height * rng.uniform(0.3, 1)], np.float32)
    points = (clip.keypoints[..., :2] - centre) * size[None, :, None, None] + centre
    points[..., 0] += np.linspace(rng.normal() * _ASIDE * width, 0, frames)[None, :, None]
    return clip.replace(keypoints=points)
