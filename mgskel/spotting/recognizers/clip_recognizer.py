"""A recognizer that was trained on cut clips.

In a recording its evidence is slid over time: the network scores every moment once, and what a
clip of the usual length around a moment would be called is the mean over that clip's moments.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from mgskel.core.events import GestureEvent
from mgskel.core.gestures import GestureClass, Vocabulary, get_vocabulary, list_vocabularies
from mgskel.core.recording import Dataset
from mgskel.core.sequence import PoseSequence
from mgskel.core.skeleton import Skeleton
from mgskel.core.storage.files import json_hash
from mgskel.datasets.batches import view_batches
from mgskel.datasets.classes import ClassList
from mgskel.models import fold
from mgskel.spotting.decision.caution import Watched, clear_chance
from mgskel.spotting.decision.decision_rule import DEFAULT_SENSITIVITY, DecisionRule
from mgskel.spotting.decision.decoding import Decoder, MomentTrack
from mgskel.spotting.decision.hand_place import PLACE_TERMS
from mgskel.spotting.decision.needs import Silence
from mgskel.spotting.recognizer import Recognizer
from mgskel.training.runs.class_metrics import softmax
from mgskel.training.runs.clip_model import ClipModel
from mgskel.training.runs.model_folder import read_description

_DECISIVE = ("weights_sha256", "model", "input", "classes", "temperature")
_PIECE_S = 60.0
_SUREST = 1e-4
_ENOUGH_CLIPS = 300


class ClipRecognizer(Recognizer):
    """Answers of a `ClipModel`.

    Args:
        trained: with its normalisations not folded in; `model` is the same for answers.
    """

    at_every_moment = False
    learned_from, looks_at = "cut clips", "clips"

    def __init__(self, trained: ClipModel, name: str = "own", fingerprint: str = "") -> None:
        self._trained = trained
        self.model = model = replace(trained, network=fold(trained.network))
        self.name, self.fingerprint = name, fingerprint
        self.network, self.notes = trained.network, trained.notes
        self.temperature = model.temperature
        self.window, self.people = model.input.window, model.input.people
        self.vocabulary = vocabulary_of(model.classes)

    @classmethod
    def read(cls, folder: Path) -> ClipRecognizer:
        """Rebuild it from its run folder."""
        tree = read_description(folder)
        decisive = {key: tree.get(key) for key in _DECISIVE}
        if "clear" in tree:
            decisive["clear"] = tree["clear"]
        fingerprint = json_hash(decisive)
        return cls(ClipModel.load(folder, folded=False), folder.name or "own", fingerprint)

    def save(self, folder: str | Path) -> None:
        self._trained.save(folder)

    @property
    def skeleton(self) -> Skeleton:
        return self.model.skeleton

    @property
    def classes(self) -> ClassList:  # type: ignore[override]
        return self.model.classes

    def chances(self, data: Dataset, views: int | None = None) -> np.ndarray:
        return self.model.chances(data, views)

    def tracks(self, sequence: PoseSequence) -> Iterator[MomentTrack]:
        for person, name in enumerate(sequence.people):
            chances, step_s = self.evidence(sequence.person(person))
            log_odds = _log_odds(chances)
            nowhere = np.zeros((len(PLACE_TERMS), chances.shape[1]))
            served = np.ones(chances.shape, bool)
            yield MomentTrack(name, log_odds, served, nowhere, sequence.start_s, step_s)

    def decode(
        self, track: MomentTrack, sensitivity: float = DEFAULT_SENSITIVITY
    ) -> list[GestureEvent]:
        rule = DecisionRule.plain(self.vocabulary, self.model.clear, self.model.clear)
        name, step_s = self.name, track.step_s
        decoder = Decoder(self.vocabulary, rule, step_s, track.person, name, sensitivity)
        return decoder.events([track])

    def calibrated(self, clips: Dataset) -> ClipRecognizer:
        """The same, which says in recordings what is clear enough for labelled clips.

        Args:
            clips: that it has not learned from; of very many a share is looked at.
        """
        clips = clips.select(range(0, len(clips), -(-len(clips) // _ENOUGH_CLIPS)))
        assert clips.labels is not None
        watched = []
        for one, label in zip(clips, self.classes.indices(clips.labels), strict=True):
            track = next(self.tracks(one.sequence))
            end_s = track.start_s + track.num_moments * track.step_s
            name = self.vocabulary.names[label]
            shown = GestureEvent(track.person, name, int(label), track.start_s, end_s)
            watched.append(Watched(track, (shown,)))
        clear = clear_chance(watched, self.vocabulary)
        return ClipRecognizer(replace(self._trained, clear=clear), self.name)

    def evidence(self, sequence: PoseSequence) -> tuple[np.ndarray, float]:
        """Probabilities (K, T) of the classes of a clip around each moment of one person, and the
        time between two moments."""
        wanted, network = self.model.input, self.model.network
        step_s = wanted.seconds * network.time_stride / wanted.window
        half = max(round(wanted.seconds / step_s) // 2, 1)
        total = max(round(sequence.duration_s / step_s), 1)
        piece, parts = max(round(_PIECE_S / step_s), 1), [np.zeros((0, len(self.vocabulary)))]
        for first in range(0, total, piece):
            count = min(piece, total - first)
            before, after = min(half, first), min(half, total - first - count)
            begin = sequence.start_s + (first - before) * step_s
            cut = sequence.crop(begin, begin + (before + count + after) * step_s)
            parts.append(
                self._moments(cut, before + count + after, half)[before : before + count]
                if cut.num_frames and cut.present.any()
                else np.zeros((count, len(self.vocabulary)))
            )
        return np.concatenate(parts).T, step_s

    @torch.inference_mode()
    def _moments(self, piece: PoseSequence, count: int, half: int) -> np.ndarray:
        """(count, K) probabilities, each over the moments up to `half` away."""
        wanted = self.model.input
        frames = count * self.model.network.time_stride
        x, mask, _ = next(iter(view_batches(self.model.store(piece), wanted.stream, frames, 1)))
        scores = self.model.network.forward_frames(x, mask)[0, 0, :count].float().numpy()
        sums = np.concatenate([np.zeros((1, scores.shape[1])), np.cumsum(scores, 0)])
        low = np.maximum(np.arange(count) - half, 0)
        high = np.minimum(np.arange(count) + half + 1, count)
        return softmax((sums[high] - sums[low]) / (high - low)[:, None], self.temperature)

    def silences(self, sequence: PoseSequence) -> list[Silence]:
        return [
            Silence(
                f"The recognizer was trained on cut clips; each moment is judged by the "
                f"{self.model.input.seconds:.1f} s around it."
            )
        ]


def _log_odds(chances: np.ndarray) -> np.ndarray:
    """Log-odds (K + 1, T) of classes and, last, of any gesture, which a closed set never doubts."""
    likely = np.clip(np.concatenate([chances, chances.max(0, keepdims=True)]), _SUREST, 1 - _SUREST)
    return np.asarray(np.log(likely / (1 - likely)))


def vocabulary_of(classes: ClassList) -> Vocabulary:
    """The known vocabulary of the classes, or one in which they all exclude one another."""
    if classes.vocabulary in list_vocabularies():
        known = get_vocabulary(str(classes.vocabulary))
        if ClassList.of_vocabulary(known).keys == classes.keys:
            return known
    return Vocabulary(
        classes.vocabulary or "own",
        tuple(GestureClass(i, name, "gesture", True, i) for i, name in enumerate(classes.names)),
    )
