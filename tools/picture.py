"""The picture of the report page in the readme, from a report of a synthetic recording.

    make demo && python tools/picture.py out/synthetic/report.html docs/pictures/report.png

Never make it from a recording of a real person.
"""

from __future__ import annotations

import argparse
import io
import sys
from pathlib import Path

from PIL import Image

from mgskel.doctor import BROWSER_FLAGS, find_browser

_WIDTH, _TOP, _TIMELINE, _GAP = 1280, 800, 560, 20
_COLOURS = 128


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("report", type=Path)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--gesture", type=int, default=1, help="which one is shown, from 0")
    args = parser.parse_args()
    executable = find_browser()
    if executable is None:
        print("no Chromium: apt-get install chromium", file=sys.stderr)
        return 2
    from playwright import sync_api

    with sync_api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=executable, args=list(BROWSER_FLAGS))
        page = browser.new_page(viewport={"width": _WIDTH, "height": _TOP}, color_scheme="light")
        page.goto(args.report.resolve().as_uri())
        page.wait_for_selector("html[data-ready=true]")
        page.locator("#gestures .moment").nth(args.gesture).click()
        for _ in range(10):
            page.click("#forward")
        page.evaluate("window.scrollTo(0, 0)")
        top = _image(page.screenshot())
        timeline = _image(page.locator("section:has(#timeline)").screenshot())
        browser.close()
    timeline = timeline.crop((0, 0, timeline.width, min(timeline.height, _TIMELINE)))
    picture = Image.new("RGB", (top.width, top.height + timeline.height + 2 * _GAP), _ground(top))
    picture.paste(top, (0, 0))
    picture.paste(timeline, ((top.width - timeline.width) // 2, top.height + _GAP))
    picture.quantize(_COLOURS, dither=Image.Dither.NONE).save(args.picture, optimize=True)
    return 0


def _image(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content)).convert("RGB")


def _ground(image: Image.Image) -> tuple[int, int, int]:
    red, green, blue = image.crop((3, 3, 4, 4)).tobytes()
    return red, green, blue


if __name__ == "__main__":
    sys.exit(main())
