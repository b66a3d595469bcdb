"""The table of statement kinds: complete, and open to kinds and thresholds of one's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mgskel.cli import main
from mgskel.core.errors import InputError
from mgskel.core.gestures import known_gestures
from mgskel.core.sequence import PoseSequence
from mgskel.describe import KINDS, Finding, Thresholds, describe
from mgskel.describe.body import described_points
from mgskel.describe.kinds import GESTURE, kind_of
from mgskel.describe.thresholds import SECTIONS
from mgskel.describe.wording import sentence, shown

MEASURED = [entry.kind for entry in KINDS if entry.kind is not GESTURE]


@pytest.mark.parametrize("kind", MEASURED, ids=lambda kind: kind.name)
@pytest.mark.parametrize("side", ["left", "both"])
def test_every_kind_has_words_for_every_category(kind: object, side: str) -> None:
    says = kind.says if isinstance(kind.says, dict) else {"": ""}
    for category in says:
        finding = Finding(
            kind=kind.name, joints=("left_hand", "nose"), side=side, value=1.0, unit=kind.unit,
            category=category, from_s=1.0, to_s=2.5, confidence=1.0, count=2,
        )  # fmt: skip
        text = sentence(finding)
        assert text[0].isupper() and "from 0:01.0 to 0:02.5" in text and text.endswith(".")
        assert shown(finding) and "{" not in text


def test_what_kinds_need_and_gestures_show_exists() -> None:
    names = {kind.name for kind in MEASURED}
    for kind in MEASURED:
        assert set(kind.needs) <= set(described_points().joints), kind.name
        assert set(kind.explained_by) <= names, kind.name
        assert not kind.supports, "what gestures show stands in gestures.yaml"
    for gesture in known_gestures().values():
        assert set(gesture.shows) <= names, gesture.name
        assert all(kind_of(name).needs for name in gesture.shows), gesture.name


@pytest.fixture
def own_kind(root: Path, tmp_path: Path) -> Iterator[Path]:
    """A folder with the file that CONTRIBUTING.md shows."""
    page = (root / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (tmp_path / "raised.py").write_text(page.partition("# raised.py\n")[2].partition("```")[0])
    yield tmp_path
    for registry, name in ((KINDS, "hand_raised"), (SECTIONS, "raised")):
        del registry._entries[name], registry._homes[name]


def test_a_kind_of_ones_own_is_one_file(
    own_kind: Path, puppet: Callable[..., object], capsys: pytest.CaptureFixture[str]
) -> None:
    puppet(10).reach("left", (0.9, -1.2), 3, 5).sequence().save(own_kind / "pose.npz")
    command = ["describe", str(own_kind / "pose.npz"), "--kinds", str(own_kind / "raised.py")]
    assert main(command) == 0
    assert "The left hand was raised from 0:0" in capsys.readouterr().out
    (own_kind / "mine.yaml").write_text("raised: {height: {enter: 2.0, leave: 1.5}}\n")
    assert main([*command, "--thresholds", str(own_kind / "mine.yaml")]) == 0
    assert "was raised" not in capsys.readouterr().out


def test_thresholds_change_what_is_said(puppet_sequence: PoseSequence, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("head:\n  nod: {enter: 0.5, leave: 0.4}\n")
    kinds = {s.kind for s in describe(puppet_sequence).statements}
    mine = {s.kind for s in describe(puppet_sequence, thresholds=Thresholds.load(file)).statements}
    assert "head_nod" in kinds and "head_nod" not in mine


def test_all_thresholds_can_be_written_down_and_read(tmp_path: Path) -> None:
    import yaml

    file = tmp_path / "all.yaml"
    file.write_text(yaml.safe_dump(Thresholds().to_dict()))
    assert Thresholds.load(file).to_dict() == Thresholds().to_dict()


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("heat: {hold_min_s: 1}", "did you mean 'head'?"),
        ("head: {hold_min: 1}", "did you mean 'hold_min_s'?"),
        ("head: {hold_min_s: long}", None),
        ("head: 3", None),
    ],
)
def test_wrong_thresholds_are_answered_with_the_nearest(
    text: str, remedy: str | None, tmp_path: Path
) -> None:
    (tmp_path / "mine.yaml").write_text(text)
    with pytest.raises(InputError, match="mine.yaml|hea|head") as caught:
        Thresholds.load(tmp_path / "mine.yaml")
    assert caught.value.remedy == remedy
