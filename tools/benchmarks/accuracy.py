"""Accuracy of a recipe, trained from scratch: validation, and with --test test.

    python tools/benchmark.py accuracy natops --train FILE --test FILE --json out.json

Further options are config keys (--optim.epochs 20). With --out the run folders are kept, and
the same command goes on where it was interrupted. With --write PAGE.md the result is kept in the
folder PAGE, and the page is made anew from all results kept there.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from benchmarks._command import options
from benchmarks._machine import describe_machine
from studies.recognition.accuracy import measure, tabulate
from studies.recognition.accuracy_page import recipe_facts, write_page

from mgskel.core.config import load_config
from mgskel.core.errors import unknown
from mgskel.core.machine.threads import set_threads
from mgskel.core.storage.files import to_json, write_text
from mgskel.training.train_config import TrainConfig

_CONFIGS = Path(__file__).resolve().parents[2] / "configs"


def main(argv: list[str]) -> int:
    parser = options(__name__, __doc__, allow_abbrev=False)
    parser.add_argument("set", metavar="SET", help="a folder of configs/, such as natops")
    parser.add_argument("--train", required=True, type=Path, metavar="FILE")
    parser.add_argument("--test", type=Path, metavar="FILE")
    parser.add_argument("--streams", help="joint,bone,... (default: the recipe's)")
    parser.add_argument("--backbone", help="default: the recipe's")
    parser.add_argument("--fusion", choices=("on", "off"))
    parser.add_argument(
        "--distil", metavar="STREAM", help="distil all streams into one more network of this stream"
    )
    parser.add_argument("--seeds", type=int, default=1, metavar="N")
    parser.add_argument("--out", type=Path, help="keep run folders here (resumable)")
    parser.add_argument("--json", type=Path, metavar="OUT")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="docs/results/accuracy.md")
    args, keys = parser.parse_known_args(argv)
    config = recipe(args.set, args, keys)
    streams = tuple(args.streams.split(",")) if args.streams else config.streams
    threads = set_threads(config.machine.threads)
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        out = args.out or Path(scratch)
        results = [
            measure(seeded(config, seed), streams, args.test, out / f"seed{seed}", args.distil)
            for seed in range(args.seeds)
        ]
    report = {
        "set": args.set,
        "backbone": config.model.backbone,
        "fusion": config.model.fusion,
        "seeds": args.seeds,
        "seconds": time.monotonic() - start,
        **tabulate(results),
        "n_validation": _count(results[0].validation_truth),
        "n_test": _count(results[0].test_truth),
        "recipe": recipe_facts(config, [*_choices(args), *keys]),
        "machine": describe_machine() | {"threads": threads},
    }
    together = {name: report[name] for name in ("ensemble", "distilled") if name in report}
    for name, row in (report["streams"] | together).items():
        shown = "  ".join(
            f"{part} {100 * row[f'{part}_top1']:.2f} ± {100 * row[f'{part}_top1_sd']:.2f}"
            for part in ("val", "test")
            if f"{part}_top1" in row
        )
        print(f"{name:<16} {shown}", file=sys.stderr)
    if args.write:
        write_page(args.write, report)
    if args.json:
        write_text(args.json, to_json(report))
    else:
        sys.stdout.write(to_json(report))
    return 0


def seeded(config: TrainConfig, seed: int) -> TrainConfig:
    """Every seed draws its own validation part, too: one small part may be an easy one."""
    data = dataclasses.replace(config.data, split_seed=config.data.split_seed + seed)
    return dataclasses.replace(config, seed=seed, data=data)


def _count(truth: np.ndarray | None) -> int:
    return 0 if truth is None else len(truth)


def _choices(args: argparse.Namespace) -> list[str]:
    """The command's words beyond set, files and seeds."""
    chosen = {name: getattr(args, name) for name in ("streams", "backbone", "fusion", "distil")}
    return [word for name, value in chosen.items() if value for word in (f"--{name}", value)]


def recipe(name: str, args: argparse.Namespace, keys: list[str]) -> TrainConfig:
    """The set's recipe with the command's choices."""
    path = _CONFIGS / name / "recipe.yaml"
    if not path.is_file():
        raise unknown("set", name, sorted(p.parent.name for p in _CONFIGS.glob("*/recipe.yaml")))
    words = ["--data.train", str(args.train), "--machine.tensorboard", "off", *keys]
    if args.backbone:
        words += ["--model.backbone", args.backbone]
    if args.fusion:
        words += ["--model.fusion", args.fusion]
    return load_config(TrainConfig, path, words)
