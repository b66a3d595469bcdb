"""Policies: which augmentations act, and how strongly. Two named presets, every part a key.

``micro`` is gentle in space and rich in time, since a micro-gesture is a small place and a
short moment; ``action`` is the strong policy of whole-body action recognition.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Generator, Tensor

from mgskel.core.errors import InputError
from mgskel.core.sequence import PoseSequence
from mgskel.core.skeleton import Skeleton
from mgskel.datasets.augment.space import (
    BoneLength,
    Jitter,
    JointDropout,
    Mirror,
    Scale,
    Shift,
    ViewRotation,
)
from mgskel.datasets.augment.time import Posterise, Repetition, Speed, TemporalCrop, TemporalMask
from mgskel.datasets.clips import Clips, ClipStore, whole_times


@dataclass(frozen=True)
class Augmentation:
    """A preset and the keys that depart from it (unset keys follow the preset; 0 is off).

    Args:
        view_rotation: degrees about the vertical.
        tilt: degrees about the other axes.
        scale: share by which the body grows or shrinks.
        scale_axes: the same for each axis by itself.
        shift: body units along each axis.
        jitter: standard deviation of coordinate noise, body units, at score 0.
        joint_dropout: probability of losing a joint for the clip.
        mirror: probability of a mirror image.
        bone_length: share by which single bones grow or shrink.
        crop: share of the clip that a temporal crop may cut away.
        speed: drift of the tempo (0.5: up to one and a half times).
        repetition: probability of showing the clip twice.
        posterise: probability of holding poses for some frames.
        temporal_mask: largest share of moments lost in one block.
    """

    preset: Literal["none", "micro", "action"] = "micro"
    view_rotation: float | None = None
    tilt: float | None = None
    scale: float | None = None
    scale_axes: float | None = None
    shift: float | None = None
    jitter: float | None = None
    joint_dropout: float | None = None
    mirror: float | None = None
    bone_length: float | None = None
    crop: float | None = None
    speed: float | None = None
    repetition: float | None = None
    posterise: float | None = None
    temporal_mask: float | None = None

    def strengths(self) -> dict[str, float]:
        """Every part's strength, preset and own keys together."""
        preset = PRESETS[self.preset]
        strengths = {}
        for name in PARTS:
            own = getattr(self, name)
            strengths[name] = preset.get(name, 0.0) if own is None else own
            highest = _HIGHEST.get(name, 1.0)
            if not 0 <= strengths[name] <= highest:
                raise InputError(
                    f"augmentation '{name}' is out of range",
                    expected=f"0 (off) to {highest:g}",
                    found=strengths[name],
                )
        return strengths


PARTS = tuple(f.name for f in dataclasses.fields(Augmentation) if f.name != "preset")
_HIGHEST = {"view_rotation": 180.0, "tilt": 180.0, "shift": 10.0, "jitter": 1.0, "speed": 4.0}
PRESETS: dict[str, dict[str, float]] = {
    "none": {},
    "micro": {
        "view_rotation": 10.0,
        "tilt": 3.0,
        "scale": 0.1,
        "shift": 0.05,
        "jitter": 0.01,
        "joint_dropout": 0.02,
        "bone_length": 0.05,
        "crop": 0.3,
        "speed": 0.5,
        "repetition": 0.1,
        "posterise": 0.1,
        "temporal_mask": 0.15,
    },
    "action": {
        "view_rotation": 45.0,
        "tilt": 10.0,
        "scale": 0.3,
        "shift": 0.1,
        "jitter": 0.02,
        "joint_dropout": 0.05,
        "bone_length": 0.1,
        "crop": 0.5,
        "speed": 0.5,
        "temporal_mask": 0.1,
    },
}


class Policy:
    """An `Augmentation` made ready for one skeleton: `cut` yields augmented batches."""

    def __init__(
        self, settings: Augmentation, skeleton: Skeleton, label_swap: tuple[int, ...] = ()
    ) -> None:
        s = settings.strengths()
        time: dict[str, Callable[[Tensor, Tensor, Generator], Tensor]] = {
            "crop": TemporalCrop(1 - s["crop"]),
            "speed": Speed(s["speed"]),
            "repetition": Repetition(s["repetition"]),
            "posterise": Posterise(s["posterise"]),
        }
        space: dict[str, Callable[[Clips, Generator], Clips]] = {
            "mirror": Mirror(s["mirror"], skeleton, label_swap),
            "bone_length": BoneLength(s["bone_length"], skeleton),
            "view_rotation": ViewRotation(s["view_rotation"], s["tilt"]),
            "scale": Scale(s["scale"]),
            "scale_axes": Scale(s["scale_axes"], apart=True),
            "shift": Shift(s["shift"]),
            "jitter": Jitter(s["jitter"]),
            "joint_dropout": JointDropout(s["joint_dropout"]),
            "temporal_mask": TemporalMask(s["temporal_mask"]),
        }
        rotates = s["view_rotation"] > 0 or s["tilt"] > 0
        on = {name: value > 0 for name, value in s.items()} | {"view_rotation": rotates}
        self.time = tuple(part for name, part in time.items() if on[name])
        self.space = tuple(part for name, part in space.items() if on[name])

    def times(self, times: Tensor, lengths: Tensor, rng: Generator) -> Tensor:
        for bend in self.time:
            times = bend(times, lengths, rng)
        return times

    def clips(self, clips: Clips, rng: Generator) -> Clips:
        for change in self.space:
            clips = change(clips, rng)
        return clips

    def cut(self, store: ClipStore, indices: Tensor, window: int, rng: Generator) -> Clips:
        """Augmented clips of `window` frames from the recordings at `indices`."""
        lengths = store.lengths[indices]
        times = self.times(whole_times(lengths, window), lengths, rng)
        return self.clips(store.cut(indices, times), rng)

    def sequence(self, sequence: PoseSequence, seed: int) -> PoseSequence:
        """One augmented recording, of the same length; coordinates should be body coordinates."""
        points = torch.nan_to_num(torch.from_numpy(sequence.keypoints.copy()))
        store = ClipStore(
            points=points.transpose(0, 1),
            scores=torch.from_numpy(sequence.scores.copy()).transpose(0, 1),
            offsets=torch.tensor([0, sequence.num_frames]),
            labels=torch.tensor([-1]),
            names=(sequence.source,),
            skeleton=sequence.skeleton,
        )
        rng = torch.Generator().manual_seed(seed)
        clips = self.cut(store, torch.tensor([0]), sequence.num_frames, rng)
        keypoints = clips.points[0].masked_fill(~clips.mask[0][..., None], torch.nan)
        return sequence.replace(
            keypoints=keypoints.numpy().astype("float32"), scores=clips.scores[0].numpy()
        ).noted("augment", seed=seed)
