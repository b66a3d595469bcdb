"""A real browser to look at pages."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Headless Chromium; without one, tests that need it skip, or fail where it is required."""
    executable = shutil.which("chromium") or shutil.which("chromium-browser")
    sync_api = pytest.importorskip("playwright.sync_api") if executable else None
    if sync_api is None:
        if os.environ.get("MGSKEL_REQUIRE_BROWSER"):
            pytest.fail("Chromium is required here and missing: apt-get install chromium")
        pytest.skip("no Chromium; install it to run the browser tests (apt-get install chromium)")
    quiet = ("no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-sync",
             "disable-background-networking", "disable-component-update")  # fmt: skip
    with sync_api.sync_playwright() as play:
        chromium = play.chromium.launch(
            executable_path=executable, args=[f"--{flag}" for flag in quiet]
        )
        yield chromium
        chromium.close()
