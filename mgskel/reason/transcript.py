"""What was said and when: SubRip (.srt) and WebVTT (.vtt) subtitles."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from mgskel.core.errors import InputError
from mgskel.core.storage.intake import read_text

_CUE = re.compile(
    r"^\s*(?P<from>(?:\d{1,3}:)?\d{1,2}:\d{2}[.,]\d{1,3})\s*-->\s*"
    r"(?P<to>(?:\d{1,3}:)?\d{1,2}:\d{2}[.,]\d{1,3})(?:\s.*)?$"
)
# No tag holds another's beginning: so a search never goes over the same text twice.
_VOICE = re.compile(r"<v(?:\.[^\s<>]*)?\s(?P<who>[^<>]+)>")
_SPEAKER = re.compile(r"^(?P<who>[^\W\d_][\w .'-]{0,39}):\s+(?P<text>\S.*)$", re.DOTALL)
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>|<\d[\d:.]*>")
_MARGIN_S = 1e-6
# What reorders the letters around it on a page.
_REORDERING = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x61C])


class Timed(BaseModel):
    """Something that lasts from one second to another."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    from_s: Annotated[float, Field(ge=0)]
    to_s: Annotated[float, Field(ge=0)]

    @property
    def duration_s(self) -> float:
        return self.to_s - self.from_s

    @model_validator(mode="after")
    def _ordered(self) -> Timed:
        if self.to_s < self.from_s - _MARGIN_S:
            raise ValueError(f"it ends ({self.to_s} s) before it starts ({self.from_s} s)")
        return self


class Utterance(Timed):
    """One stretch of speech; `who` is a role ("interviewer"), empty when unknown."""

    who: str = Field(default="", max_length=80)
    text: str = Field(min_length=1, max_length=20_000)


def read_transcript(path: str | Path) -> tuple[Utterance, ...]:
    """Read an SRT or VTT file; the content tells which, not the ending."""
    return parse_transcript(read_text(path, "transcript"), path)


def parse_transcript(text: str, place: object = "transcript") -> tuple[Utterance, ...]:
    """Utterances of a subtitle text, in order of time.

    Cues without words are left out. A timing line that cannot be read is an error, because
    skipping it would silently lose speech.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    found: list[Utterance] = []
    index = 0
    while index < len(lines):
        line = lines[index]
        block = line.strip().split(" ")[0]
        if block in ("NOTE", "STYLE", "REGION") and "-->" not in line:
            index = _end_of_block(lines, index)
            continue
        if "-->" not in line:
            index += 1
            continue
        cue = _CUE.match(line)
        if cue is None:
            raise InputError(
                "this timing line cannot be read",
                expected="00:01:02,500 --> 00:01:04,000",
                found=line.strip()[:80],
                place=f"{place}, line {index + 1}",
            )
        end = _end_of_block(lines, index + 1)
        words = "\n".join(lines[index + 1 : end]).strip()
        utterance = _utterance(cue["from"], cue["to"], words, f"{place}, line {index + 1}")
        if utterance is not None:
            found.append(utterance)
        index = end
    if not found:
        raise InputError(
            "no speech found",
            expected="an SRT or VTT file with lines like 00:00:01,000 --> 00:00:03,000",
            place=place,
        )
    return tuple(sorted(found, key=lambda utterance: (utterance.from_s, utterance.to_s)))


def _end_of_block(lines: list[str], start: int) -> int:
    while start < len(lines) and lines[start].strip():
        start += 1
    return start


def _utterance(start: str, end: str, words: str, place: str) -> Utterance | None:
    voice = _VOICE.search(words)
    text = html.unescape(_TAG.sub("", words)).translate(_REORDERING).strip()
    text = " ".join(text.split())
    who = voice["who"].strip() if voice else ""
    if not who and (speaker := _SPEAKER.match(text)):
        who, text = speaker["who"].strip(), speaker["text"]
    if not text:
        return None
    from_s, to_s = _seconds(start), _seconds(end)
    if to_s < from_s:
        raise InputError("this cue ends before it starts", found=f"{start} --> {end}", place=place)
    return Utterance(from_s=from_s, to_s=to_s, who=who[:80], text=text[:20_000])


def _seconds(clock: str) -> float:
    hours_minutes, _, fraction = clock.replace(",", ".").partition(".")
    total = 0
    for part in hours_minutes.split(":"):
        total = total * 60 + int(part)
    return total + float(f"0.{fraction}")
