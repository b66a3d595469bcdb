"""How the studies in `tools/` are asked on the command line, and how they end."""

from __future__ import annotations

import argparse
import functools
import inspect
import logging
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec

from mgskel.core.errors import MgskelError

Asked = ParamSpec("Asked")


def parser_of(about: str | None, **details: Any) -> argparse.ArgumentParser:
    """A study's parser, whose help is the docstring of its file as it stands there."""
    shape = argparse.RawDescriptionHelpFormatter
    return argparse.ArgumentParser(description=about, formatter_class=shape, **details)


def ending_well(main: Callable[Asked, int]) -> Callable[Asked, int]:
    """A study's `main` that ends as the package's commands do: in a sentence and an exit code."""
    name = Path(inspect.getfile(main)).stem

    @functools.wraps(main)
    def run(*args: Asked.args, **kwargs: Asked.kwargs) -> int:
        logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
        warnings.filterwarnings("ignore", module="lightning")
        try:
            return main(*args, **kwargs)
        except MgskelError as error:
            print(f"{name}: {error}", file=sys.stderr)
            return error.exit_code
        except KeyboardInterrupt:
            return 130

    return run
