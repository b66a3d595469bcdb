"""No Docker runs here, so what the Dockerfile and the devcontainer name is checked by reading."""

from __future__ import annotations

import json
import re
import subprocess
from fnmatch import fnmatch
from pathlib import Path

import pytest


def instructions(root: Path) -> list[tuple[str, str]]:
    """(word, rest) of each instruction, continued lines joined."""
    text = (root / "Dockerfile").read_text(encoding="utf-8")
    lines = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ").splitlines()
    return [
        (word, rest.strip()) for word, _, rest in (line.partition(" ") for line in lines) if word
    ]


def copied(root: Path) -> list[str]:
    """What comes from the checkout."""
    copies = [rest.split() for word, rest in instructions(root) if word == "COPY"]
    return [name for words in copies if not words[0].startswith("--") for name in words[:-1]]


def test_what_is_copied_is_there_and_sent(root: Path) -> None:
    lines = (root / ".dockerignore").read_text(encoding="utf-8").split("\n")
    sent = [line[1:] for line in lines if line.startswith("!")]
    for name in copied(root):
        assert (root / name).exists(), name
        assert any(fnmatch(name, one) or name.startswith(f"{one}/") for one in sent), name
    assert {name.split("/")[0] for name in copied(root)} == set(sent)


def test_stages_and_python_agree(root: Path) -> None:
    found = [rest.split() for word, rest in instructions(root) if word == "FROM"]
    names = [words[2] for words in found if len(words) == 3]
    bases = {words[0] for words in found} - set(names)
    assert bases == {"python:3.11-slim-bookworm"}  # what requirements/install.sh asks for
    text = (root / "Dockerfile").read_text(encoding="utf-8")
    for stage in re.findall(r"--from=(\w+)", text):
        assert stage in names
    dev = json.loads((root / ".devcontainer/devcontainer.json").read_text(encoding="utf-8"))
    built = dev["build"]
    assert built["target"] in names
    assert (root / ".devcontainer" / built["dockerfile"]).resolve() == root / "Dockerfile"
    target = dev["postCreateCommand"].split()[1]
    assert re.search(rf"^{target}:", (root / "Makefile").read_text("utf-8"), re.MULTILINE)


@pytest.mark.slow
def test_the_lists_first_and_the_source_later_make_one_installation(
    root: Path, tmp_path: Path
) -> None:
    """As the Dockerfile does: installed while only the package's version is there."""
    import shutil
    import sys
    import sysconfig

    early, late = copied(root)[:-1], copied(root)[-1]
    for name in early:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (root / name).is_dir() else shutil.copy
        copy(root / name, tmp_path / name)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / ".venv"], check=True)
    home = next((tmp_path / ".venv").glob("lib/*/site-packages"))
    (home / "needed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    python = str(tmp_path / ".venv/bin/python")
    pip = [sys.executable, "-m", "pip", "-q", "--python", python]
    words = ["install", "--no-deps", "--no-build-isolation", "--editable", "."]
    subprocess.run([*pip, *words], cwd=tmp_path, check=True)
    shutil.copytree(root / late, tmp_path / late, dirs_exist_ok=True)
    shown = subprocess.run(
        [tmp_path / ".venv/bin/mgskel", "--version"], cwd=home, env={}, capture_output=True
    )
    assert shown.stdout.startswith(b"mgskel "), shown.stderr
