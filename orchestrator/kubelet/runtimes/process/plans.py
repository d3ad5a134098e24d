"""What the shim is told of a container: worked out from pod, container, image and surroundings."""

import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final

from msgspec import Struct

from orchestrator.api.core.v1 import (
    Container,
    Pod,
    PodSecurityContext,
    PodSpec,
    SecurityContext,
)
from orchestrator.kubelet.control_groups import version_1, version_2
from orchestrator.kubelet.runtimes.interface import World
from orchestrator.kubelet.runtimes.process.images import Image, command_of
from orchestrator.kubelet.runtimes.process.seccomp import filter_of
from orchestrator.kubelet.runtimes.process.shim.messages import Box, Command, Mount, Rights
from orchestrator.kubelet.runtimes.real import ConfigFault
from orchestrator.kubelet.runtimes.users import root_fault
from orchestrator.kubelet.substitution import substituted
from orchestrator.kubelet.surroundings import DEFAULT_PATH
from orchestrator.machinery.quantities import value
from orchestrator.machinery.resources import qos_class

# By their numbers.
_CAPABILITIES: Final = (
    *("CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID"),
    *("SETPCAP", "LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW"),
    *("IPC_LOCK", "IPC_OWNER", "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT"),
    *("SYS_ADMIN", "SYS_BOOT", "SYS_NICE", "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD"),
    *("LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP", "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG"),
    *("WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF", "CHECKPOINT_RESTORE"),
)
# What containerd gives.
_USUAL: Final = frozenset(
    {
        *("CHOWN", "DAC_OVERRIDE", "FSETID", "FOWNER", "MKNOD", "NET_RAW", "SETGID", "SETUID"),
        *("SETFCAP", "SETPCAP", "NET_BIND_SERVICE", "SYS_CHROOT", "KILL", "AUDIT_WRITE"),
    }
)
_GUARANTEED_SCORE: Final = -997
_BEST_EFFORT_SCORE: Final = 1000


ROOT_VARIABLE: Final = "ROOTFS"


class Places(Struct, frozen=True):
    """Where a container's things are on the machine. `files` are bound into it, by their place there."""

    scratch: Path
    root: str  # of the image; empty: the machine's
    files: Mapping[str, Path]
    mounts: tuple[Mount, ...]
    shared_memory: Path
    network: Path | None
    groups: tuple[str, ...]  # the node's control groups, a tree each
    memory_bytes: int  # of the node
    beside: int = 0  # the order whose process namespace it shares


def rights_of(pod: Pod, container: Container, image: Image, root: str) -> Rights:
    """As whom the container runs. Raises ConfigFault and ProfileFault."""
    spec = pod.spec or PodSpec()
    whole = spec.security_context or PodSecurityContext()
    own = container.security_context or SecurityContext()
    name, _, group = image.user.partition(":")
    uid = _first(own.run_as_user, whole.run_as_user)
    users = _accounts(root)
    if uid is None:
        uid = users.uid(name) if name else 0
    if said := root_fault(pod, container, uid, "" if name.isdecimal() else name):
        raise ConfigFault(said)
    gid = _first(own.run_as_group, whole.run_as_group)
    if gid is None:
        gid = users.gid(group) if group else users.group_of(uid)
    more = set(whole.supplemental_groups)
    if whole.supplemental_groups_policy != "Strict":
        more |= users.groups_of(uid)  # the image's groups of its user
    if whole.fs_group is not None:
        more.add(whole.fs_group)
    capabilities = _capabilities(own)
    names = frozenset(_CAPABILITIES[number] for number in capabilities or ())
    return Rights(
        uid=uid,
        gid=gid,
        groups=tuple(sorted({gid, *more})),
        capabilities=capabilities,
        no_new_privileges=own.allow_privilege_escalation is False,
        filter=filter_of(pod, container, names),
    )


def command_for(
    container: Container, image: Image, world: World, rights: Rights, root: str
) -> Command:
    """What the container executes. Raises ConfigFault."""
    environment = _environment(container, image, world, rights, root)
    words = command_of(image, container.command, container.args)
    if not words:
        raise ConfigFault("no command specified")
    directory = container.working_dir or image.working_directory or "/"
    return Command(
        arguments=tuple(substituted(word, environment) for word in words),
        environment=environment,
        directory=directory,
        rights=rights,
        terminal=bool(container.tty),
    )


def box_for(pod: Pod, container: Container, world: World, places: Places) -> Box:
    """How the container is enclosed."""
    spec = pod.spec or PodSpec()
    own = container.security_context or SecurityContext()
    whole = spec.security_context or PodSecurityContext()
    taken = {mount.target for mount in places.mounts}
    files = tuple(
        Mount(str(source), target) for target, source in places.files.items() if target not in taken
    )
    return Box(
        root=places.root,
        scratch=str(places.scratch),
        hostname=world.host[:63].rstrip("-."),
        mounts=(*files, *places.mounts),
        network=str(places.network) if places.network is not None else "",
        read_only=bool(own.read_only_root_filesystem),
        privileged=bool(own.privileged),
        host_processes=bool(spec.host_pid),
        host_ipc=bool(spec.host_ipc),
        beside=places.beside,
        shared_memory=str(places.shared_memory),
        sysctls={each.name: each.value for each in whole.sysctls},
        cgroups={
            f"{tree}/{pod.metadata.uid}/{places.scratch.name}": limits_of(container)
            for tree in places.groups
        },
        oom_score=_oom_score(pod, container, places.memory_bytes),
    )


def link_mounts(box: Box) -> str:
    """Where nothing can be mounted: a directory in which links at the mounts' places lead to what they show."""
    root = f"{box.scratch}/rootfs"
    made, links = {root}, set[str]()
    os.mkdir(root)
    for mount in sorted(box.mounts, key=lambda each: each.target.count("/")):
        place = os.path.normpath(f"{root}/{os.path.normpath(f'/{mount.target}')}")
        above = [str(each) for each in Path(place).parents if str(each).startswith(f"{root}/")]
        if place in made or not links.isdisjoint((place, *above)):
            continue  # within another mount
        for directory in reversed(above):
            if directory not in made:
                os.mkdir(directory)
                made.add(directory)
        os.symlink(mount.source, place)
        links.add(place)
    return root


def memory_limit(container: Container) -> int:
    """How many bytes the container may use; 0: as many as there are."""
    limits = container.resources.limits if container.resources is not None else {}
    return value(limits.get("memory", "0"))


def _environment(
    container: Container, image: Image, world: World, rights: Rights, root: str
) -> dict[str, str]:
    found = {**image.environment, **world.environment}
    if "PATH" in image.environment and world.environment.get("PATH") == DEFAULT_PATH:
        found["PATH"] = image.environment["PATH"]
    if not any(each.name == "HOME" for each in container.env):
        found["HOME"] = image.environment.get("HOME") or _accounts(root).home_of(rights.uid)
    if container.tty:
        found.setdefault("TERM", "xterm")
    return found


def limits_of(container: Container) -> dict[str, str]:
    """What is written into which file of the container's control groups, whichever version they are of."""
    files = {**version_1(container.resources), **version_2(container.resources)}
    return {**files, "memory.oom.group": "1"}


def _oom_score(pod: Pod, container: Container, capacity: int) -> int:
    """How soon the kernel ends the container for want of memory: who asked for more of the node's `capacity`, later."""
    quality = qos_class(pod)
    if quality == "Guaranteed" or _is_node_critical(pod):
        return _GUARANTEED_SCORE
    if quality == "BestEffort":
        return _BEST_EFFORT_SCORE
    score = 1000 - 1000 * _asked_memory(container) // capacity
    if container.restart_policy == "Always":  # a sidecar lives as long as those that it serves
        least = min(_asked_memory(each) for each in pod.spec.containers) if pod.spec else 0
        score = min(score, 1000 - 1000 * least // capacity)
    return min(max(score, 1000 + _GUARANTEED_SCORE), _BEST_EFFORT_SCORE - 1)


def _asked_memory(container: Container) -> int:
    requests = container.resources.requests if container.resources is not None else {}
    return value(requests.get("memory", "0"))


def _is_node_critical(pod: Pod) -> bool:
    return pod.spec is not None and pod.spec.priority_class_name == "system-node-critical"


def _capabilities(own: SecurityContext) -> tuple[int, ...] | None:
    if own.privileged:
        return None
    change = own.capabilities
    names = set(_USUAL)
    if change is not None:
        dropped = {name.upper().removeprefix("CAP_") for name in change.drop}
        added = {name.upper().removeprefix("CAP_") for name in change.add}
        names = set() if "ALL" in dropped else names - dropped
        names |= set(_CAPABILITIES) if "ALL" in added else added
    return tuple(i for i, name in enumerate(_CAPABILITIES) if name in names)


def _first(*values: "int | bool | None") -> "int | None":
    return next((each for each in values if each is not None), None)


def _accounts(root: str) -> "_Accounts":
    return _known_accounts(
        root, _changed_at(f"{root}/etc/passwd"), _changed_at(f"{root}/etc/group")
    )


def _changed_at(path: str) -> int:
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return 0


@lru_cache(maxsize=64)
def _known_accounts(root: str, users_at: int, groups_at: int) -> "_Accounts":
    """Those of a root directory whose files were changed at these times."""
    return _Accounts(root)


class _Accounts:
    """The users and groups that an image knows."""

    def __init__(self, root: str) -> None:
        self._users = _table(f"{root}/etc/passwd", 7)
        self._groups = _table(f"{root}/etc/group", 4)

    def uid(self, name: str) -> int:
        """Raises ConfigFault."""
        if name.isdecimal():
            return int(name)
        for fields in self._users:
            if fields[0] == name:
                return int(fields[2])
        raise ConfigFault(f"unable to find user {name}: no matching entries in passwd file")

    def gid(self, name: str) -> int:
        """Raises ConfigFault."""
        if name.isdecimal():
            return int(name)
        for fields in self._groups:
            if fields[0] == name:
                return int(fields[2])
        raise ConfigFault(f"unable to find group {name}: no matching entries in group file")

    def group_of(self, uid: int) -> int:
        return next((int(f[3]) for f in self._users if f[2] == str(uid)), 0)

    def groups_of(self, uid: int) -> set[int]:
        name = next((f[0] for f in self._users if f[2] == str(uid)), None)
        return {int(f[2]) for f in self._groups if name and name in f[3].split(",")}

    def home_of(self, uid: int) -> str:
        return next((f[5] for f in self._users if f[2] == str(uid)), "/" if uid else "/root") or "/"


def _table(path: str, fields: int) -> list[list[str]]:
    if not os.path.isfile(path):
        return []
    with open(path, errors="replace") as file:
        rows = [line.rstrip("\n").split(":") for line in file]
    return [row for row in rows if len(row) >= fields and row[2].isdecimal()]
