"""Teaching a spotter gestures of one's own from a few annotated recordings.

Labels that the spotter knows make it better at them; other labels become new gestures. What the
annotator did not mark says nothing about the gestures that were not annotated at all, so those are
left out of the loss there, and a little synthesis keeps the network from forgetting them.
"""

from __future__ import annotations

import copy
import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
from torch import Tensor, nn

from mgskel.core.config import Between
from mgskel.core.errors import InputError
from mgskel.core.events import GestureEvent
from mgskel.core.gestures import GestureClass, Vocabulary
from mgskel.core.recording import Recording
from mgskel.core.sequence import PoseSequence
from mgskel.core.storage.files import json_hash
from mgskel.models import Backbone
from mgskel.spotting.decision.caution import Watched, quieted, said_at_rest
from mgskel.spotting.learning.corpus import Piece, dense_targets
from mgskel.spotting.learning.stream_training import FitSettings, fit
from mgskel.spotting.learning.synthetic import WEBCAM, CorpusSettings, synthetic_corpus
from mgskel.spotting.metrics import score_events, translate
from mgskel.spotting.network.features import FeatureSettings, features_of
from mgskel.spotting.recognizer import Recognizer
from mgskel.spotting.recognizers.stream_recognizer import StreamRecognizer
from mgskel.synthesis import CameraSettings, SynthesisSettings, synthesise_clip
from mgskel.synthesis.synthetic_recording import REST
from mgskel.training.runs.model_folder import DESCRIPTION_FILE, WEIGHTS_FILE
from mgskel.training.runs.run_folder import claimed
from mgskel.training.train_config import OptimConfig

_OWN_GROUP = "own"
_OWN_RAW = 1000
_FEW = 5
# Half of the people who rest come or leave; seeds far from those of training.
_WALKS, _RESTS_FROM = 0.3, 5_000_000


@dataclass(frozen=True)
class FinetuneSettings:
    """How a spotter is taught further.

    Attributes:
        replay: synthetic recordings (and twenty times as many clips) that keep old gestures.
        share: part of the examples that comes from the user's recordings.
        around_s: time before and after each annotated gesture that makes an example.
        rests: synthetic clips of people who rest, come and leave; no more is said of them than
            before the teaching. 0 leaves the decision rule as it was.
        keep: how much of the weights before stays in the taught ones, so that gestures which were
            not taught are forgotten less.
    """

    fit: FitSettings = FitSettings(
        optim=OptimConfig(
            lr=1e-3, weight_decay=0.02, epochs=3, batch=16, warmup=0.1, clip=5.0, ema=0.99
        )
    )
    replay: int = 6
    share: Annotated[float, Between(0, 1)] = 0.5
    around_s: tuple[float, float] = (4.0, 3.0)
    rests: Annotated[int, Between(0, 100_000)] = 300
    keep: Annotated[float, Between(0, 1)] = 0.5


def thin_labels(recordings: Sequence[Recording]) -> dict[str, int]:
    """Labels with too few examples to expect much, and how many there are."""
    counts = Counter(event.label for recording in recordings for event in recording.events)
    return {label: count for label, count in counts.items() if count < _FEW}


def finetune(
    spotter: StreamRecognizer,
    recordings: Sequence[Recording],
    settings: FinetuneSettings,
    folder: Path,
    workers: int = 1,
) -> StreamRecognizer:
    """A spotter that also knows the annotated gestures; the run folder is written, or resumed.

    Args:
        folder: the run folder; it keeps the synthetic examples and the checkpoint, too.
    """
    labels = sorted({event.label for recording in recordings for event in recording.events})
    if not labels:
        raise InputError("the annotations hold no events", remedy="mark gestures first")
    with claimed(folder, settings, [spotter.fingerprint, *map(_fingerprint, recordings)]):
        if (folder / WEIGHTS_FILE).is_file() and (folder / DESCRIPTION_FILE).is_file():
            return StreamRecognizer.load(folder)
        vocabulary = extended(spotter.vocabulary, labels)
        features = spotter.input.features
        network = widened(spotter.network, len(vocabulary) - len(spotter.vocabulary))
        before = copy.deepcopy(network.state_dict())
        pieces = _own_pieces(recordings, vocabulary, features, settings)
        if settings.replay:
            corpus = CorpusSettings(
                recordings=settings.replay, seconds=60.0, clips=20 * settings.replay, seed=77
            )
            old = synthetic_corpus(folder / "replay", corpus, spotter.vocabulary, features, workers)
            pieces = _balanced(
                pieces, [_with_rows(p, len(vocabulary)) for p in old], settings.share
            )
        fit(network, spotter.input, pieces, settings.fit, folder)
        _keep(network, before, settings.keep, known=len(spotter.vocabulary))
        taught = StreamRecognizer(
            network.eval(),
            spotter.model,
            spotter.input,
            vocabulary,
            spotter.decision.widened(spotter.vocabulary, vocabulary),
            f"{spotter.name}, fine-tuned",
            notes={"from": spotter.fingerprint, "recordings": len(recordings), "labels": labels},
            clip_rule=spotter.clip_rule.widened(len(vocabulary) - len(spotter.vocabulary)),
        )
        if settings.rests:
            taught = as_quiet_as(taught, spotter, settings.rests)
        taught.save(folder)
        return taught


def as_quiet_as(taught: StreamRecognizer, before: StreamRecognizer, clips: int) -> StreamRecognizer:
    """The taught one, saying no more of people who do nothing than the one before did.

    Of gestures that are new it may say as much as of the old ones on average.
    """
    rests = [_rest(number) for number in range(clips)]
    was, now = (
        [Watched(next(spotter.tracks(rest))) for rest in rests] for spotter in (before, taught)
    )
    said = said_at_rest(before.decision, before.vocabulary, was)
    usual = round(sum(said) / len(said))
    most = dict(zip(before.vocabulary.groups, said, strict=True))
    rule = quieted(
        taught.decision,
        taught.vocabulary,
        now,
        [most.get(group, usual) for group in taught.vocabulary.groups],
    )
    return replace(taught, decision=rule)


def _rest(number: int) -> PoseSequence:
    camera = WEBCAM if number % 2 else CameraSettings()
    how = SynthesisSettings(walks=_WALKS, camera=camera)
    return synthesise_clip(REST, _RESTS_FROM + number, how).sequence


@dataclass(frozen=True)
class KeptApart:
    """What became of a recording that was not learned from.

    Attributes:
        found: events with a label that was marked there; only of those anything is known.
        before, now: F1 (overlap 0.3) of gestures that were known before; none without any.
    """

    recording: Recording
    found: tuple[GestureEvent, ...]
    before: float | None
    now: float | None

    @property
    def worse(self) -> bool:
        return self.before is not None and self.now is not None and self.now < self.before


def on_kept_apart(
    before: Recognizer, taught: Recognizer, recordings: Iterable[Recording]
) -> Iterator[KeptApart]:
    """How the taught recognizer does on recordings that it has not learned from."""
    known = {name.casefold() for name in before.vocabulary.names}
    for one in recordings:
        truth = [event for event in one.events if event.label.casefold() in known]
        marked = {event.label.casefold() for event in truth}
        events, scores = taught.spot(one.sequence), []
        for recognizer in (before, taught) if truth else ():
            said = events if recognizer is taught else recognizer.spot(one.sequence)
            reference = translate(truth, recognizer.vocabulary).events
            own = [event for event in said if event.label.casefold() in marked]
            scores.append(score_events(reference, own).f1[0.3])
        labels = {event.label for event in one.events}
        found = tuple(event for event in events if event.label in labels)
        yield KeptApart(one, found, *(scores or (None, None)))


def _fingerprint(recording: Recording) -> str:
    points = np.ascontiguousarray(recording.sequence.keypoints).tobytes()
    return json_hash([hashlib.sha256(points).hexdigest(), list(map(asdict, recording.events))])


def extended(vocabulary: Vocabulary, labels: Sequence[str]) -> Vocabulary:
    """The vocabulary with classes for labels that it lacks."""
    known = {name.casefold() for name in vocabulary.names}
    new = [label for label in dict.fromkeys(labels) if label.casefold() not in known]
    classes = [
        GestureClass(len(vocabulary) + i, label, _OWN_GROUP, True, _OWN_RAW + i)
        for i, label in enumerate(new)
    ]
    return replace(
        vocabulary,
        name=f"{vocabulary.name}+own" if new else vocabulary.name,
        classes=(*vocabulary.classes, *classes),
    )


def widened(network: Backbone, more: int) -> Backbone:
    """A copy with outputs for more classes, which begin as a doubtful "any gesture"."""
    twin = copy.deepcopy(network)
    old = twin.head
    head = nn.Linear(old.in_features, old.out_features + more)
    with torch.no_grad():
        head.weight.copy_(
            torch.cat([old.weight[:-1], old.weight[-1:].expand(more, -1), old.weight[-1:]])
        )
        head.bias.copy_(torch.cat([old.bias[:-1], old.bias[-1:].expand(more) - 2, old.bias[-1:]]))
    twin.head = head
    twin.num_classes = old.out_features + more
    return twin


def _keep(network: Backbone, before: Mapping[str, Tensor], share: float, known: int) -> None:
    """Move the weights a share of the way back (in place); outputs of new gestures stay."""
    state = network.state_dict()
    for name, value in state.items():
        if value.is_floating_point():
            taught = value.clone()
            value.lerp_(before[name].to(value), share)
            if name.startswith("head."):
                value[known:-1] = taught[known:-1]


def _own_pieces(
    recordings: Sequence[Recording],
    vocabulary: Vocabulary,
    shown: FeatureSettings,
    settings: FinetuneSettings,
) -> list[Piece]:
    """Whole recordings, and the surroundings of every annotated gesture."""
    labels = {event.label for recording in recordings for event in recording.events}
    annotated = np.zeros(len(vocabulary), bool)
    annotated[[vocabulary.by_name(label).id for label in labels]] = True
    pieces = []
    for recording in recordings:
        several = recording.sequence.num_people > 1
        features = features_of(recording.sequence, shown)
        for person, seen in zip(recording.sequence.people, features, strict=True):
            events = [e for e in recording.events if not several or e.person == person]
            targets, known = dense_targets(events, vocabulary, seen)
            known &= annotated[:, None]
            whole = Piece(seen.values.astype(np.float16), seen.mask, targets, known)
            pieces.append(whole)
            before, after = settings.around_s
            for event in events:
                a, b = (
                    round((time_s - seen.start_s) * seen.rate_hz)
                    for time_s in (event.start_s - before, event.end_s + after)
                )
                pieces.append(whole.part(slice(max(a, 0), max(b, 1))))
    return pieces


def _with_rows(piece: Piece, classes: int) -> Piece:
    """A synthetic piece in a larger vocabulary: none of the new gestures is in it."""
    more = classes - len(piece.targets)
    blank = np.zeros((more, piece.num_frames), bool)
    return replace(
        piece,
        targets=np.concatenate([piece.targets, blank]),
        known=np.concatenate([piece.known, ~blank]),
    )


def _balanced(own: list[Piece], old: list[Piece], share: float) -> list[Piece]:
    """Own pieces so often that they make up their share of the examples."""
    weights = [sum(np.sqrt(p.num_frames) for p in pieces) for pieces in (own, old)]
    times = max(1, round(share / max(1 - share, 1e-3) * weights[1] / max(weights[0], 1e-9)))
    return own * times + old
