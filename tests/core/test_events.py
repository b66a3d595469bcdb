"""Events: validated, and the same after a trip through CSV, JSON and ELAN."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mgskel.core.errors import InputError
from mgskel.core.event_formats.elan import read_elan
from mgskel.core.events import (
    ANNOTATION,
    GestureEvent,
    annotation_by,
    in_order,
    read_events,
    write_events,
)
from mgskel.core.gestures import get_vocabulary

# As ELAN 6 saves it: several tiers, one without participant, an empty annotation, a slot
# without time, a controlled vocabulary, a dependent tier, letters beyond ASCII.
SAVED_BY_ELAN = """<?xml version="1.0" encoding="UTF-8"?>
<ANNOTATION_DOCUMENT AUTHOR="Zoë" DATE="2024-05-06T10:11:12+02:00" FORMAT="3.0" VERSION="3.0"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
 xsi:noNamespaceSchemaLocation="http://www.mpi.nl/tools/elan/EAFv3.0.xsd">
 <LICENSE LICENSE_URL=""/>
 <HEADER MEDIA_FILE="" TIME_UNITS="milliseconds">
  <MEDIA_DESCRIPTOR MEDIA_URL="file:///media/Gespräch.mp4" MIME_TYPE="video/mp4"
   RELATIVE_MEDIA_URL="./Gespräch.mp4"/>
  <PROPERTY NAME="URN">urn:nl-mpi-tools-elan-eaf:1</PROPERTY>
  <PROPERTY NAME="lastUsedAnnotationId">7</PROPERTY>
 </HEADER>
 <TIME_ORDER>
  <TIME_SLOT TIME_SLOT_ID="ts1" TIME_VALUE="1000"/><TIME_SLOT TIME_SLOT_ID="ts2"/>
  <TIME_SLOT TIME_SLOT_ID="ts3" TIME_VALUE="2000"/><TIME_SLOT TIME_SLOT_ID="ts4" TIME_VALUE="2500"/>
  <TIME_SLOT TIME_SLOT_ID="ts5" TIME_VALUE="3250"/><TIME_SLOT TIME_SLOT_ID="ts6" TIME_VALUE="4000"/>
 </TIME_ORDER>
 <TIER LINGUISTIC_TYPE_REF="default-lt" PARTICIPANT="Jürgen 李" TIER_ID="Gesten Jürgen">
  <ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a1" TIME_SLOT_REF1="ts1" TIME_SLOT_REF2="ts2">
   <ANNOTATION_VALUE>Folding arms</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>
  <ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a2" TIME_SLOT_REF1="ts2" TIME_SLOT_REF2="ts3">
   <ANNOTATION_VALUE/></ALIGNABLE_ANNOTATION></ANNOTATION>
  <ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a3" TIME_SLOT_REF1="ts4" TIME_SLOT_REF2="ts5"
   CVE_REF="cveid_1"><ANNOTATION_VALUE> touching
   ears </ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>
 </TIER>
 <TIER LINGUISTIC_TYPE_REF="default-lt" TIER_ID="Zoë">
  <ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a4" TIME_SLOT_REF1="ts3" TIME_SLOT_REF2="ts6">
   <ANNOTATION_VALUE>Head up</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>
 </TIER>
 <TIER LINGUISTIC_TYPE_REF="remark" PARENT_REF="Zoë" TIER_ID="Bemerkung">
  <ANNOTATION><REF_ANNOTATION ANNOTATION_ID="a5" ANNOTATION_REF="a4">
   <ANNOTATION_VALUE>unsicher</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION>
 </TIER>
 <TIER LINGUISTIC_TYPE_REF="default-lt" TIER_ID="leer"/>
 <LINGUISTIC_TYPE GRAPHIC_REFERENCES="false" LINGUISTIC_TYPE_ID="default-lt" TIME_ALIGNABLE="true"/>
 <LINGUISTIC_TYPE CONSTRAINTS="Symbolic_Association" GRAPHIC_REFERENCES="false"
  LINGUISTIC_TYPE_ID="remark" TIME_ALIGNABLE="false"/>
 <LANGUAGE LANG_DEF="http://cdb.iso.org/lg/CDB-00130975-001" LANG_ID="und"
  LANG_LABEL="undetermined (und)"/>
 <CONSTRAINT DESCRIPTION="1-1 association with a parent annotation"
  STEREOTYPE="Symbolic_Association"/>
 <CONTROLLED_VOCABULARY CV_ID="gestures"><DESCRIPTION LANG_REF="und">Gesten</DESCRIPTION>
  <CV_ENTRY_ML CVE_ID="cveid_1"><CVE_VALUE LANG_REF="und">touching ears</CVE_VALUE></CV_ENTRY_ML>
 </CONTROLLED_VOCABULARY>
</ANNOTATION_DOCUMENT>
"""

NAMES = st.text(
    st.characters(codec="utf-8", categories=("L", "N", "P", "S"), include_characters=" "),
    min_size=1,
    max_size=12,
).filter(lambda text: text == text.strip() and text.isprintable())

CHANCES = st.tuples(
    NAMES.filter(lambda text: ";" not in text).map(lambda text: " ".join(text.split())),
    st.integers(0, 1000).map(lambda chance: chance / 1000),
)


@st.composite
def gesture_events(draw: st.DrawFn) -> GestureEvent:
    start = draw(st.integers(0, 3_600_000))
    return GestureEvent(
        person=draw(NAMES),
        label=" ".join(draw(NAMES).split()),
        class_id=draw(st.integers(-1, 60)),
        start_s=start / 1000,
        end_s=(start + draw(st.integers(1, 60_000))) / 1000,
        score=draw(st.floats(0, 1)),
        micro=draw(st.booleans()),
        group=draw(st.sampled_from(["", "head-hand"])),
        level=draw(st.sampled_from(["gesture", "group"])),
        alternatives=tuple(draw(st.lists(CHANCES, max_size=3))),
        evidence=draw(st.sampled_from(["", "a hand 0.1 shoulder widths, or less, from the chin"])),
        source=draw(st.sampled_from(["", "mgskel-common-1", "annotation", "annotation by Zoë"])),
    )


@pytest.mark.parametrize("ending", ["csv", "json", "eaf"])
@settings(max_examples=40, deadline=None)
@given(events=st.lists(gesture_events(), max_size=8))
def test_there_and_back(tmp_path_factory, ending: str, events: list[GestureEvent]) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path_factory.mktemp("events") / f"e.{ending}"
    write_events(path, events)
    assert sorted(read_events(path), key=repr) == sorted(events, key=repr)


def test_a_file_saved_by_elan(tmp_path: Path) -> None:
    path = tmp_path / "gespräch.eaf"
    path.write_text(SAVED_BY_ELAN, encoding="utf-8")
    events = read_events(path, "imigue")
    assert [(e.person, e.label, e.start_s, e.end_s) for e in events] == [
        ("Jürgen 李", "Folding arms", 1.0, 1.5),
        ("Zoë", "Head up", 2.0, 4.0),
        ("Jürgen 李", "Touching ears", 2.5, 3.25),
    ]
    assert [e.class_id for e in events] == [16, 27, 8]
    assert read_elan(path, tiers=["Zoë"])[0].class_id == -1
    assert {(e.annotated, e.coder) for e in events} == {(True, "Zoë")}
    with pytest.raises(InputError, match="no tier Zoe"):
        read_elan(path, tiers=["Zoe"])


def test_overlapping_gestures_of_one_person_go_to_two_tiers(tmp_path: Path) -> None:
    path = tmp_path / "e.eaf"
    events = (
        GestureEvent("A", "Nodding", 9, 1.0, 3.0, 0.5),
        GestureEvent("A", "Rubbing hands", 14, 2.0, 4.0),
        GestureEvent("A", "Nodding", 9, 3.0, 3.5),
    )
    write_events(path, events, media="folder/clip.mp4")
    text = path.read_text(encoding="utf-8")
    assert 'TIER_ID="A: gestures"' in text and 'TIER_ID="A: gestures (2)"' in text
    assert 'TIER_ID="A: score (2)"' in text
    assert "./clip.mp4" in text and "folder" not in text
    assert read_events(path) == in_order(events)


def test_content_counts_not_the_ending(tmp_path: Path) -> None:
    event = GestureEvent("1", "Head up", 27, 0.5, 1.0)
    for ending in ("csv", "json", "eaf"):
        write_events(tmp_path / f"e.{ending}", [event])
        path = tmp_path / f"{ending}.txt"
        (tmp_path / f"e.{ending}").rename(path)
        assert read_events(path) == (event,)


def test_a_short_table_is_enough(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text("\ufefflabel, start_s,end_s\nHead up,1,2\n\n", encoding="utf-8")
    assert read_events(path) == (GestureEvent("1", "Head up", -1, 1.0, 2.0, source=ANNOTATION),)
    (event,) = read_events(path, "imigue")
    assert event.class_id == 27


def test_micro_follows_from_the_vocabulary(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text("label,start_s,end_s\nillustrative body language,1,2\n")
    (event,) = read_events(path, get_vocabulary("imigue"))
    assert (event.class_id, event.micro) == (31, False)


def test_tables_of_the_first_release_are_read(tmp_path: Path) -> None:
    path = tmp_path / "old.csv"
    path.write_text(HEADER + "1,nodding,0,1,2,0.7,true\n1,Nodding,0,3,4,1.0,true\n")
    found, marked = read_events(path, "common")
    assert (found.group, found.level, found.source) == ("head", "gesture", "")
    assert marked.annotated and not found.annotated


def test_a_group_belongs_to_no_class(tmp_path: Path) -> None:
    path = tmp_path / "e.csv"
    chances = (("touching ear", 0.4), ("touching upper face", 0.35))
    event = GestureEvent(
        "1", "hand at the head", -1, 1.0, 2.0, 0.9,
        group="head-hand", level="group", alternatives=chances, source="mgskel-common-1",
    )  # fmt: skip
    write_events(path, [event])
    assert "touching ear:0.4;touching upper face:0.35" in path.read_text()
    assert path.read_text().endswith("\n")
    assert read_events(path, "common") == (event,)


@pytest.mark.parametrize("coder", ["Zoë", ""])
def test_who_annotated_stays_with_the_event(coder: str) -> None:
    event = GestureEvent("1", "nodding", 0, 1.0, 2.0, source=annotation_by(f" {coder} "))
    assert event.annotated and event.coder == coder
    assert not GestureEvent("1", "nodding", 0, 1.0, 2.0, source="annotation-like").annotated


def test_elan_opens_the_video_where_it_lies(tmp_path: Path) -> None:
    video, path = tmp_path / "talks/a b.mp4", tmp_path / "study/talk/events.eaf"
    video.parent.mkdir()
    video.touch()
    write_events(path, [GestureEvent("1", "nodding", 0, 1.0, 2.0, 0.5)], media=str(video))
    (medium,) = ElementTree.parse(path).getroot().iter("MEDIA_DESCRIPTOR")
    assert medium.get("RELATIVE_MEDIA_URL") == "../../talks/a b.mp4"
    assert 'TIER_ID="person 1: gestures"' in path.read_text()


def test_what_elan_has_saved_is_a_persons_word(tmp_path: Path) -> None:
    path = tmp_path / "e.eaf"
    write_events(path, [GestureEvent("1", "nodding", 0, 1.0, 2.0, 0.5, source="some-recognizer")])
    (found,) = read_events(path)
    assert found.recognised and not found.annotated
    path.write_text(path.read_text().replace('FORMAT="2.8"', 'FORMAT="3.0"'))
    (saved,) = read_events(path)
    assert saved.annotated and saved.label == "nodding"


def test_elan_offers_the_names(tmp_path: Path) -> None:
    path = tmp_path / "e.eaf"
    write_events(path, [], vocabulary=get_vocabulary("common"))
    document = ElementTree.parse(path).getroot()
    (kind,) = document.findall("LINGUISTIC_TYPE")
    assert [tier.get("LINGUISTIC_TYPE_REF") for tier in document.findall("TIER")] == ["gestures"]
    assert kind.get("CONTROLLED_VOCABULARY_REF") == "gestures"
    offered = [value.text for value in document.iter("CVE_VALUE")]
    assert offered == list(get_vocabulary("common").names)
    write_events(path, [GestureEvent("1", "own", -1, 0.0, 1.0, 0.5)])
    document = ElementTree.parse(path).getroot()
    types = {t.get("LINGUISTIC_TYPE_ID"): t for t in document.findall("LINGUISTIC_TYPE")}
    assert types["score"].get("TIME_ALIGNABLE") == "false"
    assert types["score"].get("CONSTRAINTS") == "Symbolic_Association"


HEADER = "person,label,class_id,start_s,end_s,score,micro\n"


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("e.csv", "", "an empty file"),
        ("e.csv", "person,start_s,end_s\n", "no column label"),
        ("e.csv", HEADER + "A,Nod,1,1,2,1\n", "line 2"),
        ("e.csv", HEADER + "A,Nod,1,one,2,1,true\n", "'start_s' is 'one'"),
        ("e.csv", HEADER + "A,Nod,1,3,2,1,true\n", "not after its start"),
        ("e.csv", HEADER + "A,Nod,1,-1,2,1,true\n", "not a time"),
        ("e.csv", HEADER + "A,Nod,1,1,nan,1,true\n", "'end_s' is nan"),
        ("e.csv", HEADER + "A,Nod,1,1,2,1.5,true\n", "not within 0..1"),
        ("e.csv", HEADER + "A,Nod,-2,1,2,1,true\n", "below -1"),
        ("e.csv", HEADER + "A,Nod,1,1,2,1,perhaps\n", "true or false"),
        ("e.csv", "label,start_s,end_s,level\nNod,1,2,some\n", "not one of gesture, group"),
        ("e.csv", "label,start_s,end_s,alternatives\nNod,1,2,Wave\n", "joined by ';'"),
        ("e.csv", HEADER + "A,,1,1,2,1,true\n", "'label' is missing"),
        ("e.csv", HEADER + "A,Nod,nan,1,2,1,true\n", "not a whole number"),
        ("e.json", '{"events": [{"label": "x", "start_s": [1], "end_s": 2}]}', "not a number"),
        ("e.csv", HEADER + '"A,Nod,1,1,2,1,true\n', "line 2"),
        ("e.json", '{"events": 3}', "not a list of events"),
        ("e.json", '{"events": [{"label": "x"}]}', "'start_s' is missing"),
        ("e.json", '{"events": [', "not valid JSON"),
        ("e.eaf", "<ANNOTATION_DOCUMENT>", "not a readable ELAN file"),
        ("e.eaf", "<html></html>", "not a readable ELAN file"),
    ],
)
def test_faults_name_their_place(tmp_path: Path, name: str, content: str, says: str) -> None:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_events(path)
    assert says in str(caught.value)
    assert name in str(caught.value)


def test_unknown_labels_and_endings_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "e.csv"
    write_events(path, [GestureEvent("1", "Folding arm", -1, 0, 1)])
    with pytest.raises(InputError, match="did you mean 'Folding arms'"):
        read_events(path, "imigue")
    with pytest.raises(InputError, match=r"\.xlsx"):
        write_events(tmp_path / "e.xlsx", [])
    with pytest.raises(InputError, match="not found"):
        read_events(tmp_path / "none.csv")


def test_json_names_its_schema(tmp_path: Path) -> None:
    write_events(tmp_path / "e.json", [], media="clip.mp4")
    tree = json.loads((tmp_path / "e.json").read_text())
    assert tree == {"schema": "mgskel-events/1", "events": [], "media": "clip.mp4"}
