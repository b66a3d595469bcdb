"""What a command says beside its answer: on standard error, as much as -q and -v ask for.

Answers go to standard output and errors are always shown. Everything else goes through here: it
is Python's own logging under the name ``mgskel``, so a program that calls us can listen too.
"""

from __future__ import annotations

import logging
import sys

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


def listen(quiet: bool, verbose: bool) -> None:
    """Show messages on standard error from now on."""
    _LOG.setLevel(logging.ERROR if quiet else logging.DEBUG if verbose else logging.INFO)
    _LOG.propagate = False
    _LOG.handlers = [_OnStandardError()]


class _OnStandardError(logging.Handler):
    """Plain lines on whatever standard error is at that moment."""

    def emit(self, record: logging.LogRecord) -> None:
        print(self.format(record), file=sys.stderr, flush=True)
