"""``mgskel pretrain``: motion learned from unlabelled recordings."""

from __future__ import annotations

import argparse
from pathlib import Path

from mgskel.cli.shared.messages import tell

HELP = (
    "Learn motion from sequences without labels (masked motion prediction), for later training "
    "with --model.pretrained FOLDER. Every config key is an option: --data FILE,FILE."
)
EXAMPLES = ("--data recordings.npz", "-c configs/transfer/utd_mhad.yaml -o runs/pretrained")
TAKES_KEYS = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-c", "--config", type=Path, metavar="CONFIG", help="YAML file")
    parser.add_argument(
        "-o", "--out", type=Path, default=Path("runs") / "pretrained", help="folder to write"
    )


def run(args: argparse.Namespace) -> int:
    from mgskel.core.config import load_config
    from mgskel.training.pretraining import PretrainConfig, pretrain

    out = pretrain(load_config(PretrainConfig, args.config, args.keys), args.out)
    tell(f"{out}: use it with 'mgskel train ... --model.pretrained {out}'")
    return 0
