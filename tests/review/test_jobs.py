"""Clips are taken in, wait their turn, and become clips to review; what is none is refused."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from review_cases import HOSTILE, Here
from study_cases import a_person

from mgskel.analyze import AnalyzeSettings
from mgskel.study.study_folder import study_clips


class TestQueue:
    def wait(self, here: Here, *states: str) -> list[dict]:
        for _ in range(600):
            jobs = here.get("api/queue").json()
            if [job["state"] for job in jobs] == list(states):
                return jobs
            time.sleep(0.1)
        raise AssertionError(jobs)

    @pytest.mark.slow
    def test_from_nothing_to_a_clip_to_review(
        self, tmp_path: Path, untrained_spotter: Path
    ) -> None:
        how = AnalyzeSettings(model=untrained_spotter, attention=False)
        here = Here(tmp_path / "new", analyze=how)
        assert here.get("api/study").json()["clips"] == []
        a_person(4.0).save(tmp_path / "pose.npz")
        content = (tmp_path / "pose.npz").read_bytes()
        sent = here.post("api/upload", params={"name": "../a talk.npz"}, content=content)
        assert sent.json()["name"] == "a talk.npz"
        here.post("api/upload", params={"name": "broken.mp4"}, content=b"no video")
        _, failed = self.wait(here, "done", "failed")
        assert "broken" in failed["error"]
        here.post("api/queue", json={"act": "retry", "number": failed["number"]})
        here.post("api/queue", json={"act": "cancel", "number": failed["number"]})
        self.wait(here, "done", "cancelled")
        assert [clip["name"] for clip in here.get("api/study").json()["clips"]] == ["a talk"]
        assert [clip.name for clip in study_clips(here.study)] == ["a talk"]
        here.queue.close()
        # What was not analysed is there to be taken up when the app starts anew.
        again = Here(tmp_path / "new", analyze=how)
        assert [job["name"] for job in again.get("api/queue").json()] == ["broken.mp4"]
        again.queue.close()

    @pytest.mark.parametrize(
        ("name", "content"),
        [("long.mp4", b"x" * 2000), ("notes.txt", b"hello"), ("noending", b"x"), ("..", b"x")],
    )
    def test_what_is_no_clip_is_refused(self, tmp_path: Path, name: str, content: bytes) -> None:
        here = Here(tmp_path / "new", upload_bytes=1000)
        assert here.post("api/upload", params={"name": name}, content=content).status_code == 400

        def parts():
            yield content

        assert here.post("api/upload", params={"name": name}, content=parts()).status_code == 400
        assert not list((tmp_path / "new").rglob("*.*"))
        here.queue.close()

    def test_hostile_names_are_tamed(self, tmp_path: Path) -> None:
        here = Here(tmp_path / "new")
        here.queue.close()
        sent = here.post("api/upload", params={"name": f"{HOSTILE}.mp4"}, content=b"x")
        assert sent.json()["name"] == "img src=x onerror='window.hacked=true'.mp4"
        twice = here.post("api/upload", params={"name": f"{HOSTILE}.avi"}, content=b"x")
        assert twice.json()["name"] == "img src=x onerror='window.hacked=true'-2.avi"
