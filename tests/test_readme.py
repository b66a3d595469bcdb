"""What the readme and the tutorials tell people to type works, in the order in which it stands.

Fast: every command exists and knows its options. Slow: every block runs, in a folder that holds
the checkout's `configs` and `tools` and a clip.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mgskel.cli import VERBS, verb_parser

ROOT = Path(__file__).resolve().parents[1]
PAGES = (
    "README.md",
    *sorted(
        page.relative_to(ROOT).as_posix()
        for folder in ("doors", "tutorials")
        for page in (ROOT / "docs" / folder).glob("*.md")
    ),
    "docs/howto/own-backbone.md",
)
# Of all pages the commands are checked, though not run.
EVERY_PAGE = tuple(
    page.relative_to(ROOT).as_posix()
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
)
# Trainings are cut short here: what is tested is that the commands fit together.
BRIEFLY = " --optim.epochs 2 --machine.tensorboard off"


def blocks(page: str) -> list[tuple[str, str]]:
    """(language, text) of every fenced block of a page."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(r"^```(\w+)\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


def commands(page: str) -> list[list[str]]:
    """Every command line of a page, in words, without comments."""
    lines = "\n".join(text for language, text in blocks(page) if language in ("sh", "bash"))
    joined = lines.replace("\\\n", " ").replace("&&", "\n").splitlines()
    found = [shlex.split(line.partition(" > ")[0], comments=True) for line in joined]
    return [words for words in found if words]


COMMANDS = [(page, words) for page in PAGES for words in commands(page)]


@pytest.mark.parametrize("page", EVERY_PAGE)
def test_what_pages_type_the_program_knows(page: str) -> None:
    """Names of commands and of their options; settings by dotted names are others' to check."""
    for program, *rest in commands(page):
        if program != "mgskel":
            continue
        assert rest[0] in VERBS, f"{page}: no command {rest[0]}"
        module, parser = verb_parser(rest[0])
        known = {name for action in parser._actions for name in action.option_strings}
        for word in rest[1:]:
            option = word.partition("=")[0]
            if re.match(r"--?[a-z]", option) and not getattr(module, "TAKES_KEYS", False):
                assert option in known, f"{page}: {rest[0]} has no {option}"


@pytest.mark.parametrize(("page", "words"), COMMANDS, ids=[" ".join(w) for _, w in COMMANDS])
def test_every_command_is_known(page: str, words: list[str]) -> None:
    program, *rest = words
    if program == "mgskel":
        assert rest[0] in VERBS
        module, parser = verb_parser(rest[0])
        _, unknown = parser.parse_known_args(rest[1:])
        assert getattr(module, "TAKES_KEYS", False) or not unknown
        if rest[0] == "train":
            from mgskel.core.config import load_config
            from mgskel.training.train_config import TrainConfig

            load_config(TrainConfig, ROOT / rest[rest.index("-c") + 1], unknown)
    elif program == "make":
        if shutil.which("make") is None:
            pytest.skip("needs make")
        planned = subprocess.run(["make", "-n", *rest], cwd=ROOT, capture_output=True, text=True)
        assert planned.returncode == 0, planned.stderr
    elif program not in ("cp", "mkdir"):
        assert program == "python", f"{page}: nothing tests {program}"
        assert (ROOT / rest[0]).is_file()


def test_the_pages_hold_commands() -> None:
    assert {words[0] for _, words in COMMANDS} >= {"make", "mgskel"}
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


@pytest.mark.parametrize("page", [p for p in EVERY_PAGE if p.startswith("docs/results/")])
def test_a_page_of_results_names_the_command_that_makes_it(page: str) -> None:
    named = re.findall(r"python (tools/\w+\.py)", (ROOT / page).read_text(encoding="utf-8"))
    assert named, page
    assert all((ROOT / tool).is_file() for tool in named)


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
