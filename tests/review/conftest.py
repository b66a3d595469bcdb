from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

# Small studies are made as the tests of the study room make them.
sys.path.insert(0, str(Path(__file__).parents[1] / "study"))

from review_cases import Here, a_study


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Here]:
    app = Here(a_study(tmp_path / "study"))
    yield app
    app.queue.close()
