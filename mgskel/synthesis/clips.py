"""Cut clips of one gesture each, with natural rest around it, and bundles of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mgskel.core.errors import InputError
from mgskel.formats.bundle import Bundle, bundle_from_sequences
from mgskel.synthesis.performance import perform
from mgskel.synthesis.programs import load_programs, suits
from mgskel.synthesis.recording import film
from mgskel.synthesis.scale import scaled
from mgskel.synthesis.settings import DEFAULT, SynthesisSettings
from mgskel.synthesis.truth import SyntheticRecording

REST = "rest"
_AROUND_S = (0.1, 0.8)
_REST_S = (1.0, 4.0)


def synthesise_clip(
    label: str,
    seed: int,
    settings: SynthesisSettings = DEFAULT,
    *,
    program: str | None = None,
    fps: float | None = None,
    around_s: tuple[float, float] = _AROUND_S,
) -> SyntheticRecording:
    """A clip of one gesture by a new person before a camera that shows it.

    Args:
        label: class of the `synthetic` vocabulary or of the user's programs, or `rest`.
        seed: everything follows from it and the other arguments.
        program: a certain program of the class.
        around_s: shortest and longest rest before and after the gesture.
    """
    rng = np.random.default_rng([seed, 2])
    programs = load_programs(*settings.programs)
    if label == REST:
        seated = bool(rng.random() < settings.seated)
        return film(
            rng, float(rng.uniform(*_REST_S)), seed, seated, (), programs, settings, fps=fps
        )
    known = programs.of(label)
    if program is not None:
        known = tuple(p for p in known if p.name == program)
        if not known:
            raise InputError(
                f"'{label}' has no program '{program}'",
                expected=", ".join(p.name for p in programs.of(label)),
                found=program,
            )
    seated = bool(rng.random() < settings.seated)
    if not any(suits(p, seated) for p in known):
        seated = not seated
    fitting = [p for p in known if suits(p, seated)]
    weights = np.array([p.chance for p in fitting])
    drawn = fitting[int(rng.choice(len(fitting), p=weights / weights.sum()))]
    before, after = rng.uniform(*around_s, 2)
    performance = perform(scaled(drawn, settings, rng), programs, float(before), seated, rng)
    return film(
        rng,
        performance.end_s + float(after),
        seed,
        seated,
        (performance,),
        programs,
        settings,
        fps=fps,
        must_show=True,
    )


def synthesise_clips(
    n: int,
    seed: int,
    layout: str | None = None,
    settings: SynthesisSettings = DEFAULT,
    *,
    labels: Sequence[str] | None = None,
    rest: float = 0.0,
    fps: float | None = None,
) -> Bundle:
    """A bundle of `n` labelled clips, each of another person, as many of each class as possible.

    Args:
        layout: joints of the result; the settings' layout by default.
        labels: classes, in the order of their label numbers; the whole vocabulary by default.
        rest: share of clips without any gesture, labelled with a last class `rest`.
        fps: one frame rate for all clips; the settings' by default.
    """
    if n < 1:
        raise InputError("no clips wanted", expected="n of at least 1", found=n)
    if not 0 <= rest <= 1:
        raise InputError("'rest' is a share", expected="0 to 1", found=rest)
    if layout is not None:
        settings = replace(settings, layout=layout)
    names = tuple(labels or settings.labels or load_programs(*settings.programs).labels)
    resting = int(round(rest * n))
    order = [i % len(names) for i in range(n - resting)] + [len(names)] * resting
    classes = (*names, REST) if resting else names
    sequences = [
        synthesise_clip(classes[label], seed * 1_000_003 + i, settings, fps=fps).sequence
        for i, label in enumerate(order)
    ]
    return bundle_from_sequences(
        sequences,
        label=order,
        class_names=classes,
        subject=np.arange(n),
        name=np.array([f"{classes[c]}-{i}" for i, c in enumerate(order)]),
    )
