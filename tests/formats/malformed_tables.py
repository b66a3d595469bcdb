"""Malformed tables and arrays of the data sets, as in malformed_cases.py."""

from __future__ import annotations

import format_files as files
import numpy as np
from malformed_files import (
    Case,
    cut,
    every_row,
    imigue,
    long,
    long_table,
    npy,
    ntu,
    only,
    replaced,
    row,
    skeleton_of_imigue,
    smg,
    text,
    wide,
)

X = files.ntu_arrays()["x_train"]


def without_last(cells: str) -> str:
    return cells.rpartition(",")[0]


def thousandfold(cells: str) -> str:
    return ",".join(str(float(cell) * 1000) for cell in cells.split(","))


TABLE_CASES: list[Case] = [
    # tables
    ("mediapipe: text", wide(replaced(4, 6, "x")), "line 5"),
    ("mediapipe: short row", wide(row(4, "1,2")), "line 5"),
    ("mediapipe: repeated frame", wide(replaced(4, 0, "2")), "row 4"),
    ("mediapipe: visibility 2", wide(replaced(4, 5, "2")), "nose"),
    ("mediapipe: header only", wide(only(1)), "no rows"),
    ("mediapipe: unknown landmark", long(replaced(4, 1, "tail")), "'tail'"),
    ("mediapipe: landmark twice", long(lambda rows: rows.append(rows[1])), "again"),
    ("long: text", long_table(replaced(3, 4, "x")), "line 4"),
    ("long: row twice", long_table(lambda r: r.append(r[-1])), "again"),
    ("long: unknown joints", long_table(replaced(3, 3, "tail")), "tail"),
    (
        "long: times back",
        long_table(lambda r: [replaced(i, 2, "0")(r) for i in range(52, 69)]),
        "earlier",
    ),
    ("imigue: 105 columns", skeleton_of_imigue(every_row(without_last)), "106"),
    ("imigue: short row", skeleton_of_imigue(row(4, "1,2")), "line 5"),
    ("imigue: text", skeleton_of_imigue(replaced(4, 6, "x")), "line 5"),
    ("imigue: one frame", skeleton_of_imigue(only(1)), "single frame"),
    ("imigue: label 32", imigue("32,3,9\n"), "label.csv, line 1"),
    ("imigue: label beyond the end", imigue("17,3,9\n18,50,60\n"), "line 2"),
    ("imigue: label backwards", imigue("17,9,3\n"), "the first before the last"),
    ("imigue: label of text", imigue("17,3,9\nfolding,3,9\n"), "line 2"),
    ("imigue npy: axes", npy(lambda d: d.transpose(0, 2, 3, 1, 4)), "V=22"),
    ("imigue npy: 25 joints", npy(lambda d: np.zeros((2, 3, 90, 25, 1))), "V=22"),
    ("imigue npy: too few labels", npy(labels=(["a"], [3])), "2 names"),
    ("imigue npy: label 32", npy(labels=(["a", "b"], [3, 32])), "0 to 31"),
    ("imigue npy: labels of another kind", npy(labels={"a": 3}), "pair"),
    ("imigue npy: truncated", cut(npy(), 0.5), "array"),
    ("imigue npy: nobody", npy(lambda d: d * 0), "nobody"),
    ("smg: 274 columns", smg(every_row(without_last)), "275"),
    ("smg: text", smg(replaced(7, 6, "x")), "line 8"),
    ("smg: millimetres", smg(every_row(thousandfold)), "unit 'metre'"),
    ("ntu: truncated", cut(text("x.skeleton", files.ntu_text), 0.5), "line"),
    (
        "ntu: 24 joints",
        text("x.skeleton", lambda: files.ntu_text().replace("\n25\n", "\n24\n", 1)),
        "25 joints",
    ),
    ("ntu: no bodies", text("x.skeleton", "3\n0\n0\n0\n"), "none in any frame"),
    ("ntu: text", text("x.skeleton", "many\n"), "number of frames"),
    ("ntu npz: width", ntu(x_train=X[..., :149]), "150"),
    ("ntu npz: axes", ntu(x_train=X.transpose(0, 2, 1)), "swapped"),
    ("ntu npz: not one-hot", ntu(y_train=np.ones((2, 60))), "one-hot"),
    ("ntu npz: labels missing", ntu(y_train=np.eye(60)[[1]]), "as many"),
    ("ntu npz: NaN", ntu(x_train=np.where(X == 0, np.inf, X)), "x_train"),
]
