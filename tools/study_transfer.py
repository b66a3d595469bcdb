"""Does what is learned on one set and skeleton hold on another? Both directions, over seeds.

    python tools/study_transfer.py --set nw_ucla=FILE --set utd_mhad=FILE --seeds 3

Sequences are converted to one layout by joint name; classes are matched by what they mean
(configs/transfer/). One row per finished training goes to docs/results/transfer.csv; a rerun
does what is missing.
"""

from __future__ import annotations

import argparse
import csv
import io
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from studies.asking import ending_well, parser_of
from studies.recognition.differences import interval
from studies.recognition.transfer import TransferSet, transfer

from mgskel.core.config import load_config
from mgskel.core.errors import InputError
from mgskel.core.gestures import get_vocabulary
from mgskel.core.skeleton import get_skeleton
from mgskel.core.storage.files import write_text
from mgskel.datasets.loading import load_dataset
from mgskel.formats import ReadOptions
from mgskel.training.train_config import TrainConfig

VARIANTS = {
    "as recorded": ("--normalise.rotate", "none"),
    "facing front": ("--normalise.rotate", "front"),
}
COLUMNS = ("source", "target", "variant", "seed", "epochs", "n", "classes", "majority", "top1",
           "mean_class", "macro_f1")  # fmt: skip


@ending_well
def main(argv: Sequence[str] | None = None) -> int:
    parser = parser_of(__doc__)
    parser.add_argument("--set", action="append", default=[], metavar="NAME=FILE")
    parser.add_argument("--layout", default="kinect20", help="the common layout")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--results", type=Path, default=Path("docs/results"))
    parser.add_argument("--configs", type=Path, default=Path("configs"))
    args = parser.parse_args(argv)
    study(args)
    return 0


def study(args: argparse.Namespace) -> None:
    sets = [read_set(word, args.configs) for word in args.set]
    if len(sets) < 2:
        raise InputError("a transfer needs two sets", expected="--set NAME=FILE twice or more")
    path = args.results / "transfer.csv"
    rows = read_rows(path)
    for seed in range(args.seeds):
        for source in sets:
            for target in sets:
                for variant, changes in VARIANTS.items():
                    key = [source.name, target.name, variant, str(seed), str(args.epochs)]
                    done = any([row[c] for c in COLUMNS[:5]] == key for row in rows)
                    if source is target or done:
                        continue
                    print(" ".join(key), file=sys.stderr)
                    words = ["--optim.epochs", str(args.epochs), "--seed", str(seed)]
                    words += [
                        "--machine.tensorboard",
                        "off",
                        "--machine.threads",
                        str(args.threads),
                        *changes,
                    ]
                    recipe = args.configs / source.name / "recipe.yaml"
                    config = load_config(TrainConfig, recipe, words)
                    with tempfile.TemporaryDirectory() as folder:
                        layout = get_skeleton(args.layout)
                        scores = transfer(source, target, layout, config, Path(folder))
                    values = [f"{scores[name]:.6g}" for name in COLUMNS[5:]]
                    rows.append(dict(zip(COLUMNS, key + values, strict=True)))
                    write_rows(path, rows)
    write_text(args.results / "transfer.md", page(rows))


def read_set(word: str, configs: Path) -> TransferSet:
    name, equals, file = word.partition("=")
    if not equals:
        raise InputError("wrong --set", expected="NAME=FILE", found=word)
    config = load_config(TrainConfig, configs / name / "recipe.yaml")
    vocabulary = get_vocabulary(configs / "transfer" / f"{name}.yaml")
    return TransferSet(name, load_dataset(file, ReadOptions(layout=config.data.layout)), vocabulary)


def read_rows(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        return []
    with open(path, newline="", encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


def write_rows(path: Path, rows: list[dict[str, str]]) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text(path, text.getvalue())


def page(rows: list[dict[str, str]]) -> str:
    lines = [
        "# Study: transfer between data sets",
        "",
        "Trained on all classes of one set, judged on the classes it shares with another, in one "
        "layout, by `python tools/study_transfer.py` (sets and options: [results](index.md)).",
        "",
        "| from | to | view | shared classes | n | seeds | top-1 | 95% interval | majority |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    groups: dict[tuple[str, ...], list[dict[str, str]]] = {}
    for row in rows:
        groups.setdefault((row["source"], row["target"], row["variant"]), []).append(row)
    for (source, target, variant), members in groups.items():
        d = interval([float(row["top1"]) for row in members])
        ends = f"{100 * d.low:.1f} to {100 * d.high:.1f}" if d.pairs > 1 else ""
        first = members[0]
        lines.append(
            f"| {source} | {target} | {variant} | {first['classes']} | {first['n']} | {d.pairs} "
            f"| {100 * d.mean:.1f} | {ends} | {100 * float(first['majority']):.1f} |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    raise SystemExit(main())
