"""``mgskel agree A B [C...]``: how well coders agree, human or machine."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mgskel.cli.shared.messages import note, tell
from mgskel.cli.shared.numbers import number, whole

if TYPE_CHECKING:
    from mgskel.study.agreement.agreement import Agreement

HELP = (
    "Compare two or more sets of annotations: event F1, kappa by moments and by events, and ICC "
    "of rates, each with an interval over recordings, per gesture and over all."
)
EXAMPLES = ("anna/ ben/ -o agreement", "study/ interview1.eaf --map words.csv --json")
JSON = "coefficients per label and overall, and what could not be mapped"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("coders", nargs="+", type=Path, metavar="CODER", help="one coder each: a file (ELAN, CSV, "
        "JSON, BORIS project or export), a folder of such files, or a study; files are paired by "
        "name")  # fmt: skip
    add("-o", "--out", type=Path, metavar="DIR", help="write agreement.html, .json and .csv here")
    add("--map", type=Path, metavar="CSV", help="a coder's words in ours: columns label,to and if "
        "wanted tier,coder; an empty 'to' leaves annotations out, '*' is any label")  # fmt: skip
    add("--vocabulary", metavar="NAME", help="whose words count as known (default: the one that "
        "most labels of a coder belong to)")  # fmt: skip
    add("--tolerance", type=number(0, 3600), default=0.0, metavar="SECONDS", help="for the kappa "
        "by moments: marks that the other has within this time agree (default 0)")  # fmt: skip
    add("--link", type=number(0.01, 1), default=0.6, metavar="SHARE", help="for the kappa by "
        "events: common share of the longer annotation (default 0.6)")  # fmt: skip
    add("--resamples", type=whole(1, 10**6), default=2000, metavar="N", help="draws for intervals")
    add("--leave-out-unmapped", action="store_true", help="leave out labels that only one coder "
        "uses and no vocabulary knows, instead of counting them as disagreement")  # fmt: skip


def run(args: argparse.Namespace) -> int:
    from mgskel.core.gestures import get_vocabulary
    from mgskel.core.storage.files import to_json
    from mgskel.study.agreement.agreement import AgreementSettings, agreement
    from mgskel.study.agreement.coders import read_coders
    from mgskel.study.agreement.word_map import read_words, reword

    words = read_words(args.map) if args.map is not None else ()
    vocabulary = get_vocabulary(args.vocabulary) if args.vocabulary else None
    reworded = reword(read_coders(args.coders), words, vocabulary, args.leave_out_unmapped)
    settings = AgreementSettings(args.link, args.tolerance, args.resamples)
    result = agreement(reworded, settings)
    for remark in result.remarks:
        note(remark)
    if args.out is not None:
        from mgskel.report.studies.agreement_page import write_agreement

        tell(str(write_agreement(args.out, result)))
    sys.stdout.write(to_json(result.to_dict()) if args.json else _table(result))
    return 0


def _table(result: Agreement) -> str:
    from mgskel.study.agreement.agreement import NAMES

    numbers = result.count_keys
    names = [NAMES[measure] for measure in result.measures]
    rows = [["", *names, *(n.replace("_", " ") for n in numbers)]]
    for label, values in [*result.labels.items(), ("all", result.overall)]:
        cells = [_cell(values[m], values[f"{m}_low"], values[f"{m}_high"]) for m in result.measures]
        rows.append([label, *cells, *(str(values[n]) for n in numbers)])
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = [
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    coders = " and ".join(result.coders)
    heading = f"{coders}, {len(result.files)} recordings, {result.observed_s / 60:.1f} minutes"
    return "\n".join([heading, "", *lines]) + "\n"


def _cell(value: float | None, low: float | None, high: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.2f}" + ("" if low is None or high is None else f" [{low:.2f}, {high:.2f}]")
