"""``mgskel compare STUDY --by COLUMN``: do groups of recordings differ in their gestures?"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mgskel.cli.shared.messages import note, tell
from mgskel.cli.shared.numbers import whole

if TYPE_CHECKING:
    from mgskel.study.compare import Comparison
    from mgskel.study.prediction import Prediction

HELP = (
    "Rate ratios with intervals for each gesture and body group, from count models with observable "
    "time as exposure and participants as clusters, corrected for many gestures."
)
EXAMPLES = ("study --by condition", "study --by condition --within participant --predict")
JSON = "all contrasts, and the prediction with --predict"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("study", type=Path, metavar="STUDY", help="folder that 'mgskel analyze' wrote")
    add("--by", required=True, metavar="COLUMN", help="column of the participants' table")
    add("--within", choices=("participant",), help="compare participants with themselves")
    add("--reference", metavar="VALUE", help="what others are compared with (default: the first)")
    add("--predict", action="store_true", help="also: can the column be told from the gestures of "
        "people never seen?")  # fmt: skip
    add("--permutations", type=whole(1, 10**6), default=200, metavar="N", help="of --predict "
        "(default 200)")  # fmt: skip
    add("-o", "--out", type=Path, metavar="DIR", help="where to write compare_COLUMN.html, .csv, "
        ".json and .svg (default: into the study)")  # fmt: skip


def run(args: argparse.Namespace) -> int:
    from mgskel.core.storage.files import to_json
    from mgskel.report.studies.comparison_page import write_comparison
    from mgskel.study.compare import compare
    from mgskel.study.tables import read_table, read_tables

    summary = read_table(args.study / "summary.csv")
    result = compare(summary, args.by, within=args.within is not None, reference=args.reference)
    prediction = None
    if args.predict:
        from mgskel.core.machine.progress import Progress
        from mgskel.study.prediction import predict

        observable = read_table(args.study / "observable.csv")
        with Progress(args.permutations, "predict", "shuffles") as progress:
            prediction = predict(
                summary, observable, args.by,
                permutations=args.permutations, tick=progress.advance,
            )  # fmt: skip
    for remark in result.remarks:
        note(remark)
    if args.out is None:
        read_tables(args.study)  # the study's page is made again, and needs all of them
    folder = args.out or args.study
    page = write_comparison(folder, args.study.resolve().name, result, prediction)
    if args.out is None:
        from mgskel.report.studies.study_page import write_study_page

        write_study_page(args.study)  # which links to the comparison
    tell(str(page))
    if args.json:
        answer = result.to_dict()
        if prediction is not None:
            answer["prediction"] = prediction.to_dict()
        sys.stdout.write(to_json(answer))
    else:
        sys.stdout.write(_shown(result, prediction))
    return 0


def _shown(result: Comparison, prediction: Prediction | None) -> str:
    from mgskel.report.studies.comparison_page import findings, small

    width = max((len(c.name) for c in result.contrasts), default=0)
    lines = []
    for c in result.contrasts:
        if c.ratio is None:
            lines.append(f"{c.name:<{width}}  {c.value}: {c.why_not}")
            continue
        corrected = "" if c.p_holm is None else f", Holm {small(c.p_holm)}"
        lines.append(
            f"{c.name:<{width}}  {c.value}: {c.ratio:6.2f} [{c.low:.2f}, {c.high:.2f}]  "
            f"p {small(c.p)}{corrected}"
        )
    told = list(prediction.sentences()) if prediction else []
    return "\n".join([*lines, "", *findings(result), *told]) + "\n"
