"""Clips made on the spot, and the square estimator as an installed plug-in."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from pose_clips import SIZE, square_pictures, write_video

from mgskel.pose.estimator import EstimatorSettings
from mgskel.pose.extract import ExtractSettings


@pytest.fixture
def make_clip(tmp_path: Path) -> Callable[..., Path]:
    """make_clip("a.mp4", count=40): a clip of the wandering square."""

    def make(name: str = "clip.mp4", count: int = 40, fps: int = 20, **more: object) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        size = more.pop("size", SIZE)
        speed = more.pop("speed", 0.5)
        return write_video(path, square_pictures(count, size, speed), fps, **more)

    return make


@pytest.fixture
def plugin(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The square estimator, installed as somebody's package: 'square' by entry point."""
    site = tmp_path_factory.mktemp("site")
    shutil.copy(Path(__file__).with_name("pose_clips.py"), site)
    about = site / "square_plugin-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: square-plugin\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[mgskel.estimators]\nsquare = pose_clips\n")
    monkeypatch.syspath_prepend(str(site))
    return site


@pytest.fixture
def square(plugin: Path) -> ExtractSettings:
    """Settings that use it."""
    return ExtractSettings(estimator=EstimatorSettings(name="square"))
