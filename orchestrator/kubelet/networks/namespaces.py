"""Linux network namespaces by name, through iproute2; and who of several programs they belong to.

`/run/netns` is shared by all programs of a machine, whatever namespace they run in. So each program names what it
makes after the network namespace in which it runs itself, and holds a locked file of that name as long as it lives:
what the files of dead programs name is swept away by whoever comes next.
"""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Final

from orchestrator.kubelet.networks.interface import NetworkFault

NAMESPACES: Final = Path("/run/netns")
_LOCKS: Final = Path("/run/orchestrator")
_PREFIX: Final = "orchestrator"
_FIRST_PORT: Final = "/proc/sys/net/ipv4/ip_unprivileged_port_start"
_NEEDED: Final = 1 << 12 | 1 << 21  # CAP_NET_ADMIN, CAP_SYS_ADMIN


def why_not() -> str:
    """What this program lacks to make network namespaces; empty if nothing."""
    if _capabilities() & _NEEDED != _NEEDED:
        return "network namespaces are made by root"
    for program in ("ip", "nft", "nsenter"):
        if shutil.which(program) is None:
            return f"the program {program} is not installed (iproute2, nftables, util-linux)"
    return ""


def _capabilities() -> int:
    """What this process may do: one in a container may be root and may not."""
    for line in Path("/proc/self/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name == "CapEff":
            return int(value, 16)
    return 0


class Ownership:
    """This program's name for its namespaces. Raises NetworkFault when a program in the same one has it already."""

    def __init__(self) -> None:
        _LOCKS.mkdir(exist_ok=True)
        _sweep_all()
        inode = os.stat("/proc/self/ns/net").st_ino
        self.prefix = f"{_PREFIX}-{inode}"
        self._path = _LOCKS / f"{inode}.lock"
        lock = _locked(self._path)
        if lock is None:
            raise NetworkFault(
                "another cluster has this host's network: run this one in a network namespace of its own (unshare -n)"
            )
        self._lock = lock

    def name(self, what: str) -> str:
        """The name of a namespace."""
        return f"{self.prefix}-{what}"

    def release(self) -> None:
        """Delete all namespaces of this name, and give it up."""
        _sweep(self.prefix)
        self._path.unlink(missing_ok=True)
        self._lock.close()


def _locked(path: Path) -> IO[str] | None:
    """The file, locked; None when somebody holds it."""
    lock = path.open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        return None
    return lock


def _sweep_all() -> None:
    """Delete what dead programs have left behind."""
    for path in _LOCKS.glob("*.lock"):
        lock = _locked(path)
        if lock is not None:
            _sweep(f"{_PREFIX}-{path.stem}")
            path.unlink(missing_ok=True)
            lock.close()


def _sweep(prefix: str) -> None:
    for path in NAMESPACES.glob(f"{prefix}-*"):
        subprocess.run(["ip", "netns", "delete", path.name], check=False, capture_output=True)


def add(name: str) -> Path:
    """Make a namespace; answers its file. Raises NetworkFault."""
    _run(["ip", "netns", "add", name], "")
    return NAMESPACES / name


def delete(name: str) -> None:
    """Delete a namespace, if it is there; what runs in it keeps it alive without its name."""
    if (NAMESPACES / name).exists():
        _run(["ip", "netns", "delete", name], "")


def configure(lines: Iterable[str], namespace: str = "") -> None:
    """Give commands of `ip` (without the word) in a namespace, or in the program's own. Raises NetworkFault."""
    inside = ["-netns", namespace] if namespace else []
    _run(["ip", *inside, "-batch", "-"], "\n".join(lines) + "\n")


def configure_pod(lines: Iterable[str], namespace: str) -> None:
    """As `configure` in a pod's namespace, whose users may listen at every port, as containerd has it.

    Ports are the pod's own there, so that those below 1024 protect nobody.
    """
    inside = f"echo 0 > {_FIRST_PORT} && exec ip -batch -"
    command = ["nsenter", f"--net={NAMESPACES / namespace}", "sh", "-c", inside]
    _run(command, "\n".join(lines) + "\n")


def delete_links(names: Iterable[str]) -> None:
    """Delete interfaces of the program's own namespace. Those that are not there, or go meanwhile, are no fault."""
    lines = "".join(f"link delete {name}\n" for name in names)
    command = ["ip", "-force", "-batch", "-"]  # one refusal does not end it
    subprocess.run(command, input=lines, text=True, capture_output=True, check=False)


def give_rules(namespace: str, text: str) -> None:
    """One transaction of nftables in a namespace. Raises NetworkFault."""
    _run(["nsenter", f"--net={NAMESPACES / namespace}", "nft", "-f", "-"], text)


def set_kernel(namespace: str, **settings: int) -> None:
    """Set `net.ipv4` settings of a namespace; `_of_` in a name is a slash. Raises NetworkFault."""
    words = [f"net/ipv4/{name.replace('_of_', '/')}={value}" for name, value in settings.items()]
    _run(["ip", "netns", "exec", namespace, "sysctl", "-q", "-w", *words], "")


def _run(command: list[str], text: str) -> None:
    done = subprocess.run(command, input=text, text=True, capture_output=True, check=False)
    if done.returncode != 0:
        said = " ".join(done.stderr.split())
        raise NetworkFault(f"{' '.join(command)}: {said or done.returncode}")
