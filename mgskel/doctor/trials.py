"""One function per part: it really uses the part and returns a line about it, or raises.

They run in processes of their own (see `checks`), so each may import what it likes.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import platform
import shutil
import subprocess
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from mgskel.core.machine.extras import install_command
from mgskel.doctor.checks import part

if TYPE_CHECKING:
    import numpy as np

_PIP = "python -m pip install"
_CORE = f"{_PIP} --upgrade --force-reinstall mgskel  (in a checkout: make install)"
_SMALL_NETWORK = "rtmpose-t_8xb256-420e_coco-256x192"
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
# Headless, quiet, and with nothing fetched in the background.
BROWSER_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@part("python", "install Python 3.11 or newer", needed=True)
def python() -> str:
    """The interpreter; the full pinned set needs 3.11, the core also runs on newer ones."""
    return f"{platform.python_version()} on {platform.system()} {platform.machine()}"


@part("core packages", _CORE, needed=True)
def core() -> str:
    """Every package of the core imports."""
    from mgskel.core.version import __version__

    modules = {
        "numpy": "numpy",
        "scipy": "scipy.signal",
        "pandas": "pandas",
        "matplotlib": "matplotlib.figure",
        "pydantic": "pydantic",
        "torch": "torch",
        "torch-geometric": "torch_geometric",
        "lightning": "lightning.pytorch",
        "torchmetrics": "torchmetrics",
        "scikit-learn": "sklearn",
        "safetensors": "safetensors.torch",
    }
    for module in modules.values():
        importlib.import_module(module)
    versions = [f"{name} {version(name)}" for name in modules]
    return ", ".join([f"mgskel {__version__}", *versions])


@part("threads", _CORE, needed=True)
def threads() -> str:
    """Cores that may be used, and the threads that torch gets."""
    from mgskel.core.machine.threads import set_threads, usable_cores

    return f"{usable_cores()} usable cores, torch takes {set_threads()}"


@part("video", f"{_PIP} 'av>=14'", needed=True)
def video() -> str:
    """An H.264 clip is written and read back."""
    import av
    import numpy as np

    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "clip.mp4")
        with av.open(path, "w") as out:
            stream = out.add_stream("libx264", rate=25)
            stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
            for level in (0, 80, 160):
                picture = np.full((48, 64, 3), level, np.uint8)
                out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            out.mux(stream.encode(None))
        with av.open(path) as clip:
            frames = sum(1 for _ in clip.decode(video=0))
    if frames != 3:
        raise RuntimeError(f"3 frames written, {frames} read back")
    return f"PyAV {av.__version__} writes and reads H.264"


@part("elan files", f"{_PIP} 'pympi-ling>=1.70'", needed=True)
def elan() -> str:
    """An ELAN file is written and read back."""
    from mgskel.core.events import GestureEvent, read_events, write_events

    event = GestureEvent("1", "Touching ears", 8, 0.5, 1.25, 0.9, True)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.eaf"
        write_events(path, (event,))
        (again,) = read_events(path)
    if (again.label, again.start_s, again.end_s) != (event.label, event.start_s, event.end_s):
        raise RuntimeError(f"written {event}, read back {again}")
    return f"pympi-ling {version('pympi-ling')} writes and reads .eaf"


@part("mediapipe", install_command("mediapipe"), needed=True, newest_python=(3, 12))
def mediapipe() -> str:
    """The default: Holistic, built from the model files in MediaPipe's wheel."""
    _people_found("mediapipe")
    return f"{version('mediapipe')} runs on a drawn picture"


@part("recognizer", _CORE, needed=True)
def recognizer() -> str:
    """The shipped recognizer loads, and looks through two seconds of a drawn person."""
    import numpy as np

    from mgskel.core.sequence import PoseSequence
    from mgskel.spotting.recognizer import Recognizer

    spotter = Recognizer.load()
    layout = spotter.skeleton
    pose = np.random.default_rng(0).uniform(0, 200, (1, layout.num_joints, 2))
    person = PoseSequence.from_arrays(np.repeat(pose, 60, axis=0), fps=30, skeleton=layout)
    spotter.spot(person)
    return f"{spotter.name}, {len(spotter.vocabulary)} gestures"


@part("mmpose", install_command("mmpose"), newest_python=(3, 11))
def mmpose() -> str:
    """A small network with random weights: plumbing only, since weights are the user's to bring."""
    from mgskel.pose.estimators.mmpose_models import MMPoseSettings

    if _people_found("mmpose", MMPoseSettings(_SMALL_NETWORK, allow_random_weights=True)) != 1:
        raise RuntimeError("a whole-frame box must give exactly one person")
    return f"{version('mmpose')} runs RTMPose-t with random weights on a drawn picture"


@part("gpu", f"{_PIP} torch  with the CUDA build that https://pytorch.org names for your driver")
def gpu() -> str:
    """A product computed on the GPU; without one, the CPU does everything."""
    import torch

    if torch.cuda.is_available():
        ones = torch.ones(8, 8, device="cuda")
        if float((ones @ ones).sum()) != 512.0:
            raise RuntimeError("the GPU computes wrongly")
        return f"{torch.cuda.get_device_name(0)}, CUDA {torch.version.cuda}"
    if shutil.which("nvidia-smi"):
        raise RuntimeError(f"there is an NVIDIA GPU, but torch {torch.__version__} can't use it")
    return "none; everything runs on the CPU"


@part("onnx", install_command("export"))
def export() -> str:
    """onnxruntime runs a small model."""
    import numpy as np
    import onnx
    import onnxruntime
    from onnx import TensorProto, helper

    value = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in ("x", "y")]
    graph = helper.make_graph([helper.make_node("Neg", ["x"], ["y"])], "g", value[:1], value[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    (answer,) = session.run(None, {"x": np.ones(1, np.float32)})
    if answer[0] != -1:
        raise RuntimeError("onnxruntime computes wrongly")
    script = version("onnxscript")
    return f"onnx {onnx.__version__}, onnxruntime {onnxruntime.__version__}, onnxscript {script}"


@part("llm client", install_command("llm"))
def llm_client() -> str:
    """The client library for language-model servers imports."""
    import openai

    return f"openai {openai.__version__}"


@part(
    "llm server", "start the server, or correct MGSKEL_LLM_URL (such as http://localhost:11434/v1)"
)
def llm() -> str:
    """The configured language-model server answers."""
    import urllib.error
    import urllib.request
    from urllib.parse import urlsplit

    url = os.environ.get("MGSKEL_LLM_URL")
    if not url:
        return "none configured (MGSKEL_LLM_URL); the reasoner `rules` needs none"
    place = urlsplit(url)
    # Only the host is named: an address may hold a password.
    host = f"{place.hostname}:{place.port}" if place.port else str(place.hostname)
    request = urllib.request.Request(url.rstrip("/") + "/models")
    key = os.environ.get("MGSKEL_LLM_KEY", "")
    if not key and place.hostname == "api.openai.com":
        key = os.environ.get("OPENAI_API_KEY", "")
    if key:
        request.add_header("Authorization", f"Bearer {key}")
    try:
        with urllib.request.urlopen(request, timeout=10) as reply:
            return f"{host} answers ({reply.status})"
    except urllib.error.HTTPError as error:
        raise RuntimeError(f"{host} answers {error.code} {error.reason}") from None
    except OSError as error:
        reason = getattr(error, "reason", error)
        raise RuntimeError(f"{host} can't be reached: {reason}") from None


@part("ray", install_command("ray"))
def ray() -> str:
    """Ray imports; a cluster is not started for this."""
    import ray

    return f"ray {ray.__version__}"


@part("browser", "apt-get install chromium chromium-driver  (only the tests of the report need it)")
def try_browser() -> str:
    """Render a page; returns the browser's version."""
    path = find_browser()
    if path is None:
        raise FileNotFoundError("no Chromium or Chrome on PATH, nor named by MGSKEL_BROWSER")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        page = "data:text/html,<p id=mark>drawn</p>"
        command = [path, *BROWSER_FLAGS, f"--user-data-dir={profile}", "--dump-dom", page]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if "drawn" not in done.stdout:
        raise RuntimeError(f"{path} starts but renders nothing")
    version = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
    return version.stdout.strip()


def find_browser() -> str | None:
    """The path of a Chromium or Chrome: MGSKEL_BROWSER if set, else the first one on PATH."""
    named = os.environ.get("MGSKEL_BROWSER")
    if named:
        return shutil.which(named)
    return next(filter(None, map(shutil.which, _BROWSERS)), None)


def _people_found(estimator: str, options: object = None) -> int:
    """Build an estimator, let it look at a drawn figure, and count the people it finds."""
    from mgskel.pose.estimator import EstimatorSettings, create_estimator

    model = create_estimator(EstimatorSettings(estimator, options))
    try:
        (people,) = model.estimate([drawn_person()])
    finally:
        model.close()
    return len(people)


def drawn_person(height: int = 240, width: int = 320) -> np.ndarray:
    """A picture (height, width, 3) uint8 of a figure in flat colours."""
    import numpy as np

    y, x = np.mgrid[0:height, 0:width] / height
    middle = width / height / 2
    picture = np.full((height, width, 3), 205, np.uint8)
    picture[(abs(x - middle) < 0.22) & (y > 0.5)] = (60, 80, 140)
    picture[(abs(x - middle) < 0.05) & (y > 0.4) & (y < 0.55)] = (215, 170, 140)
    picture[((x - middle) / 0.11) ** 2 + ((y - 0.28) / 0.15) ** 2 < 1] = (215, 170, 140)
    for side in (-1, 1):
        picture[((x - middle - side * 0.04) ** 2 + (y - 0.25) ** 2) < 0.012**2] = (40, 30, 30)
    return picture
