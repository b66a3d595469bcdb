"""A run is the same in a folder, in a zip, and behind the wire of a model hub."""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

import mgskel as mg
from mgskel.cli import main
from mgskel.core.errors import InputError
from mgskel.models.stored_run import SHIPPED, pack, push

NAME = "somebody/hands"


class Hub(BaseHTTPRequestHandler):
    """As much of a hub as its client asks for: new repositories, commits, files."""

    files: dict[str, bytes] = {}
    asked: list[str] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.asked.append(f"POST {self.path} {self.headers.get('Authorization')}")
        here = f"http://{self.headers['Host']}"
        if self.path == "/api/repos/create":
            assert json.loads(body)["visibility"] == "private"
            self.answer({"url": f"{here}/{NAME}", "id": NAME})
        elif self.path.startswith(f"/api/models/{NAME}/preupload"):
            paths = [one["path"] for one in json.loads(body)["files"]]
            modes = {"uploadMode": "regular", "shouldIgnore": False}
            self.answer({"files": [{"path": path, **modes} for path in paths]})
        elif self.path.startswith(f"/api/models/{NAME}/commit"):
            for line in map(json.loads, body.splitlines()):
                if line["key"] == "file":
                    content = base64.b64decode(line["value"]["content"])
                    self.files[line["value"]["path"]] = content
            self.answer({"commitUrl": f"{here}/{NAME}/commit/0", "commitOid": "0" * 40})
        else:
            self.answer({})

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        self.asked.append(f"{self.command} {self.path}")
        file = self.path.rpartition("/")[2]
        if not self.path.startswith(f"/{NAME}/resolve/") or file not in self.files:
            self.answer({"error": "Repository not found"}, 404, {"X-Error-Code": "RepoNotFound"})
            return
        content = self.files[file]
        tag = hashlib.sha256(content).hexdigest()
        self.answer(content, 200, {"ETag": f'"{tag}"', "X-Repo-Commit": "0" * 40})

    def answer(
        self, content: object, code: int = 200, headers: dict[str, str] | None = None
    ) -> None:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(code)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *words: object) -> None:
        """Silent."""


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Hub]]:
    pytest.importorskip("huggingface_hub")
    Hub.files, Hub.asked = {}, []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_address[1]}")
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    yield Hub
    server.shutdown()


def test_a_zip_is_the_folder(tmp_path: Path) -> None:
    folder, packed = mg.Recognizer.load(), tmp_path / "hands.zip"
    folder.save(packed)
    again = mg.load(packed)
    assert again.vocabulary == folder.vocabulary
    assert sorted(zipfile.ZipFile(packed).namelist()) == ["model.safetensors", "recognizer.json"]
    pack(SHIPPED, tmp_path / "one.zip")
    pack(tmp_path / "one.zip", tmp_path / "two.zip")
    weights = [
        zipfile.ZipFile(tmp_path / f"{n}.zip").read("model.safetensors") for n in ("one", "two")
    ]
    assert weights[0] == weights[1]


def test_commands_take_the_zip(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    packed = tmp_path / "hands.zip"
    assert main(["hub", "default", "-o", str(packed)]) == 0
    mg.PoseSequence.from_arrays(
        np.zeros((30, 28, 2), np.float32), fps=15, skeleton="upper_head"
    ).save(tmp_path / "still.npz")
    still, out = str(tmp_path / "still.npz"), str(tmp_path / "events.csv")
    assert main(["spot", still, "--model", str(packed), "-o", out]) == 0
    assert mg.load(packed).fingerprint == mg.Recognizer.load().fingerprint
    model = mg.create_model("light", "upper_head", 5, in_channels=6, pretrained=packed)
    assert model.num_classes == 5


def test_to_the_hub_and_back(hub: type[Hub], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["hub", "default", "--push", NAME]) == 0
    assert NAME in capsys.readouterr().err
    assert any("/commit/main Bearer hf_secret" in line for line in hub.asked)
    assert "not an emotion" in hub.files["README.md"].decode() or (SHIPPED / "README.md").exists()
    found = mg.load(f"hf:{NAME}")
    assert found.vocabulary == mg.Recognizer.load().vocabulary
    before = len(hub.asked)
    assert mg.Recognizer.load(f"hf:{NAME}@main").fingerprint == found.fingerprint
    assert not any(line.startswith("GET") for line in hub.asked[before:])  # kept by the client


def test_what_is_wrong_is_said(hub: type[Hub], tmp_path: Path) -> None:
    for name in ("hf:nobody/nothing", "hf:no name", "hf:../etc"):
        with pytest.raises(InputError, match="model hub"):
            mg.load(name)
    with pytest.raises(InputError, match="no name"):
        push("default", "hf:x/y@z")
    other = tmp_path / "other.zip"
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("../recognizer.json", "{}")
    with pytest.raises(InputError, match="holds no run"):
        mg.Recognizer.load(other)
    assert main(["hub", "default"]) == 2


def test_a_hub_that_is_away_is_no_traceback(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("huggingface_hub")

    def away(*words: object, **options: object) -> None:
        assert not logging.getLogger("huggingface_hub").isEnabledFor(logging.WARNING)
        raise ConnectionRefusedError("nobody answers")

    monkeypatch.setattr("huggingface_hub.hf_hub_download", away)
    assert main(["hub", f"hf:{NAME}", "-o", str(tmp_path / "run")]) == 2
    assert "nobody answers" in capsys.readouterr().err
