"""Builders of malformed files: a good one with a single thing changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
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


def first_frames(count: int) -> dict[str, Any]:
    def cut(array: np.ndarray) -> np.ndarray:
        return array[:, :count]

    return {"keypoints": cut, "scores": cut, "timestamps": lambda times: times[:count]}


def header(**facts: Any) -> np.ndarray:
    """That of a bundle."""
    return np.array(json.dumps({"schema": 1, **facts}))


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


# Of a JSON tree, `edit` changes something, or gives another tree.


def frame_files(edit: Callable[[Any], Any], *numbers: int) -> Callable[[Path, Make], Path]:
    def change(folder: Path) -> None:
        for number in numbers:
            file = folder / f"clip_{number:012d}_keypoints.json"
            tree = json.loads(file.read_text())
            file.write_text(json.dumps(edit(tree) or tree))

    return openpose(change)


def in_tree(tree: Callable[[], Any], name: str, edit: Callable[[Any], Any]):  # type: ignore[no-untyped-def]
    def build(folder: Path, make: Make) -> Path:
        content = tree()
        return make(name, edit(content) or content)

    return build


mmpose = partial(in_tree, files.mmpose_tree, "m.json")
coco = partial(in_tree, files.coco_tree, "c.json")
ucla = partial(in_tree, files.nw_ucla_tree, "a05_s02_e03_v01.json")


def set_at(*path: Any, value: Any) -> Callable[[Any], None]:
    def edit(tree: Any) -> None:
        for key in path[:-1]:
            tree = tree[key]
        tree[path[-1]] = value

    return edit


def points(value: Any, *path: Any) -> Callable[[Any], None]:
    """An edit of the body of the first person in an OpenPose file."""
    return set_at("people", 0, "pose_keypoints_2d", *path, value=value)


def each(edit: Callable[[Any], Any], *path: Any) -> Callable[[Any], None]:
    """An edit of every entry of a list in a tree."""

    def edit_all(tree: Any) -> None:
        for key in path:
            tree = tree[key]
        for entry in tree:
            edit(entry)

    return edit_all


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


def every_row(change: Callable[[str], str]) -> Callable[[list[str]], None]:
    def edit(rows: list[str]) -> None:
        rows[:] = map(change, rows)

    return edit


def row(number: int, content: str) -> Callable[[list[str]], None]:
    return lambda rows: rows.__setitem__(number, content)


def only(count: int) -> Callable[[list[str]], None]:
    return lambda rows: rows.__delitem__(slice(count, None))


wide = partial(lines, files.mediapipe_wide, name="m.csv")
long = partial(lines, files.mediapipe_long, name="m.csv")
skeleton_of_imigue = partial(lines, files.imigue_rows, name="0007_light_hand.csv")
smg = partial(lines, files.smg_rows, name="Sample0001_skeleton.csv")
