"""A recognizer that was trained on recordings, and says at every moment what goes on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from mgskel.core.config import from_dict
from mgskel.core.events import GestureEvent, in_order
from mgskel.core.gestures import Vocabulary
from mgskel.core.recording import Dataset
from mgskel.core.sequence import PoseSequence
from mgskel.core.skeleton import Skeleton
from mgskel.core.storage.files import json_hash
from mgskel.models import Backbone, fold
from mgskel.spotting.decision.clip_rule import ClipRule
from mgskel.spotting.decision.decision_rule import DEFAULT_SENSITIVITY, DecisionRule
from mgskel.spotting.decision.decoding import Decoder, MomentTrack
from mgskel.spotting.decision.needs import Silence, silences
from mgskel.spotting.decision.tracks import clip_track_of, parts_of, track_of, usable_of
from mgskel.spotting.network.features import StreamInput
from mgskel.spotting.network.joint_evidence import evidence_of
from mgskel.spotting.network.stream_network import build_stream_network
from mgskel.spotting.online import OnlineSpotter
from mgskel.spotting.recognizer import Recognizer
from mgskel.training.runs.model_folder import (
    DESCRIPTION_FILE,
    ModelSpec,
    damaged,
    describing,
    fill,
    read_description,
    save_folder,
)

_DECISIVE = ("weights_sha256", "model", "input", "vocabulary", "decision", "clip_rule")


@dataclass(frozen=True, eq=False)
class StreamRecognizer(Recognizer):
    """A network of `build_stream_network`, what its outputs are called, and when they count."""

    network: Backbone
    model: ModelSpec
    input: StreamInput
    vocabulary: Vocabulary
    decision: DecisionRule
    name: str = "own"
    fingerprint: str = ""
    notes: Mapping[str, Any] = field(default_factory=dict)
    clip_rule: ClipRule = ClipRule()

    def spot(
        self, sequence: PoseSequence, sensitivity: float = DEFAULT_SENSITIVITY
    ) -> tuple[GestureEvent, ...]:
        events: list[GestureEvent] = []
        for person, name in enumerate(sequence.people):
            parts = parts_of(self.folded, self.input, self.vocabulary, sequence, person)
            events += self._decoder(name, sensitivity).events(parts)
        return in_order(events)

    def decode(
        self, track: MomentTrack, sensitivity: float = DEFAULT_SENSITIVITY
    ) -> list[GestureEvent]:
        return self._decoder(track.person, sensitivity).events([track])

    def _decoder(self, person: str, sensitivity: float) -> Decoder:
        return Decoder(self.vocabulary, self.decision, self.step_s, person, self.name, sensitivity)

    def tracks(self, sequence: PoseSequence) -> Iterator[MomentTrack]:
        for person in range(sequence.num_people):
            yield track_of(self.folded, self.input, self.vocabulary, sequence, person)

    def clip_tracks(self, sequence: PoseSequence) -> Iterator[MomentTrack]:
        """What the network makes of each person of a cut clip."""
        for person in range(sequence.num_people):
            yield clip_track_of(self.folded, self.input, self.vocabulary, sequence, person)

    def chances(self, data: Dataset, views: int | None = None) -> np.ndarray:
        return np.stack([self.classify(sequence) for sequence in data.sequences])

    def classify(self, sequence: PoseSequence) -> np.ndarray:
        """As in `Recognizer`; of several people the one who moves most decidedly counts."""
        best, clearest = np.full(len(self.vocabulary), 1 / len(self.vocabulary)), -1.0
        for track in self.clip_tracks(sequence):
            chances = self.clip_rule.chances(track.scores, track.places)
            clear = float(track.scores[-1].max(initial=0.0))
            if clear > clearest:
                best, clearest = chances, clear
        return best

    def silences(self, sequence: PoseSequence) -> list[Silence]:
        settings = self.input.features
        usable = [usable_of(sequence, settings, i) for i in range(sequence.num_people)]
        return silences(sequence, usable, self.vocabulary, settings.skeleton)

    def attention(
        self, sequence: PoseSequence, events: Sequence[GestureEvent] | None = None
    ) -> tuple[np.ndarray, float] | None:
        found = self.spot(sequence) if events is None else events
        return evidence_of(self.folded, self.input, sequence, found)

    def follow(
        self, skeleton: Skeleton | str = "mediapipe_holistic", fps: float = 30.0, **details: Any
    ) -> OnlineSpotter:
        return OnlineSpotter(self, skeleton, fps, **details)

    def save(self, folder: str | Path) -> None:
        save_folder(
            Path(folder),
            self.network,
            "stream",
            {
                "name": self.name,
                "model": self.model,
                "input": self.input,
                "vocabulary": self.vocabulary,
                "decision": self.decision,
                "clip_rule": self.clip_rule,
                "notes": self.notes,
            },
            half=True,
        )

    @classmethod
    def read(cls, folder: Path) -> StreamRecognizer:
        """Rebuild it from its folder."""
        tree, place = read_description(folder), str(folder / DESCRIPTION_FILE)
        with describing(folder):
            vocabulary = from_dict(Vocabulary, tree["vocabulary"], place)
            decision = from_dict(DecisionRule, tree["decision"], place)
            clip_rule = from_dict(ClipRule, tree["clip_rule"], place)
            model = from_dict(ModelSpec, tree["model"], place)
            wanted = from_dict(StreamInput, tree["input"], place)
            network = build_stream_network(model, wanted, len(vocabulary))
            name, notes = str(tree["name"]), dict(tree.get("notes", {}))
        if not decision.fits(vocabulary) or len(clip_rule.bias) not in (0, len(vocabulary)):
            raise damaged(folder, "rules for another number of classes")
        fill(network, folder, tree)
        fingerprint = json_hash({key: tree[key] for key in _DECISIVE})
        return cls(
            network.eval(), model, wanted, vocabulary, decision, name, fingerprint, notes, clip_rule
        )

    @property
    def skeleton(self) -> Skeleton:
        return self.input.features.skeleton

    @property
    def step_s(self) -> float:
        """Time between two of the network's answers."""
        return self.network.time_stride / self.input.features.rate_hz

    @cached_property
    def folded(self) -> Backbone:
        """The network for answers, with its normalisations folded in."""
        return fold(self.network)
