"""What spotters learn from: annotated recordings, and features of them with dense targets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mgskel.core.errors import Faults, InputError
from mgskel.core.events import GestureEvent
from mgskel.core.gestures import Vocabulary
from mgskel.core.recording import Dataset, said_by_people
from mgskel.core.sequence import PoseSequence
from mgskel.core.storage.files import writing
from mgskel.core.storage.npz import open_npz
from mgskel.formats import read
from mgskel.spotting.metrics import check_reference
from mgskel.spotting.network.features import Features, FeatureSettings, features_of
from mgskel.spotting.network.grid import with_still_past

_LEAST_TO_KEEP_APART = 4
_UNSURE_S = 0.12
"""Where exactly a gesture begins is a matter of opinion: so much around it teaches nothing."""


@dataclass(frozen=True, eq=False)
class Piece:
    """One person's recording with what happens in it.

    Attributes:
        values: (C, T, V) float16, 0 where missing.
        mask: (T, V) bool.
        targets: (K, T) bool, which gestures are going on.
        known: (K, T) bool, where the target is beyond doubt.
    """

    values: np.ndarray
    mask: np.ndarray
    targets: np.ndarray
    known: np.ndarray

    @property
    def num_frames(self) -> int:
        return self.values.shape[1]

    def part(self, frames: slice) -> Piece:
        return Piece(
            self.values[:, frames],
            self.mask[frames],
            self.targets[:, frames],
            self.known[:, frames],
        )


def pieces_of(
    sequence: PoseSequence,
    events: Sequence[GestureEvent],
    vocabulary: Vocabulary,
    settings: FeatureSettings,
    still_s: float = 0.0,
) -> list[Piece]:
    """A recording and its events (with labels of the vocabulary) as training material.

    Args:
        still_s: so long the first frame was held before, for usual places and scale.
    """
    several = sequence.num_people > 1
    held = with_still_past(sequence, still_s) if still_s else sequence
    pieces = []
    for name, features in zip(held.people, features_of(held, settings), strict=True):
        own = [e for e in events if not several or e.person == name]
        targets, known = dense_targets(own, vocabulary, features)
        first = round((sequence.start_s - features.start_s) * features.rate_hz)
        whole = Piece(features.values.astype(np.float16), features.mask, targets, known)
        pieces.append(whole.part(slice(first, None)))
    return pieces


def dense_targets(
    events: Iterable[GestureEvent], vocabulary: Vocabulary, features: Features
) -> tuple[np.ndarray, np.ndarray]:
    """Targets and what is known of them, both (K, T) bool."""
    times = features.start_s + np.arange(features.num_frames) / features.rate_hz
    targets = np.zeros((len(vocabulary), features.num_frames), bool)
    known = np.ones_like(targets)
    for event in events:
        row = vocabulary.by_name(event.label).id
        targets[row] |= (times >= event.start_s) & (times < event.end_s)
        for edge in (event.start_s, event.end_s):
            known[row] &= np.abs(times - edge) > _UNSURE_S
    return targets, known


def save_pieces(path: Path, pieces: Sequence[Piece]) -> None:
    """One file for many pieces, laid end to end."""
    if not pieces:
        raise InputError("there are no recordings to learn from")
    with writing(path) as temporary, open(temporary, "wb") as handle:
        np.savez(
            handle,
            offsets=np.cumsum([0, *(p.num_frames for p in pieces)]),
            values=np.concatenate([p.values for p in pieces], axis=1),
            mask=np.concatenate([p.mask for p in pieces]),
            targets=np.concatenate([p.targets for p in pieces], axis=1),
            known=np.concatenate([p.known for p in pieces], axis=1),
        )


def load_pieces(path: Path) -> list[Piece]:
    with open_npz(path, Faults(path)) as archive:
        whole = Piece(*(archive[name] for name in ("values", "mask", "targets", "known")))
        bounds = archive["offsets"].tolist()
    return [whole.part(slice(a, b)) for a, b in zip(bounds[:-1], bounds[1:], strict=True)]


def annotated_recordings(path: Path) -> Dataset:
    """The recordings of a folder (or another data set) in which people marked events."""
    data = said_by_people(read(path))
    annotated = data.select([i for i, one in enumerate(data) if one.events])
    if not len(annotated):
        raise InputError(
            "no annotated recordings",
            place=path,
            expected="pairs such as interview1.npz (from 'mgskel extract') and interview1.eaf",
            found="; ".join((f"without: {', '.join(map(str, data.names[:5]))}", *data.notes)),
            remedy="mark gestures, or correct found ones in ELAN or by 'mgskel review'; "
            "see docs/howto/annotate-and-finetune.md",
        )
    for one in annotated:
        start = one.sequence.start_s
        check_reference(one.events, start + one.sequence.duration_s, start)
    return annotated


def every_fourth(data: Dataset) -> tuple[Dataset, Dataset]:
    """What to learn from, and what to keep apart: every fourth, or nothing where there are few."""
    apart = np.arange(len(data)) % 4 == 3
    if len(data) < _LEAST_TO_KEEP_APART:
        apart[:] = False
    return data.select(~apart), data.select(apart)
