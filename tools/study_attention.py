"""Can the pictures of attention be believed? Every way of looking, measured on held-out clips.

    python tools/study_attention.py --set natops=FILE [--backbones light,gat] [--clips 30]
    python tools/study_attention.py --run RUN --data FILE [--layout NAME]
    python tools/study_attention.py --spotter [RUN] [--recordings 5]

The first form trains a network per backbone on two thirds of FILE with the set's recipe; the last
judges the glow on the report page, on gestures found in held-out synthesis.

For each way of looking, on clips that were not trained on: by how much deletion and insertion
beat random orders, on what share of clips, and how alike the picture stays when the weights are
shuffled. `movement` is a look that knows nothing of the network: how fast each joint moves. Writes
attention.csv and attention.md to docs/results; rows of networks that were not looked at this time
stay as they were.
"""

from __future__ import annotations

import argparse
import csv
import io
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import attention_of_events
import numpy as np
import torch
from studies.asking import ending_well, parser_of
from torch import Tensor

from mgskel.attention import METHODS, JointAttention, attend, faithfulness, randomised
from mgskel.core.config import load_config
from mgskel.core.errors import InputError
from mgskel.core.machine.threads import set_threads
from mgskel.core.recording import Dataset
from mgskel.core.storage.files import write_text
from mgskel.datasets.batches import view_batches
from mgskel.datasets.loading import load_dataset
from mgskel.formats import ReadOptions
from mgskel.models import Backbone
from mgskel.spotting import StreamRecognizer
from mgskel.training.fit import train
from mgskel.training.runs.clip_model import ClipModel
from mgskel.training.sets import load_training_data
from mgskel.training.train_config import TrainConfig

MOVEMENT = "movement"
_COLUMNS = {
    "method": "way of looking", "deletion": "deletion gain", "insertion": "insertion gain",
    "better": "better than random", "alike": "alike when shuffled",
}  # fmt: skip


@dataclass(frozen=True)
class Finding:
    """One way of looking at one network.

    Attributes:
        deletion, insertion: mean gains over random orders, with 95% intervals over clips.
        better: share of clips on which both curves beat random.
        alike: rank correlation with the picture of the network with shuffled weights.
    """

    network: str
    command: str
    method: str
    clips: int
    deletion: float
    deletion_low: float
    deletion_high: float
    insertion: float
    insertion_low: float
    insertion_high: float
    better: float
    alike: float


@ending_well
def main(argv: Sequence[str] | None = None) -> int:
    parser = parser_of(__doc__)
    add = parser.add_argument
    add("--set", metavar="NAME=FILE", help="a recipe in configs/ and its data")
    add("--backbones", default="light", help="comma-separated")
    add("--epochs", type=int, default=40)
    add("--run", type=Path, help="look into this run instead")
    add("--data", type=Path, help="labelled clips for --run")
    add("--spotter", nargs="?", const="", metavar="RUN", help="look into a spotter (the shipped)")
    add("--recordings", type=int, default=5, help="synthetic minutes for --spotter")
    add("--layout", help="skeleton of a file that does not name its own")
    add("--clips", type=int, default=30, help="how many rightly recognised clips to look at")
    add("--results", type=Path, default=Path("docs/results"))
    args = parser.parse_args(argv)
    set_threads(1)
    if args.spotter is not None:
        findings = list(look_at_spotter(args.spotter or None, args.recordings))
    else:
        findings = [
            finding
            for name, recognizer, clips in networks(args)
            for finding in look_at(name, recognizer, clips, args.clips)
        ]
    write_results(args.results, findings)
    return 0


def networks(args: argparse.Namespace) -> Iterator[tuple[str, ClipModel, Dataset]]:
    """Name, network and clips that it was not trained on."""
    if args.run is not None:
        if args.data is None:
            raise InputError("--run needs labelled clips", remedy="--data FILE")
        yield (
            args.run.name,
            ClipModel.load(args.run),
            load_dataset(args.data, ReadOptions(layout=args.layout)),
        )
        return
    recipe, equals, file = (args.set or "").partition("=")
    if not equals:
        raise InputError("nothing to look into", expected="--set NAME=FILE, or --run and --data")
    for backbone in args.backbones.split(","):
        words = ["--data.train", file, "--model.backbone", backbone, "--data.share", "0.33"]
        words += ["--optim.epochs", str(args.epochs), "--machine.tensorboard", "off"]
        words += ["--machine.threads", "1"]
        config = load_config(TrainConfig, Path("configs") / recipe / "recipe.yaml", words)
        data = load_training_data(config.data)
        assert data.validation is not None
        with tempfile.TemporaryDirectory() as folder:
            yield f"{recipe}, {backbone}", train(config, folder, data), data.validation


def look_at(name: str, recognizer: ClipModel, clips: Dataset, count: int) -> Iterator[Finding]:
    network, lost = recognizer.network.eval(), randomised(recognizer.network)
    command = told(sys.argv[1:])
    inputs = list(rightly_recognised(recognizer, clips, count))
    if not inputs:
        raise InputError("no clip is recognised rightly: there is nothing worth looking into")
    for method in (*METHODS, MOVEMENT):
        if method == "bones" and network.name != "gat":
            continue
        gains, alike = [], []
        looks = [look(network, x, mask, method) for x, mask in inputs]
        for (x, mask), seen in zip(inputs, looks, strict=True):
            curves = faithfulness(network, x, mask, seen, random_orders=5)
            gains.append((curves.deletion_gain, curves.insertion_gain))
            other = look(lost, x, mask, method, seen.target)
            alike.append(rank_correlation(seen.weights, other.weights))
        deletion, insertion = np.array(gains).T
        yield Finding(
            name, command, method, len(inputs),
            *mean_interval(deletion), *mean_interval(insertion),
            better=float(((deletion > 0) & (insertion > 0)).mean()),
            alike=float(np.mean(alike)),
        )  # fmt: skip
        print(f"{name}: {method} done", file=sys.stderr)


def look_at_spotter(run: str | None, recordings: int) -> Iterator[Finding]:
    spotter = StreamRecognizer.load(run)
    found = attention_of_events.found_gestures(spotter, recordings, 60.0)
    if not found:
        raise InputError("this spotter finds nothing in the recordings", remedy="--recordings N")
    for seen in attention_of_events.looks(spotter.folded, found):
        pairs = zip(seen.maps, seen.lost_maps, strict=True)
        yield Finding(
            f"{spotter.name}, gestures in recordings", told(sys.argv[1:]), seen.way, len(found),
            *mean_interval(seen.deletion), *mean_interval(seen.insertion),
            better=float(((seen.deletion > 0) & (seen.insertion > 0)).mean()),
            alike=float(np.mean([rank_correlation(*pair) for pair in pairs])),
        )  # fmt: skip
        print(f"{spotter.name}: {seen.way} done", file=sys.stderr)


def look(
    network: Backbone, x: Tensor, mask: Tensor, method: str, target: int | None = None
) -> JointAttention:
    if method != MOVEMENT:
        return attend(network, x, mask, method, target)
    with torch.no_grad():
        chances = network(x, mask).softmax(1)[0]
    steps = torch.diff(x[0], dim=1, prepend=x[0][:, :1]).norm(dim=0) * mask[0]  # (T, V, M)
    weights = (steps / steps.max().clamp(min=1e-9)).permute(2, 0, 1).double().numpy()
    chosen = int(chances.argmax()) if target is None else target
    return JointAttention(weights, MOVEMENT, chosen, float(chances[chosen]), network.skeleton)


def rightly_recognised(
    recognizer: ClipModel, clips: Dataset, count: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """Up to `count` clips spread over the set: what is wrongly recognised is another question."""
    assert clips.labels is not None
    truth = recognizer.classes.indices(clips.labels)
    chosen = recognizer.predict_proba(clips.sequences).argmax(1)
    right = np.flatnonzero(chosen == truth)
    spread = right[np.linspace(0, len(right) - 1, min(count, len(right))).astype(int)]
    spec = recognizer.input
    for index in spread:
        store = recognizer.store(clips.sequences[index])
        x, mask, _ = next(iter(view_batches(store, spec.stream, spec.window, 1)))
        yield x, torch.ones((1, *x.shape[2:]), dtype=torch.bool) if mask is None else mask


def rank_correlation(one: np.ndarray, other: np.ndarray) -> float:
    from scipy.stats import spearmanr

    if np.ptp(one) == 0 or np.ptp(other) == 0:
        return 0.0  # a flat picture is like no other
    value = float(spearmanr(one.ravel(), other.ravel()).statistic)
    return 0.0 if np.isnan(value) else value


def mean_interval(values: np.ndarray) -> tuple[float, float, float]:
    """Mean, and a 95% bootstrap interval over clips."""
    rng = np.random.default_rng(0)
    means = values[rng.integers(0, len(values), (2000, len(values)))].mean(1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(values.mean()), float(low), float(high)


def told(words: Sequence[str]) -> str:
    """The command; where somebody's files lie is nobody else's business."""
    public = ("=".join(Path(part).name for part in word.split("=")) for word in words)
    return " ".join(["python tools/study_attention.py", *public])


def write_results(folder: Path, findings: Sequence[Finding]) -> None:
    measured = {finding.network for finding in findings}
    kept = [f for f in read_results(folder / "attention.csv") if f.network not in measured]
    findings = [*kept, *findings]
    text = io.StringIO()
    writer = csv.DictWriter(text, [f.name for f in fields(Finding)], lineterminator="\n")
    writer.writeheader()
    for finding in findings:
        row = asdict(finding).items()
        writer.writerow({k: f"{v:.6f}" if isinstance(v, float) else v for k, v in row})
    write_text(folder / "attention.csv", text.getvalue())
    write_text(folder / "attention.md", page(findings))


def read_results(path: Path) -> list[Finding]:
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as lines:
        return [
            Finding(
                row["network"], row["command"], row["method"], int(row["clips"]),
                *(float(row[f.name]) for f in fields(Finding)[4:]),
            )
            for row in csv.DictReader(lines)
        ]  # fmt: skip


def page(findings: Sequence[Finding]) -> str:
    lines = [
        "# Can the pictures of attention be believed?",
        "",
        "Generated by `tools/study_attention.py`; the commands stand with the tables.",
        "",
        "Looked at are clips that were not trained on and are rightly recognised, or gestures that "
        "were found in held-out synthetic recordings. *Deletion gain*: how much lower the class's "
        "probability runs, on average, when joints and moments are hidden in the order of their "
        "weight instead of at random. *Insertion gain*: how much higher it runs when they are "
        "shown in that order. Above 0 is faithful; in brackets 95% bootstrap intervals over clips. "
        "*Better than random*: share of clips with both gains above 0. *Alike when shuffled*: rank "
        "correlation with the picture of the network with shuffled weights; near 1 means that the "
        "picture shows the input and not what was learned. `gates` is what balanced fusion lets "
        "be read, of clips the pooling's peaks. `movement` is no look into the network at all: how "
        "fast each joint moves.",
        "",
    ]
    for name in dict.fromkeys(finding.network for finding in findings):
        members = [finding for finding in findings if finding.network == name]
        lines += [f"## {name} ({members[0].clips} {counted(name)})", ""]
        lines += ["```", members[0].command, "```", ""]
        lines += ["| " + " | ".join(_COLUMNS.values()) + " |", "|---" * len(_COLUMNS) + "|"]
        lines += [
            f"| `{f.method}` "
            f"| {f.deletion:+.3f} [{f.deletion_low:+.3f}, {f.deletion_high:+.3f}] "
            f"| {f.insertion:+.3f} [{f.insertion_low:+.3f}, {f.insertion_high:+.3f}] "
            f"| {100 * f.better:.0f}% | {f.alike:+.2f} |"
            for f in members
        ]
        lines.append("")
        lines += [verdict(members), ""]
    return "\n".join(lines)


def counted(name: str) -> str:
    return "gestures" if "recordings" in name else "clips"


def verdict(members: Sequence[Finding]) -> str:
    """Which read-outs can be trusted, by their own figures."""
    ways = [f for f in members if f.method != MOVEMENT]
    faithful = [f"`{f.method}`" for f in ways if min(f.deletion_low, f.insertion_low) > 0]
    not_so = [f"`{f.method}`" for f in ways if min(f.deletion_low, f.insertion_low) <= 0]
    text = f"Better than random on both, intervals included: {', '.join(faithful) or 'none'}."
    if not_so:
        text += f" Not to be trusted as evidence: {', '.join(not_so)}."
    return text


if __name__ == "__main__":
    raise SystemExit(main())
