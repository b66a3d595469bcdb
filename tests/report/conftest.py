"""A real browser to look at pages."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from mgskel.doctor import BROWSER_FLAGS, find_browser


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Headless Chromium; without one, tests that need it skip, or fail where it is required."""
    executable = find_browser()
    if executable is None:
        if os.environ.get("MGSKEL_REQUIRE_BROWSER"):
            pytest.fail("Chromium is required here and missing: apt-get install chromium")
        pytest.skip("no Chromium; install it to run the browser tests (apt-get install chromium)")
    from playwright import sync_api

    with sync_api.sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=executable, args=list(BROWSER_FLAGS))
        yield chromium
        chromium.close()
