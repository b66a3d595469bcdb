"""Clips: a batch of equally long pieces of motion, and the ragged store they are cut from.

The store holds whole recordings end to end. A batch is cut by *time maps*: for every clip and
every output frame, the place in the recording to look at, as a real number. Temporal
augmentation bends these maps before anything is read; one interpolation then yields the batch.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from mgskel.core.errors import InputError
from mgskel.core.recording import Dataset
from mgskel.core.sequence import PoseSequence
from mgskel.core.skeleton import Skeleton
from mgskel.datasets.classes import ClassList
from mgskel.datasets.normalise import Normalisation, normalise


@dataclass(frozen=True, eq=False)
class Clips:
    """A batch of clips.

    Args:
        points: (N, M, T, V, C) body coordinates, zero where missing.
        scores: (N, M, T, V) in 0..1, zero exactly where missing.
        labels: (N,) class indices, -1 where unknown.
    """

    points: Tensor
    scores: Tensor
    labels: Tensor

    @property
    def mask(self) -> Tensor:
        """(N, M, T, V) bool: which joints were seen."""
        return self.scores > 0

    def __len__(self) -> int:
        return len(self.points)

    def moved(self, points: Tensor) -> Clips:
        """The same clips with new coordinates; missing joints stay at zero."""
        return replace(self, points=points * self.mask[..., None])

    def hidden(self, hide: Tensor) -> Clips:
        """The same clips with the joints of `hide` (broadcast to (N, M, T, V)) missing."""
        scores = self.scores.masked_fill(hide, 0.0)
        return replace(self, scores=scores, points=self.points * (scores > 0)[..., None])


@dataclass(frozen=True, eq=False)
class ClipStore:
    """Normalised recordings, end to end.

    Args:
        points: (sum T, M, V, C), zero where missing.
        scores: (sum T, M, V), zero where missing.
        offsets: (n + 1,) first frame of each recording.
        labels: (n,) class indices, -1 where unknown.
        names: one per recording.
    """

    points: Tensor
    scores: Tensor
    offsets: Tensor
    labels: Tensor
    names: tuple[str, ...]
    skeleton: Skeleton

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> Tensor:
        return self.offsets[1:] - self.offsets[:-1]

    @property
    def people(self) -> int:
        return self.points.shape[1]

    @property
    def dims(self) -> int:
        return self.points.shape[-1]

    @classmethod
    def from_sequences(
        cls,
        sequences: Iterable[PoseSequence],
        settings: Normalisation,
        labels: Sequence[int] | np.ndarray | None = None,
        names: Sequence[str] | None = None,
        people: int | None = None,
    ) -> ClipStore:
        """Normalise and join recordings of one layout.

        `people` fixes the size of the person axis: recordings with more keep those that are
        seen longest.
        """
        joined = list(sequences)
        if not joined:
            raise InputError("there are no sequences to work on", remedy="check file and split")
        skeleton = joined[0].skeleton
        _check_same_form(joined)
        people = people or max(sequence.num_people for sequence in joined)
        points, scores, lengths = [], [], []
        for sequence in joined:
            body, seen = _with_people(sequence, people)
            body = normalise(body, skeleton, settings)
            seen = np.where(np.isfinite(body).all(-1), seen, 0.0)
            points.append(np.nan_to_num(body, nan=0.0).transpose(1, 0, 2, 3))
            scores.append(seen.transpose(1, 0, 2))
            lengths.append(sequence.num_frames)
        return cls(
            points=torch.from_numpy(np.concatenate(points).astype(np.float32)),
            scores=torch.from_numpy(np.concatenate(scores).astype(np.float32)),
            offsets=torch.from_numpy(np.cumsum([0, *lengths]).astype(np.int64)),
            labels=torch.as_tensor(
                np.full(len(joined), -1) if labels is None else np.asarray(labels)
            ).long(),
            names=tuple(names) if names is not None else tuple(s.source for s in joined),
            skeleton=skeleton,
        )

    @classmethod
    def of(
        cls,
        data: Dataset,
        settings: Normalisation,
        classes: ClassList | None = None,
        people: int | None = None,
    ) -> ClipStore:
        """The recordings of a data set, labelled by `classes` where they are given."""
        labels = None
        if classes is not None:
            if data.labels is None:
                raise InputError("the file has no labels", remedy="give it a 'label' array")
            labels = classes.indices(data.labels)
        names = [str(name) for name in data.names]
        return cls.from_sequences(data.sequences, settings, labels, names, people)

    def select(self, indices: Sequence[int] | np.ndarray) -> ClipStore:
        """The recordings at `indices`, in that order."""
        chosen = [int(i) for i in indices]
        frames = [torch.arange(int(self.offsets[i]), int(self.offsets[i + 1])) for i in chosen]
        kept = torch.cat(frames) if frames else torch.zeros(0, dtype=torch.int64)
        lengths = self.lengths[torch.tensor(chosen, dtype=torch.int64)]
        return replace(
            self,
            points=self.points[kept],
            scores=self.scores[kept],
            offsets=torch.cat([lengths.new_zeros(1), lengths.cumsum(0)]),
            labels=self.labels[torch.tensor(chosen, dtype=torch.int64)],
            names=tuple(self.names[i] for i in chosen),
        )

    def cut(self, indices: Tensor, times: Tensor) -> Clips:
        """Clips read at real-valued times, linearly between frames.

        Between a seen and a missing frame nothing is invented: the joint is missing.

        Args:
            indices: (N,) recordings.
            times: (N, T) places in frames, from 0 to the recording's length - 1.
        """
        last = (self.lengths[indices] - 1)[:, None]
        times = torch.minimum(times.clamp(min=0), last.to(times.dtype))
        early = times.floor().long()
        late = torch.minimum(early + 1, last)
        share = (times - early)[..., None, None]
        start = self.offsets[indices][:, None]
        score_a, score_b = self.scores[start + early], self.scores[start + late]
        scores = torch.lerp(score_a, score_b, share)
        exact = share < 1e-4
        scores = torch.where(exact, score_a, scores * ((score_a > 0) & (score_b > 0)))
        points = torch.lerp(self.points[start + early], self.points[start + late], share[..., None])
        points = torch.where(exact[..., None], self.points[start + early], points)
        points = points * (scores > 0)[..., None]
        # (N, T, M, V, C) -> (N, M, T, V, C)
        return Clips(points.transpose(1, 2), scores.transpose(1, 2), self.labels[indices])


def whole_times(lengths: Tensor, window: int) -> Tensor:
    """(N, window): the whole recording, evenly spread over the window."""
    steps = torch.linspace(0, 1, window) if window > 1 else torch.zeros(1)
    return steps[None] * (lengths[:, None] - 1).float()


def view_times(lengths: Tensor, window: int, views: int, share: float = 0.95) -> Tensor:
    """(N, views, window): several temporal views; the first one is the whole recording.

    The others cover `share` of it, from its beginning to its end.
    """
    whole = whole_times(lengths, window)
    maps = [whole]
    for view in range(views - 1):
        begin = (1 - share) * (view / max(views - 2, 1))
        maps.append(whole * share + begin * (lengths[:, None] - 1).float())
    return torch.stack(maps, dim=1)


def _with_people(sequence: PoseSequence, people: int) -> tuple[np.ndarray, np.ndarray]:
    """Keypoints and scores with exactly `people` people, longest seen first."""
    keypoints, scores = sequence.keypoints, sequence.scores
    have = len(keypoints)
    if have > people:
        keep = np.argsort(-(scores > 0).sum((1, 2)), kind="stable")[:people]
        return keypoints[keep], scores[keep]
    if have < people:
        missing = people - have
        keypoints = np.concatenate([keypoints, np.full((missing, *keypoints.shape[1:]), np.nan)])
        scores = np.concatenate([scores, np.zeros((missing, *scores.shape[1:]))])
    return keypoints, scores


def _check_same_form(sequences: Sequence[PoseSequence]) -> None:
    first = sequences[0]
    for sequence in sequences:
        same_joints = sequence.skeleton.joints == first.skeleton.joints
        if not same_joints or sequence.num_dims != first.num_dims:
            raise InputError(
                "the sequences do not share one layout",
                place=sequence.source or None,
                expected=f"{first.skeleton.name}, {first.num_joints} joints, {first.num_dims}-D",
                found=f"{sequence.skeleton.name}, {sequence.num_joints} joints, "
                f"{sequence.num_dims}-D",
                remedy="convert them with 'mgskel convert --layout'",
            )
