"""One progress display for all long work: how far, how fast, how long still."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TextIO

_TERMINAL_EVERY_S = 0.2
_LOG_EVERY_S = 10.0


class Progress:
    """Counts work and says so on standard error.

    On a terminal one line is redrawn; elsewhere (a log, a CI run) a line is printed only now
    and then.

    Args:
        total: how many units there are, or none where it cannot be known (a camera).
        label: what is being done.
        unit: what is being counted, in the plural.
    """

    def __init__(
        self,
        total: int | None,
        label: str,
        unit: str = "frames",
        stream: TextIO | None = None,
        quiet: bool = False,
    ) -> None:
        self.total = total
        self.label = label
        self.unit = unit
        self.done = 0
        self._stream = stream if stream is not None else sys.stderr
        self._terminal = self._stream.isatty()
        self._quiet = quiet
        self._start = time.monotonic()
        self._last = self._start

    def begin(self, label: str, total: int | None = None, unit: str = "frames") -> None:
        """Turn to the next stage of the same work, on the same line."""
        self.label, self.total, self.unit = label, total, unit
        self.done = 0
        self._start = self._last = time.monotonic()
        self._show(self._start)

    def advance(self, n: int = 1) -> None:
        self.done += n
        now = time.monotonic()
        if now - self._last >= (_TERMINAL_EVERY_S if self._terminal else _LOG_EVERY_S):
            self._last = now
            self._show(now)

    def line(self, now: float | None = None) -> str:
        elapsed = max((now or time.monotonic()) - self._start, 1e-9)
        rate = self.done / elapsed
        of = f"/{self.total}" if self.total else ""
        text = f"{self.label}: {self.done}{of} {self.unit}, {rate:.1f}/s"
        if self.total and self.done and self.done < self.total:
            text += f", {_clock((self.total - self.done) / rate)} left"
        return text

    def _show(self, now: float) -> None:
        if self._quiet:
            return
        if self._terminal:
            self._stream.write(f"\r\x1b[2K{self.line(now)}")
        else:
            self._stream.write(self.line(now) + "\n")
        self._stream.flush()

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._terminal and not self._quiet:
            self._show(time.monotonic())
            self._stream.write("\n")
            self._stream.flush()


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds + 0.5), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
