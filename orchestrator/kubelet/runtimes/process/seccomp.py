"""Filters of system calls: what a `seccompProfile` means, as a program for the kernel.

RuntimeDefault refuses what container runtimes refuse by their default: what changes the machine or reaches beyond the
container, unless the container has the capability for it. Localhost is a profile of the node's, below
`/var/lib/kubelet/seccomp`, in the format of the OCI runtimes. libseccomp makes the programs; where it or its binding
(the extra `seccomp`) is absent there is no default, and profiles of the node's are refused.
"""

import errno
import os
import tempfile
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import msgspec
from msgspec import Struct

from orchestrator.api.core.v1 import Container, Pod, SeccompProfile

PROFILES: Final = Path("/var/lib/kubelet/seccomp")
# What is refused to who has not the capability; "": to everybody.
_REFUSED: Final[Mapping[str, tuple[str, ...]]] = {
    "": (
        *("add_key", "keyctl", "request_key", "create_module", "get_kernel_syms", "query_module"),
        *("nfsservctl", "uselib", "userfaultfd", "ustat", "sysfs", "swapon", "swapoff", "_sysctl"),
        *("vm86", "vm86old", "pivot_root", "move_pages", "io_uring_setup", "io_uring_enter"),
        "io_uring_register",
    ),
    "SYS_ADMIN": (
        *("fanotify_init", "fsconfig", "fsmount", "fsopen", "fspick", "lookup_dcookie", "mount"),
        *("mount_setattr", "move_mount", "open_tree", "quotactl", "quotactl_fd", "setdomainname"),
        *("sethostname", "setns", "umount", "umount2", "unshare"),
    ),
    "BPF": ("bpf",),
    "PERFMON": ("perf_event_open",),
    "DAC_READ_SEARCH": ("open_by_handle_at",),
    "SYS_BOOT": ("reboot", "kexec_load", "kexec_file_load"),
    "SYS_MODULE": ("delete_module", "init_module", "finit_module"),
    "SYS_NICE": ("get_mempolicy", "mbind", "set_mempolicy", "set_mempolicy_home_node"),
    "SYS_PACCT": ("acct",),
    "SYS_PTRACE": ("kcmp", "pidfd_getfd", "process_madvise"),
    "SYS_RAWIO": ("iopl", "ioperm"),
    "SYS_TIME": ("settimeofday", "stime", "clock_settime", "clock_settime64"),
    "SYS_TTY_CONFIG": ("vhangup",),
    "SYSLOG": ("syslog",),
}
_UNKNOWN: Final = -1
_COVERED: Final = ("BPF", "PERFMON")  # by SYS_ADMIN, too
_NEW_NAMESPACES: Final = (17, 25, 26, 27, 28, 29, 30)  # bits of clone's flags
_BESIDE: Final[Mapping[str, tuple[str, ...]]] = {"x86_64": ("X86", "X32"), "aarch64": ("ARM",)}


class ProfileFault(Exception):
    """A profile cannot be had; the text is the container runtime's."""


class _Condition(Struct, rename="camel"):
    index: int
    op: str
    value: int = 0
    value_two: int = 0


class _Rule(Struct, rename="camel"):
    names: list[str]
    action: str
    errno_ret: int | None = None
    args: list[_Condition] = []


class _Profile(Struct, rename="camel"):
    default_action: str
    default_errno_ret: int | None = None
    architectures: list[str] = []
    syscalls: list[_Rule] = []


def filter_of(pod: Pod, container: Container, capabilities: frozenset[str]) -> bytes:
    """The program that the container's profile is, empty for none; it has these capabilities. Raises ProfileFault."""
    profile = _profile_of(pod, container)
    if profile is None or profile.type == "Unconfined":
        return b""
    library = _library()
    if profile.type == "RuntimeDefault":
        return _default(capabilities) if library is not None else b""
    if library is None:
        raise ProfileFault("failed to generate seccomp spec opts: seccomp is not supported")
    path = PROFILES / (profile.localhost_profile or "")
    try:
        text = path.read_bytes()
    except OSError as error:
        why = f"open {path}: {(error.strerror or str(error)).lower()}"
        raise ProfileFault(f'cannot load seccomp profile "{path}": {why}') from None
    try:
        return compiled(text)
    except (OSError, ValueError) as error:
        raise ProfileFault(f'decoding seccomp profile failed "{path}": {error}') from None


def _profile_of(pod: Pod, container: Container) -> SeccompProfile | None:
    """The container's own, or its pod's; a privileged container has none."""
    own = container.security_context
    if own is not None and own.privileged:
        return None
    if own is not None and own.seccomp_profile is not None:
        return own.seccomp_profile
    whole = pod.spec.security_context if pod.spec is not None else None
    return whole.seccomp_profile if whole is not None else None


@lru_cache(maxsize=1)
def _library() -> ModuleType | None:
    try:
        import pyseccomp  # late: few containers have a profile
    except (ImportError, OSError, RuntimeError):
        return None
    found: ModuleType = pyseccomp
    return found


@lru_cache(maxsize=64)
def _default(capabilities: frozenset[str]) -> bytes:
    seccomp: Any = _library()
    program = seccomp.SyscallFilter(seccomp.ALLOW)
    _add_architectures(program, _BESIDE.get(os.uname().machine, ()))
    refused = seccomp.ERRNO(errno.EPERM)
    administers = "SYS_ADMIN" in capabilities
    for capability, names in _REFUSED.items():
        if capability not in capabilities and not (administers and capability in _COVERED):
            for name in names:
                _add(program, refused, name)
    if not administers:
        for bit in _NEW_NAMESPACES:
            flag = 1 << bit
            _add(program, refused, "clone", seccomp.Arg(0, seccomp.MASKED_EQ, flag, flag))
        # Its flags lie in memory, where no filter looks: the C library tries clone then.
        _add(program, seccomp.ERRNO(errno.ENOSYS), "clone3")
    return _exported(program)


@lru_cache(maxsize=64)
def compiled(text: bytes) -> bytes:
    """The program of a profile as JSON. Raises ValueError, and OSError for what the library refuses."""
    seccomp: Any = _library()
    try:
        profile = msgspec.json.decode(text, type=_Profile)
    except msgspec.MsgspecError as error:
        raise ValueError(str(error)) from None
    program = seccomp.SyscallFilter(_action(profile.default_action, profile.default_errno_ret))
    _add_architectures(program, [a.removeprefix("SCMP_ARCH_") for a in profile.architectures])
    for rule in profile.syscalls:
        action = _action(rule.action, rule.errno_ret)
        conditions = [
            seccomp.Arg(
                c.index, getattr(seccomp, c.op.removeprefix("SCMP_CMP_")), c.value, c.value_two
            )
            for c in rule.args
        ]
        if rule.action != profile.default_action:  # libseccomp takes no rule that changes nothing
            for name in rule.names:
                _add(program, action, name, *conditions)
    return _exported(program)


def _action(name: str, number: int | None) -> int:
    """Raises ValueError for an action that is none."""
    seccomp: Any = _library()
    found = getattr(seccomp, name.removeprefix("SCMP_ACT_"), None)
    if found is None or not name.startswith("SCMP_ACT_"):
        raise ValueError(f'string "{name}" is not a valid action for seccomp')
    action: int = found(errno.EPERM if number is None else number) if callable(found) else found
    return action


def _add(program: Any, action: int, name: str, *conditions: Any) -> None:
    """Add a rule; calls that this machine's library does not know are nobody's here."""
    seccomp: Any = _library()
    if seccomp.resolve_syscall(seccomp.Arch.NATIVE, name) != _UNKNOWN:
        program.add_rule(action, name, *conditions)


def _add_architectures(program: Any, names: "tuple[str, ...] | list[str]") -> None:
    seccomp: Any = _library()
    for name in names:
        architecture = getattr(seccomp.Arch, name, None)
        if architecture is not None and not program.exist_arch(architecture):
            program.add_arch(architecture)


def _exported(program: Any) -> bytes:
    with tempfile.TemporaryFile() as file:
        program.export_bpf(file)
        file.seek(0)
        return file.read()
