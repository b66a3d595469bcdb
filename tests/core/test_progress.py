"""Progress says how far, how fast and how long still."""

from __future__ import annotations

import io

from mgskel.core.progress import Progress


def test_line_has_count_rate_and_time_left():
    progress = Progress(100, "extract", stream=io.StringIO())
    progress.advance(50)
    line = progress.line(now=progress._start + 10)
    assert line == "extract: 50/100 frames, 5.0/s, 0:10 left"


def test_unknown_total_has_no_time_left():
    progress = Progress(None, "camera", stream=io.StringIO())
    progress.advance(8)
    assert progress.line(now=progress._start + 4) == "camera: 8 frames, 2.0/s"


def test_hours_are_shown():
    progress = Progress(10_000, "clips", "clips", stream=io.StringIO())
    progress.advance(1)
    assert progress.line(now=progress._start + 1).endswith("2:46:39 left")
