"""The model card of a spotter, with its measured figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mgskel.spotting.recognizers.stream_recognizer import StreamRecognizer
from studies.recognition.cost import count_params


def model_card(spotter: StreamRecognizer, figures: Mapping[str, Any]) -> str:
    """Markdown.

    Args:
        figures: what `Evaluation.to_dict` gives.
    """
    notes = spotter.notes
    weights = count_params(spotter.network)
    low, high = figures["f1_0.3_interval"]
    walks = ""
    if "walks_silent" in figures:
        share = figures["walks_silent"]
        walks = f"| clips of people who come or leave: nothing is said | {share:.2f} |\n"
    classes = "\n".join(
        f"| {gesture.name} | {gesture.group} | {_share(figures['clip_class_f1'], gesture.name)} "
        f"| {_share(figures['tight_clip_class_f1'], gesture.name)} "
        f"| {_share(figures['class_f1_0.3'], gesture.name)} "
        f"| {figures['class_events'].get(gesture.name, 0)} |"
        for gesture in spotter.vocabulary
    )
    return f"""# {spotter.name}

Finds {len(spotter.vocabulary)} gestures of the upper body in recordings of 2-D keypoints: a dense
network (`light`, {weights:,} weights) that follows each person through the
recording, and one decision rule for all its gestures.

**It is not validated for any decision about people.** It says that a movement looks like a
gesture, not what the gesture means, and it misses and mistakes many.

`mgskel spot` finds its events in a recording. In Python,
`Recognizer.load().classify(PoseSequence.load(CLIP))` gives the chances of its classes in a clip
that was cut around one gesture.

## What it was trained on

Synthesis alone: {notes.get("training", "see notes in recognizer.json")}. No recording of a real
person, and no data set, was used for its weights or its decision rule. Rebuild it with

    python tools/train_shipped.py -o A --start.weights FILE --start.layout upper_head \\
        --model.sizes.causal false --fit.optim.lr 0.001 --fit.optim.epochs 45 --fit.seed 6
    python tools/train_shipped.py -o B --start.weights A/shipped/model.safetensors \\
        --start.layout upper_head --model.fusion '"off"' --model.fusion_window null \\
        --fit.optim.lr 0.0015 --fit.optim.epochs 30 --fit.seed 7
    python tools/train_shipped.py -o RUN --start.weights B/shipped/model.safetensors \\
        --start.layout upper_head

with FILE the weights before (`mgskel/spotting/shipped/model.safetensors` at fd3250c), which were
trained in the same way on the synthesis of then. A network that sees the past alone learns far
faster than one that reads its answer at the edge of what it sees, so that the last two steps, 37
minutes of one core, gained more than all before. Fusion was put in last. B answered 0.13 s sooner.

## Measured on held-out synthesis

New bodies, cameras, estimator errors and gestures ({notes.get("test", "")}).

| figure | value |
|---|---|
| F1 at overlap 0.3, long recordings | {figures["f1_0.3"]:.3f} |
| between which it lies for 90 % of such sets of recordings | {low:.3f} to {high:.3f} |
| F1 at overlap 0.1 and 0.5 | {figures["f1_0.1"]:.3f}, {figures["f1_0.5"]:.3f} |
| mean over classes of F1 at 0.3 | {figures["macro_f1_0.3"]:.3f} |
| frame-wise F1 | {figures["frame_f1"]:.3f} |
| mean error of onset, offset | {_seconds(figures["onset_error_s"])}, {
        _seconds(figures["offset_error_s"])
    } |
| false events per 5 minutes of rest | {figures["false_per_5_min_rest"]:.2f} |
{walks}| cut clips: mean over classes of F1 | {figures["clip_macro_f1"]:.3f} |
| cut clips: accuracy | {figures["clip_accuracy"]:.3f} |
| clips cut into the gesture: mean over classes of F1 | {figures["tight_clip_macro_f1"]:.3f} |

| gesture | group | F1, cut clips | F1, cut into | F1 at 0.3, recordings | true events |
|---|---|---|---|---|---|
{classes}

A gesture is named from 0.3 of its group's chance. On real people it is wrong in ways the tables do
not show: docs/results/spotting.md.

## Limits

- Synthetic people are simpler than real ones: expect more misses and false events on real video
  than the table says. docs/results/spotting.md lists what it says of real clips.
- It sees upper-body keypoints in the picture's plane. It says nothing of lips, brows, gaze,
  legs or feet, and nothing that needs depth.
- It needs about ten frames per second, shoulders wider than about 40 pixels, and the joints that
  a gesture involves; without them it abstains (`mgskel spot` says of which gestures).
- Hands that the estimator loses at the face are the most frequent reason for misses.
- An event's score is its chance of being right, fitted on synthesis; docs/results/spotting.md
  shows how true it is there.
"""


def _share(values: Mapping[str, float], name: str) -> str:
    return f"{values[name]:.2f}" if name in values else "-"


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f} s"
