"""What the readme and the tutorials tell people to type works, in the order in which it stands.

Fast: every command exists and knows its options. Slow: every block runs, in a folder that holds
the checkout's `configs` and `tools` and a clip.
"""

from __future__ import annotations

import argparse
import importlib
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mgskel.cli import VERBS

ROOT = Path(__file__).resolve().parents[1]
PAGES = (
    "README.md",
    *sorted(f"docs/tutorials/{page.name}" for page in (ROOT / "docs/tutorials").glob("*.md")),
    "docs/howto/own-backbone.md",
)
# Trainings are cut short here: what is tested is that the commands fit together.
BRIEFLY = " --optim.epochs 2 --machine.tensorboard off"


def blocks(page: str) -> list[tuple[str, str]]:
    """(language, text) of every fenced block of a page."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(r"^```(\w+)\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


def commands(page: str) -> list[list[str]]:
    """Every command line of a page, in words, without comments."""
    lines = "\n".join(text for language, text in blocks(page) if language == "sh")
    joined = lines.replace("\\\n", " ").splitlines()
    return [words for line in joined if (words := shlex.split(line, comments=True))]


COMMANDS = [(page, words) for page in PAGES for words in commands(page)]


def known_options(verb: str) -> tuple[argparse.ArgumentParser, bool]:
    module = importlib.import_module(f"mgskel.cli.{verb}")
    parser = argparse.ArgumentParser(exit_on_error=False)
    module.add_arguments(parser)
    return parser, getattr(module, "TAKES_KEYS", False)


@pytest.mark.parametrize(("page", "words"), COMMANDS, ids=[" ".join(w) for _, w in COMMANDS])
def test_every_command_is_known(page: str, words: list[str]) -> None:
    program, *rest = words
    if program == "mgskel":
        assert rest[0] in VERBS
        parser, takes_keys = known_options(rest[0])
        _, unknown = parser.parse_known_args(rest[1:])
        assert takes_keys or not unknown
        if rest[0] == "train":
            from mgskel.core.config import load_config
            from mgskel.training.config import TrainConfig

            load_config(TrainConfig, ROOT / rest[rest.index("-c") + 1], unknown)
    elif program == "make":
        if shutil.which("make") is None:
            pytest.skip("needs make")
        planned = subprocess.run(["make", "-n", *rest], cwd=ROOT, capture_output=True, text=True)
        assert planned.returncode == 0, planned.stderr
    else:
        assert program == "python", f"{page}: nothing tests {program}"
        assert (ROOT / rest[0]).is_file()


def test_the_pages_hold_commands() -> None:
    assert {words[0] for _, words in COMMANDS} == {"make", "mgskel", "python"}
    assert {words[1] for _, words in COMMANDS if words[0] == "make"} == {"demo", "test"}


def claims() -> list[tuple[str, str]]:
    """(linked file, row) of every row of the readme's results."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    results = text.partition("\n## Results\n")[2].partition("\n## ")[0]
    rows = [line for line in results.splitlines() if line.startswith("|")]
    found = [(re.search(r"\]\(((?:docs|mgskel)/\S+?)\)", row), row) for row in rows]
    return [(link[1], row) for link, row in found if link]


def test_every_figure_stands_in_the_file_beside_it() -> None:
    assert claims()
    for file, text in claims():
        source = (ROOT / file).read_text(encoding="utf-8")
        missing = [n for n in re.findall(r"\d+\.\d+", text) if n not in source]
        assert not missing, f"{file} does not say {missing}: update the readme's results"


def run(program: list[str], folder: Path) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(program, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"{program[-1]}\n{done.stdout}\n{done.stderr}"


def shortened(script: str) -> str:
    """The block with trainings of two epochs, and without `make`, which is tested below."""
    lines = script.replace("\\\n", " ").splitlines()
    kept = [line for line in lines if not line.startswith("make ")]
    return "\n".join(line + BRIEFLY if line.startswith("mgskel train ") else line for line in kept)


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_every_block_runs(page: str, sample_clip: Path, tmp_path: Path) -> None:
    for name in ("configs", "tools"):
        (tmp_path / name).symlink_to(ROOT / name)
    shutil.copy(sample_clip, tmp_path / "clip.mp4")
    script = "import warnings; warnings.filterwarnings('ignore')\n"
    for language, text in blocks(page):
        if language == "sh":
            run(["sh", "-e", "-c", shortened(text)], tmp_path)
        elif language == "yaml":
            name = re.match(r"# (\S+)\n", text)
            assert name, "a YAML block begins with the name of its file"
            (tmp_path / name[1]).write_text(text)
        elif language == "python":
            # Blocks of a page build on one another.
            script += text
            run([sys.executable, "-c", script], tmp_path)


@pytest.mark.slow
def test_the_demo_makes_two_pages(tmp_path: Path, sample_clip: Path) -> None:
    """What `make demo` runs once everything is installed."""
    run([sys.executable, str(ROOT / "tools/demo.py"), "--out", str(tmp_path / "out")], ROOT)
    for name in ("sample-clip", "synthetic"):
        page = (tmp_path / "out" / name / "report.html").read_text(encoding="utf-8")
        assert page.startswith("<!") and len(page) > 50_000
