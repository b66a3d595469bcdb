"""``mgskel VERB``: one module per verb, loaded only when its verb is asked for.

Each verb module has `HELP`, `add_arguments(parser)` and `run(args) -> int`. One with
`TAKES_KEYS = True` finds what its parser doesn't know (config keys) in `args.keys`.
Exit codes: 0 done, 1 a part failed and the rest is done, 2 the input or the command is
wrong, 130 interrupted.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from mgskel import __version__
from mgskel.core.errors import MgskelError, nearest

VERBS = {
    "analyze": "the whole path: clip in, report folder out",
    "extract": "clips to pose files; resumable",
    "convert": "between recording formats and skeleton layouts",
    "validate": "say plainly what is wrong with a recording file, and where",
    "train": "train a recognizer from a config",
    "pretrain": "learn motion from unlabelled recordings, for later training",
    "evaluate": "score one run, or several as an ensemble, on labelled sequences",
    "predict": "scores and labels for sequences; submission files",
    "spot": "find gestures in a long recording",
    "describe": "say in measured words what the keypoints did",
    "reason": "an evidence-backed assessment from statements and scene",
    "export": "write a run as ONNX, checked against torch",
    "doctor": "what works on this machine, and how to get what doesn't",
}


class _Parser(argparse.ArgumentParser):
    """Argument errors in this project's words, with the same exit code as other bad input."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"mgskel: {message}\n  remedy: see '{self.prog} --help'\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb and return its exit code."""
    try:
        status = _run(list(sys.argv[1:] if argv is None else argv))
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        # The reader of our output has gone (a pager, head); that is no fault.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _run(arguments: Sequence[str]) -> int:
    if not arguments or arguments[0] in ("-h", "--help"):
        print(_overview())
        return 0
    if arguments[0] in ("-V", "--version"):
        print(f"mgskel {__version__}")
        return 0
    verb = arguments[0]
    if verb not in VERBS:
        guess = nearest(verb, VERBS)
        hint = f"did you mean '{guess}'? " if guess else ""
        print(f"mgskel: unknown command '{verb}'", file=sys.stderr)
        print(f"  remedy: {hint}'mgskel --help' lists the commands", file=sys.stderr)
        return 2
    module = importlib.import_module(f"{__name__}.{verb}")
    takes_keys = getattr(module, "TAKES_KEYS", False)
    parser = _Parser(prog=f"mgskel {verb}", description=module.HELP, allow_abbrev=not takes_keys)
    module.add_arguments(parser)
    try:
        return int(module.run(_parse(parser, arguments[1:], takes_keys)) or 0)
    except SystemExit as stop:
        return int(stop.code or 0)
    except MgskelError as error:
        print(f"mgskel {verb}: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print(f"mgskel {verb}: interrupted; finished parts are kept", file=sys.stderr)
        return 130


def _parse(
    parser: argparse.ArgumentParser, words: Sequence[str], takes_keys: bool
) -> argparse.Namespace:
    if not takes_keys:
        return parser.parse_args(words)
    parsed, keys = parser.parse_known_args(words)
    parsed.keys = keys
    return parsed


def _overview() -> str:
    width = max(map(len, VERBS))
    lines = [
        "usage: mgskel COMMAND [options]",
        "",
        "Micro-gestures from skeletons, and what they may say about how a person feels.",
        "",
        *(f"  {verb:<{width}}  {text}" for verb, text in VERBS.items()),
        "",
        "'mgskel COMMAND --help' explains one command.",
    ]
    return "\n".join(lines)
