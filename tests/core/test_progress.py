"""Progress says how far, how fast and how long still: live on a terminal, by lines elsewhere."""

from __future__ import annotations

import io
import sys

import pytest

from mgskel.core.machine import progress as module
from mgskel.core.machine.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    return now


def test_a_line_has_count_rate_and_time_left(clock: list[float]) -> None:
    progress = Progress(100, "extract", stream=io.StringIO())
    progress.advance(50)
    assert progress.line(now=110.0) == "extract: 50/100 frames, 5.0/s, 0:10 left"
    camera = Progress(None, "camera", stream=io.StringIO())
    camera.advance(8)
    assert camera.line(now=104.0) == "camera: 8 frames, 2.0/s"
    many = Progress(10_000, "clips", "clips", stream=io.StringIO())
    many.advance(1)
    assert many.line(now=101.0).endswith("2:46:39 left")
    slow = Progress(3, "analyze", "clips", stream=io.StringIO())
    slow.advance()
    assert slow.line(now=161.0) == "analyze: 1/3 clips, 1:01 each, 2:02 left"


def test_a_pipe_gets_one_line_per_finished_thing(clock: list[float]) -> None:
    pipe = io.StringIO()
    with Progress(None, "analyze", stream=pipe) as progress:
        progress.begin("talk: extract", 250)
        for _ in range(250):
            progress.advance()
        clock[0] += 12
        progress.begin("talk: report", 1, "steps")
        clock[0] += 3
        progress.begin("talk: too quick to speak of", 1, "steps")
    assert pipe.getvalue() == "talk: extract: 250 frames in 0:12\ntalk: report: done in 0:03\n"


def test_a_log_hears_of_long_work_now_and_then(clock: list[float]) -> None:
    pipe = io.StringIO()
    progress = Progress(600, "fit", "steps", stream=pipe)
    for _ in range(150):
        clock[0] += 1
        progress.advance()
    assert [line.split(",")[0] for line in pipe.getvalue().splitlines()] == [
        "fit: 60/600 steps",
        "fit: 120/600 steps",
    ]


def test_the_last_of_slow_things_is_told_once(clock: list[float]) -> None:
    pipe = io.StringIO()
    with Progress(1, "analyze", "clips", stream=pipe) as progress:
        clock[0] += 61
        progress.advance()
    assert pipe.getvalue() == "analyze: done in 1:01\n"


def test_what_fails_is_not_told_as_finished() -> None:
    pipe = io.StringIO()
    with pytest.raises(ValueError), Progress(3, "clips", "clips", stream=pipe) as progress:
        progress.advance()
        raise ValueError
    assert pipe.getvalue() == ""


def test_a_terminal_shows_one_live_bar_and_keeps_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    with Progress(3, "extract [a.mp4]") as progress:
        progress.begin("extract [a.mp4]", 3)
        print("note: dark", file=sys.stderr)
        for _ in range(3):
            progress.advance()
    shown = screen.getvalue()
    assert "extract [a.mp4]" in shown and "note: dark" in shown
    assert "3 frames in 0:00" in shown
    assert sys.stderr is screen


def test_quiet_shows_nothing() -> None:
    screen = Terminal()
    with Progress(3, "extract", stream=screen, quiet=True) as progress:
        progress.advance(3)
    assert screen.getvalue() == ""
