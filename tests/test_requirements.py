"""The pinned lists agree with the project's metadata and install anywhere."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

# Extras with a list of their own, and one whose compilation takes minutes: no part of the default.
APART = {"docs", "parquet", "ray"}
UNPINNED = {"llm-local"}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(path: Path) -> dict[str, str]:
    lines = (line.split("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines())
    pairs = (line.split("==") for line in lines if line and not line.startswith("--"))
    return {normal(name): version for name, version in pairs}


def project(root: Path) -> dict[str, list[str]]:
    """Requirement lines per extra; those of the core under the empty name."""
    table = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return {"": table["dependencies"], **table["optional-dependencies"]}


@pytest.mark.parametrize("name", ["build-tools", "lock", "no-deps", "docs", "extras"])
def test_lists_pin_versions_and_name_no_host_and_no_hash(root: Path, name: str) -> None:
    path = root / f"requirements/{name}.txt"
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"://|--hash|--index|--find-links|@|\+", text)
    for package, version in pins(path).items():
        assert re.fullmatch(r"[a-z0-9][a-z0-9._-]*", package), package
        assert re.fullmatch(r"\d[0-9a-z.]*", version), package


def test_every_requirement_is_pinned_within_its_range(root: Path) -> None:
    from packaging.requirements import Requirement

    locked = pins(root / "requirements/lock.txt") | pins(root / "requirements/build-tools.txt")
    separate = (
        locked | pins(root / "requirements/docs.txt") | pins(root / "requirements/extras.txt")
    )
    for extra, lines in project(root).items():
        if extra in UNPINNED:
            continue
        known = separate if extra in APART else locked
        for line in lines:
            wanted = Requirement(line)
            assert normal(wanted.name) in known, f"{extra}: {line}"
            assert wanted.specifier.contains(known[normal(wanted.name)]), f"{extra}: {line}"


def test_lists_agree_with_one_another(root: Path) -> None:
    locked = pins(root / "requirements/lock.txt")
    tools = pins(root / "requirements/build-tools.txt")
    apart = pins(root / "requirements/no-deps.txt")
    assert {name: locked.get(name) for name in tools} == tools
    assert not set(locked) & set(apart)
    for name in ("docs", "extras"):
        assert not set(locked) & set(pins(root / f"requirements/{name}.txt"))


def test_protobuf_stays_where_mediapipe_needs_it(root: Path) -> None:
    assert pins(root / "requirements/lock.txt")["protobuf"].startswith("4.25.")
    bringing = {"mediapipe", "mmpose", "export", "ray", ""}
    for extra in bringing:
        assert "protobuf>=4.25.3,<5" in project(root)[extra]


def test_every_data_file_of_the_package_is_packed(root: Path) -> None:
    text = (root / "pyproject.toml").read_text(encoding="utf-8")
    patterns = tomllib.loads(text)["tool"]["setuptools"]["package-data"]["*"]
    data = [
        path
        for path in (root / "mgskel").rglob("*")
        if path.is_file() and path.suffix not in (".py", ".pyc") and not path.name.startswith(".")
    ]
    assert len(data) > 20
    assert [path for path in data if not any(path.match(pattern) for pattern in patterns)] == []


def test_test_files_have_names_of_their_own(root: Path) -> None:
    """Test folders are no packages, so two files of one name would be one module."""
    names = [path.name for path in (root / "tests").rglob("test_*.py")]
    assert sorted(name for name in set(names) if names.count(name) > 1) == []
