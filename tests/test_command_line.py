"""The command line's frame: overview, help, and how every command ends, whatever happens."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import mgskel
from mgskel.cli import VERBS, doctor, main, verb_parser
from mgskel.cli.shared.glossary import WORDS, explained


def test_overview_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    shown = capsys.readouterr().out
    for verb in VERBS:
        assert f"  {verb} " in shown


@pytest.mark.parametrize("verb", VERBS)
def test_help_shows_two_examples_that_parse(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([verb, "--help"]) == 0
    shown = capsys.readouterr().out
    module, parser = verb_parser(verb)
    assert len(module.EXAMPLES) >= 2
    for example in module.EXAMPLES:
        assert f"\n  mgskel {verb} {example}" in shown
        parser.parse_known_args(shlex.split(example))


@pytest.mark.parametrize("verb", VERBS)
def test_help_names_only_what_comes_with_the_package(verb: str) -> None:
    module, parser = verb_parser(verb)
    said = " ".join((parser.format_help() + module.HELP).split())
    assert "tools/" not in said and "docs/" not in said
    named = re.findall(r"configs/[\w/]+\.yaml", said)
    assert all((Path(mgskel.__file__).parent / name).is_file() for name in named), named


def test_help_explains_its_words(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        verb_parser("spot")[1].parse_args(["--help"])
    assert "\nwords:\n" in capsys.readouterr().out
    assert explained("a RUN or bundles") == (
        f"words:\n  bundle  {WORDS['bundle']}\n  run     {WORDS['run']}"
    )
    glossary = (root / "docs/glossary.md").read_text(encoding="utf-8")
    assert not [word for word in WORDS if f"\n{word}\n:" not in glossary]


def test_unknown_command_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyse"]) == 2
    message = capsys.readouterr().err
    assert "unknown command 'analyse'" in message
    assert "'analyze'" in message


@pytest.mark.parametrize("arguments", [["--help"], ["doctor", "--help"], ["--version"]])
def test_output_into_a_closed_pipe_is_no_fault(arguments: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "mgskel", *arguments]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_unforeseen_is_one_sentence_and_a_trace_on_request(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stumble(args: object) -> int:
        raise KeyError("two\nlines")

    monkeypatch.setattr(doctor, "run", stumble)
    assert main(["doctor"]) == 70
    told = capsys.readouterr().err
    assert told.startswith("internal error in mgskel doctor: KeyError:")
    assert "--debug" in told and "Traceback" not in told
    assert main(["doctor", "--debug"]) == 70
    assert "Traceback" in capsys.readouterr().err


def _as_libraries_do(args: object) -> int:
    try:
        raise KeyboardInterrupt
    except KeyboardInterrupt:
        raise SystemExit(1) from None


def _plainly(args: object) -> int:
    raise KeyboardInterrupt


@pytest.mark.parametrize("stopped", [_plainly, _as_libraries_do])
def test_an_interrupt_is_told_by_code_and_sentence(
    stopped: object, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(doctor, "run", stopped)
    assert main(["doctor"]) == 130
    assert "mgskel doctor: interrupted" in capsys.readouterr().err


def test_an_interrupt_on_a_pipe() -> None:
    """Ctrl-C in the middle of a command whose output is read by another program."""
    waits = "lambda args: (print('working', flush=True), time.sleep(60))"
    code = f"import time; from mgskel.cli import doctor, main; doctor.run = {waits}; "
    running = subprocess.Popen(
        [sys.executable, "-c", code + "raise SystemExit(main(['doctor']))"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert running.stdout is not None and running.stdout.readline() == "working\n"
    running.send_signal(signal.SIGINT)
    _, told = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "interrupted" in told and "Traceback" not in told


@pytest.mark.parametrize(("number", "status"), [("SIGTERM", 143), ("SIGHUP", 129), ("SIGINT", 130)])
@pytest.mark.parametrize("out", ["pose.npz", "folder"])
def test_a_signal_in_the_middle_of_writing_leaves_nothing(
    number: str, status: int, out: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    from mgskel.core.storage import files

    def fsync(handle: int) -> None:  # everything is written by then, but for its name
        os.kill(os.getpid(), getattr(signal, number))
        time.sleep(5)

    # A program that is started in the background may not hear Ctrl-C.
    at_first = signal.signal(signal.SIGINT, signal.default_int_handler)
    before = signal.getsignal(signal.SIGTERM)
    (tmp_path / "events.csv").write_text("label,start_s,end_s\nnod,0.5,1\n")
    monkeypatch.setattr(files.os, "fsync", fsync)
    pair = [str(tmp_path / "events.csv")] * 2
    words = ["agree", *pair, "-o"] if out == "folder" else ["synthesise", "clips", "1", "-o"]
    try:
        assert main([*words, str(tmp_path / "o" / out)]) == status
    finally:
        signal.signal(signal.SIGINT, at_first)
    assert "interrupted" in capsys.readouterr().err
    assert not [
        path for path in tmp_path.rglob("*") if path.is_file() and path.name != "events.csv"
    ]
    assert signal.getsignal(signal.SIGTERM) == before


def test_bash_completes_commands_and_options(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", "bash"]) == 0
    script = capsys.readouterr().out

    def completed(*words: str) -> list[str]:
        asked = f"COMP_WORDS=(mgskel {' '.join(words)}); COMP_CWORD={len(words)}; _mgskel; "
        code = script + asked + 'echo "${COMPREPLY[@]}"'
        return subprocess.run(["bash", "-c", code], capture_output=True, text=True).stdout.split()

    assert completed("desc") == ["describe"]
    assert completed("spot", "--sens") == ["--sensitivity"]


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_complete_too(
    shell: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["completion", shell]) == 0
    script = tmp_path / "script"
    script.write_text(capsys.readouterr().out)
    if shell == "fish":
        assert "-l sensitivity" in script.read_text()
    if shutil.which(shell) is None:
        pytest.skip(f"needs {shell}")
    asked = {
        "fish": ["--no-config", "-c", f'source {script}; complete -C "mgskel spot --sens"'],
        "zsh": ["-f", "-c", f"source {script}; echo $_comps[mgskel]; setopt ksharrays; "
                "COMP_WORDS=(mgskel spot --sens); COMP_CWORD=2; _mgskel; echo ${COMPREPLY[@]}"],
    }  # fmt: skip
    done = subprocess.run([shell, *asked[shell]], capture_output=True, text=True)
    assert "--sensitivity" in done.stdout and not done.stderr, done.stderr
