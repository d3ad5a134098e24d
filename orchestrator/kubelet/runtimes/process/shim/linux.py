"""The system calls that Python 3.11 does not have, by way of the C library."""

import ctypes
import os
import signal
import struct
from typing import Final

NEW_MOUNTS: Final = 0x00020000
NEW_CGROUPS: Final = 0x02000000
NEW_HOSTNAME: Final = 0x04000000
NEW_IPC: Final = 0x08000000
NEW_USERS: Final = 0x10000000
NEW_PROCESSES: Final = 0x20000000
NEW_NETWORK: Final = 0x40000000

READ_ONLY: Final = 1
NO_SETUID: Final = 2
NO_DEVICES: Final = 4
NO_EXECUTION: Final = 8
REMOUNT: Final = 32
BIND: Final = 4096
RECURSIVE: Final = 16384
PRIVATE: Final = 1 << 18
SLAVE: Final = 1 << 19
SHARED: Final = 1 << 20
_DETACH: Final = 2

_SET_PARENT_DEATH_SIGNAL: Final = 1
_SET_SECCOMP: Final = 22
_FILTER: Final = 2
_INSTRUCTION_BYTES: Final = 8
_DROP_FROM_BOUNDING_SET: Final = 24
_SET_SUBREAPER: Final = 36
_SET_NO_NEW_PRIVILEGES: Final = 38
_CAPABILITY_VERSION: Final = 0x20080522
_PIVOT_ROOT: Final = {"x86_64": 155, "aarch64": 41}.get(os.uname().machine, 155)

# Calls that have one number on all architectures.
_CLONE: Final = 435  # clone3
_OPEN_TREE: Final = 428
_MOVE_MOUNT: Final = 429
_SET_MOUNT: Final = 442  # mount_setattr

_HERE: Final = -100  # paths are those of the working directory
_ALL_BELOW: Final = 0x8000
_COPY: Final = 1
_BY_DESCRIPTOR: Final = 4
_SET_READ_ONLY: Final = struct.pack("4Q", 1, 0, 0, 0)
_libc = ctypes.CDLL(None, use_errno=True)
_libc_held = ctypes.PyDLL(None, use_errno=True)  # calls that keep the interpreter's lock


def _checked(result: int, what: str) -> None:
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def fork_into(flags: int) -> int:
    """Fork; the child is in new namespaces of these kinds, of processes the first. Answers as fork. Raises OSError.

    The child is no place for more than its way to a command: the interpreter is not told that it was forked.
    """
    arguments = struct.pack("8Q", flags, 0, 0, 0, signal.SIGCHLD, 0, 0, 0)
    result: int = _libc_held.syscall(_CLONE, arguments, ctypes.c_size_t(len(arguments)))
    _checked(result, "clone3")
    return result


def unshare(flags: int) -> None:
    """Leave namespaces for new ones. Raises OSError."""
    _checked(_libc.unshare(flags), "unshare")


def join(descriptor: int, kind: int) -> None:
    """Join a namespace of a kind. Raises OSError."""
    _checked(_libc.setns(descriptor, kind), "setns")


def mount(source: str, target: str, kind: str = "", flags: int = 0, data: str = "") -> None:
    """Mount something. Raises OSError that names source and target."""
    result = _libc.mount(
        os.fsencode(source or "none"),
        os.fsencode(target),
        kind.encode() or None,
        ctypes.c_ulong(flags),
        data.encode() or None,
    )
    _checked(result, f'mount "{source}" at "{target}"')


def copy_tree(source: str) -> int:
    """A descriptor of a copy of what is mounted at a place and below. It goes on sharing with what it is a copy of.

    Raises OSError.
    """
    flags = _COPY | _ALL_BELOW | os.O_CLOEXEC
    result: int = _libc.syscall(_OPEN_TREE, _HERE, os.fsencode(source), flags)
    _checked(result, f'open_tree "{source}"')
    return result


def attach_tree(descriptor: int, target: str) -> None:
    """Mount a copied tree. Raises OSError."""
    place = os.fsencode(target)
    result = _libc.syscall(_MOVE_MOUNT, descriptor, b"", _HERE, place, _BY_DESCRIPTOR)
    _checked(result, f'mount at "{target}"')
    os.close(descriptor)


def make_all_read_only(target: str) -> None:
    """Let nothing be written to what is mounted at a place and below. Raises OSError."""
    size = ctypes.c_size_t(len(_SET_READ_ONLY))
    place = os.fsencode(target)
    result = _libc.syscall(_SET_MOUNT, _HERE, place, _ALL_BELOW, _SET_READ_ONLY, size)
    _checked(result, f'mount_setattr "{target}"')


def detach(target: str) -> None:
    """Unmount, as soon as nobody uses it. Raises OSError."""
    _checked(_libc.umount2(os.fsencode(target), _DETACH), f'umount "{target}"')


def pivot_root(new: str, old: str) -> None:
    """Make `new` the root and put the old one at `old`. Raises OSError."""
    result = _libc.syscall(_PIVOT_ROOT, os.fsencode(new), os.fsencode(old))
    _checked(result, "pivot_root")


def set_hostname(name: str) -> None:
    """Name the machine in this namespace. Raises OSError."""
    data = name.encode()
    _checked(_libc.sethostname(data, ctypes.c_size_t(len(data))), "sethostname")


def adopt_orphans() -> None:
    """Become the parent of all descendants whose parents end."""
    _checked(_libc.prctl(_SET_SUBREAPER, 1, 0, 0, 0), "prctl")


def die_with_parent(number: int) -> None:
    """Get a signal when the parent ends."""
    _checked(_libc.prctl(_SET_PARENT_DEATH_SIGNAL, number, 0, 0, 0), "prctl")


def gain_no_privileges() -> None:
    """From here on no program gives more rights than its caller has."""
    _checked(_libc.prctl(_SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0), "prctl")


def filter_calls(program: bytes) -> None:
    """Have all system calls from here on judged by a program (of BPF). Raises OSError.

    It takes the right to administer the user namespace, or to gain no privileges.
    """
    held = ctypes.create_string_buffer(program, len(program))
    instructions = len(program) // _INSTRUCTION_BYTES
    told = struct.pack("HxxxxxxP", instructions, ctypes.addressof(held))
    _checked(_libc.prctl(_SET_SECCOMP, _FILTER, told, 0, 0), "prctl")


def keep_in_bounds(capabilities: frozenset[int], last: int) -> None:
    """Give up for good all capabilities but these. Raises OSError."""
    for number in range(last + 1):
        if number not in capabilities:
            _checked(_libc.prctl(_DROP_FROM_BOUNDING_SET, number, 0, 0, 0), "prctl")


def set_capabilities(capabilities: frozenset[int]) -> None:
    """Have these capabilities and no others. Raises OSError."""
    mask = sum(1 << number for number in capabilities)
    low, high = mask & 0xFFFFFFFF, mask >> 32
    head = struct.pack("Ii", _CAPABILITY_VERSION, 0)
    sets = struct.pack("6I", low, low, 0, high, high, 0)
    _checked(_libc.capset(head, sets), "capset")


def permitted_capabilities() -> frozenset[int]:
    """What this process may have."""
    with open("/proc/self/status") as file:
        for line in file:
            if line.startswith("CapPrm:"):
                mask = int(line.split()[1], 16)
                return frozenset(n for n in range(64) if mask >> n & 1)
    return frozenset()


def last_capability() -> int:
    """The greatest number that this kernel knows."""
    with open("/proc/sys/kernel/cap_last_cap") as file:
        return int(file.read())
