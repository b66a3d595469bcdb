"""What a run folder holds beside the recognizer, and whose it is."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import yaml

from mgskel.core.config import to_dict
from mgskel.core.errors import InputError
from mgskel.core.storage.files import (
    folders_missing,
    remove_empty,
    sweep_leftovers,
    write_json,
    write_text,
)
from mgskel.core.storage.intake import csv_rows, read_json, read_text
from mgskel.core.storage.stages import working_in
from mgskel.training.runs.model_folder import DESCRIPTION_FILE, WEIGHTS_FILE

CONFIG_FILE = "config.yaml"
VALIDATION_FILE = "validation.npz"
METRICS_FILE = "metrics.csv"
CHECKPOINT = Path("checkpoints") / "last.ckpt"
_TRAINING_FILE = "training.json"
_LENGTH = ".optim.epochs"
# Neither threads nor logs nor where the files lie decide a result.
_INDIFFERENT = (
    ".threads", ".tensorboard", "config.data", ".data.train", ".validation_file", ".distil.runs"
)  # fmt: skip
_SHOWN = 4
_RANKS = ("RANK", "LOCAL_RANK", "NODE_RANK", "SLURM_PROCID")


@contextmanager
def claimed(out: Path, config: Any, fingerprint: object) -> Iterator[None]:
    """Hold a run folder alone for one training; of one that fails before it has anything to go on
    from, nothing is left.
    """
    if any(int(os.environ.get(name, 0) or 0) for name in _RANKS):
        yield  # the first of the processes that train together holds it
        return
    new, made = not out.exists(), folders_missing(out)
    ours = [path for path in (out / CONFIG_FILE, out / _TRAINING_FILE) if not path.exists()]
    try:
        with working_in((out / CHECKPOINT).parent):
            sweep_leftovers(out)
            _claim(out, config, fingerprint)
            yield
    except BaseException:
        if new and not (out / CHECKPOINT).exists():
            shutil.rmtree(out, ignore_errors=True)
            remove_empty(made)
        elif not (out / CHECKPOINT).exists():
            for path in ours:
                with suppress(OSError):
                    path.unlink(missing_ok=True)
        raise


def _claim(out: Path, config: Any, fingerprint: object) -> None:
    """Refuse a folder that holds another training; otherwise write the config into it.

    What does not decide the result may differ, and a training may be lengthened: it then goes on
    from its checkpoint, finished or not.
    """
    told = _flat({"config": to_dict(config), "data": fingerprint})
    now = {key: value for key, value in told.items() if not key.endswith(_INDIFFERENT)}
    path = out / _TRAINING_FILE
    if path.is_file():
        before = _flat(read_json(path))
        changed = [key for key in before | now if before.get(key) != now.get(key)]
        if not changed:
            return
        if not all(_longer(key, before.get(key), now.get(key)) for key in changed):
            raise _another(out, changed, before, now)
        # What was finished no longer is.
        (out / DESCRIPTION_FILE).unlink(missing_ok=True)
        (out / WEIGHTS_FILE).unlink(missing_ok=True)
    write_json(path, now)
    write_text(out / CONFIG_FILE, yaml.safe_dump(to_dict(config), sort_keys=False))


def _longer(key: str, before: Any, now: Any) -> bool:
    return key.endswith(_LENGTH) and before is not None and now is not None and now > before


def _another(
    out: Path, changed: list[str], before: dict[str, Any], now: dict[str, Any]
) -> InputError:
    """The error that says what differs."""

    def told(values: dict[str, Any]) -> str:
        settings = [key for key in changed if key.startswith("config.")]
        parts = [f"{key.removeprefix('config.')} {values.get(key)}" for key in settings[:_SHOWN]]
        return ", ".join(parts + ["other data"] * (len(settings) < len(changed)))

    return InputError(
        "the folder holds another training",
        place=out,
        expected=f"an empty folder, or what it was begun with: {told(before)}",
        found=told(now),
        remedy="choose another folder with --out, or give the same config and data to resume "
        "(only more epochs may be asked for)",
    )


def _flat(tree: Any, place: str = "") -> dict[str, Any]:
    """The leaves of nested mappings by their dotted names."""
    if not isinstance(tree, dict) or not tree:
        return {place: tree}
    leaves: dict[str, Any] = {}
    for key, value in tree.items():
        leaves |= _flat(value, f"{place}.{key}" if place else key)
    return leaves


def read_history(out: Path) -> list[dict[str, str]]:
    """A folder's metrics, one row per epoch."""
    lines = [cells for _, cells in csv_rows(read_text(out / METRICS_FILE), out / METRICS_FILE)]
    return [dict(zip(lines[0], cells, strict=False)) for cells in lines[1:]]


def plot_history(out: Path) -> None:
    """Curves of a folder's metrics as a picture."""
    from mgskel.training.runs.plots import plot_curves

    plot_curves(out / "curves.png", read_history(out))
