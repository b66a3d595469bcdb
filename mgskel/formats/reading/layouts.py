"""Which known layouts a file's joint count allows."""

from __future__ import annotations

from mgskel.core.errors import Faults
from mgskel.core.skeleton import Skeleton, get_skeleton, list_skeletons
from mgskel.formats.format import ReadOptions

# What a count of image points means where the file names no layout.
_USUAL_2D = {
    17: "coco17",
    18: "openpose18",
    22: "imigue22",
    25: "openpose25",
    26: "halpe26",
    33: "mediapipe33",
    133: "coco_wholebody133",
    137: "openpose137",
}


def layouts_with(joints: int) -> tuple[str, ...]:
    """Names of the known layouts with so many joints."""
    return tuple(name for name in list_skeletons() if get_skeleton(name).num_joints == joints)


def layout_for(joints: int, options: ReadOptions, faults: Faults) -> Skeleton:
    """The layout of a file's joints: the caller's, or the only usual one with so many."""
    wanted, likely = options.layout, options.likely_layout
    if wanted is not None:
        layout = get_skeleton(wanted)
        if layout.num_joints != joints:
            raise faults.stop(
                "joints",
                f"{layout.num_joints} for the layout '{layout.name}'",
                joints,
                choose(joints),
            )
        return layout
    if joints in _USUAL_2D:
        return get_skeleton(_USUAL_2D[joints])
    if likely is not None and likely.num_joints == joints:
        return likely
    raise faults.stop(
        "joints",
        "a number of joints that names the layout: " + ", ".join(map(str, sorted(_USUAL_2D))),
        joints,
        choose(joints),
    )


def choose(joints: int) -> str:
    """What a user can do about a file with so many joints."""
    fitting = layouts_with(joints)
    if fitting:
        return f"give --layout; {', '.join(fitting)} have {joints} joints"
    return "describe the layout in a YAML file and give its path by --layout"
