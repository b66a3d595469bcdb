"""Setting up: a machine that lacks something is told what, before anything is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest


def install(root: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", "requirements/install.sh", *arguments],
        cwd=root,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def old_python(tmp_path: Path) -> str:
    """An interpreter that is not Python 3.11."""
    script = tmp_path / "python3.11"
    script.write_text("#!/bin/sh\nexit 1\n")
    script.chmod(0o755)
    return str(script)


def test_another_python_is_refused(root: Path, tmp_path: Path, old_python: str) -> None:
    done = install(root, str(tmp_path / "env"), old_python)
    assert done.returncode == 2
    assert "needs Python 3.11" in done.stderr
    assert old_python in done.stderr
    assert "remedy" in done.stderr
    assert not (tmp_path / "env").exists()


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="needs Python 3.11 itself")
def test_a_missing_compiler_is_named(root: Path, tmp_path: Path) -> None:
    done = install(root, str(tmp_path / "env"), sys.executable, CC="no-such-compiler")
    assert done.returncode == 2
    assert "no C compiler (no-such-compiler)" in done.stderr
    assert "apt-get install" in done.stderr
    assert not (tmp_path / "env").exists()


def test_make_installs_only_when_a_list_changed(root: Path, tmp_path: Path) -> None:
    """Make runs in a copy whose installer only leaves a trace."""
    (tmp_path / "requirements").mkdir()
    for name in ("build-tools.txt", "lock.txt", "no-deps.txt", "docs.txt", "extras.txt"):
        (tmp_path / "requirements" / name).write_text("")
    trace = 'mkdir -p "$1"; echo "installed with [$2]" >> trace\n'
    (tmp_path / "requirements/install.sh").write_text(trace)
    (tmp_path / "Makefile").write_text((root / "Makefile").read_text(encoding="utf-8"))

    def installs(*arguments: str) -> list[str]:
        command = ["make", "install", *arguments]
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
        return (tmp_path / "trace").read_text().splitlines()

    assert installs("PYTHON=python3.11") == ["installed with [python3.11]"]
    assert len(installs()) == 1
    (tmp_path / "requirements/lock.txt").write_text("numpy==2.4.6\n")
    assert installs()[1:] == ["installed with []"]
    assert len(installs()) == 2


@pytest.fixture(scope="module")
def elsewhere(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment that has the wheel, and from here what the wheel needs; no checkout."""
    place = tmp_path_factory.mktemp("wheel")
    source = place / "source"
    rest = shutil.ignore_patterns(".git", "tests", "runs", ".venv")
    # On top only: the package has folders of such names itself.
    shutil.copytree(
        root, source, ignore=lambda at, names: rest(at, names) if at == str(root) else ()
    )
    pip = [sys.executable, "-m", "pip", "-q", "--disable-pip-version-check"]
    build = ["wheel", "--no-deps", "--no-build-isolation", "-w", str(place), str(source)]
    subprocess.run([*pip, *build], check=True)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(place / "env")], check=True)
    python = place / "env/bin/python"
    (wheel,) = place.glob("*.whl")
    home = next((place / "env").glob("lib/*/site-packages"))
    subprocess.run([*pip, "--python", str(python), "install", "--no-deps", str(wheel)], check=True)
    (home / "needed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return place


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        "demo -o out",
        "doctor",
        "synthesise clips 40 -o train.npz --labels nod,shrug",
        "train -c configs/micro.yaml --data.train train.npz -o run --optim.epochs 1",
        "evaluate run --data train.npz",
        "synthesise recordings 1 --seconds 20 -o talk",
        "reason talk/synthetic-0000.npz --scene configs/scenes/job_interview_gap.yaml",
    ],
)
def test_the_wheel_works_away_from_the_checkout(elsewhere: Path, words: str) -> None:
    away = elsewhere / "away"
    away.mkdir(exist_ok=True)
    python = elsewhere / "env/bin/python"
    done = subprocess.run([python, "-m", "mgskel", *words.split()], cwd=away, text=True,
                          env=_without_checkout(), capture_output=True)  # fmt: skip
    assert done.returncode == 0, done.stderr
    where = subprocess.run([python, "-c", "import mgskel; print(mgskel.__file__)"], cwd=away,
                           env=_without_checkout(), capture_output=True, text=True)  # fmt: skip
    assert where.stdout.startswith(str(elsewhere))


@pytest.mark.slow
@pytest.mark.parametrize("words", ["--help", "train --help", "extract --help", "convert --help"])
def test_help_comes_at_once(elsewhere: Path, words: str) -> None:
    """Under 0.2 s of a processor, whatever else the machine does; two list what is registered."""
    command = [str(elsewhere / "env/bin/python"), "-m", "mgskel", *words.split()]
    environment = _without_checkout()
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # as for a user, who compiles once
    spent = []
    for _ in range(5):  # the first compiles; the least counts, for a busy machine makes all slower
        before = os.times()
        subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
        after = os.times()
        user = after.children_user - before.children_user
        spent.append(user + after.children_system - before.children_system)
    assert min(spent) < 0.2, spent


def _without_checkout() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
