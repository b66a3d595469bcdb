"""How far long work is: one live bar on a terminal, one line per finished thing elsewhere.

It is shown unless the logger ``mgskel`` is set to hear less (``-q``).

::

    with Progress(len(clips), "clips", "clips") as progress:
        for clip in clips:
            ...
            progress.advance()
"""

from __future__ import annotations

import logging
import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

_LOG = logging.getLogger("mgskel")
_REDRAWN_S = 0.1
_SLOW = 0.1  # units a second; slower, the time of one says more
_LOGGED_S = 60.0  # a log is told of work that goes on, but not more often


class Progress:
    """Counts work and shows it on standard error.

    Args:
        total: how many units there are, or none where it cannot be known (a camera).
        label, unit: what is being done, and what is counted, in the plural.
        stream: where to show it, by default standard error.
    """

    def __init__(
        self,
        total: int | None,
        label: str,
        unit: str = "frames",
        stream: TextIO | None = None,
        quiet: bool = False,
    ) -> None:
        self.total, self.label, self.unit = total, label, unit
        self.done = 0
        # A log that is listened to takes the lines, unless they are wanted elsewhere.
        self._logs = stream is None and bool(_LOG.handlers)
        self._stream = stream if stream is not None else sys.stderr
        self._quiet = quiet or _LOG.level > logging.INFO
        # Who formats messages wants them for a program, to which a bar would be noise.
        formatted = self._logs and any(handler.formatter for handler in _LOG.handlers)
        self._live = self._stream.isatty() and not formatted
        self._bar: Bar | None = None
        self._start = self._shown = time.monotonic()

    def begin(self, label: str, total: int | None = None, unit: str = "frames") -> None:
        """Turn to the next part of the same work; the one before is finished."""
        self._finish()
        self.label, self.total, self.unit = label, total, unit
        self.done = 0
        self._start = self._shown = time.monotonic()
        if self._bar is not None:
            self._bar.reset(self._bar.task_ids[0])
        self._show(self._start)

    def advance(self, n: int = 1) -> None:
        self.done += n
        now = time.monotonic()
        if not self._live and self.done == self.total:
            return  # a line on the end comes soon
        if now - self._shown >= (_REDRAWN_S if self._live else _LOGGED_S):
            self._shown = now
            self._show(now)

    def close(self, finished: bool = True) -> None:
        """Take the bar away and, where the work is finished, say so."""
        if finished:
            self._finish()
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def line(self, now: float | None = None) -> str:
        """How far the work is, how fast, and how long it will still take."""
        elapsed = max((now or time.monotonic()) - self._start, 1e-9)
        rate = self.done / elapsed
        of = f"/{self.total}" if self.total else ""
        pace = f"{rate:.1f}/s" if rate >= _SLOW else f"{_clock(1 / rate)} each" if rate else "begun"
        text = f"{self.label}: {self.done}{of} {self.unit}, {pace}"
        if self.total and self.done and self.done < self.total:
            text += f", {_clock((self.total - self.done) / rate)} left"
        return text

    def _show(self, now: float) -> None:
        if self._quiet:
            return
        if self._live:
            self._redraw()
        elif self.done:
            self._say(self.line(now), now)

    def _say(self, text: str, now: float) -> None:
        if self._logs:
            facts = {"work": self.label, "done": self.done, "total": self.total}
            facts |= {"unit": self.unit, "seconds": round(now - self._start, 3)}
            _LOG.info(text, extra={"facts": facts})
            return
        # A live bar takes prints on standard error above itself.
        stream = sys.stderr if self._bar is not None else self._stream
        print(text, file=stream, flush=True)

    def _redraw(self) -> None:
        if self._bar is None:
            self._bar = _new_bar(self._stream)
            self._bar.add_task(self.label, total=self.total, unit=self.unit)
            self._bar.start()
        self._bar.update(
            self._bar.task_ids[0], description=self.label, completed=self.done,
            total=self.total, unit=self.unit,
        )  # fmt: skip

    def _finish(self) -> None:
        """A line on work that was done, unless it is too small to speak of."""
        now = time.monotonic()
        seconds = now - self._start
        single = self.total == 1 and seconds >= 1
        if self._quiet or not (self.done or single):
            return
        counted = "done in " if single else f"{self.done} {self.unit} in "
        self._say(f"{self.label}: {counted}{_clock(seconds)}", now)

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close(finished=kind is None)


def _new_bar(stream: TextIO) -> Bar:
    from rich import progress
    from rich.console import Console

    return progress.Progress(
        progress.TextColumn("{task.description}", markup=False),
        progress.BarColumn(),
        progress.TextColumn("{task.completed:.0f} {task.fields[unit]}", markup=False),
        progress.TimeRemainingColumn(),
        console=Console(file=stream),
        transient=True,
    )


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds + 0.5), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
