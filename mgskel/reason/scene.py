"""A scene: where the person was, what was asked and said, and what is to be judged.

Read from YAML. Everything in it is data written by people, and is treated as such: nothing
in a scene can change what a reasoner is told to do.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from mgskel.core.config import packaged
from mgskel.core.errors import InputError, nearest
from mgskel.core.storage.intake import read_yaml
from mgskel.reason.transcript import Utterance, read_transcript

DEFAULT_LABELS = ("calm", "joy", "pride", "anxiety", "anger", "sadness", "embarrassment", "boredom")
_MAX_LABELS = 30
_MAX_UTTERANCES = 20_000
_TIME_MARGIN_S = 0.5


def _label(text: str) -> str:
    """Labels enter a JSON schema and a table: one short line of words."""
    clean = " ".join(text.split())
    if not clean or len(clean) > 40 or not all(c.isalnum() or c in " -/'" for c in clean):
        raise ValueError(f"a label is 1 to 40 letters, digits, spaces or hyphens, not {text!r}")
    return clean


Label = Annotated[str, AfterValidator(_label)]
Unit = Annotated[float, Field(ge=-1, le=1)]


class Strict(BaseModel):
    """Frozen, and refuses keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class LabelPlace(Strict):
    """Where a label lies: valence and arousal in -1..1, stress in 0..1; only what is known."""

    valence: Unit | None = None
    arousal: Unit | None = None
    stress: Annotated[float, Field(ge=0, le=1)] | None = None


class Scene(Strict):
    """What the reasoner is told about the situation.

    Attributes:
        setting: the kind of situation in a few words ("job interview").
        situation: what a bystander would know, in a few sentences.
        person: the role of the judged person, as used in `said`.
        question: what is to be judged.
        labels: the emotions to choose among.
        places: for labels that the priors do not know, where they lie.
        said: who said what, when (may be empty).
        duration_s: length of the judged stretch; none where statements and speech tell it.
    """

    setting: str = Field(min_length=1, max_length=200)
    situation: str = Field(default="", max_length=20_000)
    person: str = Field(default="the person", min_length=1, max_length=80)
    question: str = Field(default="What does the person feel?", min_length=1, max_length=2_000)
    labels: tuple[Label, ...] = Field(default=DEFAULT_LABELS, min_length=2, max_length=_MAX_LABELS)
    places: dict[Label, LabelPlace] = Field(default_factory=dict)
    said: tuple[Utterance, ...] = Field(default=(), max_length=_MAX_UTTERANCES)
    duration_s: float | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _consistent(self) -> Scene:
        folded = [label.casefold() for label in self.labels]
        if len(set(folded)) < len(folded):
            raise ValueError("labels must differ from one another")
        strangers = set(self.places) - set(self.labels)
        if strangers:
            raise ValueError(f"places names {sorted(strangers)}, which are not among the labels")
        if self.duration_s is not None:
            for number, line in enumerate(self.said, 1):
                if line.to_s > self.duration_s + _TIME_MARGIN_S:
                    raise ValueError(
                        f"line {number} of said ends at {line.to_s} s, after the scene's end "
                        f"({self.duration_s} s)"
                    )
        return self


def check_covers(scene: Scene, seconds: float) -> None:
    """Refuse a scene that ends before the recording that is to be judged in it."""
    if scene.duration_s is not None and seconds > scene.duration_s + _TIME_MARGIN_S:
        raise InputError(
            "the scene is shorter than the recording",
            expected=f"duration_s of {seconds:.1f} or more",
            found=f"{scene.duration_s:g}",
            remedy="correct duration_s in the scene, or leave it out",
        )


def load_scene(path: str | Path) -> Scene:
    """Read a scene file; its `study` section, if any, is left aside."""
    document = read_scene_document(path)
    document.pop("study", None)
    return scene_from_document(document, path)


def read_scene_document(path: str | Path) -> dict[str, Any]:
    """The YAML mapping of a scene file, checked only for being a mapping."""
    document = read_yaml(packaged(path), "scene file")
    if not isinstance(document, dict):
        raise InputError(
            "a scene file holds keys and values",
            expected="at least 'setting: ...'",
            found=type(document).__name__ if document is not None else "an empty file",
            place=path,
        )
    return document


def scene_from_document(document: dict[str, Any], path: str | Path) -> Scene:
    """Build the scene, reading the transcript that `transcript:` names beside the file."""
    content = dict(document)
    transcript = content.pop("transcript", None)
    if transcript is not None:
        if content.get("said"):
            raise InputError("a scene has either 'said' or 'transcript', not both", place=path)
        if not isinstance(transcript, str):
            raise InputError("'transcript' names an SRT or VTT file", found=transcript, place=path)
        content["said"] = read_transcript(Path(path).parent / transcript)
    try:
        return Scene.model_validate(content)
    except ValidationError as error:
        raise as_input_error(error, Scene, path) from error


def as_input_error(error: ValidationError, model: type[BaseModel], place: object) -> InputError:
    """The first faults of a YAML document as one message that names their keys."""
    lines, remedy = [], None
    for fault in error.errors()[:5]:
        key = ".".join(str(part) for part in fault["loc"]) or "the file"
        if fault["type"] == "extra_forbidden":
            guess = nearest(str(fault["loc"][-1]), model.model_fields)
            remedy = remedy or (f"did you mean '{guess}'?" if guess else None)
            lines.append(f"unknown key '{key}'")
        else:
            lines.append(f"{key}: {fault['msg'].removeprefix('Value error, ')}")
    more = error.error_count() - len(lines)
    if more:
        lines.append(f"and {more} more")
    return InputError("; ".join(lines), place=place, remedy=remedy)
