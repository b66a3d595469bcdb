"""What a command says beside its answer: on standard error, as much as -q and -v ask for.

Answers go to standard output and errors are always shown. Everything else goes through here: it
is Python's own logging under the name ``mgskel``, so a program that calls us can listen too. With
``--log-json`` every line is one JSON object, progress included.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from mgskel.core.errors import on_a_screen

_LOG = logging.getLogger("mgskel")


def tell(text: str) -> None:
    """What was done; -q leaves it out."""
    _LOG.info(text)


def note(text: str) -> None:
    """What a user should know of the result; -q leaves it out."""
    _LOG.info("note: %s", text)


def detail(text: str) -> None:
    """What only some want to know; shown with -v."""
    _LOG.debug(text)


def fail(text: str) -> None:
    """What went wrong; always shown."""
    _LOG.error(text)


def add_message_options(parser: argparse._ArgumentGroup) -> None:
    how_much = parser.add_mutually_exclusive_group()
    how_much.add_argument("-q", "--quiet", action="store_true", help="no progress, no notes")
    how_much.add_argument("-v", "--verbose", action="store_true", help="say more on the way")
    parser.add_argument(
        "--log-json", action="store_true", help="messages and progress as JSON, a line each"
    )


@contextmanager
def listening(quiet: bool = False, verbose: bool = False, as_json: bool = False) -> Iterator[None]:
    """Show messages on standard error meanwhile."""
    before = _LOG.level, _LOG.propagate, _LOG.handlers
    handler = _OnStandardError()
    if as_json:
        handler.setFormatter(_Json())
    _LOG.setLevel(logging.ERROR if quiet else logging.DEBUG if verbose else logging.INFO)
    _LOG.propagate, _LOG.handlers = False, [handler]
    try:
        yield
    finally:
        _LOG.setLevel(before[0])
        _LOG.propagate, _LOG.handlers = before[1:]


class _OnStandardError(logging.Handler):
    """Lines on whatever standard error is at that moment."""

    def emit(self, record: logging.LogRecord) -> None:
        record.msg, record.args = on_a_screen(record.getMessage()), ()
        print(self.format(record), file=sys.stderr, flush=True)


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        said = {
            "time": round(record.created, 3),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            **getattr(record, "facts", {}),
        }
        return json.dumps(said, ensure_ascii=False)
