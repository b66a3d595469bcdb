"""``mgskel doctor``: try every part on this machine."""

from __future__ import annotations

import argparse
import json

HELP = "Try every part on this machine; name the command that brings what is missing."
EXAMPLES = ("", "--json")
JSON = "every check"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""


def run(args: argparse.Namespace) -> int:
    """0 when the default path works, else 1."""
    from mgskel.doctor import as_json, as_text, examine

    checks = examine()
    answer = as_json(checks)
    print(json.dumps(answer, indent=1) if args.json else as_text(checks))
    return 0 if answer["ok"] else 1
