"""Scenes with their evidence and a reference judgement: what a study asks about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError

from mgskel.core.errors import InputError
from mgskel.core.storage.files import json_hash
from mgskel.reason.evidence import GestureRecord, StatementRecord, make_case
from mgskel.reason.scene import (
    Scene,
    Strict,
    as_input_error,
    read_scene_document,
    scene_from_document,
)

_ABOUT = "about.md"


class Reference(Strict):
    """What people judged, and on what they based it.

    Attributes:
        decisive: ids of the evidence that the judgement rests on (gestures as annotated).
        misleading: ids of evidence that points elsewhere or means nothing here.
        innocent: words of which one should be found among the harmless explanations.
    """

    emotion: str
    valence: Annotated[float, Field(ge=-1, le=1)] | None = None
    arousal: Annotated[float, Field(ge=-1, le=1)] | None = None
    stress: Annotated[float, Field(ge=0, le=1)] | None = None
    decisive: tuple[str, ...] = ()
    misleading: tuple[str, ...] = ()
    innocent: tuple[str, ...] = ()
    rationale: str = ""


class _Section(Strict):
    """The `study` section of a scene file."""

    statements: tuple[StatementRecord, ...] = ()
    gestures: tuple[GestureRecord, ...] = ()
    recognised: tuple[GestureRecord, ...] = ()
    reference: Reference


@dataclass(frozen=True)
class Example:
    """One scene of a study.

    Attributes:
        group: what scenes of one person or recording share, for resampling; the name if none.
    """

    name: str
    scene: Scene
    statements: tuple[StatementRecord, ...]
    gestures: tuple[GestureRecord, ...]
    recognised: tuple[GestureRecord, ...]
    reference: Reference
    group: str = ""

    @property
    def fingerprint(self) -> str:
        """Hash of everything a reasoner could be shown; results of other content are stale."""
        return json_hash(
            {
                "scene": self.scene.model_dump(),
                "statements": [record.model_dump() for record in self.statements],
                "gestures": [record.model_dump() for record in self.gestures],
                "recognised": [record.model_dump() for record in self.recognised],
            }
        )


def load_examples(paths: Sequence[Path]) -> tuple[Example, ...]:
    """Read scene files with a `study` section; a folder means all scene files in it."""
    files: list[Path] = []
    for path in paths:
        files += sorted(path.glob("*.yaml")) if path.is_dir() else [path]
    if not files:
        raise InputError("no scene files found", found=", ".join(map(str, paths)))
    names = [file.stem for file in files]
    if len(set(names)) < len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise InputError("scene files of a study need different names", found=", ".join(twice))
    return tuple(load_example(file) for file in files)


def about_examples(paths: Sequence[Path]) -> str:
    """What the folders of scenes say of themselves (`about.md`), for the page of results."""
    files = [path / _ABOUT for path in paths]
    return " ".join(file.read_text(encoding="utf-8").strip() for file in files if file.is_file())


def load_example(path: Path) -> Example:
    document = read_scene_document(path)
    section: Any = document.pop("study", None)
    if section is None:
        raise InputError(
            "this scene has no 'study' section",
            expected="statements, gestures, recognised and reference under 'study'",
            place=path,
            remedy="compare it with configs/scenes/job_interview_gap.yaml",
        )
    scene = scene_from_document(document, path)
    try:
        parts = _Section.model_validate(section)
    except ValidationError as error:
        raise as_input_error(error, _Section, f"{path}, study") from error
    example = Example(
        path.stem, scene, parts.statements, parts.gestures, parts.recognised, parts.reference
    )
    _check(example, path)
    return example


def _check(example: Example, path: Path) -> None:
    reference = example.reference
    if reference.emotion not in example.scene.labels:
        raise InputError(
            f"the reference emotion '{reference.emotion}' is not among the scene's labels",
            expected=", ".join(example.scene.labels),
            place=path,
        )
    known = set(make_case(example.scene, example.statements, example.gestures).ids)
    make_case(example.scene, example.statements, example.recognised)
    missing = sorted((set(reference.decisive) | set(reference.misleading)) - known)
    both = sorted(set(reference.decisive) & set(reference.misleading))
    if missing or both:
        raise InputError(
            "the reference cites evidence that is not there"
            if missing
            else "evidence is both decisive and misleading",
            found=", ".join(missing or both),
            place=path,
        )
