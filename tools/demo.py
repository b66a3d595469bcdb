"""The main job on a clip: `make demo`, or `make demo CLIP=path` for a clip of your own."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mgskel.cli import main as mgskel
from mgskel.errors import MissingDependency
from mgskel.samples import sample_clip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "clip", nargs="?", type=Path, help="default: a sample clip of a talking man"
    )
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder of the report")
    args = parser.parse_args()
    try:
        clip = args.clip or sample_clip()
    except MissingDependency as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return mgskel(["analyze", str(clip), "-o", str(args.out)])


if __name__ == "__main__":
    sys.exit(main())
