"""The shipped recognizer from nothing: synthesis, training, thresholds, evaluation, model card."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from mgskel.core.gestures import get_vocabulary
from mgskel.core.storage.files import json_hash, write_json, write_text
from mgskel.core.version import __version__
from mgskel.models import Backbone
from mgskel.spotting.decision.decision_rule import DecisionRule
from mgskel.spotting.learning.examples import ExampleSettings, VariationSettings
from mgskel.spotting.learning.stream_training import FitSettings, fit
from mgskel.spotting.learning.synthetic import CorpusSettings, synthetic_corpus
from mgskel.spotting.network.features import FeatureSettings, StreamInput
from mgskel.spotting.network.stream_network import build_stream_network, stream_model
from mgskel.spotting.recognizers.stream_recognizer import StreamRecognizer
from mgskel.training.runs.model_folder import ModelSpec
from mgskel.training.train_config import MachineConfig, OptimConfig
from studies.shipped.card import model_card
from studies.shipped.evaluation import evaluate_spotter, fit_clips, fit_decision
from studies.shipped.heldout import TEST, VALIDATION, HeldOutSettings, held_out
from studies.shipped.start import Start, start_with


@dataclass(frozen=True)
class BuildSettings:
    """Everything that the shipped recognizer follows from.

    Attributes:
        name: what it is called.
        vocabulary: what it tells apart.
        start: weights that training starts with; from nothing by default.
    """

    name: str = "mgskel-common-5"
    vocabulary: str = "common"
    start: Start = Start()
    corpus: CorpusSettings = CorpusSettings(
        recordings=1400,
        clips=9000,
        cut=0.35,
        held=0.25,
        still=0.5,
        rests=0.35,
        webcam=0.4,
        layouts={
            "upper_head": 0.72,
            "kinect25": 0.1,
            "coco17": 0.06,
            "imigue22": 0.06,
            "openpose25": 0.06,
        },
        seed=6,
    )
    input: StreamInput = StreamInput(features=FeatureSettings(layout="upper_head"))
    model: ModelSpec = stream_model(channels=(96, 96, 96, 96))
    fit: FitSettings = FitSettings(
        optim=OptimConfig(
            lr=1.2e-3, weight_decay=0.02, epochs=40, batch=16, warmup=0.03, clip=5.0, ema=0.997
        ),
        machine=MachineConfig(precision="bf16-mixed", tensorboard=False),
        examples=ExampleSettings(
            outside=64,
            long=0.7,
            variation=VariationSettings(
                turn=3.0, lag=0.25, stretch=0.22, as_layout=0.2, lose_hands=0.25
            ),
        ),
        seed=8,
    )
    validation: HeldOutSettings = VALIDATION
    test: HeldOutSettings = TEST


def build(folder: Path, settings: BuildSettings, workers: int = 1) -> dict[str, Any]:
    """Make everything that is not there yet; returns the figures of the model card.

    The recognizer is written to `folder`/shipped.
    """
    vocabulary = get_vocabulary(settings.vocabulary)
    torch.manual_seed(settings.fit.seed)
    network = build_stream_network(settings.model, settings.input, len(vocabulary))
    start_with(network, settings.start)
    pieces = synthetic_corpus(
        folder / "corpus", settings.corpus, vocabulary, settings.input.features, workers
    )
    # A checkpoint belongs to its settings: others start anew.
    decisive = (settings.start, settings.corpus, settings.model, settings.input, settings.fit)
    key = json_hash([str(part) for part in decisive])[:10]
    fit(network, settings.input, pieces, settings.fit, folder / f"training-{key}")
    del pieces
    return finish(folder, network, settings, workers)


def finish(
    folder: Path, network: Backbone, settings: BuildSettings, workers: int = 1
) -> dict[str, Any]:
    """Decision rule, evaluation and model card of a trained network."""
    vocabulary = get_vocabulary(settings.vocabulary)
    corpus = settings.corpus
    training = (
        f"{corpus.recordings} recordings of {corpus.seconds:g} s and {corpus.clips} clips "
        f"(seed {corpus.seed}), {settings.fit.steps} steps "
        f"of {settings.fit.optim.batch} windows"
        f"{', starting with weights trained before' if settings.start.weights else ''}"
    )
    spotter = StreamRecognizer(
        network.eval(),
        settings.model,
        settings.input,
        vocabulary,
        DecisionRule.plain(vocabulary),
        settings.name,
        notes={"training": training},
    )
    return with_rules(folder, spotter, settings, workers)


def with_rules(
    folder: Path, spotter: StreamRecognizer, settings: BuildSettings, workers: int = 1
) -> dict[str, Any]:
    """Fit the rules of a recognizer anew, and judge it; its network stays as it is."""
    place, test = folder / "shipped", settings.test
    notes: dict[str, Any] = {
        "mgskel": __version__,
        "training": spotter.notes.get("training", ""),
        "test": (
            f"{test.recordings} recordings of {test.seconds / 60:g} minutes, {test.rests} rests "
            f"of {test.rest_seconds / 60:g} minutes, {test.clips} clips per class, seeds from "
            f"{test.seed} on"
        ),
    }
    # Rules and figures are those of the weights as they are stored.
    spotter.save(place)
    spotter = StreamRecognizer.load(place)
    validation = held_out(folder / "held-out", settings.validation, spotter.vocabulary, workers)
    spotter = replace(
        spotter,
        decision=fit_decision(spotter, validation),
        clip_rule=fit_clips(spotter, validation),
    )
    examples = held_out(folder / "held-out", test, spotter.vocabulary, workers)
    figures = evaluate_spotter(spotter, examples).to_dict()
    spotter = replace(spotter, notes={**notes, "figures": figures})
    spotter.save(place)
    write_json(place / "figures.json", figures)
    write_text(place / "README.md", model_card(spotter, figures))
    return figures
