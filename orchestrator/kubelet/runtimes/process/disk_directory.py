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
from orchestrator.kubelet.runtimes.process.shim import trees

_KIND: Final = "orchestrator-disks-"
_END_SECONDS: Final = 30.0
# Whoever still writes there is being killed by somebody else at that moment.
_KEEPER: Final = """
import sys, time
sys.stdin.read()
exec(open(sys.argv[1]).read())
for _ in range(100):
    remove_tree(sys.argv[2])
    if not os.path.lexists(sys.argv[2]):
        break
    time.sleep(0.1)
"""


class DiskDirectory:
    """A new directory, and who keeps it. Raises OSError."""

    def __init__(self) -> None:
        self._own = own_directories.make(_KIND, lambda path: trees.remove_tree(os.fspath(path)))
        self._root = self._own.path
        command = (sys.executable, "-I", "-S", "-c", _KEEPER, trees.__file__, str(self._root))
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

    def copy(self, source: str, storage: str) -> None:
        """Begin a disk with the files of another, if that has any. Raises OSError."""
        if self.place(source).is_dir():
            command = ("cp", "--archive", str(self.place(source)), str(self.place(storage)))
            done = subprocess.run(command, check=False, capture_output=True, text=True)
            if done.returncode:
                raise OSError(done.stderr.strip())

    def remove(self, storage: str) -> None:
        """Remove a disk's files."""
        trees.remove_tree(os.fspath(self.place(storage)))

    def close(self) -> None:
        """Remove the directory."""
        assert self._keeper.stdin is not None
        self._keeper.stdin.close()
        self._keeper.wait(_END_SECONDS)
        self._own.release()
