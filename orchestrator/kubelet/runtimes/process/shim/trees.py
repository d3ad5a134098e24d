"""Directories in which containers have written."""

import os
import shutil
from contextlib import suppress


def remove_tree(directory: str) -> None:
    """Remove a directory with all that is in it, even what overlays have closed."""
    for place, names, _ in os.walk(directory):
        for name in names:
            path = f"{place}/{name}"
            with suppress(OSError):
                if not os.path.islink(path) and not os.access(path, os.R_OK | os.W_OK | os.X_OK):
                    os.chmod(path, 0o700)
    shutil.rmtree(directory, ignore_errors=True)


def tree_bytes(directory: str) -> int:
    """The bytes that the files in a directory hold, one that several names lead to once."""
    found: dict[tuple[int, int], int] = {}
    for place, _, names in os.walk(directory):
        for name in names:
            with suppress(OSError):  # it is gone by now
                status = os.lstat(f"{place}/{name}")
                found[status.st_dev, status.st_ino] = status.st_size
    return sum(found.values())
