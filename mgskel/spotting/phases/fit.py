"""Teaching phase networks from a few minutes: much variation, strong regularisation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from mgskel.core.errors import InputError
from mgskel.core.progress import Progress
from mgskel.spotting.phases.motion import Course, channels
from mgskel.spotting.phases.network import PhaseNetwork, PhaseNetworkSettings

_NOT_TOLD = -1


@dataclass(frozen=True)
class PhaseFitSettings:
    """How a network is taught.

    Attributes:
        window: moments of each example.
        balance: 1 makes all labels count alike, 0 leaves them as frequent as they are.
        doubt: label smoothing.
        tempo, size: spreads of pace and of extent (logarithms).
        jitter: largest error of the keypoints, in what the joints move per second.
        context: spread added to how usual and how still it is.
    """

    steps: int = 250
    batch: int = 12
    window: int = 128
    lr: float = 4e-3
    weight_decay: float = 0.05
    balance: float = 1.0
    doubt: float = 0.05
    tempo: float = 0.25
    size: float = 0.2
    jitter: float = 0.03
    context: float = 0.3
    network: PhaseNetworkSettings = PhaseNetworkSettings()


@dataclass(frozen=True, eq=False)
class Lesson:
    """A recording's course with labels (T,) int, -1 where not told."""

    course: Course
    labels: np.ndarray


def fit_phases(
    lessons: Sequence[Lesson],
    num_labels: int,
    rest: int | None,
    mirror: Sequence[int],
    settings: PhaseFitSettings,
    seed: int,
) -> PhaseNetwork:
    """One network.

    Args:
        rest: the label that means nothing is going on, if there is one.
        mirror: order of the joints as seen in a mirror.
    """
    lessons = [lesson for lesson in lessons if (lesson.labels >= 0).any()]
    if not lessons:
        raise InputError("there are no labelled frames to learn from")
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    first = lessons[0].course
    width = channels(first.places[None, :1], first.context[None, :1]).shape[1]
    network = PhaseNetwork(width, num_labels, settings.network)
    optimiser = torch.optim.AdamW(
        network.parameters(), lr=settings.lr, weight_decay=settings.weight_decay
    )
    pace = torch.optim.lr_scheduler.OneCycleLR(optimiser, settings.lr, settings.steps)
    labels = np.concatenate([lesson.labels[lesson.labels >= 0] for lesson in lessons])
    weights = _weights(np.bincount(labels, minlength=num_labels), settings.balance)
    told = None if rest is None else _weights(np.bincount(labels == rest, minlength=2),
                                              settings.balance)  # fmt: skip
    lengths = np.array([len(lesson.labels) for lesson in lessons], float)
    with Progress(settings.steps, f"phases, seed {seed}", "steps") as progress:
        for _ in range(settings.steps):
            chosen = rng.choice(len(lessons), settings.batch, p=lengths / lengths.sum())
            batch = [_example(lessons[i], mirror, settings, rng) for i in chosen]
            places, context, truth = (np.stack(parts) for parts in zip(*batch, strict=True))
            logits = network(torch.from_numpy(channels(places, context)))
            loss = _loss(logits, torch.from_numpy(truth), weights, told, rest, settings.doubt)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            pace.step()
            progress.advance()
    return network.eval()


def _weights(counts: np.ndarray, balance: float) -> Tensor:
    """How much a frame of each label counts; labels that do not occur count nothing."""
    shares = counts / max(counts.sum(), 1)
    present = np.maximum((counts > 0).sum(), 1)
    weights = np.where(counts > 0, (1 / (present * np.maximum(shares, 1e-9))) ** balance, 0)
    return torch.tensor(weights, dtype=torch.float32)


def _example(
    lesson: Lesson, mirror: Sequence[int], settings: PhaseFitSettings, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Places (T, V, 2), context (T, R) and labels (T,) of a stretch, at another pace and size."""
    course, last = lesson.course, len(lesson.labels) - 1
    pace = float(np.exp(rng.uniform(-settings.tempo, settings.tempo)))
    start = rng.integers(0, max(1, len(lesson.labels) - int(settings.window * pace)))
    times = np.clip(start + np.arange(settings.window) * pace, 0, last)
    low = times.astype(int)
    high, part = np.minimum(low + 1, last), times - low
    places = _between(course.places, low, high, part)
    context = _between(course.context, low, high, part)
    places = places * np.exp(rng.normal(0, settings.size, 2))
    places = places + rng.normal(0, rng.uniform(0, settings.jitter), places.shape)
    context = context * np.exp(rng.normal(0, settings.size)) + rng.normal(0, settings.context)
    if rng.random() < 0.5:
        places = places[:, list(mirror)] * [-1, 1]
    return places, context, lesson.labels[np.round(times).astype(int)]


def _between(values: np.ndarray, low: np.ndarray, high: np.ndarray, part: np.ndarray) -> np.ndarray:
    share = part.reshape(-1, *(1,) * (values.ndim - 1))
    return np.asarray(values[low] * (1 - share) + values[high] * share)


def _loss(
    logits: Tensor,
    truth: Tensor,
    weights: Tensor,
    told: Tensor | None,
    rest: int | None,
    doubt: float,
) -> Tensor:
    """Cross-entropy of the labels and, where there is a rest, of rest against all others."""
    if not (truth >= 0).any():
        return (logits * 0).sum()
    loss = functional.cross_entropy(
        logits[:, :-1], truth, weight=weights, ignore_index=_NOT_TOLD, label_smoothing=doubt
    )
    if told is None or rest is None:
        return loss
    resting = torch.eq(truth, rest).long().masked_fill(truth < 0, _NOT_TOLD)
    two = torch.stack([torch.zeros_like(logits[:, -1]), logits[:, -1]], 1)
    return loss + functional.cross_entropy(
        two, resting, weight=told, ignore_index=_NOT_TOLD, label_smoothing=doubt
    )
