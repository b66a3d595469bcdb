"""The report's own words: how it was made, what it can show, who reasoned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mgskel import __version__
from mgskel.core.sequence import PoseSequence


def methods_paragraph(
    sequence: PoseSequence,
    provenance: Sequence[tuple[str, str]],
    outcome: Mapping[str, Any] | None,
) -> str:
    """A paragraph ready for a paper, from what is on record."""
    facts = dict(provenance)
    steps = {str(record.get("step")): record for record in sequence.provenance}
    size = (
        f", {sequence.frame_size[0]} x {sequence.frame_size[1]} pixels"
        if sequence.frame_size
        else ""
    )
    sentences = [
        f"The recording ({sequence.duration_s:.1f} s, {sequence.fps:.4g} frames per second{size}) "
        f"was analysed with mgskel {__version__}."
    ]
    estimate = steps.get("extract") or steps.get("estimate")
    if estimate:
        sentences.append(
            f"Keypoints ({sequence.skeleton.num_joints} joints, layout {sequence.skeleton.name}) "
            f"were estimated with {_estimator(estimate)}."
        )
    else:
        sentences.append(
            f"Keypoints ({sequence.skeleton.num_joints} joints, layout {sequence.skeleton.name}) "
            "were given."
        )
    cleaning = [str(name) for name in facts.get("cleaning", "").split(", ") if name]
    if cleaning:
        sentences.append(f"They were cleaned by {_series(cleaning)}.")
    if "recognizer" in facts:
        sentences.append(
            f"Micro-gestures were spotted with the recognizer {facts['recognizer']}, which says "
            "nothing below its fitted confidence."
        )
    sentences.append(
        "Body movement was described by measurements in shoulder widths against the person's own "
        "baseline and the recording's noise floor."
    )
    if outcome is not None:
        sentences.append(
            f"The affective assessment was made by the reasoner '{outcome['reasoner']}' from these "
            "statements and the described scene; each claim cites its evidence."
        )
    return " ".join(sentences)


def _estimator(record: Mapping[str, Any]) -> str:
    """The estimator's own account of itself, as far as a reader needs it."""
    about = record.get("estimator")
    if not isinstance(about, Mapping):
        return str(about or "the stated estimator")
    version = about.get("version")
    return f"{about.get('name', 'the stated estimator')}" + (f" {version}" if version else "")


def _series(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1]


def reasoner_notice(outcome: Mapping[str, Any] | None) -> str:
    """Who reasoned, said before what was found."""
    if outcome is None:
        return ""
    if outcome["reasoner"].startswith("rules"):
        return (
            "Written by transparent rules (published priors per gesture, no language model). "
            "Read it as a checklist of what to ask about, not as a finding."
        )
    return (
        f"Written by a language model ({outcome['reasoner']}) from the statements below; "
        "its answer was checked for grounding, not for truth."
    )


def quality_table(quality: Mapping[str, Any]) -> list[list[str]]:
    """Pairs of a measure's name and its value."""
    rows = [
        [f"{str(part).replace('_', ' ')} usable", f"{float(share):.0%} of frames"]
        for part, share in (quality.get("parts") or {}).items()
    ]
    if quality.get("jitter_sw") is not None:
        rows.append(["jitter at rest", f"{float(quality['jitter_sw']):.4f} shoulder widths"])
    if quality.get("longest_loss_s") is not None:
        rows.append(["longest loss", f"{float(quality['longest_loss_s']):.1f} s"])
    return rows


def verdict_lines(quality: Mapping[str, Any]) -> list[str]:
    """Which gestures the recording can and cannot show."""
    verdict = quality.get("verdict") or []
    shown = [item["group"] for item in verdict if item["can_show"]]
    lines = [f"Can be shown: {', '.join(shown)}."] if shown else []
    return lines + [
        f"Cannot be shown: {item['group']}" + (f" ({item['why']})." if item.get("why") else ".")
        for item in verdict
        if not item["can_show"]
    ]
