"""Predictions as files: our table, and what the MiGA and MA-52 challenges take."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mgskel.core.errors import InputError
from mgskel.core.gestures import get_vocabulary
from mgskel.core.storage.files import write_bytes, write_text
from mgskel.datasets.classes import ClassList

FORMATS = ("scores", "miga", "ma52")
_RANKS = 5


def write_predictions(
    path: str | Path, kind: str, names: Sequence[str], probabilities: np.ndarray, classes: ClassList
) -> None:
    """Write predictions of (n, K) probabilities in one of `FORMATS`."""
    path = Path(path)
    if kind == "miga":
        write_text(path, miga(names, probabilities))
    elif kind == "ma52":
        text = ma52(names, probabilities, classes)
        if path.suffix == ".zip":
            archive = io.BytesIO()
            with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as handle:
                handle.writestr("prediction.csv", text)
            write_bytes(path, archive.getvalue())
        else:
            write_text(path, text)
    else:
        write_text(path, score_table(names, probabilities, classes))


def score_table(names: Sequence[str], probabilities: np.ndarray, classes: ClassList) -> str:
    """CSV: name, label (the data set's own), class, score, then every class's probability."""
    header = ["name", "label", "class", "score", *(f"p:{name}" for name in classes.names)]
    best = probabilities.argmax(1)
    rows = (
        [name, classes.keys[k], classes.names[k], f"{p[k]:.6f}", *(f"{v:.6f}" for v in p)]
        for name, k, p in zip(names, best, probabilities, strict=True)
    )
    return _csv([header, *rows])


def miga(names: Sequence[str], probabilities: np.ndarray) -> str:
    """MiGA track 1: one line ``VIDEO_CLIP,class`` per clip, classes from 0, no header."""
    return _csv([name, int(k)] for name, k in zip(names, probabilities.argmax(1), strict=True))


def ma52(names: Sequence[str], probabilities: np.ndarray, classes: ClassList) -> str:
    """MA-52: the five likeliest actions and body groups of each video.

    A group's probability is the sum of its actions'.
    """
    if classes.vocabulary != "ma52":
        raise InputError(
            "the MA-52 submission needs a recognizer of the MA-52 classes",
            expected="data.vocabulary ma52 in training",
            found=classes.vocabulary or "no vocabulary",
        )
    bodies = group_probabilities(probabilities, ma52_groups())
    ranked = [f"{what}_pred_{n}" for what in ("action", "body") for n in range(1, _RANKS + 1)]
    rows = (
        [name, *_best(actions), *_best(body)]
        for name, actions, body in zip(names, probabilities, bodies, strict=True)
    )
    return _csv([["vid", *ranked], *rows])


def ma52_groups() -> np.ndarray:
    """(52,) body group of each action."""
    vocabulary = get_vocabulary("ma52")
    return np.array([vocabulary.groups.index(gesture.group) for gesture in vocabulary.classes])


def group_probabilities(probabilities: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """(n, G): the summed probabilities (n, K) of each group's classes; `groups` is (K,)."""
    return probabilities @ np.eye(groups.max() + 1)[groups]


def _best(values: np.ndarray) -> list[int]:
    return [int(i) for i in np.argsort(-values, kind="stable")[:_RANKS]]


def _csv(rows: object) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)  # type: ignore[arg-type]
    return text.getvalue()
