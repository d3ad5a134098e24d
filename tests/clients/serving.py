"""`orchestrator up` with other options than the folder's own, until a block ends."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# An ordinary user who may read what root may: the interpreter can be in root's home.
_AS_USER = "setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps +dac_read_search --ambient-caps +dac_read_search"


def ordinary() -> list[str]:
    """The words that make a command an ordinary user's: none, if this is one."""
    return _AS_USER.split() if os.geteuid() == 0 and shutil.which("setpriv") else []


@contextmanager
def up(
    directory: Path, *options: str, prefix: "list[str] | None" = None
) -> Iterator[tuple[Path, int]]:
    """Serve a cluster; gives its kubeconfig and its process. Afterwards nothing of it is there any more."""
    directory.mkdir(exist_ok=True)
    directory.chmod(0o777)
    kubeconfig, log = directory / "kubeconfig", directory / "log"
    temporary = directory / "tmp"
    temporary.mkdir(exist_ok=True)
    temporary.chmod(0o777)
    words = ["up", "--listen", "127.0.0.1:0", "--kubeconfig", str(kubeconfig), *options]
    with log.open("w") as output:
        running = subprocess.Popen(
            [*(prefix or []), sys.executable, "-m", "orchestrator", *words],
            stdout=output,
            stderr=output,
            env={**os.environ, "TMPDIR": str(temporary), "HOME": str(temporary)},
        )
        try:
            deadline = time.perf_counter() + 60
            while "export KUBECONFIG" not in log.read_text():
                assert running.poll() is None, log.read_text()
                assert time.perf_counter() < deadline, log.read_text()
                time.sleep(0.05)
            yield kubeconfig, running.pid
            assert running.poll() is None, f"the server ended: {log.read_text()}"
        finally:
            running.terminate()
            running.wait(30)
    assert "Traceback" not in log.read_text(), log.read_text()
    assert not left(temporary), left(temporary)


def left(directory: Path) -> list[str]:
    """What is still there of containers whose things lay below a directory: mounts, processes, directories."""
    found = [str(path) for path in directory.iterdir() if path.name.startswith("orchestrator-")]
    for process in Path("/proc").iterdir():
        if process.name.isdecimal():
            try:
                mounts = (process / "mountinfo").read_text()
                command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if str(directory) in mounts or f"{directory}/orchestrator-" in command:
                found.append(command)
    return found
