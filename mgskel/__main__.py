"""``python -m mgskel`` is the same as ``mgskel``."""

from mgskel.cli import main

raise SystemExit(main())
