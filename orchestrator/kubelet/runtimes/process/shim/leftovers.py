"""What is on the machine of a node beside its processes: its directories, what is mounted there, its control groups."""

import os

from orchestrator.kubelet.runtimes.process.shim import cgroups
from orchestrator.kubelet.runtimes.process.shim.messages import SHARED_MEMORY
from orchestrator.kubelet.runtimes.process.shim.mounted import release
from orchestrator.kubelet.runtimes.process.shim.trees import remove_tree


def discard(directory: str) -> None:
    """Take away what the shim of a directory has left that was killed: nobody of its own is there to do it."""
    if clear_groups(directory):
        remove_places(directory)


def clear_groups(directory: str) -> bool:
    """Take away the control groups of a shim that was killed, and what they are mounted by; whether they are gone."""
    own = f"{directory}/cgroup"
    trees = cgroups.trees_of(os.path.basename(directory), own)
    gone = [cgroups.remove_tree(tree) for tree in trees]
    if os.path.isdir(own):
        cgroups.unmount(own)
        remove_tree(own)
    return all(gone)


def remove_places(directory: str) -> None:
    """Remove the directory and the one of its name in memory, with all that is mounted there."""
    for place in (directory, f"{SHARED_MEMORY}/{os.path.basename(directory)}"):
        release(place)
        remove_tree(place)
