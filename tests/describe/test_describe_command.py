"""`mgskel describe` from files to files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mgskel.cli import main
from mgskel.core.events import GestureEvent, write_events
from mgskel.core.sequence import PoseSequence
from mgskel.describe import Description


@pytest.fixture
def pose(puppet_sequence: PoseSequence, tmp_path: Path) -> Path:
    puppet_sequence.save(tmp_path / "pose.npz")
    return tmp_path / "pose.npz"


def test_text_is_printed_and_statements_written(
    pose: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_events(tmp_path / "events.csv", [GestureEvent("1", "Touching nose", -1, 2, 4, 0.7, True)])
    out = tmp_path / "out" / "statements.json"
    command = ["describe", str(pose), "--events", str(tmp_path / "events.csv"), "-o", str(out)]
    assert main([*command, "--length", "full"]) == 0
    printed = capsys.readouterr().out
    description = Description.load(out)
    assert all(s.text in printed for s in description.statements)
    assert any(s.kind == "gesture" for s in description.statements)


def test_json_prints_one_object(pose: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["describe", str(pose), "--json"]) == 0
    assert set(json.loads(capsys.readouterr().out)) == {"statements", "quality", "source"}


@pytest.mark.parametrize("case", ["missing", "not npz", "events", "person"])
def test_wrong_input_is_one_message_and_exit_code_2(
    pose: Path, tmp_path: Path, case: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.npz").write_bytes(b"no archive")
    (tmp_path / "bad.csv").write_text("colour\nred\n")
    commands = {
        "missing": ["describe", str(tmp_path / "none.npz")],
        "not npz": ["describe", str(tmp_path / "bad.npz")],
        "events": ["describe", str(pose), "--events", str(tmp_path / "bad.csv")],
        "person": ["describe", str(pose), "--person", "nobody"],
    }
    assert main(commands[case]) == 2
    message = capsys.readouterr().err
    assert message.startswith("mgskel describe: ") and "Traceback" not in message
