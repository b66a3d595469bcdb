"""What `make demo` runs: `mgskel demo` from a checkout."""

from __future__ import annotations

import sys

from mgskel.cli import main

if __name__ == "__main__":
    sys.exit(main(["demo", *sys.argv[1:]]))
