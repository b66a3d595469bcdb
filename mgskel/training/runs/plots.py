"""Pictures of a training: curves and confusion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mgskel.core.errors import InputError
from mgskel.core.storage.files import writing
from mgskel.training.runs.class_metrics import confusion

_MOST_LABELS = 60


def plot_curves(path: Path, rows: Sequence[Mapping[str, str]]) -> None:
    """Losses and validation scores over the epochs of a run's history."""
    figure, (left, right) = new_figure(1, 2, (9, 3.2))
    for axis, keys in ((left, ("train_loss", "val_loss")), (right, _SCORES)):
        for key in keys:
            points = [(int(r["epoch"]), float(r[key])) for r in rows if r.get(key)]
            if points:
                axis.plot(*zip(*points, strict=True), label=key.replace("_", " "), marker=".")
        axis.set_xlabel("epoch")
        if axis.lines:
            axis.legend(frameon=False)
    left.set_ylabel("loss")
    right.set_ylabel("share")
    right.set_ylim(0, 1.02)
    save_figure(figure, path)


_SCORES = ("val_top1", "val_mean_class", "val_macro_f1")


def plot_confusion(
    path: Path, probabilities: np.ndarray, truth: np.ndarray, names: Sequence[str]
) -> None:
    """Rows are the truth; each row is divided by its sum."""
    counts = confusion(truth, probabilities.argmax(1), len(names)).astype(float)
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    size = min(3 + 0.22 * len(names), 16)
    figure, axis = new_figure(1, 1, (size + 1, size))
    image = axis.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    if len(names) <= _MOST_LABELS:
        axis.set_xticks(range(len(names)), names, rotation=90, fontsize=7)
        axis.set_yticks(range(len(names)), names, fontsize=7)
    axis.set_xlabel("answered")
    axis.set_ylabel("true")
    figure.colorbar(image, ax=axis, label="share of the true class", fraction=0.046)
    save_figure(figure, path)


def new_figure(rows: int, columns: int, size: tuple[float, float]) -> tuple[Any, Any]:
    """A figure and its axes, drawn without a display."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.subplots(rows, columns)


def save_figure(figure: Any, path: Path) -> None:
    """Write a figure, whole or not at all."""
    if path.suffix[1:] not in figure.canvas.get_supported_filetypes():
        raise InputError(
            f"no picture can be written as {path}", expected="a name such as confusion.png or .svg"
        )
    with writing(path) as temporary:
        figure.savefig(temporary, dpi=120)
