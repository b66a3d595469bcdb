"""Programs: every class of the data sets is performed or explained; files are checked."""

import numpy as np
import pytest

from mgskel.core.errors import InputError
from mgskel.core.events import read_events
from mgskel.core.gestures import get_vocabulary, known_gestures, map_classes
from mgskel.core.sequence import PoseSequence
from mgskel.synthesis import SynthesisSettings, synthesise_clip, synthesise_clips
from mgskel.synthesis.performance import perform
from mgskel.synthesis.programs import channels_of, load_programs
from mgskel.synthesis.truth import read_truth, save_recording

OWN = """
targets:
  watch: {frame: other_forearm, at: [0.9, 0.0, 0.05]}
programs:
  look-at-watch:
    hands: {use: left, targets: [space], contact: palm, manner: hold, along: [-1, 0.2, 0.2]}
    body: [{channel: head_pitch, amount: [10, 20]}]
    hold: [0.5, 1.0]
  touch-watch:
    hands: {targets: [watch], contact: fingertips, manner: rub}
"""


@pytest.mark.parametrize("name", ["imigue", "smg", "ma52"])
def test_every_class_is_performed_or_listed_with_a_reason(name):
    own, other = get_vocabulary("synthetic"), get_vocabulary(name)
    performed = set(map_classes(own, other, narrower=True).values())
    for gesture in other:
        unperformed = [g for name in gesture.means if not (g := known_gestures()[name]).performed]
        explained = all(len(g.not_performed) > 20 for g in unperformed)
        assert gesture.id in performed or explained, gesture.name


def test_vocabulary_and_programs_have_the_same_classes():
    vocabulary, programs = get_vocabulary("synthetic"), load_programs()
    assert set(programs.labels) == set(vocabulary.names)
    for gesture in vocabulary:
        assert all(p.micro == gesture.micro for p in programs.of(gesture.name))


@pytest.mark.parametrize("name", load_programs().programs)
def test_every_program_can_be_performed_by_both_sides(name):
    programs = load_programs()
    program = programs.programs[name]
    for side in ("left", "right"):
        p = perform(program, programs, 1.0, program.posture != "standing",
                    np.random.default_rng(1), side)  # fmt: skip
        assert p.onset_s < p.apex_s <= p.offset_s < p.end_s
        assert p.end_s - p.onset_s < 12.0
        assert p.claims


def test_durations_are_those_of_the_data_sets():
    """iMiGUE's clips last 2.5 s on average, SMG's 51.3 frames at 28 Hz (1.8 s)."""
    programs = load_programs()
    rng = np.random.default_rng(0)
    lengths = [
        (p := perform(programs.choose(label, True, rng), programs, 0.0, True, rng)).end_s
        - p.onset_s
        for label in programs.labels
        for _ in range(20)
    ]
    assert 1.8 < np.mean(lengths) < 3.2


def test_mirrored_performances_move_the_mirrored_hand():
    settings = SynthesisSettings(noise=0.0, layout="upper")
    sides = {synthesise_clip("touch-nose", s, settings, fps=12).truth[0].side for s in range(12)}
    assert sides == {"left", "right"}


def test_sides_of_channels():
    assert channels_of("shrug_near", "left") == ("shrug_left",)
    assert channels_of("shrug_far", "left") == ("shrug_right",)
    assert channels_of("shrug_both", "left") == ("shrug_left", "shrug_right")
    assert channels_of("head_pitch", "left") == ("head_pitch",)


def test_own_programs_join_the_known_ones(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text(OWN)
    settings = SynthesisSettings(programs=(path,))
    clip = synthesise_clip("look-at-watch", 1, settings)
    assert clip.truth[0].side == "left"
    assert clip.events[0].class_id == -1  # not in the package's vocabulary
    labels = ("look-at-watch", "touch-watch", "nod")
    bundle = synthesise_clips(3, 1, None, settings, labels=labels)
    assert bundle.class_names == labels


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("programs: {a: {body: [{channel: head_pich, amount: [1, 2]}]}}", "head_pitch"),
        ("programs: {a: {hands: {targets: [noze]}}}", "nose"),
        ("programs: {a: {hands: {targets: [nose], fingers: fits}}}", "fist"),
        ("programs: {a: {hands: {targets: [nose], contact: elbow}}}", "fingertips"),
        ("programs: {a: {hands: {targets: [nose], manner: rubb}}}", "rub"),
        ("programs: {a: {hands: {targets: []}}}", "no target"),
        ("programs: {a: {}}", "moves nothing"),
        ("programs: {a: {body: [{channel: jaw, amount: [0, 1]}], repetitions: [1, 2]}}", "tempo"),
        ("programs: {a: {body: [{channel: jaw, amount: [0, 1]}], onset: [0.9, 0.2]}}", "onset"),
        ("programs: {a: {body: [{channel: jaw, amount: [0, 1]}], onset: [0.0, 0.2]}}", "fast"),
        ("programs: {a: {body: [{chanel: jaw, amount: [0, 1]}]}}", "channel"),
        ("gestures: {}", "programs"),
        ("[1, 2]", "programs"),
    ],
)
def test_faults_of_program_files_are_named(tmp_path, text, message):
    path = tmp_path / "own.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        load_programs(path)


def test_a_saved_recording_reads_back(tmp_path):
    clip = synthesise_clip("wave", 3)
    paths = save_recording(tmp_path, "wave", clip, clean=True)
    assert all(path.exists() for path in paths)
    loaded = PoseSequence.load(paths[0])
    np.testing.assert_array_equal(loaded.keypoints, clip.sequence.keypoints)
    for events in (read_events(paths[1]), read_events(paths[2])):
        assert [e.label for e in events] == ["wave"]
        assert events[0].start_s == pytest.approx(clip.events[0].start_s, abs=2e-3)
    assert read_truth(paths[3]) == clip.truth
