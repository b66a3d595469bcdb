"""Sentences: one finding, one plain English sentence, always the same one."""

from __future__ import annotations

from collections.abc import Sequence

from mgskel.describe.findings import Finding

_PLACES = {"hair": "the hair", "face": "the face", "head": "the head", "neck": "the neck",
           "chest": "the chest", "torso": "the torso", "forehead": "the forehead",
           "head_or_neck": "the head or the neck"}  # fmt: skip


def clock(seconds: float) -> str:
    """Seconds as 0:03.2, or 1:02:03.4 from an hour on."""
    tenths = round(max(seconds, 0.0) * 10)
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    tail = f"{rest // 10:02d}.{rest % 10}"
    return f"{hours}:{minutes:02d}:{tail}" if hours else f"{minutes}:{tail}"


def lasting(seconds: float) -> str:
    if round(seconds, 1) < 60:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    return f"{whole // 60} min {whole % 60} s"


def action(kind: str, joints: Sequence[str], side: str, category: str) -> str:
    """What was done, without when and how much: "The right hand touched the nose"."""
    if kind == "rubbing":
        if side == "both" and set(joints) == {"left_hand", "right_hand"}:
            return "The hands rubbed against each other"
        return f"{_hands(side)} rubbed {_place(joints, side)}"
    if kind == "hand_strokes":
        return f"{_hands(side)} moved to and fro in front of {_place(joints, side)}"
    if kind.startswith("hand_to_"):
        return _hand_action(joints, side, category)
    many = side == "both"
    match kind:
        case "hands_joined":
            return "The hands touched each other"
        case "arms_folded":
            return "The arms were folded"
        case "arms_crossed":
            return "The forearms were crossed"
        case "hand_on_hip":
            if many:
                return "Both hands were at the hips with the elbows out"
            return f"The {side} hand was at the hip with the elbow out"
        case "hands_behind_back":
            if category == "behind":
                return "Both hands were held behind the back"
            return "Both hands were out of sight (behind the back, or hidden) with the elbows seen"
        case "head_nod":
            return "The head nodded"
        case "head_shake":
            return "The head shook from side to side"
        case "head_turn":
            return f"The head was turned to the {side}"
        case "head_pitch":
            return f"The head was {category}"
        case "head_tilt":
            return f"The head was tilted to the {side}"
        case "torso_lean":
            return f"The torso leaned to the {side}"
        case "torso_sway":
            return "The torso swayed from side to side"
        case "torso_straighten":
            return "The torso straightened up"
        case "torso_turn":
            return "The torso was turned aside"
        case "shoulders_raised":
            return "Both shoulders were raised" if many else f"The {side} shoulder was raised"
        case "fidgeting":
            return _moving(joints, side, category)
        case "stillness":
            return f"{_listed([_part(joint) for joint in joints]).capitalize()} kept still"
    raise ValueError(f"no words for the kind '{kind}'")


def _hands(side: str) -> str:
    return "Both hands" if side == "both" else f"The {side} hand"


def _hand_action(joints: Sequence[str], side: str, category: str) -> str:
    hand, place = _hands(side), _place(joints, side)
    many = side == "both"
    match category:
        case "near":
            return f"{hand} {'were' if many else 'was'} held near {place}"
        case "approaching":
            return f"{hand} moved to {place}"
        case "leaving":
            return f"{hand} moved away from {place}"
        case "before":
            return f"{hand} {'were' if many else 'was'} held in front of {place}"
    return f"{hand} touched {place}"


def _place(joints: Sequence[str], side: str) -> str:
    """Where to: "the nose", "the left ear", with both hands "the ears"."""
    goals = [joint for joint in joints if joint not in ("left_hand", "right_hand")]
    if len(goals) > 1:
        return f"the {goals[0].split('_')[-1]}s"
    goal = goals[0]
    if "_or_" in goal and goal not in _PLACES:
        return f"the face ({goal.replace('_', ' ')})"
    return _PLACES.get(goal, f"the {goal.replace('_', ' ')}")


def _part(joint: str) -> str:
    return joint.replace("_", " ")


def _listed(words: Sequence[str]) -> str:
    words = ["both arms" if w == "left arm" and "right arm" in words else w for w in words]
    words = [w for w in words if not (w == "right arm" and "both arms" in words)]
    return ", ".join(words[:-1]) + (" and " if len(words) > 1 else "") + words[-1]


def _moving(joints: Sequence[str], side: str, category: str) -> str:
    many = side == "both"
    noun = joints[0].split("_")[-1] + ("s" if many else "")
    what = f"Both {noun}" if many else f"The {joints[0].replace('_', ' ')}"
    if category == "small movements":
        return f"{what} fidgeted"
    if category == "large movements":
        return f"{what} {'were' if many else 'was'} moved about widely"
    return f"{what} kept moving"


def sentence(finding: Finding) -> str:
    """The finding as one sentence, with its times and its measurement."""
    what = action(finding.kind, finding.joints, finding.side, finding.category)
    if finding.details.get("guessed") and finding.category == "touching":
        what = what.replace(" touched ", " were at " if finding.side == "both" else " was at ")
    when = f"from {clock(finding.from_s)} to {clock(finding.to_s)}"
    return f"{what} {when}{_measure(finding)}."


def _measure(finding: Finding) -> str:
    value, details = finding.value, finding.details
    count = round(details.get("count", 0))
    match finding.kind:
        case "head_nod" | "head_shake":
            return f": {_times(count)}, {details['rate_hz']:.1f} per second"
        case "torso_sway":
            return (
                f": {_times(count)}, {details['rate_hz']:.1f} per second, {_widths(2 * value)} wide"
            )
        case "rubbing" | "hand_strokes":
            pace = "" if finding.category == "undecided" else f" ({finding.category})"
            return (
                f": {count} strokes, {value:.1f} to and fro per second{pace}, "
                f"{_widths(2 * details['amplitude'])} long"
            )
        case "head_tilt" | "torso_lean":
            return f", by up to {value:.0f} degrees against the usual"
        case "torso_straighten":
            return f": neck and head rose by {_widths(value)}"
        case "shoulders_raised":
            return f", by up to {_widths(value)}"
        case "torso_turn":
            return f": the shoulders narrowed to {100 * value:.0f}% of their usual width"
        case "head_turn" | "head_pitch":
            return f" ({lasting(finding.duration_s)})"
        case "fidgeting":
            return f", at {value:.2f} shoulder widths per second"
    if finding.category == "near":
        return f", {_widths(value)} away"
    if finding.category in ("approaching", "leaving"):
        return f", at {value:.1f} shoulder widths per second"
    return f" ({lasting(finding.duration_s)})"


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def _widths(value: float) -> str:
    return f"{value:.2f} shoulder widths"
