"""One function per part: it really uses the part and returns a line about it, or raises.

They run in processes of their own (see `checks`), so each may import what it likes.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import platform
import shutil
import tempfile
from pathlib import Path


def python() -> str:
    """The interpreter; the full pinned set needs 3.11, the core also runs on newer ones."""
    return f"{platform.python_version()} on {platform.system()} {platform.machine()}"


def core() -> str:
    """Every package of the core imports."""
    import mgskel

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
    versions = [f"{name} {importlib.metadata.version(name)}" for name in modules]
    return ", ".join([f"mgskel {mgskel.__version__}", *versions])


def threads() -> str:
    """Cores that may be used, and the threads that torch gets."""
    from mgskel.core.threads import set_threads, usable_cores

    return f"{usable_cores()} usable cores, torch takes {set_threads()}"


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


def recognizer() -> str:
    """The shipped recognizer loads, and looks through two seconds of a drawn person."""
    import numpy as np

    from mgskel.core.sequence import PoseSequence
    from mgskel.core.skeleton import get_skeleton
    from mgskel.spotting.spotter import load_spotter

    spotter = load_spotter()
    joints = get_skeleton(spotter.network.features.layout).num_joints
    pose = np.random.default_rng(0).uniform(0, 200, (1, joints, 2))
    person = PoseSequence.from_arrays(
        np.repeat(pose, 60, axis=0), fps=30, skeleton=spotter.network.features.layout
    )
    spotter.spot(person)
    return f"{spotter.name}, {len(spotter.vocabulary)} gestures"


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
    return f"pympi-ling {importlib.metadata.version('pympi-ling')} writes and reads .eaf"


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
    script = importlib.metadata.version("onnxscript")
    return f"onnx {onnx.__version__}, onnxruntime {onnxruntime.__version__}, onnxscript {script}"


def ray() -> str:
    """Ray imports; a cluster is not started for this."""
    import ray

    return f"ray {ray.__version__}"


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


def llm_client() -> str:
    """The client library for language-model servers imports."""
    import openai

    return f"openai {openai.__version__}"
