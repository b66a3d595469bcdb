"""The flow of gestures through a recording: a Poisson process with room for every body part."""

from __future__ import annotations

import functools
from dataclasses import replace

import numpy as np

from mgskel.core.errors import unknown
from mgskel.core.gestures import get_vocabulary, map_classes
from mgskel.synthesis.performance import Performance, perform, scaled
from mgskel.synthesis.programs import Programs, suits
from mgskel.synthesis.settings import FlowSettings, SynthesisSettings
from mgskel.synthesis.signals import poisson_times

_TRIES = 4

# Clips per class in iMiGUE's training part, classes 1 to 32, and in SMG's test part, 1 to 17.
_IMIGUE = (10, 418, 39, 207, 80, 23, 64, 858, 87, 3, 302, 154, 97, 41, 28, 27, 322, 83, 2, 942,
           170, 373, 657, 700, 11, 287, 87, 60, 1237, 6, 2272, 4023)  # fmt: skip
_SMG = (13, 3, 15, 2, 49, 1, 3, 191, 243, 34, 8, 30, 4, 5, 0, 0, 9)
# SMG's frequent gestures (hands together, akimbo) are held ones, which in our programs last 3.0 s
# on average; its annotations last 51.3 frames at 28 Hz. iMiGUE's 2.5 s need no correction.
_PACE = {"smg": 0.61}


def draw_flow(
    rng: np.random.Generator,
    seconds: float,
    programs: Programs,
    seated: bool,
    settings: SynthesisSettings,
) -> tuple[Performance, ...]:
    """Performances in order of their onset; those that share a body part never overlap."""
    flow = settings.flow
    pace = _PACE.get(flow.frequencies, 1.0)
    low, high = settings.duration
    settings = replace(settings, duration=(pace * low, pace * high))
    labels, weights = label_weights(programs, settings, seated)
    if not labels:
        return ()
    rate = rng.uniform(*flow.per_minute) / 60.0
    chosen: list[Performance] = []
    for start in poisson_times(rng, rate, max(seconds - 1.0, 0.0)):
        for _ in range(_TRIES):
            label = labels[int(rng.choice(len(labels), p=weights))]
            program = scaled(programs.choose(label, seated, rng), settings, rng)
            candidate = perform(program, programs, float(start) + 0.2, seated, rng)
            if candidate.end_s < seconds - 0.2 and _fits(candidate, chosen, flow):
                chosen.append(candidate)
                break
    return tuple(sorted(chosen, key=lambda p: p.onset_s))


def _fits(candidate: Performance, chosen: list[Performance], flow: FlowSettings) -> bool:
    for other in chosen:
        apart = (
            candidate.onset_s > other.end_s + flow.margin_s
            or other.onset_s > candidate.end_s + flow.margin_s
        )
        if not apart and candidate.claims & other.claims:
            return False
    return True


def label_weights(
    programs: Programs, settings: SynthesisSettings, seated: bool
) -> tuple[tuple[str, ...], np.ndarray]:
    """The classes to draw from and their probabilities."""
    known = programs.labels
    for label in settings.labels:
        if label not in known:
            raise unknown("synthetic gesture", label, known)
    wanted = settings.labels or known
    labels = tuple(label for label in wanted if any(suits(p, seated) for p in programs.of(label)))
    if not labels:
        return (), np.zeros(0)
    frequencies = _frequencies(settings.flow.frequencies)
    micro = np.array([all(program.micro for program in programs.of(label)) for label in labels])
    weights = np.array(
        [frequencies.get(label, 1.0 if not frequencies else 0.0) for label in labels], dtype=float
    )
    if settings.flow.frequencies == "equal" and micro.any() and not micro.all():
        share = settings.flow.illustrate
        weights = np.where(
            micro,
            (1 - share) * weights / weights[micro].sum(),
            share * weights / weights[~micro].sum(),
        )
    if weights.sum() == 0:
        weights = np.ones(len(labels))
    return labels, weights / weights.sum()


@functools.cache
def _frequencies(name: str) -> dict[str, float]:
    """Relative frequency of each synthetic class in a data set; a class that is one of several
    parts of the data set's class gets its share. Empty for equal frequencies."""
    if name == "equal":
        return {}
    counts = {"imigue": _IMIGUE, "smg": _SMG}[name]
    own = get_vocabulary("synthetic")
    mapping = map_classes(own, get_vocabulary(name), narrower=True)
    shares = {target: list(mapping.values()).count(target) for target in mapping.values()}
    return {
        own.by_id(mine).name: counts[theirs] / shares[theirs] for mine, theirs in mapping.items()
    }
