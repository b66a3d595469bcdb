"""Synthetic recordings and cut clips: person, gestures, camera and estimator, from one seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mgskel.core.config import to_dict
from mgskel.core.errors import InputError
from mgskel.core.gestures import get_vocabulary
from mgskel.core.recording import Dataset, Recording
from mgskel.core.sequence import PoseSequence
from mgskel.synthesis.camera import (
    Camera,
    covered_joints,
    hidden_joints,
    in_camera,
    project,
    sample_camera,
    sample_desk,
    visible_share,
)
from mgskel.synthesis.flow import draw_flow
from mgskel.synthesis.noise import View, add_errors, estimator_errors
from mgskel.synthesis.performance import Performance, perform, scaled
from mgskel.synthesis.person.actor import act, joints
from mgskel.synthesis.person.physique import Physique, sample_body
from mgskel.synthesis.person.rest import sample_temper
from mgskel.synthesis.programs import Programs, drawn, load_programs, suits
from mgskel.synthesis.settings import DEFAULT, SynthesisSettings
from mgskel.synthesis.signals import Array
from mgskel.synthesis.sources import JointSource, source_of
from mgskel.synthesis.truth import SyntheticRecording, event_of, truth_of

_SEEN = 0.5  # an event counts as shown when the picture holds it for half its apex


def synthesise_recording(
    seconds: float, seed: int, settings: SynthesisSettings = DEFAULT, *, fps: float | None = None
) -> SyntheticRecording:
    """A recording of any length with gestures at random moments.

    Args:
        seconds: its length.
        seed: everything follows from it; equal arguments give equal recordings.
        settings: what varies, and how far.
        fps: frame rate; by default one of the settings'.
    """
    if not 0.2 <= seconds <= 24 * 3600:
        raise InputError(
            "a recording's length is out of range",
            expected="0.2 s to 24 hours",
            found=f"{seconds} s",
        )
    rng = np.random.default_rng([seed, 1])
    programs = load_programs(*settings.programs)
    seated = bool(rng.random() < settings.seated)
    performances = draw_flow(rng, seconds, programs, seated, settings)
    return film(rng, seconds, seed, seated, performances, programs, settings, fps=fps)


def film(
    rng: np.random.Generator,
    seconds: float,
    seed: int,
    seated: bool,
    performances: Sequence[Performance],
    programs: Programs,
    settings: SynthesisSettings,
    *,
    fps: float | None = None,
    must_show: bool = False,
) -> SyntheticRecording:
    """Let a new person make the performances before a new camera, which must show them if asked."""
    body = sample_body(rng, seated)
    temper = sample_temper(rng, settings.rest)
    camera = sample_camera(rng, settings.camera, body)
    rate = fps or camera.fps
    camera = replace(camera, fps=rate)
    time = np.arange(max(int(round(seconds * rate)), 2)) / rate
    acting = act(rng, body, temper, performances, programs, time, rate, settings.walks)
    source = source_of(settings.layout, settings.errors)
    world = joints(acting, source.joints)
    # Depth sensors are set up with a free view.
    desks = 0.0 if settings.in_metres else settings.camera.desk
    covered = covered_joints(world, sample_desk(rng, desks, body))
    seen = in_camera(camera, world, rng)
    shares = _shares(performances, camera, seen, source, time, covered)
    wider: tuple[str, ...] = ("bust", "half", "full", "full")
    while must_show and wider and min(shares, default=1.0) < _SEEN:
        camera = replace(sample_camera(rng, settings.camera, body, wider[0]), fps=rate)
        wider = wider[1:]
        seen, covered = in_camera(camera, world, rng), covered_joints(world, None)
        shares = _shares(performances, camera, seen, source, time, covered)
    hidden = hidden_joints(acting, source.joints, seen) | covered
    clean, noisy = _observe(rng, body, camera, seen, hidden, source, settings, time, seed)
    vocabulary = get_vocabulary("synthetic")
    ids = {name: index for index, name in enumerate(vocabulary.names)}
    events = tuple(
        event_of(p, ids.get(p.program.label, -1))
        for p, share in zip(performances, shares, strict=True)
        if share >= _SEEN or not settings.seen
    )
    truth = tuple(truth_of(p, share) for p, share in zip(performances, shares, strict=True))
    return SyntheticRecording(noisy, clean, events, truth, settings, seed, camera, seated)


def _observe(
    rng: np.random.Generator,
    body: Physique,
    camera: Camera,
    seen: Array,
    hidden: Array,
    source: JointSource,
    settings: SynthesisSettings,
    time: Array,
    seed: int,
) -> tuple[PoseSequence, PoseSequence]:
    """The recording without and with the estimator's errors, in the wanted layout."""
    metres = body.metres
    if settings.in_metres:
        points = seen
        view = View(metres, None, None, hidden)
    else:
        points = project(camera, seen)
        depth = float(np.median(seen[..., 2]))
        width = camera.focal * metres / max(depth, 0.3)
        view = View(width, width, camera.size, hidden)
    errors = estimator_errors(settings.errors)
    noisy, scores = add_errors(rng, points, source.joints, view, errors, camera.fps, settings.noise)
    record = {"seed": seed, "settings": to_dict(settings)}

    def wanted(points: Array, scores: Array) -> PoseSequence:
        sequence = PoseSequence.from_arrays(
            points[None],
            scores[None],
            fps=camera.fps,
            skeleton=source.skeleton,
            timestamps=time,
            frame_size=view.size,
            unit="metre" if settings.in_metres else "pixel",
            source="synthesis",
        )
        return sequence.to_skeleton(source.target).noted("synthesis", **record)

    exact = wanted(points.astype(np.float32), np.ones(points.shape[:2], np.float32))
    return exact, wanted(noisy, scores)


def _shares(
    performances: Sequence[Performance],
    camera: Camera,
    seen: Array,
    source: JointSource,
    time: Array,
    covered: Array,
) -> tuple[float, ...]:
    pixels = project(camera, seen)
    return tuple(
        visible_share(p, pixels, source.joints, camera.size, time, covered) for p in performances
    )


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
        seconds = float(rng.uniform(*_REST_S))
        return film(rng, seconds, seed, seated, (), programs, settings, fps=fps)
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
    chosen = drawn([p for p in known if suits(p, seated)], rng)
    before, after = rng.uniform(*around_s, 2)
    only = perform(scaled(chosen, settings, rng), programs, float(before), seated, rng)
    end = only.end_s + float(after)
    return film(rng, end, seed, seated, (only,), programs, settings, fps=fps, must_show=True)


def synthesise_clips(
    n: int,
    seed: int,
    layout: str | None = None,
    settings: SynthesisSettings = DEFAULT,
    *,
    labels: Sequence[str] | None = None,
    rest: float = 0.0,
    fps: float | None = None,
) -> Dataset:
    """`n` labelled clips, each of another person, as many of each class as possible.

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
    clips = (
        Recording(
            synthesise_clip(classes[label], seed * 1_000_003 + i, settings, fps=fps).sequence,
            f"{classes[label]}-{i}",
            label=label,
            subject=i,
        )
        for i, label in enumerate(order)
    )
    return Dataset(tuple(clips), class_names=classes)
