"""Train a recognizer: ``python tools/train.py -c CONFIG [--key value]``; see ``mgskel train``."""

from __future__ import annotations

import sys

from mgskel.cli import main

if __name__ == "__main__":
    raise SystemExit(main(["train", *sys.argv[1:]]))
