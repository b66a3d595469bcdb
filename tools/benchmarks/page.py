"""Size of a report page, and how soon it is ready in Chromium."""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path

from benchmarks._command import options

from mgskel.analyze import AnalyzeSettings, analyze
from mgskel.core.errors import InputError
from mgskel.doctor import BROWSER_FLAGS, find_browser
from mgskel.synthesis import SynthesisSettings, synthesise_recording

_SEED, _FPS, _LOOKS = 17, 25.0, 3


def main(argv: list[str]) -> int:
    parser = options(__name__, __doc__)
    parser.add_argument("--report", type=Path, help="a page; default: one of synthesis is made")
    parser.add_argument("--minutes", type=float, default=60.0, help="length of the synthesis")
    args = parser.parse_args(argv)
    if args.report is not None:
        print(json.dumps(look_at(args.report)))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        recording = Path(folder) / "recording.npz"
        settings = SynthesisSettings(layout="mediapipe_holistic")
        made = synthesise_recording(60 * args.minutes, _SEED, settings, fps=_FPS)
        made.sequence.save(recording)
        start = time.process_time()
        done = analyze(recording, Path(folder) / "out", AnalyzeSettings())
        spent = time.process_time() - start
        answer = {"minutes": args.minutes, "analyze_cpu_s": round(spent, 1)}
        print(json.dumps(answer | look_at(done.report)))
    return 0


def look_at(report: Path) -> dict[str, float]:
    """Megabytes, and seconds from the address to a page that can be used: the best of some.

    `ready_cpu_s` is what the page's own thread worked in that time: on a busy machine, that is
    nearer to what a person waits than the clock is.
    """
    from playwright import sync_api

    executable = find_browser()
    if executable is None:
        raise InputError("there is no Chromium", remedy="apt-get install chromium")
    seconds, worked = [], []
    with sync_api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=executable, args=list(BROWSER_FLAGS))
        for _ in range(_LOOKS):
            page = browser.new_page()
            meter = page.context.new_cdp_session(page)
            meter.send("Performance.enable", {"timeDomain": "threadTicks"})
            start = time.perf_counter()
            page.goto(report.resolve().as_uri())
            page.wait_for_selector("html[data-ready=true]")
            seconds.append(time.perf_counter() - start)
            told = meter.send("Performance.getMetrics")["metrics"]
            worked += [one["value"] for one in told if one["name"] == "TaskDuration"]
            page.close()
        browser.close()
    return {
        "mb": round(report.stat().st_size / 1e6, 2),
        "ready_s": round(min(seconds), 2),
        "ready_cpu_s": round(min(worked), 2),
    }
