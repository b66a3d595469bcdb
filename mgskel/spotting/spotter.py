"""Spotter: a recording in, gesture events out, with one trained network and its thresholds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from mgskel.core.events import GestureEvent, in_order
from mgskel.core.gestures import Vocabulary
from mgskel.core.sequence import PoseSequence
from mgskel.models import Backbone, fold
from mgskel.spotting.clip_rule import ClipRule
from mgskel.spotting.decoding import Decoder, DecodingSettings, decode, follow
from mgskel.spotting.evidence import evidence_of
from mgskel.spotting.features import StreamInput
from mgskel.spotting.needs import served_classes, silences
from mgskel.spotting.tracks import (
    Track,
    clip_track_of,
    probability,
    stretches,
    track_of,
    usable_of,
)
from mgskel.training.recognizer import ModelSpec

SHIPPED = Path(__file__).parent / "shipped"


@dataclass(frozen=True, eq=False)
class Spotter:
    """A network, what its outputs are called, and when they count.

    Args:
        network: of `build_stream_network`, as `model` describes it.
        clip_rule: how a cut clip is judged as a whole.
        fingerprint: hash of everything that decides its answers; empty until saved or loaded.
        notes: provenance: what it was trained on, and its measured figures.
    """

    network: Backbone
    model: ModelSpec
    input: StreamInput
    vocabulary: Vocabulary
    decoding: DecodingSettings
    name: str = "own"
    fingerprint: str = ""
    notes: Mapping[str, Any] = field(default_factory=dict)
    clip_rule: ClipRule = ClipRule()

    def spot(self, sequence: PoseSequence) -> tuple[GestureEvent, ...]:
        """The gestures of every person, in the order of time."""
        events: list[GestureEvent] = []
        for person, name in enumerate(sequence.people):
            decoder = Decoder(self.vocabulary, self.decoding, self.step_s, name, source=self.name)
            parts = self._parts(sequence, person)
            events += follow(decoder, parts, sequence.start_s)
        return in_order(events)

    def decode(self, track: Track) -> list[GestureEvent]:
        """The events of one person."""
        return decode(
            track.scores[:-1],
            track.served,
            self.vocabulary,
            self.decoding,
            track.step_s,
            track.start_s,
            track.person,
            source=self.name,
        )

    def tracks(self, sequence: PoseSequence) -> Iterator[Track]:
        """What the network makes of each person."""
        for person in range(sequence.num_people):
            yield track_of(self.folded, self.input, self.vocabulary, sequence, person)

    def clip_tracks(self, sequence: PoseSequence) -> Iterator[Track]:
        """What the network makes of each person of a cut clip."""
        for person in range(sequence.num_people):
            yield clip_track_of(self.folded, self.input, self.vocabulary, sequence, person)

    def _parts(
        self, sequence: PoseSequence, person: int
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """The next moments' `Track.scores` and `Track.served`, as often as there are some."""
        layout = self.input.features.skeleton
        for part in stretches(self.folded, self.input, sequence, person):
            scores = probability(part.log_odds)
            yield scores, served_classes(self.vocabulary, part.usable, layout)

    def classify(self, sequence: PoseSequence) -> np.ndarray:
        """Probabilities of the classes for a clip cut around one gesture, (K,).

        Of several people the one who moves most decidedly counts.
        """
        best, clearest = np.full(len(self.vocabulary), 1 / len(self.vocabulary)), -1.0
        for track in self.clip_tracks(sequence):
            chances = self.clip_rule.chances(track.scores)
            clear = float(track.scores[-1].max(initial=0.0))
            if clear > clearest:
                best, clearest = chances, clear
        return best

    def remarks(self, sequence: PoseSequence) -> list[str]:
        """What it says nothing of because joints are missing, in plain sentences."""
        settings = self.input.features
        usable = [usable_of(sequence, settings, i) for i in range(sequence.num_people)]
        return silences(sequence, usable, self.vocabulary, settings.skeleton)

    def score_in_words(
        self, truth: Sequence[GestureEvent], events: Sequence[GestureEvent], duration_s: float
    ) -> str:
        """How well events agree with true ones, which may be in another vocabulary's words."""
        from mgskel.spotting.reference import agreement_in_words

        return agreement_in_words(truth, events, self.vocabulary, duration_s)

    def attention(
        self, sequence: PoseSequence, events: Sequence[GestureEvent] | None = None
    ) -> tuple[np.ndarray, float] | None:
        """What the found gestures rest on: weights (M, steps, V) in 0..1 and seconds per step.

        None where nothing was found.

        Args:
            events: what `spot` found, if that is known already.
        """
        found = self.spot(sequence) if events is None else events
        return evidence_of(self.folded, self.input, sequence, found)

    def save(self, folder: str | Path) -> None:
        from mgskel.spotting.stored import save_spotter

        save_spotter(self, Path(folder))

    @property
    def step_s(self) -> float:
        """Time between two of the network's answers."""
        return self.network.time_stride / self.input.features.rate_hz

    @cached_property
    def folded(self) -> Backbone:
        """The network for answers, with its normalisations folded in."""
        return fold(self.network)


def load_spotter(folder: str | Path | None = None) -> Spotter:
    """A spotter from its folder; without one, the recognizer that comes with the package."""
    from mgskel.spotting.stored import read_spotter

    return read_spotter(SHIPPED if folder is None else Path(folder))


def spot(sequence: PoseSequence, model: str | Path | None = None) -> tuple[GestureEvent, ...]:
    """The gestures of a recording; `model` is a spotter's folder, by default the shipped one."""
    return load_spotter(model).spot(sequence)
