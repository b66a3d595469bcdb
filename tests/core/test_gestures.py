"""Vocabularies: the published classes, what they need, and what means the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from mgskel.core.errors import InputError
from mgskel.core.gestures import get_vocabulary, list_vocabularies, load_vocabulary, map_classes
from mgskel.core.skeleton import get_skeleton, list_skeletons


@pytest.mark.parametrize(
    ("name", "size"), [("imigue", 32), ("smg", 17), ("ma52", 52), ("ma52_body", 7)]
)
def test_published_sizes(name: str, size: int) -> None:
    vocabulary = get_vocabulary(name)
    assert len(vocabulary) == size
    assert [gesture.id for gesture in vocabulary] == list(range(size))
    assert len(set(vocabulary.names)) == size


def test_all_vocabularies_are_listed() -> None:
    assert {"imigue", "smg", "ma52", "ma52_body"} <= set(list_vocabularies())


def test_imigue_raw_99_is_the_last_class_and_no_micro_gesture() -> None:
    imigue = get_vocabulary("imigue")
    illustrative = imigue.from_raw(99)
    assert illustrative.id == 31
    assert [gesture.id for gesture in imigue if not gesture.micro] == [31]
    assert imigue.from_raw(1).name == "Turtle neck"
    assert imigue.from_raw(31).id == 30
    with pytest.raises(InputError, match="label 32"):
        imigue.from_raw(32)


def test_smg_order_and_non_micro_class() -> None:
    smg = get_vocabulary("smg")
    assert smg.by_id(2).name == "Folding arms"
    assert smg.by_id(8).name == "Arms akimbo"
    assert [gesture.raw_id for gesture in smg] == list(range(1, 18))
    assert [gesture.id for gesture in smg if not gesture.micro] == [16]


def test_ma52_groups_have_the_published_sizes() -> None:
    actions, groups = get_vocabulary("ma52"), get_vocabulary("ma52_body")
    of_actions = [gesture.group for gesture in actions]
    assert [of_actions.count(name) for name in groups.names] == [5, 6, 13, 8, 6, 10, 4]
    assert actions.by_name("Arms akimbo").group == "body-hand"


def test_pressed_lips_need_face_points() -> None:
    lips = get_vocabulary("imigue").by_name("pressing LIPS")
    assert not lips.shown_by(get_skeleton("imigue22"))
    assert set(lips.lacking(get_skeleton("coco17"))) == {"upper_lip", "lower_lip"}
    assert lips.shown_by(get_skeleton("openpose137"))
    assert lips.shown_by(get_skeleton("mediapipe_holistic"))


def test_a_bulging_face_is_shown_by_no_skeleton() -> None:
    bulging = get_vocabulary("imigue").from_raw(2)
    assert not any(bulging.shown_by(get_skeleton(name)) for name in list_skeletons())


def test_computed_joints_serve_a_need() -> None:
    head_up = get_vocabulary("imigue").by_name("Head up")
    assert not get_skeleton("coco17").has("neck")
    assert head_up.shown_by(get_skeleton("coco17"))


@pytest.mark.parametrize("name", ["imigue", "smg", "ma52", "ma52_body"])
def test_every_showable_class_is_shown_by_some_layout(name: str) -> None:
    layouts = [get_skeleton(layout) for layout in list_skeletons()]
    for gesture in get_vocabulary(name):
        assert gesture.needs, gesture.name
        assert gesture.means, gesture.name
        if gesture.showable:
            assert any(gesture.shown_by(layout) for layout in layouts), gesture.name


def test_same_meaning_between_vocabularies() -> None:
    imigue, smg, ma52 = (get_vocabulary(name) for name in ("imigue", "smg", "ma52"))

    def pairs(a, b, **options):  # type: ignore[no-untyped-def]
        found = map_classes(a, b, **options)
        return {a.by_id(i).name: b.by_id(j).name for i, j in found.items()}

    same = pairs(imigue, smg)
    assert same["Folding arms"] == "Folding arms"
    assert same["Turtle neck"] == "Turtling neck and shoulder"
    assert same["Putting arms behind body"] == "Folding arms behind body"
    assert same["Illustrative body language"] == "Illustrative hand gestures"
    assert "Rubbing eyes" not in same
    assert pairs(imigue, smg, narrower=True)["Rubbing eyes"] == "Rubbing eyes and forehead"
    assert pairs(imigue, ma52)["Folding arms"] == "Crossing arms"
    assert pairs(ma52, smg, narrower=True)["Shaking legs"] == "Moving legs"


@pytest.mark.parametrize("source", ["imigue", "smg", "ma52"])
@pytest.mark.parametrize("target", ["imigue", "smg", "ma52"])
def test_same_meaning_holds_both_ways(source: str, target: str) -> None:
    there = map_classes(get_vocabulary(source), get_vocabulary(target))
    back = map_classes(get_vocabulary(target), get_vocabulary(source))
    assert there == {i: j for j, i in back.items()}
    if source == target:
        assert there == {i: i for i in range(len(get_vocabulary(source)))}


def test_errors_name_the_nearest() -> None:
    with pytest.raises(InputError, match="did you mean 'imigue'"):
        get_vocabulary("imige")
    with pytest.raises(InputError, match="did you mean 'Folding arms'"):
        get_vocabulary("imigue").by_name("folding arm")
    with pytest.raises(InputError, match="0 to 31"):
        get_vocabulary("imigue").by_id(32)


def test_a_vocabulary_of_ones_own(tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    file.write_text(
        "name: own\nclasses:\n  - {raw: 5, name: Étirement, group: body}\n", encoding="utf-8"
    )
    own = get_vocabulary(file)
    assert own.from_raw(5).name == "Étirement"
    assert own.by_id(0).micro


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("[1]", "a mapping of keys"),
        ("{name: bad, classes: []}", "without classes"),
        ("{name: bad, colour: red, classes: []}", "unknown key 'colour'"),
        ("{name: bad, classes: [{raw: one, name: A, group: x}]}", "'classes.0.raw'"),
        ("{name: bad, classes: [{raw: 1, name: A, group: x, micro: maybe}]}", "micro"),
        ("{name: bad, classes: [{name: A}]}", "missing key: classes.0.group, classes.0.raw"),
        (
            "{name: bad, classes: [{raw: 1, name: A, group: x}, {raw: 2, name: a, group: x}]}",
            "name 'a' is given twice",
        ),
    ],
)
def test_a_vocabulary_that_cannot_be_used(content: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text(content)
    with pytest.raises(InputError) as caught:
        load_vocabulary(tmp_path / "bad.yaml")
    assert words in str(caught.value)
    assert "bad.yaml" in str(caught.value)
