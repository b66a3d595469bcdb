"""Registries: parts of one kind, known by name, each registered by the file that defines it.

A room keeps one registry for each kind of part that others may add to::

    BACKBONES: Registry[type[Backbone]] = Registry("backbone", "mgskel.models", "mgskel.backbones")

    BACKBONES.register("stgcn", STGCN)  # usually inside the room's own typed decorator

Nothing is listed anywhere else. At the first look, the registry imports every module of its
package, and then what other installed packages name under its entry point group::

    [project.entry-points."mgskel.backbones"]
    mine = "my_package.my_network"

A single file outside any package is added by `load_file`, or named with the part: where a name is
asked for, ``FILE.py:NAME`` will do.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.metadata
import importlib.util
import pkgutil
import sys
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Generic, TypeVar

from mgskel.core.errors import InputError, unknown

Entry = TypeVar("Entry")


class Registry(Generic[Entry]):
    """Entries of one kind by name.

    Args:
        kind: what an entry is, in the singular, for messages ("backbone").
        package: the package whose modules register entries when they are imported.
        group: the entry point group by which other packages name such modules.
    """

    def __init__(self, kind: str, package: str, group: str) -> None:
        self.kind, self.package, self.group = kind, package, group
        self._entries: dict[str, Entry] = {}
        self._homes: dict[str, str | None] = {}
        self._complete = False
        self._lock = threading.RLock()

    def register(self, name: str, entry: Entry, origin: object = None) -> Entry:
        """Add an entry. A name that is taken is refused, but a definition may be run again.

        Args:
            origin: the class or function that the entry was made of; by default the entry.
        """
        home = _home(entry if origin is None else origin)
        if name in self._entries and (home is None or home != self._homes[name]):
            raise InputError(
                f"two of the kind '{self.kind}' are called '{name}'",
                expected="a name of its own",
                found=f"{self._homes[name] or 'one'} and {home or 'another'}",
                remedy="rename one of them",
            )
        self._entries[name], self._homes[name] = entry, home
        return entry

    def get(self, name: str) -> Entry:
        """The entry of a name, or of ``FILE.py:NAME`` in a file of the user's own.

        The error for an unknown one names the nearest.
        """
        file, _, within = name.rpartition(":")
        if file.endswith(".py"):
            return self._in_file(Path(file), within)
        if name not in self._entries:
            self._discover()
        if name not in self._entries:
            raise unknown(self.kind, name, self.names())
        return self._entries[name]

    def _in_file(self, file: Path, name: str) -> Entry:
        """What a file registers under a name, or by a class or function of that name."""
        module = sys.modules.get(_module_name(file)) or load_file(file)
        prefix = f"{module.__name__}."
        here = {n: h for n, h in self._homes.items() if h is None or h.startswith(prefix)}
        made = (n for n, home in here.items() if home == prefix + name)
        found = name if name in here else next(made, None)
        if found is None:
            raise unknown(self.kind, name, here, place=file)
        return self._entries[found]

    def names(self) -> tuple[str, ...]:
        """All names: first the package's own, module by module, then those of others."""
        self._discover()
        return tuple(self._entries)

    def __iter__(self) -> Iterator[Entry]:
        self._discover()
        return iter(tuple(self._entries.values()))

    def __len__(self) -> int:
        return len(self.names())

    def __contains__(self, name: object) -> bool:
        return name in self.names()

    def _discover(self) -> None:
        with self._lock:
            if self._complete:
                return
            self._complete = True  # a module may ask for names while it is being imported
            try:
                import_modules(self.package)
            except BaseException:
                self._complete = False
                raise
            for point in importlib.metadata.entry_points(group=self.group):
                try:
                    point.load()
                except Exception as error:  # whatever a foreign package's import runs into
                    warnings.warn(
                        f"the {self.kind} '{point.name}' ({point.value}) of another package cannot "
                        f"be loaded and is left out: {type(error).__name__}: {error}",
                        stacklevel=3,
                    )


def import_modules(package: str) -> None:
    """Import every module directly within a package, in the order of their names."""
    for module in pkgutil.iter_modules(importlib.import_module(package).__path__):
        if not module.name.startswith("_"):
            importlib.import_module(f"{package}.{module.name}")


def load_file(path: str | Path) -> ModuleType:
    """Run a Python file of the user's own, so that the parts in it register themselves."""
    file = Path(path).resolve()
    name = _module_name(file)
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None or not file.is_file():
        raise InputError(
            "this is no Python file", place=path, expected="a file NAME.py", remedy="check the path"
        )
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pickles look their module up
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise InputError(
            f"the file cannot be run: {type(error).__name__}: {error}", place=path
        ) from error
    return module


def _module_name(file: Path) -> str:
    place = hashlib.sha256(str(file.resolve()).encode()).hexdigest()[:8]
    return f"mgskel_user_{file.stem}_{place}"


def _home(origin: object) -> str | None:
    """Where something was defined, for things that know it."""
    name = getattr(origin, "__qualname__", None)
    return None if name is None else f"{getattr(origin, '__module__', '')}.{name}"
