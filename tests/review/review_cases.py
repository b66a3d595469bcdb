"""Studies to review, and an app that answers within the test."""

from __future__ import annotations

from pathlib import Path

from starlette.testclient import TestClient
from study_cases import a_clip, a_person, an_event

from mgskel.core.gestures import get_vocabulary
from mgskel.review.review_server import ReviewSettings, create_app
from mgskel.study.study_folder import About

SECRET = "a-secret"
HOSTILE = "<img src=x onerror='window.hacked=true'>"


def a_study(folder: Path, clips: int = 2, **about: object) -> Path:
    """Clips of 20 s with three events each, one of them of a group, surer and less sure."""
    for number in range(clips):
        events = [
            an_event("touching ear", 2.0, 3.5, score=0.9, group="head-hand",
                     alternatives=(("touching head or hair", 0.3),)),
            an_event("nodding", 6.0, 7.0, score=0.4, group="head"),
            an_event("hand at the head", 10.0, 12.0, score=0.6, group="head-hand", level="group",
                     alternatives=(("touching ear", 0.4), ("touching head or hair", 0.3))),
        ]  # fmt: skip
        a_clip(folder / f"clip{number + 1}", events, a_person(20.0))
    About(classes=get_vocabulary("common").classes, **about).save(folder)  # type: ignore[arg-type]
    return folder


def two_people(folder: Path) -> Path:
    """A clip of two, who do much the same one after the other."""
    events = [
        an_event("nodding", 2.0, 3.0, group="head"),
        an_event("touching ear", 5.0, 6.0, group="head-hand"),
        an_event("nodding", 2.5, 3.5, person="2", group="head", score=0.4),
    ]
    a_clip(folder / "talk", events, a_person(10.0, people=("1", "2")))
    About(classes=get_vocabulary("common").classes).save(folder)
    return folder


class Here:
    """The app of a study, asked as its page asks."""

    def __init__(self, study: Path, **settings: object) -> None:
        self.study = study
        app, self.queue = create_app(study, ReviewSettings(**settings), SECRET)  # type: ignore[arg-type]
        self.client = TestClient(app, base_url="http://127.0.0.1:8000")

    def get(self, path: str, **options: object):
        return self.client.get(f"/{SECRET}/{path}", **options)

    def post(self, path: str, **options: object):
        return self.client.post(f"/{SECRET}/{path}", **options)

    def review(self, clip: str = "clip1", coder: str = "Anna", **more: str) -> dict:
        return self.get("api/review", params={"clip": clip, "coder": coder, **more}).json()

    def save(self, review: dict, clip: str = "clip1", coder: str = "Anna"):
        params = {"clip": clip, "coder": coder}
        return self.client.put(f"/{SECRET}/api/review", params=params, json=review)

    def finish(self, clip: str, coder: str, rejected: tuple[str, ...] = (), **more: str) -> None:
        """Accept what is there but for some labels."""
        review = self.review(clip, coder, **more)
        for event in review["events"]:
            event["state"] = "rejected" if event["label"] in rejected else "accepted"
        assert self.save(review | {"finished": True}, clip, coder).status_code == 200
