"""How every benchmark is asked: ``python tools/benchmark.py NAME [options]``."""

from __future__ import annotations

import argparse
from typing import Any


def options(module: str, about: str | None, **details: Any) -> argparse.ArgumentParser:
    """A benchmark's parser, from the name and the docstring of its module."""
    return argparse.ArgumentParser(
        prog=f"benchmark.py {module.rpartition('.')[2]}",
        description=about,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        **details,
    )
