"""Attention as pictures."""

from __future__ import annotations

import numpy as np
import pytest
from report_cases import a_recording

from mgskel.attention import JointAttention
from mgskel.core.errors import InputError
from mgskel.core.skeleton import get_skeleton
from mgskel.report import figures


@pytest.fixture
def recording():
    return a_recording(4)


@pytest.fixture
def attention(recording):
    weights = np.random.default_rng(0).random((1, 32, recording.num_joints))
    weights[0, [3, 20], :] = 1
    return JointAttention(weights, "gates", 0, 0.9, recording.skeleton)


def test_key_moments_are_the_heaviest_in_order(recording, attention, tmp_path):
    figure = figures.key_moments(recording, attention, count=2)
    titles = [axis.get_title() for axis in figure.axes]
    assert titles == [f"{recording.timestamps[round(m * 119 / 31)]:.2f} s" for m in (3, 20)]
    figures.save_figure(figure, tmp_path / "moments.png")
    assert (tmp_path / "moments.png").read_bytes()[:4] == b"\x89PNG"


def test_the_heat_map_shows_every_joint_by_part(recording, attention):
    figure = figures.heat_map(recording, attention)
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert sorted(labels) == sorted(recording.skeleton.joints)
    shown = figure.axes[0].images[0].get_array()
    first = recording.skeleton.index(labels[0])
    np.testing.assert_allclose(shown[0], attention.weights[0, :, first])


def test_class_maps_draw_each_class(recording, tmp_path):
    skeleton = recording.skeleton
    rng = np.random.default_rng(1)
    weights = {f"class {i}": [rng.random(skeleton.num_joints) for _ in range(3)] for i in range(6)}
    figure = figures.class_maps(skeleton, figures.typical_pose([recording]), weights)
    assert [axis.get_title() for axis in figure.axes][:6] == [
        f"class {i}\n3 clips" for i in range(6)
    ]
    figures.save_figure(figure, tmp_path / "maps.svg")
    assert "<svg" in (tmp_path / "maps.svg").read_text()


def test_a_flat_body_is_not_cut_off():
    skeleton = get_skeleton("natops8")  # two forearms, held level
    level = np.column_stack([np.arange(8.0), np.zeros(8)])
    axis = figures.class_maps(skeleton, level, {"a class": [np.linspace(0, 1, 8)]}).axes[0]
    assert abs(np.ptp(axis.get_ylim())) >= 0.5 * np.ptp(axis.get_xlim())


def test_other_layouts_are_refused(recording, attention):
    other = JointAttention(np.zeros((1, 4, 17)), "gates", 0, 0.5, get_skeleton("coco17"))
    with pytest.raises(InputError, match="different layouts"):
        figures.heat_map(recording, other)
    with pytest.raises(InputError, match="no class"):
        figures.class_maps(recording.skeleton, np.zeros((27, 2)), {})
