"""A command line goes in; a call of the rooms and an exit code come out.

``mgskel VERB``: one module per verb, loaded only when its verb is asked for.

Each verb module has `HELP`, `EXAMPLES` (command lines without ``mgskel VERB``),
`add_arguments(parser)` and `run(args) -> int`. The options that mean the same everywhere
(``--json``, ``-q``, ``-v``, ``--log-json``, ``--debug``) are added here: a verb that can answer in
JSON says with `JSON` what the answer holds. One with `TAKES_KEYS = True` finds what its parser
doesn't know (config keys) in `args.keys`.

Exit codes: 0 done, 1 a part failed and the rest is done, 2 the input or the command is wrong,
70 a fault of this program, 130 interrupted (143 by SIGTERM, 129 by a closed terminal).
"""

from __future__ import annotations

import argparse
import importlib
import io
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import NoReturn

from mgskel.cli.shared.glossary import explained
from mgskel.cli.shared.messages import add_message_options, fail, listening
from mgskel.cli.shared.stopping import Stop, stopping_well
from mgskel.core.errors import InputError, MgskelError, nearest, shown
from mgskel.core.version import __version__

VERBS = {
    "analyze": "the whole path: clip in, report folder out",
    "extract": "clips to pose files; resumable",
    "convert": "between recording formats and skeleton layouts",
    "validate": "say plainly what is wrong with a recording file, and where",
    "synthesise": "make recordings of gestures with exact truth",
    "train": "train a recognizer from a config",
    "finetune": "teach the recognizer gestures of your own, from annotated recordings",
    "pretrain": "learn motion from unlabelled recordings, for later training",
    "evaluate": "score one run, or several as an ensemble, on labelled sequences",
    "predict": "scores and labels for sequences; submission files",
    "spot": "find gestures in a long recording",
    "live": "follow a camera; gestures as soon as they are over",
    "describe": "say in measured words what the keypoints did",
    "reason": "an evidence-backed assessment from statements and scene",
    "attention": "which joints and moments the answers rest on, and whether to believe it",
    "review": "the local app: watch, correct, code blind, export",
    "agree": "how well coders agree, human or machine",
    "compare": "do groups of recordings differ in their gestures, and can they be told apart",
    "cut": "a short clip of each event of a study, faces blurred",
    "gestures": "a map of a study's events by how they moved",
    "hub": "a run as one file, or to and from a model hub",
    "export": "write a run as ONNX, checked against torch",
    "demo": "two report pages to look at, from clips that are there already",
    "doctor": "what works on this machine, and how to get what doesn't",
    "completion": "let the shell complete commands and options",
    "setup": "install the packages of a pose estimator",
}
INTERNAL_ERROR = 70


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb and return its exit code; whatever happens ends in a sentence, not a trace."""
    words = list(sys.argv[1:] if argv is None else argv)
    if isinstance(sys.stdout, io.TextIOWrapper):  # a console without Chinese letters shows \\u...
        sys.stdout.reconfigure(errors="backslashreplace")
    with listening(as_json="--log-json" in words), stopping_well() as stop:
        return _ending_well(words, stop)


def _ending_well(words: Sequence[str], stop: Stop) -> int:
    name = f"mgskel {words[0]}" if words and words[0] in VERBS else "mgskel"
    try:
        status = _run(words)
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        # The reader of our output has gone (a pager, head); that is no fault.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except SystemExit as asked:
        if isinstance(asked.__context__, KeyboardInterrupt):  # a library's answer to Ctrl-C
            return _interrupted(name, stop)
        return int(asked.code or 0)
    except MgskelError as error:
        fail(f"{name}: {error}")
        return error.exit_code
    except KeyboardInterrupt:
        return _interrupted(name, stop)
    except Exception as error:
        if isinstance(error, MemoryError) or "allocate memory" in str(error):
            fail(f"{name}: not enough memory\n  remedy: cut the recording into parts, or free some")
            return InputError.exit_code
        if isinstance(error, OSError) and error.errno and "--debug" not in words:
            # What the system refuses: a full disk, a folder that may not be written to, a file
            # that went away meanwhile.
            what = shown(error.filename) if error.filename else "a file"
            fail(
                f"{name}: {error.strerror}: {what}\n  remedy: check the path, its rights, the space"
            )
            return InputError.exit_code
        if isinstance(error, RuntimeError) and str(error).startswith("Symlink loop"):
            fail(f"{name}: a link leads back to itself: {shown(str(error)[17:], 300)}")
            return InputError.exit_code
        if "--debug" in words:
            traceback.print_exc()
            return INTERNAL_ERROR
        what = shown(f"{type(error).__name__}: {' '.join(str(error).split())}", 300)[1:-1]
        fail(
            f"internal error in {name}: {what}\n  remedy: this is a fault of the program; "
            "the same command with --debug shows where; please report it"
        )
        return INTERNAL_ERROR


def verb_parser(verb: str) -> tuple[ModuleType, argparse.ArgumentParser]:
    """A verb's module and its parser, with the options that all verbs share."""
    module = importlib.import_module(f"{__name__}.{verb}")
    examples = "\n".join(f"  mgskel {verb} {example}" for example in module.EXAMPLES)
    parser = _Parser(
        prog=f"mgskel {verb}",
        description=module.HELP,
        epilog=f"examples:\n{examples}",
        formatter_class=_Help,
        allow_abbrev=not getattr(module, "TAKES_KEYS", False),
    )
    module.add_arguments(parser)
    shared = parser.add_argument_group("as with every command")
    if hasattr(module, "JSON"):
        shared.add_argument(
            "--json", action="store_true", help=f"print one JSON object: {module.JSON}"
        )
    add_message_options(shared)
    shared.add_argument(
        "--debug", action="store_true", help="show where in the program an internal error arose"
    )
    return module, parser


class _Parser(argparse.ArgumentParser):
    """Argument errors in this project's words, with the same exit code as other bad input; help
    that explains the words it uses."""

    def format_help(self) -> str:
        text = super().format_help()
        words = explained(text)
        return f"{text}\n{words}\n" if words else text

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"mgskel: {message}\n  remedy: see '{self.prog} --help'\n")


class _Help(argparse.HelpFormatter):
    """Wraps texts as usual, but leaves the examples a line each."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        if text.startswith("examples:"):
            return text
        return super()._fill_text(text, width, indent)


def _run(words: Sequence[str]) -> int:
    if not words or words[0] in ("-h", "--help"):
        print(_overview())
        return 0
    if words[0] in ("-V", "--version"):
        print(f"mgskel {__version__}")
        return 0
    verb = words[0]
    if verb not in VERBS:
        guess = nearest(verb, VERBS)
        hint = f"did you mean '{guess}'? " if guess else ""
        fail(
            f"mgskel: unknown command '{verb}'\n  remedy: {hint}'mgskel --help' lists the commands"
        )
        return 2
    for word in words:
        if not word.isprintable() and any("\ud800" <= letter <= "\udfff" for letter in word):
            raise InputError(
                "a name is not UTF-8", found=shown(word), remedy="rename the file or folder"
            )
    module, parser = verb_parser(verb)
    args = _parse(parser, words[1:], getattr(module, "TAKES_KEYS", False))
    _keep_inputs(args)
    with listening(args.quiet, args.verbose, args.log_json):
        return int(module.run(args) or 0)


def _keep_inputs(args: argparse.Namespace) -> None:
    """Refuse an output file that is one of the inputs: it would be lost."""
    out = getattr(args, "out", None) or getattr(args, "output", None)
    if not isinstance(out, str | Path) or not os.path.isfile(out):
        return
    from mgskel.core.storage.files import keep_input

    for name, value in vars(args).items():
        for one in value if isinstance(value, list | tuple) else [value]:
            if name not in ("out", "output") and isinstance(one, str | Path):
                keep_input(one, out)


def _parse(
    parser: argparse.ArgumentParser, words: Sequence[str], takes_keys: bool
) -> argparse.Namespace:
    if not takes_keys:
        return parser.parse_args(words)
    rest, dotted = _split_dotted(words)
    parsed, keys = parser.parse_known_args(rest)
    parsed.keys = keys + dotted
    return parsed


def _split_dotted(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Config keys (``--video.fps 15``) apart: no parser could tell their values from clips."""
    rest, dotted = list(words), []
    for word in words:
        if word.startswith("--") and "." in word.partition("=")[0]:
            place = rest.index(word)
            count = 1 if "=" in word else 2
            dotted += rest[place : place + count]
            del rest[place : place + count]
    return rest, dotted


def _interrupted(name: str, stop: Stop) -> int:
    fail(f"{name}: interrupted; finished parts are kept")
    return stop.status


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
