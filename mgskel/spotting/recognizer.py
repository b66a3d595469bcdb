"""Recognizer: the one trained thing. It judges cut clips, spots in recordings, follows a camera.

There are three kinds, by what a network was trained to see: `StreamRecognizer` for recordings as
they pass, `FrameRecognizer` for whole recordings, `ClipRecognizer` for cut clips. Each answers
every question that it can; all come from one form of folder.
"""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from mgskel.core.errors import InputError
from mgskel.core.events import Events, GestureEvent, in_order
from mgskel.core.gestures import Vocabulary
from mgskel.core.recording import Dataset
from mgskel.core.sequence import PoseSequence
from mgskel.core.skeleton import Skeleton
from mgskel.datasets.classes import ClassList
from mgskel.formats import as_sequence
from mgskel.models import Backbone
from mgskel.models.stored_run import SHIPPED, opened_run
from mgskel.pose.frames import Footage
from mgskel.spotting.decision.decision_rule import DEFAULT_SENSITIVITY
from mgskel.training.runs.model_folder import Kind, read_description

if TYPE_CHECKING:
    from mgskel.spotting.decision.decoding import MomentTrack
    from mgskel.spotting.decision.needs import Silence
    from mgskel.spotting.online import OnlineSpotter

# Imported when one is loaded: each is made of this file's class.
_KINDS: dict[Kind, tuple[str, str]] = {
    "clips": ("clip_recognizer", "ClipRecognizer"),
    "frames": ("frame_recognizer", "FrameRecognizer"),
    "stream": ("stream_recognizer", "StreamRecognizer"),
}


class Recognizer(ABC):
    """What was trained, with everything needed to use it.

    Attributes:
        network: normalisations not folded in, so that it can be trained further.
        vocabulary: what its classes are called, and what must be seen to tell them.
        name: who says so, in events and reports.
        fingerprint: hash of everything that decides its answers; empty until saved or loaded.
        notes: provenance: what it was trained on, and its measured figures.
    """

    network: Backbone
    vocabulary: Vocabulary
    name: str
    fingerprint: str
    notes: Mapping[str, Any]
    temperature: float = 1.0

    @classmethod
    def load(cls, folder: str | Path | None = None) -> Self:
        """The recognizer of a run folder, of its zip, or of a name on a model hub
        (hf:OWNER/NAME); without one, the recognizer that ships.

        Asked of one kind (`StreamRecognizer.load`), the other kind is refused.
        """
        with opened_run(folder) as place:
            home, name = _KINDS[read_description(place)["kind"]]
            module = importlib.import_module(f"mgskel.spotting.recognizers.{home}")
            found = getattr(module, name).read(place)
        if not isinstance(found, cls):
            raise InputError(
                "this needs a recognizer of another kind",
                place=folder or place,
                expected=f"a {cls.__name__}",
                found=f"a {type(found).__name__}",
                remedy="train on annotated recordings: docs/howto/annotate-and-finetune.md",
            )
        return found

    window: int = 64
    """Frames that its network usually sees at once."""
    people: int = 1
    at_every_moment: bool = True
    """Whether the network's answers are those of every moment, or of a clip."""
    learned_from: ClassVar[str] = "recordings"
    looks_at: ClassVar[str] = "recordings"

    @abstractmethod
    def save(self, folder: str | Path) -> None:
        """Write weights and description into a folder, or one file where the name ends in .zip;
        nothing in them is executed when they are read."""

    @property
    @abstractmethod
    def skeleton(self) -> Skeleton:
        """The layout of its network; recordings are converted by joint name."""

    @cached_property
    def classes(self) -> ClassList:
        """Its answers as labels of data sets."""
        return ClassList.of_vocabulary(self.vocabulary)

    @abstractmethod
    def chances(self, data: Dataset, views: int | None = None) -> np.ndarray:
        """(n, K) probabilities of a data set's clips.

        Args:
            views: how often each is looked at, where the network sees windows of it.
        """

    def predict_proba(
        self, sequences: Dataset | PoseSequence | Sequence[PoseSequence]
    ) -> np.ndarray:
        """(n, K) probabilities of cut clips."""
        return self.chances(Dataset.of(sequences))

    def predict(self, sequences: Dataset | PoseSequence | Sequence[PoseSequence]) -> list[str]:
        """The likeliest class of each cut clip, by name."""
        return [self.vocabulary.names[i] for i in self.predict_proba(sequences).argmax(1)]

    def classify(self, sequence: PoseSequence) -> np.ndarray:
        """Probabilities of the classes for one cut clip, (K,)."""
        return np.asarray(self.predict_proba(sequence)[0])

    def tracks(self, sequence: PoseSequence) -> Iterator[MomentTrack]:
        """What the network makes of each person at every moment."""
        raise InputError("this kind of recognizer cannot join others", found=self.name)

    def decode(
        self, track: MomentTrack, sensitivity: float = DEFAULT_SENSITIVITY
    ) -> list[GestureEvent]:
        """The events of one person."""
        raise InputError("this kind of recognizer cannot join others", found=self.name)

    def spot(
        self, sequence: PoseSequence, sensitivity: float = DEFAULT_SENSITIVITY
    ) -> tuple[GestureEvent, ...]:
        """The gestures of every person of a recording, in the order of time.

        Args:
            sensitivity: 0..1; the higher, the more is found, and the more of it falsely.
        """
        return in_order(
            event for track in self.tracks(sequence) for event in self.decode(track, sensitivity)
        )

    def follow(
        self, skeleton: Skeleton | str = "mediapipe_holistic", fps: float = 30.0, **details: Any
    ) -> OnlineSpotter:
        """For frames that come one at a time; see `OnlineSpotter` for the details."""
        raise InputError(
            f"a recognizer of {self.learned_from} cannot follow a camera: it looks at whole "
            f"{self.looks_at}",
            found=self.name,
            remedy="fine-tune one that can: docs/howto/annotate-and-finetune.md",
        )

    @abstractmethod
    def silences(self, sequence: PoseSequence) -> list[Silence]:
        """What it says nothing of because joints are missing."""

    def remarks(self, sequence: PoseSequence) -> list[str]:
        """The same in plain sentences."""
        return [silence.text for silence in self.silences(sequence)]

    def attention(
        self, sequence: PoseSequence, events: Sequence[GestureEvent] | None = None
    ) -> tuple[np.ndarray, float] | None:
        """What the found gestures rest on: weights (M, steps, V) in 0..1 and seconds per step.

        None where nothing was found, or where the kind cannot tell.

        Args:
            events: what `spot` found, if that is known already.
        """
        return None

    def score_in_words(
        self, truth: Sequence[GestureEvent], events: Sequence[GestureEvent], duration_s: float
    ) -> str:
        """How well events agree with true ones, which may be in another vocabulary's words."""
        from mgskel.spotting.metrics import agreement_in_words

        return agreement_in_words(truth, events, self.vocabulary, duration_s)


def load_all(runs: Sequence[str | Path]) -> dict[Path, Recognizer]:
    """Several recognizers by their run folders, for an ensemble; of none, the one that ships."""
    if not runs:
        return {SHIPPED: Recognizer.load()}
    return {Path(run): Recognizer.load(run) for run in runs}


def spot(
    recording: PoseSequence | Footage,
    model: str | Path | None = None,
    sensitivity: float = DEFAULT_SENSITIVITY,
) -> Events:
    """The gestures of a recording, file or clip, by a run folder's recognizer or the shipped one.

    See `Recognizer.spot` for the sensitivity.
    """
    return Events(Recognizer.load(model).spot(as_sequence(recording), sensitivity))
