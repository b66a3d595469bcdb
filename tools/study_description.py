"""Precision and recall of statements against the programs that made the motion, per kind.

python tools/study_description.py [--seeds 20] [--seconds 120] [--clean] [--wrong]
"""

from __future__ import annotations

import argparse
from collections import Counter

from mgskel.data.synthesis.settings import SynthesisSettings
from mgskel.describe.study import Score, study_one, table


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=20, help="how many recordings")
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=120.0, help="length of each")
    parser.add_argument("--layout", default="upper")
    parser.add_argument("--noise", type=float, default=1.0, help="strength of estimator errors")
    parser.add_argument("--clean", action="store_true", help="describe the exact joints instead")
    parser.add_argument("--wrong", action="store_true", help="list what nothing bears out")
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
    for reason, count in reasons.most_common(25 if args.wrong else 0):
        print(count, reason)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
