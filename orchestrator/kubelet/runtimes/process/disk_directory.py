"""The directory of the machine in which a cluster's storage lies, as processes see it.

A small process of its own takes it away when the cluster ends, however that ends.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final
from urllib.parse import quote

from orchestrator.kubelet.runtimes import own_directories
from orchestrator.kubelet.runtimes.process.shim import loops, trees

_KIND: Final = "orchestrator-disks-"
_END_SECONDS: Final = 30.0
# Whoever still writes there is being killed by somebody else at that moment.
_KEEPER: Final = """
import sys, time
sys.stdin.read()
for source in sys.argv[2:]:
    exec(open(source).read())
for _ in range(100):
    detach_loops(sys.argv[1])
    remove_tree(sys.argv[1])
    if not os.path.lexists(sys.argv[1]):
        break
    time.sleep(0.1)
"""
_SOURCES: Final = (trees.__file__, loops.__file__)  # of what the keeper does


class DiskDirectory:
    """A new directory, and who keeps it. Raises OSError."""

    def __init__(self) -> None:
        self._own = own_directories.make(_KIND, lambda path: _discard(os.fspath(path)))
        self._root = self._own.path
        command = (sys.executable, "-I", "-S", "-c", _KEEPER, str(self._root), *_SOURCES)
        try:
            self._keeper = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                start_new_session=True,
                pass_fds=[self._own.lock],
            )
        except OSError:
            trees.remove_tree(os.fspath(self._root))
            self._own.release()
            raise

    def place(self, storage: str) -> Path:
        """Where a disk's files lie, once somebody has made that directory."""
        return self._root / quote(storage, safe="")

    def device(self, storage: str, size: int, *, read_only: bool) -> Path:
        """A disk as a block device of so many bytes at least: a loop device as root, or else the file that is behind
        it. Raises OSError.
        """
        file = self.place(storage)
        with file.open("ab") as opened:
            if opened.tell() < size:
                opened.truncate(size)
        return Path(loops.loop_of(os.fspath(file), read_only) or file)

    def copy(self, source: str, storage: str) -> None:
        """Begin a disk with what is on another, if anything is. Raises OSError."""
        if self.place(source).exists():
            command = ("cp", "--archive", str(self.place(source)), str(self.place(storage)))
            done = subprocess.run(command, check=False, capture_output=True, text=True)
            if done.returncode:
                raise OSError(done.stderr.strip())

    def remove(self, storage: str) -> None:
        """Remove what is on a disk."""
        _discard(os.fspath(self.place(storage)))

    def close(self) -> None:
        """Remove the directory."""
        assert self._keeper.stdin is not None
        self._keeper.stdin.close()
        self._keeper.wait(_END_SECONDS)
        self._own.release()


def _discard(place: str) -> None:
    loops.detach_loops(place)
    if os.path.isfile(place):
        os.unlink(place)
    else:
        trees.remove_tree(place)
