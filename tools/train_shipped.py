"""Rebuild the recognizer that ships: corpus, training, decision rule, evaluation, model card.

    python tools/train_shipped.py -o RUN
    python tools/train_shipped.py -o RUN --corpus.recordings 60 --fit.optim.epochs 5
    python tools/train_shipped.py -o RUN --rules-of mgskel/spotting/shipped

Everything follows from the seeds. A run that was cut off goes on where it stopped: shards of the
corpus, the training's checkpoint and held-out recordings that are already in RUN are used. The
result lies in RUN/shipped; copy it to mgskel/spotting/shipped to ship it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from studies.asking import ending_well, parser_of
from studies.shipped.build import BuildSettings, build, with_rules

from mgskel.core.config import load_config
from mgskel.spotting.recognizers.stream_recognizer import StreamRecognizer


@ending_well
def main(argv: Sequence[str] | None = None) -> int:
    parser = parser_of(__doc__, allow_abbrev=False)
    parser.add_argument("-o", "--out", type=Path, required=True, help="run folder")
    parser.add_argument("-c", "--config", type=Path, help="settings as YAML")
    parser.add_argument("--workers", type=int, default=1, help="processes for the synthesis")
    parser.add_argument("--rules-of", type=Path, metavar="RUN", help="keep this one's network as "
        "it is: fit its decision rule and clip rule anew, and judge it")  # fmt: skip
    arguments, overrides = parser.parse_known_args(argv)
    settings = load_config(BuildSettings, arguments.config, overrides)
    if arguments.rules_of is not None:
        recognizer = StreamRecognizer.load(arguments.rules_of)
        figures = with_rules(arguments.out, recognizer, settings, arguments.workers)
    else:
        figures = build(arguments.out, settings, arguments.workers)
    for name, value in figures.items():
        if isinstance(value, float):
            print(f"{name:<24}{value:8.3f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
