"""iMiGUE's and SMG's emotion tasks, on files written in exactly their formats."""

from __future__ import annotations

from pathlib import Path

import pytest
from studies.reasoning.command import main
from studies.reasoning.emotion_sets import (
    imigue_emotion_videos,
    load_imigue_emotion,
    load_smg_emotion,
)

from mgskel.core.errors import InputError


def test_the_official_imigue_split() -> None:
    train, test = imigue_emotion_videos()
    assert (len(train), len(test)) == (102, 100)
    assert not set(train) & set(test)
    assert train[0] == 1 and train[-1] == 453 and test[0] == 9 and test[-1] == 447


@pytest.fixture
def imigue(tmp_path: Path) -> Path:
    """All videos of the split; winners hold their heads up, losers touch their necks."""
    rows = ["video,label"]
    for part in imigue_emotion_videos():
        for number, video in enumerate(part):
            won = number % 2 == 0
            folder = tmp_path / f"{video:04d}"
            folder.mkdir()
            gesture = 28 if won else 12
            (folder / f"{video:04d}_label.csv").write_text(
                f"{gesture},10,59\n99,100,200\n{gesture},300,349\n"
            )
            rows.append(f"{video},{'win' if won else 'lose'}")
    (tmp_path / "results.csv").write_text("\n".join(rows) + "\n")
    return tmp_path


def test_imigue_examples(imigue: Path) -> None:
    split = load_imigue_emotion(imigue, imigue / "results.csv")
    assert (len(split.train), len(split.test), split.missing) == (102, 100, ())
    assert sum(example.reference.emotion == "win" for example in split.train) == 51
    first = split.train[0]
    assert first.name == "imigue_0001" and first.scene.labels == ("win", "lose")
    assert [gesture.label for gesture in first.gestures] == ["Head up", "Head up"]
    assert first.gestures[0].from_s == pytest.approx(10 / 25)
    assert first.gestures[0].to_s == pytest.approx(60 / 25)


def test_missing_videos_are_listed(imigue: Path) -> None:
    (imigue / "0009" / "0009_label.csv").unlink()
    assert load_imigue_emotion(imigue, imigue / "results.csv").missing == ("0009",)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,b\n1,2\n", "video,label"),
        ("video,label\n1,1\n", "win or lose"),
        ("video,label\nx,win\n", "video number"),
        ("video,label\n1,win\n1,lose\n", "both won and lost"),
        ("", "empty"),
    ],
)
def test_a_wrong_result_table_is_explained(imigue: Path, text: str, words: str) -> None:
    (imigue / "results.csv").write_text(text)
    with pytest.raises(InputError, match=words):
        load_imigue_emotion(imigue, imigue / "results.csv")


def test_a_wrong_gesture_table_is_explained(imigue: Path) -> None:
    (imigue / "0001" / "0001_label.csv").write_text("77,1,2\n")
    with pytest.raises(InputError, match="77"):
        load_imigue_emotion(imigue, imigue / "results.csv")


def test_an_empty_folder_is_explained(tmp_path: Path) -> None:
    (tmp_path / "results.csv").write_text("video,label\n1,win\n")
    with pytest.raises(InputError, match="no labelled recordings"):
        load_imigue_emotion(tmp_path, tmp_path / "results.csv")


def test_the_study_on_imigue_knows_its_baselines(imigue: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    options = ["--imigue", str(imigue), "--imigue-labels", str(imigue / "results.csv")]
    assert main([*options, "-o", str(out), "--repeats", "1"]) == 0
    text = (out / "results.md").read_text()
    assert "| *majority* | labels only | 0.50 |" in text
    rows = {line.split("|")[2].strip(): line.split("|")[3] for line in text.splitlines()
            if line.startswith("| rules")}  # fmt: skip
    assert set(rows) >= {"context only", "+ true gestures", "+ true gestures of another scene"}
    assert "1.00" in text, "gestures that tell the label apart are used"


@pytest.fixture
def smg(tmp_path: Path) -> Path:
    for subject in range(1, 41):
        name = f"Sample{subject:04d}"
        folder = tmp_path / name
        folder.mkdir()
        (folder / f"{name}_data.csv").write_text("6000,28,4000\n")
        (folder / f"{name}_tflabels_new.csv").write_text("1,0,2800,1\n2,2800,5600,12\n")
        (folder / f"{name}_finelabels.csv").write_text("17,100,200\n3,2700,2900\n6,3000,3056\n")
    return tmp_path


def test_smg_examples(smg: Path) -> None:
    split = load_smg_emotion(smg, "1")
    assert (len(split.train), len(split.test), split.missing) == (70, 10, ())
    relaxed, stressed = split.test[:2]
    assert (relaxed.reference.emotion, stressed.reference.emotion) == ("relaxed", "stressed")
    assert relaxed.group == stressed.group == "Sample0036"
    assert [g.label for g in relaxed.gestures] == ["Folding arms"], "illustration is no evidence"
    assert [(g.from_s, g.to_s) for g in stressed.gestures] == [
        pytest.approx((0.0, 100 / 28)),
        pytest.approx((200 / 28, 256 / 28)),
    ]
    flipped = load_smg_emotion(smg, "0")
    assert flipped.test[0].reference.emotion == "stressed"


def test_smg_needs_to_be_told_which_code_is_stressed(smg: Path) -> None:
    with pytest.raises(InputError, match="--stressed-code"):
        load_smg_emotion(smg, None)


@pytest.mark.parametrize("row", ["1,0,100,77", "1,100,50,1", "a,b,c,d", "1,2"])
def test_a_wrong_state_row_is_explained(smg: Path, row: str) -> None:
    (smg / "Sample0003" / "Sample0003_tflabels_new.csv").write_text(row + "\n")
    with pytest.raises(InputError, match="line 1"):
        load_smg_emotion(smg, "1")


def test_frame_rates(smg: Path) -> None:
    data = smg / "Sample0036" / "Sample0036_data.csv"
    data.write_text("numFrames,fps,maxDepth\n6000,14,4000\n")
    assert load_smg_emotion(smg, "1").test[0].gestures[0].from_s == pytest.approx(2700 / 14)
    assert load_smg_emotion(smg, "1", fps=56).test[0].gestures[0].from_s == pytest.approx(2700 / 56)
    data.write_text("nothing\n")
    with pytest.raises(InputError, match="--fps"):
        load_smg_emotion(smg, "1")
