"""Directories of this program among the machine's temporary ones; what dead programs have left there is swept away.

Each holds a file that is locked as long as somebody lives who uses the directory: the lock goes with its last holder,
however that ends. Whoever makes a directory looks first for those of its kind that nobody holds any more.
"""

import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

_LOCK: Final = ".held"


class OwnDirectory(NamedTuple):
    """A directory, and the descriptor that holds it. Whoever inherits that holds it, too."""

    path: Path
    lock: int

    def release(self) -> None:
        """Hold it no more. The caller has removed it, or leaves that to another holder."""
        os.close(self.lock)


def make(kind: str, discard: Callable[[Path], object]) -> OwnDirectory:
    """A new directory whose name begins with `kind`, and which all may pass through.

    `discard` removes one of the same kind, with all that belongs to it; it is called for those that are nobody's any
    more. Raises OSError.
    """
    sweep(kind, discard)
    while True:
        path = Path(tempfile.mkdtemp(prefix=kind))
        path.chmod(0o711)
        lock = os.open(path / _LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(lock), os.stat(path / _LOCK)):
                return OwnDirectory(path, lock)
        except OSError:
            pass  # somebody who sweeps was faster, and takes it for a dead program's
        os.close(lock)
        shutil.rmtree(path, ignore_errors=True)


def sweep(kind: str, discard: Callable[[Path], object]) -> None:
    """Discard the directories of a kind whose holders have died, as far as this user may."""
    for path in Path(tempfile.gettempdir()).glob(f"{kind}*"):
        with suppress(OSError):
            found = path.lstat()
            if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
                continue  # somebody else's, or a trap
            lock = os.open(path / _LOCK, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                discard(path)
            finally:
                os.close(lock)
