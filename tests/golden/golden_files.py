"""Expected answers as files: compared with room for rounding, or written anew on request."""

from __future__ import annotations

import base64
import csv
import gzip
import io
import json
import math
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

EXPECTED = Path(__file__).parent / "expected"
WRITE = os.environ.get("MGSKEL_WRITE_GOLDEN") == "1"
_DECIMAL = re.compile(r"\d+\.\d+")
_MOST_SHOWN = 12


def check(name: str, found: Any, tolerance: float = 1e-3) -> None:
    """Hold an answer against its file; with MGSKEL_WRITE_GOLDEN=1 it becomes the file.

    Args:
        name: of the file, with its folder, without an ending.
        found: anything that JSON can hold.
        tolerance: how far numbers may be off, plus the same share of their size.
    """
    path = EXPECTED / f"{name}.json"
    # Through JSON, so that tuples and lists, and what was written and read, are one thing.
    found = json.loads(json.dumps(found))
    if WRITE:
        path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(found, indent=1, ensure_ascii=False)
        path.write_text(_short_lists_on_one_line(text) + "\n", encoding="utf-8")
        return
    expected = json.loads(path.read_text(encoding="utf-8"))
    faults = list(differences(expected, found, tolerance))
    shown = "\n".join(faults[:_MOST_SHOWN])
    assert not faults, f"{len(faults)} differences from {path.name}:\n{shown}"


def differences(expected: Any, found: Any, tolerance: float, place: str = "$") -> Iterator[str]:
    """Every place where two JSON trees differ."""
    if isinstance(expected, dict) and isinstance(found, dict):
        for key in sorted(expected.keys() | found.keys()):
            if key not in found:
                yield f"{place}.{key}: missing"
            elif key not in expected:
                yield f"{place}.{key}: not expected"
            else:
                yield from differences(expected[key], found[key], tolerance, f"{place}.{key}")
    elif isinstance(expected, list) and isinstance(found, list):
        if len(expected) != len(found):
            yield f"{place}: expected {len(expected)} items, found {len(found)}"
        for i, (one, other) in enumerate(zip(expected, found, strict=False)):
            yield from differences(one, other, tolerance, f"{place}[{i}]")
    elif not _same(expected, found, tolerance):
        yield f"{place}: expected {expected!r}, found {found!r}"


def _same(expected: Any, found: Any, tolerance: float) -> bool:
    if isinstance(expected, bool) or isinstance(found, bool):
        return expected is found
    if isinstance(expected, float) and isinstance(found, int | float):
        return math.isclose(expected, found, rel_tol=tolerance, abs_tol=tolerance)
    if isinstance(expected, str) and isinstance(found, str):
        return expected == found or _same_but_for_rounding(expected, found)
    return bool(expected == found) and type(expected) is type(found)


def _same_but_for_rounding(expected: str, found: str) -> bool:
    """Whether texts differ only in the last digit of decimals: another processor may round so."""
    if _DECIMAL.sub("#", expected) != _DECIMAL.sub("#", found):
        return False
    for one, other in zip(_DECIMAL.findall(expected), _DECIMAL.findall(found), strict=True):
        unit = 10.0 ** -len(one.partition(".")[2])
        if abs(float(one) - float(other)) > 1.01 * unit:
            return False
    return True


def table(text: str) -> list[dict[str, Any]]:
    """A CSV text as rows; what looks like a number is one."""
    rows = csv.DictReader(io.StringIO(text))
    return [{key: _number_or_text(value) for key, value in row.items()} for row in rows]


def _number_or_text(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def arrays(path: Path) -> dict[str, Any]:
    """What an .npz file holds, each array by its shape and a few figures."""
    with np.load(path) as content:
        return {name: summary(content[name]) for name in sorted(content.files)}


def summary(values: np.ndarray) -> Any:
    """Shape, kind and a few figures of an array; text as it is, JSON text as a tree."""
    if values.dtype.kind == "U" and values.ndim == 0:
        text = str(values)
        return json.loads(text) if text.startswith("{") else text
    answer: dict[str, Any] = {"shape": list(values.shape), "dtype": values.dtype.name}
    if values.dtype.kind in "Ub" or values.size <= 8:
        return {**answer, "values": [None if _missing(v) else v for v in values.ravel().tolist()]}
    flat = values.reshape(-1, values.shape[-1] if values.ndim > 1 else 1).astype(float)
    here = np.isfinite(flat)
    # Weighted by their place as well: a mean alone would not notice swapped people or frames.
    place = np.linspace(0, 1, len(flat))[:, None]
    filled = np.where(here, flat, 0)
    counts = np.maximum(here.sum(0), 1)
    answer["missing"] = int((~here).sum())
    answer["mean"] = (filled.sum(0) / counts).tolist()
    answer["by_place"] = ((filled * place).sum(0) / counts).tolist()
    answer["range"] = [float(flat[here].min()), float(flat[here].max())] if here.any() else None
    return answer


def _missing(value: object) -> bool:
    return isinstance(value, float) and math.isnan(value)


def page_data(page: str) -> dict[str, Any]:
    """The data in a report page: the one JSON script, wherever it stands and whatever its id."""
    scripts = re.findall(r"<script[^>]*>(.*?)</script>", page, re.S)
    (data,) = (json.loads(text) for text in scripts if text.lstrip().startswith("{"))
    return dict(unpacked(data))


def unpacked(tree: Any) -> Any:
    """The tree with each packed series given by figures, since its bytes hang on rounding."""
    if isinstance(tree, dict):
        if tree.keys() == {"type", "shape", "data"}:
            return _series(tree["type"], tree["shape"], tree["data"])
        return {key: unpacked(value) for key, value in tree.items()}
    return [unpacked(value) for value in tree] if isinstance(tree, list) else tree


def _series(kind: str, shape: list[int], data: str) -> dict[str, Any]:
    """Differences, the high bytes of all before the low ones: undone as a browser does it."""
    raw = np.frombuffer(gzip.decompress(base64.b64decode(data)), np.uint8)
    planes = raw.reshape(-1, *shape).astype(kind)
    steps = planes[0] if len(planes) == 1 else planes[0] * 256 + planes[1]
    values = np.cumsum(steps, axis=1, dtype=kind)
    # Per series, and by its place in time; in 255ths, so that the tolerance is a few pixel steps.
    means = values.mean(1) / 255
    weighted = (values * np.linspace(0, 1, shape[1])).mean(1) / 255
    return {
        "type": kind,
        "shape": shape,
        "means": np.round(means, 5).tolist(),
        "by_time": np.round(weighted, 5).tolist(),
    }


def _short_lists_on_one_line(text: str) -> str:
    """JSON as written by `json.dumps`, lists of plain values brought onto one line."""
    return re.sub(
        r"\[\n\s+([^\[\]{}]*?)\n\s*\]",
        lambda found: "[" + re.sub(r",\n\s+", ", ", found.group(1)) + "]",
        text,
    )
