"""Scenes and transcripts as people write them, well and badly."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mgskel.core.errors import InputError
from mgskel.reason.scene import DEFAULT_LABELS, load_scene
from mgskel.reason.transcript import parse_transcript

SRT = """1
00:00:01,000 --> 00:00:03,500
Interviewer: How do you feel
about that?

2
00:00:04,000 --> 00:00:06,000
<i>Well &amp; good.</i>

3
00:00:07,000 --> 00:00:08,000

"""
VTT = """WEBVTT - made by hand

STYLE
::cue { color: red }

NOTE a comment

intro
00:01.000 --> 00:03.500 align:start position:10%
<v.loud Interviewer>How do you feel <c.x>about</c> that?</v>

01:02:04.000 --> 01:02:06.000
<00:04.100>Well
"""


def write(folder: Path, text: str, name: str = "scene.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_the_smallest_scene(tmp_path: Path) -> None:
    scene = load_scene(write(tmp_path, "setting: interview\n"))
    assert scene.setting == "interview"
    assert scene.labels == DEFAULT_LABELS and scene.said == ()


def test_a_scene_with_a_transcript_beside_it(tmp_path: Path) -> None:
    write(tmp_path, SRT, "talk.srt")
    scene = load_scene(write(tmp_path, "setting: interview\ntranscript: talk.srt\n"))
    assert [line.who for line in scene.said] == ["Interviewer", ""]
    assert scene.said[0].text == "How do you feel about that?"
    assert scene.said[1].text == "Well & good."
    assert (scene.said[1].from_s, scene.said[1].to_s) == (4.0, 6.0)


def test_vtt_voices_tags_and_blocks() -> None:
    first, second = parse_transcript(VTT)
    assert (first.who, first.text) == ("Interviewer", "How do you feel about that?")
    assert (first.from_s, first.to_s) == (1.0, 3.5)
    assert second.text == "Well" and second.from_s == 3724.0


def test_windows_line_ends_and_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "talk.vtt"
    path.write_bytes(b"\xef\xbb\xbf" + VTT.replace("\n", "\r\n").encode())
    scene = load_scene(write(tmp_path, "setting: interview\ntranscript: talk.vtt\n"))
    assert len(scene.said) == 2


@given(
    st.lists(
        st.tuples(st.integers(0, 359_999_000), st.integers(0, 60_000), st.integers(0, 999)),
        min_size=1,
        max_size=8,
    )
)
def test_times_are_read_to_the_millisecond(cues: list[tuple[int, int, int]]) -> None:
    def clock(ms: int) -> str:
        return f"{ms // 3600000:02d}:{ms // 60000 % 60:02d}:{ms // 1000 % 60:02d},{ms % 1000:03d}"

    text = "\n\n".join(f"{clock(a)} --> {clock(a + b)}\nword {n}" for a, b, n in cues)
    found = parse_transcript(text)
    expected = sorted((a / 1000, (a + b) / 1000) for a, b, _ in cues)
    read = [time for line in found for time in (line.from_s, line.to_s)]
    assert read == pytest.approx([time for pair in expected for time in pair])


BAD_SCENES = {
    "empty": ("", "keys and values"),
    "a list": ("- a\n- b\n", "keys and values"),
    "tabs": ("setting:\n\t- x\n", "line 2"),
    "no setting": ("situation: x\n", "setting"),
    "unknown key": ("setting: x\nquestoin: y\n", "'question'"),
    "one label": ("setting: x\nlabels: [joy]\n", "labels"),
    "the same label twice": ("setting: x\nlabels: [joy, Joy]\n", "differ"),
    "a label of two lines": ('setting: x\nlabels: [joy, "a\\nb {}"]\n', "label"),
    "a number for text": ("setting: 5\n", "string"),
    "speech that ends before it starts": (
        "setting: x\nsaid: [{from_s: 4, to_s: 3, text: a}]\n",
        "before it starts",
    ),
    "speech outside": (
        "setting: x\nduration_s: 2\nsaid: [{from_s: 1, to_s: 9, text: a}]\n",
        "after the scene's end",
    ),
    "negative time": ("setting: x\nsaid: [{from_s: -1, to_s: 3, text: a}]\n", "from_s"),
    "infinite time": ("setting: x\nduration_s: .inf\n", "duration_s"),
    "a place for a stranger": ("setting: x\nplaces: {glee: {valence: 1}}\n", "glee"),
    "a place out of range": (
        "setting: x\nlabels: [a, b]\nplaces: {a: {valence: 3}}\n",
        "places.a.valence",
    ),
    "both said and transcript": (
        "setting: x\ntranscript: t.srt\nsaid: [{from_s: 1, to_s: 2, text: a}]\n",
        "not both",
    ),
    "a transcript that is missing": ("setting: x\ntranscript: t.srt\n", "not found"),
    "code": ("!!python/object/apply:os.system [echo]\n", "YAML"),
}


@pytest.mark.parametrize("name", BAD_SCENES)
def test_a_bad_scene_is_explained(tmp_path: Path, name: str) -> None:
    text, words = BAD_SCENES[name]
    with pytest.raises(InputError) as caught:
        load_scene(write(tmp_path, text))
    assert (
        words in str(caught.value) and "scene.yaml" in str(caught.value) or words in ("not found")
    )


BAD_TRANSCRIPTS = {
    "no cues": ("hello\n", "no speech"),
    "a broken timing line": ("00:00:01 --> soon\nhello\n", "line 1"),
    "a cue that ends before it starts": ("00:00:05,0 --> 00:00:01,0\nhello\n", "before"),
    "only empty cues": ("00:00:01,000 --> 00:00:02,000\n\n", "no speech"),
}


@pytest.mark.parametrize("name", BAD_TRANSCRIPTS)
def test_a_bad_transcript_is_explained(name: str) -> None:
    text, words = BAD_TRANSCRIPTS[name]
    with pytest.raises(InputError, match=words):
        parse_transcript(text, "talk.srt")


@pytest.mark.parametrize("part", ["<a", "<v ", "<v. ", "<1", "a: ", "& "])
def test_unclosed_markup_takes_no_longer_than_its_length(part: str) -> None:
    started = time.process_time()
    parse_transcript("00:00:01,000 --> 00:00:03,500\nYes. " + part * 50_000)
    assert time.process_time() - started < 5
