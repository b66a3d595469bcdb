"""The conditions of a study: the same scene with more or less evidence, and placebos."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from mgskel.core.errors import InputError
from mgskel.reason.evidence import Case, GestureRecord, StatementRecord, Timed, make_case
from studies.reasoning.examples import Example

AnyRecord = TypeVar("AnyRecord", bound=Timed)


@dataclass(frozen=True)
class Condition:
    """What a reasoner is shown beside the context.

    Attributes:
        shuffled: the evidence comes from another scene: a placebo of the same kind and length.
        placebo: name of the condition whose placebo tells whether content or mere length helps.
    """

    name: str
    title: str
    gestures: Literal["none", "true", "recognised"] = "none"
    descriptions: bool = False
    shuffled: bool = False
    placebo: str | None = None


CONDITIONS = (
    Condition("context", "context only"),
    Condition("true_gestures", "+ true gestures", gestures="true", placebo="shuffled_gestures"),
    Condition("recognised", "+ recognised gestures", gestures="recognised"),
    Condition("descriptions", "+ descriptions", descriptions=True, placebo="shuffled"),
    Condition(
        "both",
        "+ recognised gestures and descriptions",
        gestures="recognised",
        descriptions=True,
        placebo="shuffled_both",
    ),
    Condition(
        "shuffled_gestures", "+ true gestures of another scene", gestures="true", shuffled=True
    ),
    Condition("shuffled", "+ descriptions of another scene", descriptions=True, shuffled=True),
    Condition(
        "shuffled_both",
        "+ gestures and descriptions of another scene",
        gestures="recognised",
        descriptions=True,
        shuffled=True,
    ),
)


def condition(name: str) -> Condition:
    for known in CONDITIONS:
        if known.name == name:
            return known
    raise InputError(
        f"unknown condition '{name}'", expected=", ".join(known.name for known in CONDITIONS)
    )


@dataclass(frozen=True)
class ShownCase:
    """A case as shown, with the reference's name of each shown piece of evidence.

    `reference_ids` maps the shown id to the id that the reference uses, where they are the
    same evidence: in a placebo only speech is.
    """

    case: Case
    reference_ids: Mapping[str, str]


def build_case(
    example: Example, shown: Condition, donors: Mapping[str, Example] | None = None
) -> ShownCase:
    """The case of an example under a condition.

    Args:
        donors: for placebos, the example that lends its evidence to each example by name.
    """
    source = example
    if shown.shuffled:
        if donors is None or donors[example.name].name == example.name:
            raise ValueError("a placebo needs the evidence of another scene")
        source = donors[example.name]
    gestures: Sequence[GestureRecord] = ()
    if shown.gestures != "none":
        gestures = source.gestures if shown.gestures == "true" else source.recognised
    statements: Sequence[StatementRecord] = source.statements if shown.descriptions else ()
    if shown.shuffled:
        stretch = _length(example) / _length(source)
        gestures = [_stretched(gesture, stretch) for gesture in gestures]
        statements = [_stretched(statement, stretch) for statement in statements]
    case = make_case(example.scene, statements, gestures)
    same = {item.id: item.id for item in case.of("said")}
    if not shown.shuffled:
        same |= {item.id: item.id for item in case.of("statement")}
        for item in case.of("gesture"):
            if (twin := _annotated_twin(item.cue, item.from_s, item.to_s, example)) is not None:
                same[item.id] = twin
    return ShownCase(case, same)


def derangement(examples: Sequence[Example], seed: int) -> dict[str, Example]:
    """Every example gets the evidence of another one, all of it used once.

    Donors of another reference emotion are preferred: evidence of the same emotion would be
    no placebo.
    """
    if len(examples) < 2:
        raise InputError("a placebo needs at least two scenes")
    generator = random.Random(f"donors {seed}")
    best: list[Example] | None = None
    fewest = len(examples) + 1
    for _ in range(200):
        order = list(examples)
        generator.shuffle(order)
        pairs = list(zip(examples, order, strict=True))
        if any(one.name == other.name for one, other in pairs):
            continue
        alike = sum(one.reference.emotion == other.reference.emotion for one, other in pairs)
        if alike < fewest:
            best, fewest = order, alike
        if fewest == 0:
            break
    if best is None:
        best = [*examples[1:], examples[0]]
    return {one.name: other for one, other in zip(examples, best, strict=True)}


def _length(example: Example) -> float:
    return make_case(example.scene, example.statements, example.recognised).duration_s or 1.0


def _stretched(record: AnyRecord, factor: float) -> AnyRecord:
    return record.model_copy(
        update={"from_s": record.from_s * factor, "to_s": record.to_s * factor}
    )


def _annotated_twin(label: str, from_s: float, to_s: float, example: Example) -> str | None:
    """The annotated gesture that a shown one is: same class, overlapping in time."""
    for number, gesture in enumerate(example.gestures, 1):
        overlap = min(to_s, gesture.to_s) - max(from_s, gesture.from_s)
        union = max(to_s, gesture.to_s) - min(from_s, gesture.from_s)
        if gesture.label.casefold() == label.casefold() and overlap > 0.3 * union:
            return f"g{number}"
    return None
