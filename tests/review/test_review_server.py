"""The server answers its own page and nobody else, saves what people decide, loses nothing."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from review_cases import SECRET, Here, a_study, two_people
from study_cases import a_person

from mgskel.cli import main
from mgskel.core.errors import InputError
from mgskel.core.event_formats.boris import read_boris
from mgskel.core.events import read_events
from mgskel.review import labelled
from mgskel.spotting import Recognizer
from mgskel.study.agreement.coders import read_coders
from mgskel.study.reviews import load_review
from mgskel.study.study_folder import About
from mgskel.study.tables import read_table

FOREIGN = {
    "host of another name": {"host": "evil.example:8000"},
    "host of another port": {"host": "127.0.0.1:9000"},
    "another origin": {"origin": "http://evil.example"},
    "no origin at all": {"origin": "null"},
    "another site": {"sec-fetch-site": "cross-site"},
}


@pytest.mark.parametrize("headers", FOREIGN.values(), ids=list(FOREIGN))
@pytest.mark.parametrize("path", ["", "api/study", "files/events.csv"])
def test_strangers_are_refused(here: Here, path: str, headers: dict[str, str]) -> None:
    assert here.get(path, headers=headers).status_code == 403
    assert here.client.put(f"/{SECRET}/api/review", headers=headers, json={}).status_code == 403


@pytest.mark.parametrize("path", ["/", "/wrong/", "/api/study", f"/{SECRET[:-1]}/api/study"])
def test_nothing_is_told_without_the_secret(here: Here, path: str) -> None:
    assert here.client.get(path).status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        "files/../secret.csv", "files/%2e%2e/secret.csv", "files/..%2fsecret.csv",
        "files//etc/passwd", "files/link.csv", "files/clip1/pose.npz", "files/.lock",
        "files/clip1", "page/..%2f..%2fserver.py", "page/server.py", "video?clip=../secret",
        "video?clip=clip1", "api/recording?clip=/etc", "api/review?clip=nothing&coder=A",
    ],
)  # fmt: skip
def test_what_lies_outside_is_not_found(here: Here, path: str) -> None:
    (here.study.parent / "secret.csv").write_text("secret")
    (here.study / "link.csv").symlink_to(here.study.parent / "secret.csv")
    assert here.get(path).status_code == 404


def test_pages_are_served_with_a_strict_policy(here: Here) -> None:
    page = here.get("")
    assert page.status_code == 200
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert "unsafe" not in page.headers["content-security-policy"]
    # A report of the study has scripts of its own, and therefore no rights.
    assert "sandbox" in here.get("files/clip1/report.html").headers["content-security-policy"]


def test_a_review_begins_with_what_the_machine_found_and_is_saved_whole(here: Here) -> None:
    review = here.review()
    ear, nod, group = review["events"]
    assert [e["state"] for e in review["events"]] == ["open"] * 3
    assert group["alternatives"][0] == ["touching ear", 0.4]
    ear |= {"state": "accepted", "start_s": 2.2}
    nod |= {"state": "rejected"}
    group |= {"state": "accepted", "label": "touching ear"}
    added = {"id": "a-1", "person": "1", "label": "my own", "start_s": 15, "end_s": 16,
             "state": "accepted", "at": "2026-01-01T00:00:00Z"}  # fmt: skip
    review["events"].append(added)
    assert here.save(review).json()["revision"] == 1
    kept = load_review(here.study / "clip1", "Anna")
    assert kept is not None and kept.saved and kept.coder == "Anna"
    assert kept.events[0].machine is not None and kept.events[0].machine.start_s == 2.0
    standing = [(e.label, e.start_s, e.source, e.group) for e in kept.standing()]
    assert standing == [
        ("touching ear", 2.2, "annotation by Anna", "head-hand"),
        ("touching ear", 10.0, "annotation by Anna", "head-hand"),
        ("my own", 15.0, "annotation by Anna", ""),
    ]
    # Back to the machine's word: all that it said of it returns.
    again = here.review()
    again["events"][2]["label"] = "hand at the head"
    here.save(again)
    assert here.review()["events"][2]["alternatives"] == group["alternatives"]


def test_the_machines_events_cannot_get_lost_and_added_ones_can_be_taken_back(here: Here) -> None:
    review = here.review()
    added = {**review["events"][0], "id": "a-1"}
    assert here.save(review | {"events": [added]}).status_code == 200
    assert [e["id"] for e in here.review()["events"]] == ["a-1", "m0", "m1", "m2"]
    assert here.save(here.review() | {"events": []}).status_code == 200
    assert [e["id"] for e in here.review()["events"]] == ["m0", "m1", "m2"]


def test_a_second_tab_is_told_what_the_first_one_saved(here: Here) -> None:
    first, second = here.review(), here.review()
    first["events"][0]["state"] = "accepted"
    second["events"][1]["state"] = "rejected"
    assert here.save(first).status_code == 200
    refused = here.save(second)
    assert refused.status_code == 409
    assert refused.json()["revision"] == 1
    assert refused.json()["events"][0]["state"] == "accepted"
    assert here.save(second | {"revision": 1}).status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        {"events": [{"id": "a"}]}, {"events": 3}, {"revision": "x"}, {"events": [{"id": "../x",
         "person": "1", "label": "x", "start_s": 1, "end_s": 2, "state": "open", "at": ""}]},
        {"events": [{"id": "a", "person": "1", "label": "x", "start_s": 5, "end_s": 99,
                     "state": "accepted", "at": ""}]},
        {"events": [{"id": "a", "person": "1", "label": "x\u0000", "start_s": 5, "end_s": 6,
                     "state": "accepted", "at": ""}]},
        {"events": [{"id": "a", "person": "1", "label": "x", "start_s": 5, "end_s": 6,
                     "state": "loved", "at": ""}]},
    ],
)  # fmt: skip
def test_nonsense_is_refused_and_nothing_written(here: Here, change: dict) -> None:
    assert here.save(here.review() | change).status_code in (400, 409)
    assert list((here.study / "clip1").glob("review-*")) == []


@pytest.mark.parametrize("name", ["", " ", "x" * 41, "../..", "a\nb", "///"])
def test_a_coder_has_a_name(here: Here, name: str) -> None:
    answer = here.get("api/review", params={"clip": "clip1", "coder": name})
    assert answer.status_code == 400 or answer.json()["coder"] == "a b"


def test_names_that_make_one_file_are_kept_apart(here: Here) -> None:
    here.save(here.review(coder="A B"), coder="A B")
    assert here.get("api/review", params={"clip": "clip1", "coder": "a-b"}).status_code == 400


def test_a_blind_coder_sees_nothing_of_the_machine(here: Here) -> None:
    review = here.review(coder="Ben", blind="1")
    assert review["blind"] and review["events"] == []
    own = {"id": "a-1", "person": "1", "label": "touching ear", "start_s": 2.1, "end_s": 3.4,
           "state": "accepted", "at": ""}  # fmt: skip
    here.save(review | {"events": [own], "finished": True}, coder="Ben")
    # Blind once, blind in the other clips too, whatever the page says.
    assert here.review("clip2", "Ben")["events"] == []
    overview = here.get("api/study", params={"coder": "Ben"}).json()
    assert overview["blind"] and [row[-1] for row in overview["events"]] == ["a-1"]
    assert "nodding" not in here.get("api/recording", params={"clip": "clip1"}).text


def test_the_overview_counts(here: Here) -> None:
    here.finish("clip1", "Anna", rejected=("nodding",))
    overview = here.get("api/study", params={"coder": "Anna"}).json()
    assert overview["clips"][0]["counts"] == {"open": 0, "accepted": 2, "rejected": 1}
    assert overview["clips"][0]["finished"] and not overview["clips"][1]["finished"]
    assert len(overview["events"]) == 6
    assert overview["coders"] == [{"name": "Anna", "finished": 1, "blind": False}]


def test_tables_are_made_from_what_people_decided(here: Here) -> None:
    here.finish("clip1", "Anna", rejected=("nodding",))
    files = here.post("api/export").json()["files"]
    assert {"events.csv", "summary.csv", "index.html"} <= set(files)
    events = read_table(here.study / "events.csv")
    first = events[events["clip"] == "clip1"]
    assert list(first["reviewed"]) == ["yes", "yes"]
    assert list(events[events["clip"] == "clip2"]["reviewed"]) == ["no"] * 3
    assert here.get("files/events.csv").status_code == 200
    methods = (here.study / "methods.md").read_text()
    assert "1 of 2 recordings were reviewed by Anna" in methods and "rejected: 1." in methods
    # The machine's own word stays what it was, and is a coder of its own.
    assert len(read_events(here.study / "clip1" / "events.csv")) == 3
    assert len(read_events(here.study / "coders/anna/clip1.eaf")) == 2
    (observation,) = read_boris(here.study / "coders/anna.boris")
    assert len(observation.events) == 2
    human, machine = read_coders([here.study / "coders/anna.csv", here.study])
    assert (sum(human.labels().values()), sum(machine.labels().values())) == (2, 6)


def test_agreement_of_a_coder_with_the_machine_and_another(here: Here) -> None:
    for clip in ("clip1", "clip2"):
        here.finish(clip, "Anna", rejected=("nodding",))
        here.finish(clip, "Ben")
    result = here.post("api/agreement", json={"coders": ["machine", "Anna"]}).json()
    assert result["overall"]["event_f1_0.3"] == pytest.approx(2 * 4 / 10)
    assert here.post("api/agreement", json={"coders": ["Anna", "Ben"]}).status_code == 200
    assert (here.study / "agreement" / "agreement.html").exists()
    refused = here.post("api/agreement", json={"coders": ["machine", "Cleo"]})
    assert refused.status_code == 400 and "has not finished" in refused.json()["error"]


def test_finished_clips_are_for_training(here: Here) -> None:
    with pytest.raises(InputError, match="reviewed to its end"):
        labelled(here.study)
    here.finish("clip2", "Anna", rejected=("nodding",))
    (recording,) = labelled(here.study)
    assert recording.name == "clip2"
    # What only says which part of the body acts is no gesture to learn.
    assert [event.label for event in recording.events] == ["touching ear"]


@pytest.mark.slow
def test_the_recognizer_learns_from_a_review(
    here: Here, untrained_spotter: Path, tmp_path: Path
) -> None:
    words = ["train", "--from-review", str(here.study), "--model", str(untrained_spotter)]
    assert main([*words, "-o", str(tmp_path / "better")]) == 2
    for clip in ("clip1", "clip2"):
        here.finish(clip, "Anna", rejected=("nodding",))
    quick = "--replay 0 --fit.batches 2 --fit.optim.epochs 1 --fit.optim.batch 2".split()
    assert main([*words, "-o", str(tmp_path / "better"), *quick]) == 0
    assert Recognizer.load(tmp_path / "better").vocabulary.by_name("touching ear")


def test_a_video_is_read_in_pieces_from_where_it_lies(tmp_path: Path) -> None:
    video = tmp_path / "elsewhere" / "clip1.mp4"
    video.parent.mkdir()
    video.write_bytes(bytes(range(256)) * 8)
    here = Here(a_study(tmp_path / "study", sources={"clip1": str(video)}))
    part = here.get("video?clip=clip1", headers={"range": "bytes=256-259"})
    assert part.status_code == 206
    assert part.content == b"\x00\x01\x02\x03"
    assert part.headers["content-range"] == "bytes 256-259/2048"
    assert here.get("api/recording?clip=clip1").json()["video"] == "video?clip=clip1"


def test_what_no_browser_plays_is_shown_picture_by_picture(tmp_path: Path) -> None:
    from PIL import Image

    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(8):
        Image.new("RGB", (64, 48), (30 * number,) * 3).save(folder / f"{number}.png")
    here = Here(a_study(tmp_path / "study", sources={"clip1": str(folder)}))
    told = here.get("api/recording?clip=clip1").json()
    assert told["video"] is None and told["pictures"] == "picture?clip=clip1"
    for number in (0, 3):
        seen = here.get(f"picture?clip=clip1&t={(number + 0.5) / 25}")
        shade = Image.open(io.BytesIO(seen.content)).getpixel((5, 5))
        assert shade == pytest.approx((30 * number,) * 3, abs=3)
    assert here.get("picture?clip=clip1&t=99").status_code == 400
    assert here.get("picture?clip=clip2&t=1").status_code == 404


def test_a_study_may_move_with_its_clips(tmp_path: Path) -> None:
    inside, beside = tmp_path / "a/study/media/one.mp4", tmp_path / "a/clips/two.mp4"
    sources = {"one": str(inside), "two": str(beside), "three": "/elsewhere/three.mp4"}
    (tmp_path / "a/study").mkdir(parents=True)
    About(sources=sources).save(tmp_path / "a/study")
    told = json.loads((tmp_path / "a/study/study.json").read_text())["sources"]
    assert told == {"one": "media/one.mp4", "two": "../clips/two.mp4",
                    "three": "/elsewhere/three.mp4"}  # fmt: skip
    shutil.move(tmp_path / "a", tmp_path / "b")
    moved = About.load(tmp_path / "b/study").sources
    assert moved["two"] == str(tmp_path / "b/clips/two.mp4")


def test_the_command_prints_its_address_first_and_survives_being_killed(tmp_path: Path) -> None:
    import httpx

    study = a_study(tmp_path / "study", 1)
    command = [sys.executable, "-m", "mgskel", "review", str(study), "--no-browser", "--port", "0"]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        assert running.stdout is not None
        address = running.stdout.readline().decode().strip()
        plain = address.rsplit("/", 2)[0]
        assert httpx.get(address).status_code == 200
        assert httpx.get(plain).status_code == 403
        assert httpx.get(address, headers={"host": "evil.example"}).status_code == 403
        review = httpx.get(f"{address}api/review?clip=clip1&coder=A").json()
        review["events"][0]["state"] = "accepted"
        saved = httpx.put(f"{address}api/review?clip=clip1&coder=A", json=review)
        assert saved.json()["revision"] == 1
    finally:
        running.kill()
        running.wait()
    kept = load_review(study / "clip1", "A")
    assert kept is not None and kept.counts()["accepted"] == 1


@pytest.mark.parametrize("words", [["missing/clip.mp4"], ["--port", "99999"], ["--coder", " "]])
def test_faults_of_the_command_are_told(
    tmp_path: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["review", str(tmp_path / "study"), *words, "--no-browser"]) == 2
    told = capsys.readouterr().err
    assert told.startswith(("mgskel review:", "mgskel: argument --port"))


def test_what_the_player_shows_is_kept_ready_until_the_keypoints_change(here: Here) -> None:
    def shown() -> dict:
        return here.get("api/recording", params={"clip": "clip1"}).json()

    ready = here.study / "clip1" / "playback.json"
    first = shown()
    made = ready.stat().st_mtime_ns
    assert shown() == first and ready.stat().st_mtime_ns == made
    a_person(5.0).save(here.study / "clip1" / "pose.npz")
    assert shown()["duration_s"] == 5 and ready.stat().st_mtime_ns > made
    ready.write_text("{}")
    assert shown()["player"]["frames"] == 125


def test_two_people_of_a_clip_are_reviewed_compared_and_exported_each_by_name(
    tmp_path: Path,
) -> None:
    here = Here(two_people(tmp_path / "study"))
    review = here.review("talk")
    first, other, ear = review["events"]
    assert [e["person"] for e in review["events"]] == ["1", "2", "1"]
    first["state"], other["state"] = "accepted", "rejected"
    ear |= {"state": "accepted", "person": "2"}  # it was the other one's ear
    assert here.save(review | {"finished": True}, "talk").status_code == 200
    stranger = here.review("talk")
    stranger["events"][0]["person"] = "3"
    assert "nobody of that name" in here.save(stranger, "talk").json()["error"]
    here.finish("talk", "Ben")
    told = here.post("api/agreement", json={"coders": ["Anna", "Ben"]}).json()
    assert told["files"] == ["talk, person 1", "talk, person 2"]
    # As events of the whole clip both would have an ear and a nod.
    assert told["labels"]["touching ear"]["event_f1_0.3"] == 0
    here.save(here.review("talk") | {"finished": True}, "talk")  # Anna has the last word
    here.post("api/export", json={})
    table = read_table(here.study / "events.csv")
    assert list(zip(table["person"], table["label"], strict=True)) == [
        ("1", "nodding"), ("2", "touching ear")
    ]  # fmt: skip
    for file in ("anna/talk.eaf", "anna.csv", "anna.boris"):
        (coder,) = read_coders([here.study / "coders" / file])
        found = [(e.person, e.label) for coding in coder.codings for e in coding.events]
        assert found == [("1", "nodding"), ("2", "touching ear")]
    here.queue.close()
