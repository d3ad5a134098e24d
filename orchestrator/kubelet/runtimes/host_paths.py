"""What a hostPath volume may ask of the path on its node, and local volumes always do."""

import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from orchestrator.kubelet.mount_faults import LOCAL

_CREATED: Final = "OrCreate"
_Check = tuple[Callable[[int], bool], str]
_TYPES: Final[Mapping[str, _Check]] = {
    "Directory": (stat.S_ISDIR, "a directory"),
    "File": (stat.S_ISREG, "a file"),
    "Socket": (stat.S_ISSOCK, "a socket file"),
    "CharDevice": (stat.S_ISCHR, "a character device"),
    "BlockDevice": (stat.S_ISBLK, "a block device"),
}


def host_fault(path: str, kind: str) -> str:
    """Why a path cannot be mounted as this type of HostPath, or LOCAL; empty: it can. It is made if the type says so."""
    if kind == LOCAL:
        return _local_fault(path)
    if kind.endswith(_CREATED) and not os.path.exists(path):
        return _made(path, file=kind.startswith("File"))
    known = _TYPES.get(kind.removesuffix(_CREATED))
    if known is None:
        return f"{kind} is an invalid volume type"
    suits, what = known
    if os.path.exists(path) and suits(os.stat(path).st_mode):
        return ""
    return f"hostPath type check failed: {path} is not {what}"


def _made(path: str, *, file: bool) -> str:
    try:
        if file:
            Path(path).touch(0o644)
        else:
            os.makedirs(path, 0o755)
    except OSError as error:
        why = os.strerror(error.errno or 0).lower()
        return f"{'open' if file else 'mkdir'} {path}: {why}"
    return ""


def _local_fault(path: str) -> str:
    if not os.path.exists(path):
        return f'path "{path}" does not exist'
    mode = os.stat(path).st_mode
    return "" if stat.S_ISDIR(mode) else "only directory and block device are supported"
