"""What a run folder holds beside the recognizer, and whose it is."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import yaml

from mgskel.core.config import to_dict
from mgskel.core.errors import InputError
from mgskel.core.files import read_json, write_json, write_text
from mgskel.training.config import TrainConfig

CONFIG_FILE = "config.yaml"
VALIDATION_FILE = "validation.npz"
METRICS_FILE = "metrics.csv"
CHECKPOINT = Path("checkpoints") / "last.ckpt"
_TRAINING_FILE = "training.json"


def claim(out: Path, lasting: dict[str, Any], fingerprint: object, config: Any) -> None:
    """Refuse a folder that holds another training; otherwise write the config into it."""
    wanted = {"config": lasting, "data": fingerprint}
    path = out / _TRAINING_FILE
    if path.is_file():
        if read_json(path) != wanted:
            raise InputError(
                "the folder holds another training",
                place=out,
                expected="an empty folder, or the same config and data (to resume)",
                remedy="choose another folder with --out, or remove this one",
            )
        return
    out.mkdir(parents=True, exist_ok=True)
    write_json(path, wanted)
    write_text(out / CONFIG_FILE, yaml.safe_dump(to_dict(config), sort_keys=False))


def lasting(config: TrainConfig) -> dict[str, Any]:
    """What decides the result: not threads, not logs, not where the file lies."""
    tree = to_dict(config)
    for key in ("threads", "tensorboard"):
        tree["machine"].pop(key)
    tree["data"].pop("train")
    tree["data"].pop("validation_file")
    return tree


def read_history(out: Path) -> list[dict[str, str]]:
    """A folder's metrics, one row per epoch."""
    with open(out / METRICS_FILE, newline="", encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


def plot_history(out: Path) -> None:
    """Curves of a folder's metrics as a picture."""
    from mgskel.training.plots import plot_curves

    plot_curves(out / "curves.png", read_history(out))
