"""The doctor: isolation of each part, honest verdicts, remedies that are real commands."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from mgskel.cli import main
from mgskel.core.machine.extras import NO_DEPENDENCIES
from mgskel.doctor import as_json, as_text, examine, find_browser
from mgskel.doctor.checks import PARTS, Check, MachinePart

ODD_PARTS = """
import os, signal

def well():
    print("a library prints")
    os.system("echo a native library prints; echo and complains >&2")
    return "works"

def crashes():
    os.abort()

def hangs():
    signal.pause()

def leaves():
    raise SystemExit(3)

def fails():
    raise ValueError("first line\\nsecond line")

def misses():
    import no_such_package_at_all
"""


@pytest.fixture
def odd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a module whose functions misbehave, importable by child processes."""
    (tmp_path / "odd_parts.py").write_text(ODD_PARTS)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return "odd_parts"


def part(module: str, function: str, needed: bool = True) -> MachinePart:
    return MachinePart(function, f"{module}:{function}", needed, f"get {function}")


def test_every_kind_of_failure_stays_with_its_part(odd: str, capfd: pytest.CaptureFixture) -> None:
    names = ("crashes", "well", "leaves", "fails", "misses")
    checks = examine([part(odd, name) for name in names])
    assert [check.name for check in checks] == list(names)
    assert [check.ok for check in checks] == [False, True, False, False, False]
    details = {check.name: check.detail for check in checks}
    assert "crashed" in details["crashes"]
    assert details["well"] == "works"
    assert details["leaves"] == "SystemExit: 3"
    assert details["fails"] == "ValueError: first line"
    assert details["misses"] == "the package 'no_such_package_at_all' is not installed"
    assert [check.remedy for check in checks if check.ok] == [None]
    assert all(check.remedy == f"get {check.name}" for check in checks if not check.ok)
    assert capfd.readouterr() == ("", "")


def test_a_hanging_part_is_given_up(odd: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mgskel.doctor.checks.TIME_LIMIT_S", 1.0)
    (check,) = examine([part(odd, "hangs")])
    assert not check.ok
    assert "no answer within 1 s" in check.detail


@pytest.mark.parametrize(
    ("ok", "needed", "whole"),
    [(True, True, True), (False, False, True), (False, True, False)],
)
def test_only_needed_parts_decide(ok: bool, needed: bool, whole: bool) -> None:
    checks = (Check("a", True, True, "fine", None), Check("b", ok, needed, "so", "do it"))
    assert as_json(checks)["ok"] is whole
    assert ("The default path works" in as_text(checks)) is whole


def test_remedies_are_shown_only_for_what_is_missing() -> None:
    text = as_text((Check("a", True, True, "fine", None), Check("b", False, False, "no", "get b")))
    assert text.count("to get it") == 1
    assert "get b" in text


def test_a_remedy_that_cannot_work_on_this_python_is_not_given() -> None:
    old = MachinePart("old", "no_such_module:run", True, "install old", newest_python=(3, 10))
    new = MachinePart("new", "no_such_module:run", True, "install new", newest_python=(3, 99))
    checks = examine([old, new])
    assert checks[0].remedy is not None
    assert "Python 3.10" in checks[0].remedy
    assert checks[1].remedy == "install new"


def test_without_the_estimator_the_rest_is_said_to_work() -> None:
    text = as_text((Check("mediapipe", False, True, "not there", "get it"),))
    assert "everything from keypoint files on works" in text


@pytest.mark.parametrize("everything_works", [True, False])
def test_command_line(
    odd: str,
    everything_works: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    parts = [part(odd, "well"), part(odd, "fails", needed=not everything_works)]
    monkeypatch.setattr("mgskel.doctor.examine", lambda: examine(parts))
    assert main(["doctor", "--json"]) == (0 if everything_works else 1)
    answer = json.loads(capsys.readouterr().out)
    assert answer["ok"] is everything_works
    for check in answer["checks"]:
        assert {"name", "ok", "detail", "remedy"} <= set(check)
    assert main(["doctor"]) == (0 if everything_works else 1)
    assert "ValueError: first line" in capsys.readouterr().out


def test_light_parts_work_here() -> None:
    light = [one for one in PARTS if one.name in ("python", "video", "elan files", "threads")]
    assert len(light) == 4
    for check in examine(light):
        assert check.ok, check


@pytest.mark.slow
def test_the_pinned_set_is_healthy() -> None:
    checks = {check.name: check for check in examine()}
    for name in ("core packages", "mediapipe", "mmpose", "onnx", "llm client"):
        assert checks[name].ok, checks[name]


def test_setup_names_the_pinned_versions(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (root / "requirements/no-deps.txt").read_text(encoding="utf-8")
    pinned = set(re.findall(r"^(\S+==\S+)", text, re.MULTILINE))
    for estimator in NO_DEPENDENCIES:
        assert main(["setup", estimator, "--dry-run"]) == 0
    told = capsys.readouterr().out
    assert set(re.findall(r"\S+==\S+", told)) == pinned
    assert "opencv-python-headless>=4.9" in told


def test_setup_stops_where_pip_does(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("mgskel.doctor.setup.setup_steps", lambda name: (("no-such-command",),) * 2)
    assert main(["setup", "mediapipe"]) == 1
    told = capsys.readouterr().err
    assert "pip could not install what mediapipe needs" in told
    assert told.count("pip no-such-command") == 1


def test_remedies_name_extras_that_exist(root: Path) -> None:
    project = (root / "pyproject.toml").read_text(encoding="utf-8")
    extras = {extra for one in PARTS for extra in re.findall(r"mgskel\[(\w+)\]", one.remedy)}
    assert extras
    for extra in extras:
        assert re.search(rf"^{extra} = \[", project, re.MULTILINE), extra


class Server(BaseHTTPRequestHandler):
    """Lists its models to those who bring the key."""

    def do_GET(self) -> None:
        known = self.headers.get("Authorization") == "Bearer right"
        self.send_response(200 if self.path == "/v1/models" and known else 401)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Server) as http:
        thread = threading.Thread(target=http.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}/v1"
        http.shutdown()
        thread.join()


def llm_check() -> Check:
    (check,) = examine([one for one in PARTS if one.name == "llm server"])
    return check


def test_llm_server(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MGSKEL_LLM_URL", "MGSKEL_LLM_KEY", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    assert llm_check().ok
    assert "none configured" in llm_check().detail

    monkeypatch.setenv("MGSKEL_LLM_URL", server)
    refused = llm_check()
    assert not refused.ok
    assert "401" in refused.detail

    # A key for one company's servers is not shown to others.
    monkeypatch.setenv("OPENAI_API_KEY", "right")
    assert not llm_check().ok

    monkeypatch.setenv("MGSKEL_LLM_KEY", "right")
    assert llm_check().ok
    assert "right" not in llm_check().detail

    monkeypatch.setenv("MGSKEL_LLM_URL", "http://me:secret@127.0.0.1:9/v1")
    absent = llm_check()
    assert not absent.ok
    assert "secret" not in absent.detail
    assert "can't be reached" in absent.detail
    assert absent.remedy


def test_browser_is_found_by_name_or_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("MGSKEL_BROWSER", raising=False)
    assert find_browser() is None
    named = tmp_path / "google-chrome"
    named.touch(0o755)
    assert find_browser() == str(named)
    own = tmp_path / "my-browser"
    own.touch(0o755)
    monkeypatch.setenv("MGSKEL_BROWSER", str(own))
    assert find_browser() == str(own)
