# ruff: noqa: E501
"""Numbers that are none, tables, annotations and transcripts that nobody wrote; written tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hostile_commands import filled, refuse, written

from mgskel.cli import main

NUMBERS = ["nan", "inf", "-1", "1e400", "2001-13-45", "x", "", "\u00b2", "9" * 400, "1_0", "[1]"]


@pytest.mark.parametrize("line", [
    "spot P --sensitivity", "spot P --fps", "convert P O.npz --to-fps", "convert P O.npz --min-frames", "validate P --most", "agree E E --tolerance", "agree E E --resamples",
    "reason S --timeout", "reason S --retries", "evaluate R --data P --views", "predict R --data P -o O.csv --views", "attention R --data P -o O --clips", "synthesise clips -o O.npz --seed",
    "synthesise recordings -o O --seconds", "compare P --by a --permutations", "cut P --padding", "gestures P --most", "review P --port", "live P --fps",
    "extract P -o O --rate", "extract P -o O --start", "extract P -o O --cleaning.min_score", "analyze P -o O --bin", "finetune P -o O --workers",
    "train --data.train P -o O --optim.lr", "train --data.train P -o O --optim.batch", "train --data.train P -o O --machine.devices", "train --data.train P -o O --views",
])  # fmt: skip
def test_numbers_that_are_none(tmp_path: Path, good: Path, line: str, capsys: Any) -> None:
    for number in NUMBERS:
        if (number, line.split()[-1]) in {("1_0", "--optim.batch"), ("1_0", "--views"), ("", "--rate"), ("", "--start")}:  # fmt: skip
            continue  # YAML's way to write 10, and nothing
        if number == "1_0" and "--" in line.split()[-1] and line.split()[0] in ("extract", "train"):
            continue
        words = filled(line, good, "", tmp_path / "o")
        try:
            refuse([*words[:-1], f"{words[-1]}={number}"], tmp_path, capsys)
        except SystemExit as stop:  # the parser's own refusal
            assert stop.code == 2
            capsys.readouterr()


EVENTS = [
    "", "label,start_s\nnod,1\n", "label,start_s,end_s\nnod,inf,inf\n", "label,start_s,end_s\nnod,0,1e300\n", "label,start_s,end_s\nnod,5,1\n",
    "label,start_s,end_s\nnod,1e999,2\n", 'label,start_s,end_s\n"nod,0,1\n', "label,start_s,end_s\nnod,0,1\x00\n", "label,start_s,end_s\nnod,-1,1\n", "label,start_s,end_s\nnod,nan,1\n",
    "label,start_s,end_s,score\nnod,0,1,2\n", "label,start_s,end_s\n\u202e\u202d,0,1\n", "label,start_s,end_s\n,0,1\n", "label,start_s,end_s\nnod,0\n", "label,start_s,end_s,class_id\nnod,0,1,1e30\n",
    '{"events": [{"label": ["a"], "start_s": 0, "end_s": 1}]}', '{"events": [{"label": "a", "start_s": 0, "end_s": 1e400}]}', '{"events": [{"label": "a", "start_s": {}, "end_s": 1}]}',
    '{"events": [{"label": "a", "person": [1], "start_s": 0, "end_s": 1}]}', '{"events": [{"label": "a", "start_s": true, "end_s": "x"}]}', '{"behaviors_conf": 5, "observations": 7}',
    '{"behaviors_conf": {"0": {"code": "a", "type": 5}}, "observations": {"o": {"events": [[1e999, "", "a"]]}}}',
]  # fmt: skip
EAF = [
    f'<TIME_SLOT TIME_SLOT_ID="a" TIME_VALUE="{v}"/>'
    for v in ("9" * 400, "1e999", "inf", "x", "", "-5")
]
XML = [
    *(f'<ANNOTATION_DOCUMENT><TIME_ORDER>{slot}<TIME_SLOT TIME_SLOT_ID="b" TIME_VALUE="5"/></TIME_ORDER><TIER TIER_ID="t" LINGUISTIC_TYPE_REF="d"><ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="x" TIME_SLOT_REF1="a" TIME_SLOT_REF2="b"><ANNOTATION_VALUE>nod</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION></TIER></ANNOTATION_DOCUMENT>' for slot in EAF),
    "<a>" * 200_000, "<ANNOTATION_DOCUMENT>", "<!DOCTYPE l [<!ENTITY a 'aaaaaaaaaa'>" + "".join(f"<!ENTITY a{i} '{'&a%s;' % (i - 1 if i else '') * 10}'>".replace("\n", "") for i in range(12)) + "]><ANNOTATION_DOCUMENT>&a11;</ANNOTATION_DOCUMENT>",
    "<!DOCTYPE l [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><ANNOTATION_DOCUMENT>&a;</ANNOTATION_DOCUMENT>", "<HTML/>",
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(EVENTS) + len(XML)))
def test_events_that_nobody_marked(tmp_path: Path, good: Path, number: int, capsys: Any) -> None:
    text = [*EVENTS, *XML][number]
    name = "a.eaf" if text[:1] == "<" else "a.json" if text[:1] == "{" else "a.csv"
    path = written(name, text)(tmp_path)
    refuse(["agree", path, good / "events.csv"], tmp_path, capsys)
    refuse(["spot", good / "pose.npz", "--reference", path], tmp_path, capsys)


@pytest.mark.parametrize("text", ["\x00" * 9, '"', 'frame,person,joint,x,y\n0,1,nose,1e300,inf\n', "a,b\n" * 3, "frame,person,joint,x,y\n0,1,no\u202ese,1,1\n", "frame,person,joint,x,y\n0,1,nose,1\n", "x," * 50_000, "frame,person,joint,x,y\n" + '"' + "a" * 200_000])  # fmt: skip
def test_tables_of_points_that_are_none(tmp_path: Path, text: str, capsys: Any) -> None:
    refuse(["convert", written("a.csv", text)(tmp_path), tmp_path / "o.npz"], tmp_path, capsys)


@pytest.mark.parametrize("text", ["<" * 200_000, "<v " * 60_000, "<v a" * 50_000, "&amp" * 50_000, "</" * 90_000, "<1:" * 50_000, "<c.a" * 50_000, "a:" * 80_000, "A: " * 60_000, "<v .a.a.a" * 20_000, "&#99999999999;" * 9000, " " * 500_000 + "x", "-->" * 50_000])  # fmt: skip
def test_markup_that_never_closes_is_read_in_no_time(tmp_path: Path, text: str) -> None:
    import time

    from mgskel.core.errors import InputError
    from mgskel.reason.transcript import parse_transcript

    begun = time.process_time()
    try:
        parse_transcript(f"1\n00:00:01,000 --> 00:00:03,000\n{text}\n")
    except InputError as error:
        assert len(str(error)) < 2000
    assert time.process_time() - begun < 2


@pytest.mark.parametrize(
    "label", ["=cmd()", "+1", "-1+1", "@SUM(1)", "\tx", "=HYPERLINK(1)", "-", "=", "+", "@"]
)
def test_a_spreadsheet_runs_nothing(tmp_path: Path, label: str) -> None:
    from mgskel.core.events import GestureEvent, read_events, write_events

    event = GestureEvent("=1", label.strip(), -1, 0.0, 1.0, evidence="=2", group="@g")
    write_events(tmp_path / "e.csv", [event])
    cells = (tmp_path / "e.csv").read_text().splitlines()[1].split(",")
    assert not any(cell.strip('"')[:1] in ("=", "+", "@") or cell == "-" for cell in cells)
    assert read_events(tmp_path / "e.csv") == (event,)


@pytest.mark.parametrize("time", ["1_0", "\u0661", "\u00b2", "0x1", "1,5", "1e", "\uff11", "1__0", "_1", "--1", "1 0"])  # fmt: skip
@pytest.mark.parametrize("line", ["agree X E", "describe P --events X", "spot P --reference X"])
def test_times_that_only_some_programs_read(
    tmp_path: Path, good: Path, line: str, time: str, capsys: Any
) -> None:
    (tmp_path / "a.csv").write_text(f'label,start_s,end_s\nnod,0,"{time}"\n', encoding="utf-8")
    refuse(filled(line, good, tmp_path / "a.csv", tmp_path / "o"), tmp_path, capsys)


@pytest.mark.parametrize("cell", ["1_0", "\u0661", "\uff11"])
def test_keypoints_and_settings_that_only_some_programs_read(
    tmp_path: Path, good: Path, cell: str, capsys: Any
) -> None:
    assert main(["convert", str(good / "pose.npz"), str(tmp_path / "a.csv"), "-q"]) == 0
    head, first, *rest = (tmp_path / "a.csv").read_text().splitlines()
    cells = first.split(",")
    cells[-1] = cells[-2] = cell
    (tmp_path / "a.csv").write_text("\n".join([head, ",".join(cells), *rest]), encoding="utf-8")
    refuse(["validate", tmp_path / "a.csv"], tmp_path, capsys)
    if cell != "1_0":  # YAML's way to write 10
        words = ["synthesise", "clips", "1", "-o", tmp_path / "o.npz", "--noise", cell]
        refuse(words, tmp_path, capsys)


@pytest.mark.parametrize("times", ["5000,6000", "2,3", "-3,-1", "1e6,1e7"])
def test_events_of_another_recording(tmp_path: Path, good: Path, times: str, capsys: Any) -> None:
    (tmp_path / "a.csv").write_text(f"label,start_s,end_s\nnod,0.5,1\nnod,{times}\n")
    line = filled("describe P --events X", good, tmp_path / "a.csv", tmp_path / "o")
    refuse(line, tmp_path, capsys)


def test_coders_who_annotated_nothing(tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "a.csv").write_text("label,start_s,end_s\n")
    said = refuse(["agree", tmp_path / "a.csv", tmp_path / "a.csv"], tmp_path, capsys)
    assert "no coder annotated anything" in said
