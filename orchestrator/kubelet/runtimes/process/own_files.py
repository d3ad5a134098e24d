"""The files that Kubernetes puts into each container, which the containers of a pod share."""

import os
from pathlib import Path
from typing import Final

from orchestrator.kubelet.runtimes.interface import World
from orchestrator.kubelet.runtimes.process.runs import touch

_FILES: Final = ("/etc/hosts", "/etc/hostname", "/etc/resolv.conf")
_HEAD: Final = b"# Kubernetes-managed hosts file."
_OWN_LINES: Final = 3  # before those of the aliases


def own_files(place: Path, world: World, *, host: bool) -> dict[str, Path]:
    """The files by where a container has them, kept in the pod's directory `place`.

    A pod of the host's network has the host's names, as the kubelet passes them on.
    """
    directory = place / "etc"
    files: dict[str, Path] = {}
    for target in _FILES:
        if target in world.files:
            files[target] = directory / os.path.basename(target)
            if not files[target].exists():
                data = world.files[target]
                touch(files[target], 0o644).write_bytes(_host_names(data) if host else data)
    return files


def _host_names(data: bytes) -> bytes:
    """The hosts file of the machine, with the aliases of the pod's own; any other file as it is."""
    if not data.startswith(_HEAD):
        return data
    aliases = b"\n".join(data.split(b"\n")[_OWN_LINES:])
    own = Path("/etc/hosts").read_bytes() if os.path.exists("/etc/hosts") else b""
    return b"# Kubernetes-managed hosts file (host network).\n" + own + aliases
