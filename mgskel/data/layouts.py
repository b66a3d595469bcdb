"""Which known layouts a file's joint count allows."""

from __future__ import annotations

from mgskel.skeleton import get_skeleton, list_skeletons


def layouts_with(joints: int) -> tuple[str, ...]:
    """Names of the known layouts with so many joints."""
    return tuple(name for name in list_skeletons() if get_skeleton(name).num_joints == joints)
