"""Builders of malformed files: a good one with a single thing changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import format_files as files
import numpy as np

from mgskel.core.recording import Dataset, Recording
from mgskel.core.skeleton import skeleton_to_dict
from mgskel.formats import write

Make = Callable[[str, Any], Path]
Case = tuple[str, Callable[[Path, Make], Path], str]


# Our own npz: one array or header entry is replaced.


def own(**changes: Any) -> Callable[[Path, Make], Path]:
    def build(folder: Path, make: Make) -> Path:
        good = files.sequence()
        header = {
            "schema": 1, "fps": 25.0, "skeleton": skeleton_to_dict(good.skeleton),
            "frame_size": [1280, 720], "unit": "pixel", "source": "s", "provenance": [],
            "people": ["1"],
        }  # fmt: skip
        arrays = {
            "keypoints": np.array(good.keypoints),
            "scores": np.array(good.scores),
            "timestamps": np.array(good.timestamps),
        }
        for key, change in changes.items():
            if key in arrays:
                arrays[key] = change(arrays[key]) if callable(change) else change
            else:
                header[key] = change
        kept = {key: value for key, value in arrays.items() if value is not None}
        np.savez(folder / "own.npz", header=np.array(json.dumps(header)), **kept)
        return folder / "own.npz"

    return build


def put(index: Any, value: float) -> Callable[[np.ndarray], np.ndarray]:
    def change(array: np.ndarray) -> np.ndarray:
        array[index] = value
        return array

    return change


def bundle(**changes: Any) -> Callable[[Path, Make], Path]:
    def build(folder: Path, make: Make) -> Path:
        arrays = files.bundle_arrays() | changes
        np.savez(folder / "b.npz", **{k: v for k, v in arrays.items() if v is not None})
        return folder / "b.npz"

    return build


def annotation(**changes: Any) -> Callable[[Path, Make], Path]:
    def build(folder: Path, make: Make) -> Path:
        tree = files.pyskl_tree()
        entry = tree["annotations"][1]
        for key, change in changes.items():
            entry[key] = change(entry[key]) if callable(change) else change
            if change is None:
                del entry[key]
        return files.write_pickle(folder / "a.pkl", tree)

    return build


def pickled(content: Any) -> Callable[[Path, Make], Path]:
    return lambda folder, make: files.write_pickle(folder / "a.pkl", content)


def text(name: str, content: Any) -> Callable[[Path, Make], Path]:
    return lambda folder, make: make(name, content() if callable(content) else content)


def openpose(change: Callable[[Path], None]) -> Callable[[Path, Make], Path]:
    def build(folder: Path, make: Make) -> Path:
        target = files.write_openpose(folder / "op", [files.triples("openpose25")])
        change(target)
        return target

    return build


def frame_file(number: int, edit: Callable[[Any], Any]) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        file = folder / f"clip_{number:012d}_keypoints.json"
        content = edit(json.loads(file.read_text()))
        file.write_text(content if isinstance(content, str) else json.dumps(content))

    return change


def in_tree(tree: Callable[[], Any], name: str, edit: Callable[[Any], Any]):  # type: ignore[no-untyped-def]
    def build(folder: Path, make: Make) -> Path:
        content = tree()
        changed = edit(content)
        return make(name, content if changed is None else changed)

    return build


def set_at(*path: Any, value: Any) -> Callable[[Any], None]:
    def edit(tree: Any) -> None:
        for key in path[:-1]:
            tree = tree[key]
        tree[path[-1]] = value

    return edit


def cut(good: Callable[[Path, Make], Path], share: float) -> Callable[[Path, Make], Path]:
    def build(folder: Path, make: Make) -> Path:
        path = good(folder, make)
        content = path.read_bytes()
        path.write_bytes(content[: int(len(content) * share)])
        return path

    return build


def lines(content: Callable[[], str], edit: Callable[[list[str]], None], name: str):  # type: ignore[no-untyped-def]
    def build(folder: Path, make: Make) -> Path:
        rows = content().splitlines()
        edit(rows)
        return make(name, "\n".join(rows) + "\n")

    return build


def replaced(row: int, cell: int, value: str) -> Callable[[list[str]], None]:
    def edit(rows: list[str]) -> None:
        cells = rows[row].split(",")
        cells[cell] = value
        rows[row] = ",".join(cells)

    return edit


def imigue(label: str = "17,3,9\n", **options: Any) -> Callable[[Path, Make], Path]:
    def build(folder: Path, make: Make) -> Path:
        path = files.write_imigue(folder / "0007")
        (folder / "0007" / "0007_label.csv").write_text(label)
        return path

    return build


def npy(
    change: Callable[[np.ndarray], np.ndarray] = lambda data: data, labels: Any = None
) -> Callable[[Path, Make], Path]:
    def build(folder: Path, make: Make) -> Path:
        path = files.write_imigue_npy(folder)
        np.save(path, change(files.imigue_array()))
        if labels is not None:
            files.write_pickle(folder / "val_label.pkl", labels)
        return path

    return build


def ntu(**changes: Any) -> Callable[[Path, Make], Path]:
    def build(folder: Path, make: Make) -> Path:
        np.savez(folder / "n.npz", **{**files.ntu_arrays(), **changes})
        return folder / "n.npz"

    return build


def long_table(edit: Callable[[list[str]], None]) -> Callable[[Path, Make], Path]:
    def build(folder: Path, make: Make) -> Path:
        write(folder / "l.csv", Dataset([Recording(files.sequence())]))
        rows = (folder / "l.csv").read_text().splitlines()
        edit(rows)
        return make("l.csv", "\n".join(rows) + "\n")

    return build


def one_frame(rows: list[str]) -> None:
    del rows[1:]
