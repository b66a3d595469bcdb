"""``mgskel train``: a config becomes a run folder."""

from __future__ import annotations

import argparse
from pathlib import Path

from mgskel.cli.messages import tell

HELP = (
    "Train a recognizer from a config (see configs/). Every key of the config is an option by its "
    "dotted name, such as --data.train FILE, --optim.lr 0.001, --model.fusion off. The same "
    "command resumes an interrupted training."
)
EXAMPLES = (
    "-c configs/natops/recipe.yaml --data.train train.npz",
    "-c configs/micro.yaml --all-streams -o runs/mine",
)
TAKES_KEYS = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-c", "--config", type=Path, metavar="CONFIG", help="YAML file")
    parser.add_argument(
        "-o",
        "--out",
        type=Path,
        help="run folder (default: runs/CONFIG/STREAM)",
    )
    parser.add_argument(
        "--all-streams",
        action="store_true",
        help="train each of the config's streams, in OUT/STREAM",
    )


def run(args: argparse.Namespace) -> int:
    import dataclasses

    from mgskel.core.config import load_config
    from mgskel.training.config import TrainConfig

    config = load_config(TrainConfig, args.config, args.keys)
    tell(f"training {config.model.backbone}: reading {config.data.train or 'nothing'}")
    from mgskel.training.fit import train
    from mgskel.training.sets import check_streams, load_training_data

    base = args.out or Path("runs") / (args.config.stem if args.config else "default")
    alone = args.out is not None and not args.all_streams
    data = load_training_data(config.data)
    streams = config.streams if args.all_streams else (config.stream,)
    check_streams(streams, data.train)
    for stream in streams:
        folder = base if alone else base / stream
        recognizer = train(dataclasses.replace(config, stream=stream), folder, data)
        judged = recognizer.notes.get("validation", {})
        shown = ", ".join(f"{k} {judged[k]:.3f}" for k in ("top1", "macro_f1") if k in judged)
        tell(f"{folder}: {shown or 'trained on everything, nothing held out'}")
    return 0
