"""A page in a real browser, with everything that it complained about or asked for."""

from collections.abc import Sequence
from typing import Any

import pytest


class Visit:
    def __init__(self, browser: Any, address: str, **options: Any) -> None:
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page = browser.new_page(**options)
        self.page.on("console", lambda m: m.type == "error" and self.complaints.append(m.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.go(address)

    def go(self, address: str) -> None:
        self.page.goto(address)
        self.until("document.documentElement.dataset.ready === 'true'")

    def until(self, condition: str, tries: int = 400) -> None:
        # The page's own policy forbids evaluating strings, so it is asked from outside.
        for _ in range(tries):
            if self.page.evaluate(condition):
                return
            self.page.wait_for_timeout(25)
        raise AssertionError(f"never came true: {condition}")

    def assert_accessible(self, width: int) -> None:
        """By the rules of axe; and nothing is wider than the window."""
        axe = pytest.importorskip("axe_playwright_python.sync_playwright")
        found = axe.Axe().run(self.page).response["violations"]
        assert not found, "\n".join(f"{v['id']}: {v['nodes'][0]['html']}" for v in found)
        assert self.page.evaluate("document.documentElement.scrollWidth") <= width

    def close(self, own: Sequence[str] = ("file:",)) -> None:
        """Nothing was complained about, and nothing asked for but what is its own."""
        self.page.close()
        assert not self.complaints
        assert not [u for u in self.requests if not u.startswith((*own, "data:", "blob:"))]
