"""Sentences: one statement, one plain English sentence, made from its fields by its kind's words.

The templates of a kind (`says`, `measured`, `shown`) may name

- `{part}`, `{parts}`: what moved ("The left hand", "Both hands"), and all of several;
  `{was}` and `{s}` agree with it
- `{goal}`: what it moved to ("the nose", "the ears"); `{touched}`: "touched", or "was at" of a
  hand whose fingers are not seen; `{unseen}`: says that
- `{side}`, `{category}`, `{value}`: the fields themselves
- `{widths}`, `{wide}`: the value and twice the value in shoulder widths; `{percent}`
- `{count}`, `{times}` ("twice"), `{rate}`, `{long}` (a stroke), `{pace}`, `{duration}`
"""

from __future__ import annotations

from collections.abc import Sequence

from mgskel.describe.kinds import Words, kind_of
from mgskel.describe.statement import Finding

_GOALS = {"head_or_neck": "the head or the neck"}


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


def sentence(finding: Finding) -> str:
    """The finding as one sentence, with its times and its measurement."""
    when = f"from {clock(finding.from_s)} to {clock(finding.to_s)}"
    measured = _filled(kind_of(finding.kind).measured, finding)
    return f"{action(finding)} {when}{measured}."


def action(finding: Finding) -> str:
    """What was done, without when and how much: "The right hand touched the nose"."""
    return _filled(kind_of(finding.kind).says, finding)


def shown(finding: Finding) -> str:
    """What was done and how much, without when, to stand beside a gesture."""
    kind = kind_of(finding.kind)
    own = _template(kind.shown, finding)
    said = _filled(own, finding) if own else action(finding) + _filled(kind.measured, finding)
    return within(said)


def within(text: str) -> str:
    """A sentence's beginning as it stands within another."""
    return text[:1].lower() + text[1:]


def _template(words: Words, finding: Finding) -> str:
    if isinstance(words, str):
        return words
    return words.get(finding.category) or words.get(_goal(finding)) or words.get("", "")


def _filled(words: Words, finding: Finding) -> str:
    many = finding.side == "both"
    was = "were" if many else "was"
    value, count = finding.value or 0.0, round(finding.count or 0)
    return _template(words, finding).format(
        part=_part(finding),
        parts=_listed([_plain(joint) for joint in finding.joints]),
        was=was,
        s="s" if many else "",
        touched=f"{was} at" if finding.guessed else "touched",
        unseen=", fingers not seen" if finding.guessed else "",
        goal=_goal(finding),
        side=finding.side,
        category=finding.category,
        value=value,
        widths=_widths(value),
        wide=_widths(2 * value),
        percent=f"{100 * value:.0f}%",
        count=count,
        times={1: "once", 2: "twice"}.get(count, f"{count} times"),
        rate=f"{finding.rate_hz or 0.0:.1f}",
        long=_widths(2 * (finding.amplitude or 0.0)),
        pace="" if finding.category == "undecided" else f" ({finding.category})",
        duration=lasting(finding.duration_s),
    )


def _part(finding: Finding) -> str:
    joint = finding.joints[0] if finding.joints else "body"
    return f"Both {joint.split('_')[-1]}s" if finding.side == "both" else f"The {_plain(joint)}"


def _goal(finding: Finding) -> str:
    """Where to: "the nose", "the left ear", with both hands "the ears"."""
    if not finding.goals:
        return "each other"
    goal = finding.goals[0]
    if len(finding.goals) > 1:
        return f"the {goal.split('_')[-1]}s"
    if "_or_" in goal and goal not in _GOALS:
        return f"the face ({_plain(goal)})"
    return _GOALS.get(goal, f"the {_plain(goal)}")


def _plain(joint: str) -> str:
    return joint.replace("_", " ")


def _listed(words: Sequence[str]) -> str:
    words = ["both arms" if w == "left arm" and "right arm" in words else w for w in words]
    words = [w for w in words if not (w == "right arm" and "both arms" in words)]
    return (", ".join(words[:-1]) + " and " * (len(words) > 1) + "".join(words[-1:])).capitalize()


def _widths(value: float) -> str:
    return f"{value:.2f} shoulder widths"
