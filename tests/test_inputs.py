"""Every verb takes whatever can be turned into what it needs: each cell of the table, in process.

The page docs/howto/inputs.md holds the same table, and is checked against this one.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from puppet import Puppet

import mgskel as mg
from mgskel.cli import main
from mgskel.core.recording import Dataset, Recording
from mgskel.formats import write
from mgskel.models.stored_run import pack
from mgskel.pose.batches.workers import Inline
from mgskel.synthesis import SynthesisSettings, synthesise_recording

COLUMNS = ("clip", "pose file", "other format", "folder of files", "folder of clips", "data set",
           "result folder", "study", "statements")  # fmt: skip
LABELLED = ("folder of files", "folder of clips", "data set")
SEVERAL = (*LABELLED, "study")
ONE = ("clip", "pose file", "other format", "result folder")
MODEL = ["--model.sizes.channels", "[8]", "--model.sizes.heads", "2", "--optim.epochs", "1"]
MODEL += ["--window", "8", "--optim.batch", "4"]
# Each verb, what follows its input, and the columns it takes; the others have no meaning for it.
VERBS: Mapping[str, tuple[Sequence[str], Sequence[str]]] = {
    "extract": (["{in}", "-o", "{out}"], (*ONE, "folder of files", "folder of clips", "study")),
    "analyze": (["{in}", "-o", "{out}", "--no-attention"], (*ONE, *SEVERAL)),
    "spot": (["{in}", "-o", "{out}/events", "--model", "{spotter}"], (*ONE, *SEVERAL)),
    "describe": (["{in}", "-o", "{out}/told"], (*ONE, *SEVERAL)),
    "reason": (["{in}", "-o", "{out}/judged"], (*ONE, *SEVERAL, "statements")),
    "attention": (["--data", "{in}", "-o", "{out}", "--clips", "1"], (*ONE, *SEVERAL)),
    "train": (["--data.train", "{in}", "-o", "{out}", *MODEL, "--data.validation", "none"],
              LABELLED),
    "pretrain": (["--data", "{in}", "-o", "{out}", *MODEL], (*ONE, *SEVERAL)),
    "evaluate": (["--data", "{in}"], LABELLED),
    "predict": (["--data", "{in}", "-o", "{out}/scores.csv"], (*ONE, *SEVERAL)),
    "convert": (["{in}", "{out}/made"], (*ONE, *SEVERAL)),
    "validate": (["{in}"], (*ONE, *SEVERAL)),
    "live": (["{in}", "--lines", "--every-frame", "--model", "{spotter}"], ("clip",)),
}  # fmt: skip
CELLS = [(verb, column) for verb in VERBS for column in COLUMNS]


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One input of each column, of the same three seconds."""
    from fractions import Fraction

    import av

    place = tmp_path_factory.mktemp("inputs")
    made = synthesise_recording(3, 5, SynthesisSettings(layout="mediapipe_holistic"), fps=12)
    made.sequence.save(place / "pose file.npz")
    write(place / "other format.csv", Dataset([Recording(made.sequence, "talk")]))
    names = ("nodding", "shrugging", "nodding", "shrugging")
    several = [Recording(made.sequence, f"r{n}", label=n % 2) for n in range(4)]
    write(place / "data set.npz", Dataset(several, class_names=names[:2]))
    with av.open(str(place / "clip.mp4"), "w") as film:
        stream = film.add_stream("mpeg4", rate=Fraction(12))
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        for n in range(made.sequence.num_frames):
            picture = np.full((180, 320, 3), 5 * n, np.uint8)
            film.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        film.mux(stream.encode())
    for number, name in enumerate(names):
        for folder, file in (("folder of files", "pose file.npz"), ("folder of clips", "clip.mp4")):
            target = place / folder / name / f"{number}{Path(file).suffix}"
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(place / file, target)
    result = place / "result folder"
    words = ["analyze", str(place / "pose file.npz"), "-o", str(result), "--no-attention", "-q"]
    assert main(words) == 0
    shutil.copy(result / "statements.json", place / "statements.json")
    clips = [str(place / name) for name in ("pose file.npz", "other format.csv")]
    assert main(["analyze", *clips, "-o", str(place / "study"), "--no-attention", "-q"]) == 0
    return place


@pytest.fixture
def puppet(
    inputs: Path, monkeypatch: pytest.MonkeyPatch, as_estimator: Callable[..., None]
) -> None:
    """The default estimator sees the recording that the clips stand for."""
    as_estimator(Puppet(mg.PoseSequence.load(inputs / "pose file.npz"), (320, 180)))
    monkeypatch.setattr("mgskel.pose.batches.work._KEPT", {})
    for room in ("pose.batches.batch", "analyze_study"):
        monkeypatch.setattr(f"mgskel.{room}.create_engine", lambda *asked: Inline())


@pytest.mark.parametrize(("verb", "column"), CELLS, ids=[f"{v} {c}" for v, c in CELLS])
def test_a_cell(
    verb: str,
    column: str,
    inputs: Path,
    puppet: None,
    untrained_spotter: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = next(inputs.glob(f"{column}*"))
    words = [
        word.format(**{"in": given, "out": tmp_path / "out", "spotter": untrained_spotter})
        for word in VERBS[verb][0]
    ]
    words += ["--workers", "1"] if verb in ("extract", "analyze") else []
    status = main([verb, *words])
    said = capsys.readouterr()
    if column not in VERBS[verb][1]:
        assert status == 2 and ("expected" in said.err or "remedy" in said.err), said.err
        return
    assert status == 0, said.err
    if "clip" in column and verb not in ("extract", "analyze", "live"):
        assert "mgskel extract" in said.err


# Each verb that takes a RUN; the table above gives it a folder, or nothing.
WITH_RUNS: Mapping[str, Sequence[str]] = {
    "spot": ["{in}", "--model", "{run}"],
    "live": ["{clip}", "--lines", "--every-frame", "--model", "{run}"],
    "analyze": ["{in}", "-o", "{out}", "--no-attention", "--model", "{run}"],
    "attention": ["{run}", "--data", "{in}", "-o", "{out}"],
    "predict": ["{run}", "--data", "{in}", "-o", "{out}/scores.csv"],
    "evaluate": ["{run}", "--data", "{set}"],
    "hub": ["{run}", "-o", "{out}/copy"],
}


@pytest.mark.parametrize("place", ["zip", "hub"])
@pytest.mark.parametrize("verb", WITH_RUNS)
def test_a_run_may_lie_anywhere(
    verb: str,
    place: str,
    inputs: Path,
    puppet: None,
    untrained_spotter: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The way to a hub itself is tested in tests/models/test_stored_run.py."""
    monkeypatch.setattr("mgskel.models.stored_run._fetched", lambda _: untrained_spotter)
    pack(untrained_spotter, tmp_path / "run.zip")
    known = {
        "in": inputs / "pose file.npz",
        "clip": inputs / "clip.mp4",
        "set": inputs / "data set.npz",
        "out": tmp_path / "out",
        "run": tmp_path / "run.zip" if place == "zip" else "hf:somebody/something",
    }
    assert main([verb, *(word.format(**known) for word in WITH_RUNS[verb])]) == 0


def test_the_page_holds_this_table(root: Path) -> None:
    page = (root / "docs" / "howto" / "inputs.md").read_text(encoding="utf-8")
    rows = [f"| | {' | '.join(COLUMNS)} |", "|---|" + "---|" * len(COLUMNS)]
    for verb, (_, columns) in VERBS.items():
        rows.append(f"| `{verb}` | " + " | ".join(
            "yes" if column in columns else "" for column in COLUMNS) + " |")  # fmt: skip
    assert "\n".join(rows) in page, "the table should be\n" + "\n".join(rows)


def test_a_person_may_be_asked_for_by_side(
    inputs: Path, puppet: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["validate", str(inputs / "clip.mp4")]) == 0
    words = ["describe", str(inputs / "clip.mp4"), "--person", "left", "--events", "none"]
    assert main(words) == 0
    assert "3" in capsys.readouterr().out


def test_several_results_need_a_folder(
    inputs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["describe", str(inputs / "data set.npz"), "--events", "none", "-o"]
    assert main([*words, str(tmp_path / "all.json")]) == 2
    assert f"-o {tmp_path / 'all'}" in capsys.readouterr().err
