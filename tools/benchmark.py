"""Measurements, one command per claim: ``python tools/benchmark.py NAME [options]``.

Each benchmark lives in ``tools/benchmarks/NAME.py`` and has a ``main(argv) -> int``.
``python tools/benchmark.py NAME --help`` explains one.
"""

from __future__ import annotations

import ast
import importlib
import sys
from pathlib import Path

from mgskel.core.errors import MgskelError, unknown

_FOLDER = Path(__file__).parent / "benchmarks"


def main(argv: list[str]) -> int:
    names = sorted(path.stem for path in _FOLDER.glob("*.py") if not path.stem.startswith("_"))
    if not argv or argv[0] in ("-h", "--help"):
        print("usage: python tools/benchmark.py NAME [options]\n")
        for name in names:
            about = ast.get_docstring(ast.parse((_FOLDER / f"{name}.py").read_text())) or ""
            print(f"  {name:<12} {about.splitlines()[0] if about else ''}")
        return 0
    try:
        if argv[0] not in names:
            raise unknown("benchmark", argv[0], names)
        return int(importlib.import_module(f"benchmarks.{argv[0]}").main(argv[1:]) or 0)
    except MgskelError as error:
        print(f"benchmark: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
