"""Where a run may lie: in a folder, in one zip file, or on a model hub under a name.

A run is two files, a description and weights; whatever names one (``runs/mine``, ``mine.zip``,
``hf:OWNER/NAME`` or ``hf:OWNER/NAME@REVISION``) is opened as a folder that holds them. The hub is
spoken to by `huggingface_hub`; ``HF_ENDPOINT`` names another than the usual one.
"""

from __future__ import annotations

import logging
import lzma
import os
import re
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mgskel.core.errors import InputError, MissingDependency, shown
from mgskel.core.storage.files import writing
from mgskel.core.storage.intake import memory_for, open_file, read_json
from mgskel.core.storage.npz import DAMAGED_ZIP

DESCRIPTION_FILE = "recognizer.json"
WEIGHTS_FILE = "model.safetensors"
CARD_FILE = "README.md"
SHIPPED = Path(__file__).parents[1] / "spotting" / "shipped"
_NEEDED = (DESCRIPTION_FILE, WEIGHTS_FILE)
_HUB = re.compile(r"hf:(?P<name>[\w.-]+/[\w.-]+)(?:@(?P<revision>[\w./-]+))?")


@contextmanager
def opened_run(place: str | Path | None) -> Iterator[Path]:
    """The folder of a run while it is read; None and "default" are the recognizer that ships."""
    text = str(place).replace("\\", "/")
    if place is None or text == "default":
        yield SHIPPED
    elif text.startswith("hf:"):
        yield _fetched(text)
    elif os.path.isfile(place) and zipfile.is_zipfile(place):
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
            folder = Path(temporary) / Path(place).stem
            _unpack(Path(place), folder)
            yield folder
    else:
        yield Path(place)


@contextmanager
def run_to_write(place: str | Path) -> Iterator[Path]:
    """A folder to write a run into; of a place that ends in .zip, packed at the end."""
    if Path(place).suffix.lower() != ".zip":
        yield Path(place)
        return
    with tempfile.TemporaryDirectory() as temporary:
        yield Path(temporary)
        pack(temporary, place)


def pack(run: str | Path, path: str | Path) -> None:
    """One zip of a run, the same bytes for the same run."""
    with opened_run(run) as folder, writing(path) as temporary:
        with zipfile.ZipFile(temporary, "w") as archive:
            for name in _files(folder):
                archive.writestr(zipfile.ZipInfo(name), (folder / name).read_bytes())


def push(run: str | Path, name: str, public: bool = False) -> str:
    """Upload a run as OWNER/NAME with a model card; returns its address.

    The token is that of ``hf auth login`` or ``HF_TOKEN``.
    """
    if not _HUB.fullmatch(f"hf:{name}") or "@" in name:
        raise InputError("no name on a model hub", expected="OWNER/NAME", found=name)
    hub = _hub()
    api = hub.HfApi(endpoint=_endpoint())
    with opened_run(run) as folder, _speaking(name):
        contents = {file: (folder / file).read_bytes() for file in _files(folder)}
        contents.setdefault(CARD_FILE, _card(folder, name).encode())
        api.create_repo(name, private=not public, exist_ok=True)
        done = api.create_commit(
            name,
            [hub.CommitOperationAdd(file, content) for file, content in contents.items()],
            commit_message="A run of mgskel",
        )
    return str(done.commit_url)


def _files(folder: Path) -> list[str]:
    for name in _NEEDED:
        if not (folder / name).is_file():
            raise InputError(
                f"the run folder lacks {name}",
                place=folder,
                remedy="finish the training (its command resumes it)",
            )
    return [*_NEEDED, *([CARD_FILE] if (folder / CARD_FILE).is_file() else [])]


def _unpack(path: Path, folder: Path) -> None:
    folder.mkdir()
    most = memory_for(path.stat().st_size)
    try:
        with open_file(path, "run") as handle, zipfile.ZipFile(handle) as archive:
            for name in _NEEDED:
                if archive.getinfo(name).file_size > most:
                    raise ValueError(f"{name} claims more than its archive can hold")
                (folder / name).write_bytes(archive.read(name))
    except (*DAMAGED_ZIP, lzma.LZMAError) as error:
        raise InputError(
            "this archive holds no run",
            place=path,
            expected=" and ".join(_NEEDED),
            found=shown(f"{type(error).__name__}: {error}", 300)[1:-1],
            remedy="write it with 'mgskel hub RUN -o FILE.zip'",
        ) from error


def _fetched(text: str) -> Path:
    """The folder into which the hub's client puts a run, and where it finds it again."""
    match = _HUB.fullmatch(text)
    if match is None:
        raise InputError(
            "no name on a model hub", expected="hf:OWNER/NAME or hf:OWNER/NAME@REVISION", found=text
        )
    hub = _hub()
    with _speaking(match["name"]):
        paths = [
            hub.hf_hub_download(
                match["name"], file, revision=match["revision"], endpoint=_endpoint()
            )
            for file in _NEEDED
        ]
    return Path(paths[0]).parent


def _hub() -> Any:
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    try:
        import huggingface_hub
    except ImportError:
        raise MissingDependency("huggingface_hub", "hub", "names that begin with hf:") from None
    return huggingface_hub


def _endpoint() -> str | None:
    return os.environ.get("HF_ENDPOINT")


@contextmanager
def _speaking(name: str) -> Iterator[None]:
    """What goes wrong between us and the hub is the user's to mend: name, token or network."""
    import httpx2
    from huggingface_hub.errors import HfHubHTTPError

    theirs = logging.getLogger("huggingface_hub")  # tells each retry, on standard error
    before = theirs.level
    theirs.setLevel(logging.ERROR)
    try:
        yield
    except (HfHubHTTPError, httpx2.HTTPError, OSError, ValueError) as error:
        raise InputError(
            f"the model hub did not give or take '{name}'",
            found=" ".join(str(error).split())[:300],
            remedy="check the name and the network; private runs need 'hf auth login' or HF_TOKEN",
        ) from error
    finally:
        theirs.setLevel(before)


def _card(folder: Path, name: str) -> str:
    """A model card that says what it is and what it is not."""
    tree = read_json(folder / DESCRIPTION_FILE)
    words = tree.get("vocabulary", tree.get("classes", {}))
    classes = words.get("gestures", words.get("names", []))
    listed = ", ".join(str(one.get("name") if isinstance(one, dict) else one) for one in classes)
    return (
        "---\nlibrary_name: mgskel\ntags: [mgskel, skeleton, micro-gesture]\n---\n\n"
        f"# {name}\n\nA recognizer of movements in skeletons, by mgskel {tree.get('mgskel')}.\n\n"
        f'```python\nimport mgskel as mg\n\nrecognizer = mg.load("hf:{name}")\n```\n\n'
        f"Classes: {listed or 'see recognizer.json'}.\n\n"
        "A gesture is not an emotion. Say here what it was trained on, how well it does on people "
        "kept apart, and for whom it was never tried.\n"
    )
