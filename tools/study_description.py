"""Precision and recall of statements against the programs that made the motion, per kind.

python tools/study_description.py [--seeds 20] [--seconds 120] [--clean] [--wrong] [--write FILE]

A statement is right when a performance at the time may be told so (study_truth.yaml lists the
kinds, neighbouring places included), or when the exact joints in 3-D show it (oracle.py; its
limits are somewhat wider than those of the statements). Hands before chest and torso are told of
the picture alone and count as right. What must be told is what the picture shows for 80% of its
apex and, of body movements and rubbing, what is as large as study_truth.yaml asks.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

from mgskel.data.synthesis.settings import SynthesisSettings
from mgskel.describe.study import FEW, Score, study_one, table
from mgskel.files import write_text


def results_page(scores: dict[str, Score], command: str) -> str:
    definitions = __doc__.split("\n\n")[2].strip()
    return (
        "# Statements against the programs that made the motion\n\n"
        f"`{command}`\n\n{definitions}\n\n"
        "*Recall* accepts any right kind, the last column only the most exact one. "
        f"An asterisk marks fewer than {FEW} cases.\n\n{table(scores)}"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=20, help="how many recordings")
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=120.0, help="length of each")
    parser.add_argument("--layout", default="upper")
    parser.add_argument("--noise", type=float, default=1.0, help="strength of estimator errors")
    parser.add_argument("--clean", action="store_true", help="describe the exact joints instead")
    parser.add_argument("--wrong", action="store_true", help="list what nothing bears out")
    parser.add_argument(
        "--write", type=Path, help="also write the table as a page, with its command"
    )
    args = parser.parse_args()
    settings = SynthesisSettings(layout=args.layout, noise=args.noise)
    scores: dict[str, Score] = {}
    reasons: Counter[str] = Counter()
    for seed in range(args.first_seed, args.first_seed + args.seeds):
        recording, wrong = study_one(seed, args.seconds, settings, args.clean, scores)
        for statement in wrong:
            near = [
                f"{t.program}/{t.target}" for t in recording.truth
                if t.onset_s < statement.to_s and t.end_s > statement.from_s
            ]  # fmt: skip
            reasons[f"{statement.kind} during {', '.join(near) or 'nothing'}"] += 1
            if args.wrong:
                print(f"seed {seed}: {statement.text}  [{', '.join(near)}]")
    print(table(scores))
    if args.write:
        command = "python tools/study_description.py " + " ".join(sys.argv[1:])
        write_text(args.write, results_page(scores, command))
    for reason, count in reasons.most_common(25 if args.wrong else 0):
        print(count, reason)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
