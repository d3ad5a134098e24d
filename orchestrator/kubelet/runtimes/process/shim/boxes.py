"""From a fork to the command: namespaces, root directory, rights, exec.

What is forked here runs a few calls and then the command; a failure is written into a pipe, which closes by itself when
the command has been executed.
"""

import fcntl
import os
import resource
import select
import signal
import termios
from collections.abc import Callable
from contextlib import suppress
from typing import Final, NoReturn

from orchestrator.kubelet.runtimes.process.shim import linux
from orchestrator.kubelet.runtimes.process.shim.messages import Box, Command, Rights
from orchestrator.kubelet.runtimes.process.shim.roots import enter_root

NOT_STARTED: Final = 128
_OPEN_FILES: Final = 1 << 20
_OUTSIDE: Final = os.getuid(), os.getgid()  # who started the cluster
_IGNORED: Final = (  # by the shim, and by Python
    *(signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE, signal.SIGXFSZ),
)
# In the order in which they are joined: the network is the node's, who has no say in it as one of the container's
# users; those come before all that is theirs, and processes before the last fork.
_KINDS: Final = (
    ("net", linux.NEW_NETWORK),
    ("user", linux.NEW_USERS),
    ("ipc", linux.NEW_IPC),
    ("uts", linux.NEW_HOSTNAME),
    ("pid", linux.NEW_PROCESSES),
    ("mnt", linux.NEW_MOUNTS),
)


class Step(Exception):
    """A step failed: `what` it was."""

    def __init__(self, what: str, fault: str) -> None:
        super().__init__(fault)
        self.what = what


def launch(
    command: Command, box: Box, streams: tuple[int, int, int], beside: int, *, mode: str
) -> tuple[int, int]:
    """Start a container's first process; answers the pipe in which it says how that went, and its pid.

    It says which part failed, and why. If the pid is 0, it says first the pid to signal and the one to wait for.
    `beside` is a process whose process namespace it joins, if any. `mode`: `root`, `user` or `bare`, as the machine
    allows. Raises OSError.
    """
    if beside:
        return _forked(lambda tell: _beside(command, box, streams, beside, tell)), 0
    if mode == "bare" or box.host_processes:
        return _forked(lambda tell: _box(command, box, streams, mode, tell)), 0
    as_user = mode == "user"
    reading, writing = os.pipe()
    try:
        # A user of the container's own has no say in the node's network: that is entered before.
        network = box.network if as_user else ""
        pid = _fork_within(network, namespaces(box, as_user=as_user))
    except OSError:
        os.close(reading)
        os.close(writing)
        raise
    if not pid:
        _in_child(lambda tell: _first(command, box, streams, tell, as_user=as_user), writing)
    os.close(writing)
    return reading, pid


def hold(rights: Rights, *, as_user: bool) -> int:
    """Start the first process of a process namespace, which does nothing but reap; answers its pid. Raises OSError."""
    pid = linux.fork_into(linux.NEW_PROCESSES | (linux.NEW_USERS if as_user else 0))
    if not pid:
        with suppress(BaseException):
            if as_user:
                map_user(rights)
            linux.die_with_parent(signal.SIGKILL)
            os.setsid()
            os.closerange(0, 1024)
            _reap()
        os._exit(NOT_STARTED)
    return pid


def _reap() -> NoReturn:
    """Bury all whose parents have ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, (signal.SIGCHLD,))
    while True:
        signal.sigwait((signal.SIGCHLD,))
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def enter(
    command: Command, first: int, groups: dict[str, dict[str, str]], streams: tuple[int, int, int]
) -> int:
    """Start a command in the namespaces of a process; as `launch`."""
    return _forked(lambda tell: _join(command, first, groups, streams, tell))


def _forked(child: Callable[[int], NoReturn]) -> int:
    reading, writing = os.pipe()
    if not os.fork():
        _in_child(child, writing)
    os.close(writing)
    return reading


def _in_child(child: Callable[[int], NoReturn], writing: int) -> NoReturn:
    try:
        child(writing)
    except Step as step:
        _say(writing, f"{step.what} {step}")
    except BaseException as error:
        _say(writing, f"box {error}")
    os._exit(NOT_STARTED)


def _say(tell: int, text: str) -> None:
    os.write(tell, text.encode() + b"\n")


def _first(
    command: Command, box: Box, streams: tuple[int, int, int], tell: int, *, as_user: bool
) -> NoReturn:
    """The way of the first process of its namespaces. A fork costs more than all that is done here: there is one."""
    _join_cgroups(box.cgroups)
    if as_user:
        map_user(command.rights)
    elif box.network:
        _join_namespace(box.network, linux.NEW_NETWORK)
    os.setsid()
    _enclose(box, as_user=as_user)
    _execute(command, streams, tell, as_user=as_user, bare=False)


def _enclose(box: Box, *, as_user: bool) -> None:
    """Raises Step."""
    linux.set_hostname(box.hostname)
    try:
        enter_root(box, as_user=as_user)
    except OSError as error:
        raise Step("mount", str(error)) from None
    with suppress(OSError):
        _write("/proc/self/oom_score_adj", str(box.oom_score))


def _beside(
    command: Command, box: Box, streams: tuple[int, int, int], first: int, tell: int
) -> NoReturn:
    """In the process namespace of another process: only who is forked afterwards is in it."""
    _join_cgroups(box.cgroups)
    as_user = _differs(first, "user")
    if box.network:
        _join_namespace(box.network, linux.NEW_NETWORK)
    for name, kind in _KINDS:
        if name in ("user", "pid") and _differs(first, name):
            _join_namespace(f"/proc/{first}/ns/{name}", kind)
    linux.unshare(namespaces(box, as_user=False) & ~linux.NEW_PROCESSES)
    parent = os.pidfd_open(os.getpid())
    child = os.fork()
    if child:
        _say(tell, f"pid {child} {child}")
        os._exit(0)  # the shim adopts the child
    os.setsid()
    _enclose(box, as_user=as_user)
    _await_end(parent)
    _execute(command, streams, tell, as_user=as_user, bare=False)


def _box(
    command: Command, box: Box, streams: tuple[int, int, int], mode: str, tell: int
) -> NoReturn:
    """Without a process namespace: somebody has to end what the command leaves behind."""
    _join_cgroups(box.cgroups)
    if box.network:
        _join_namespace(box.network, linux.NEW_NETWORK)
    as_user, bare = mode == "user", mode == "bare"
    if bare:
        linux.adopt_orphans()
    else:
        linux.unshare(namespaces(box, as_user=as_user))
        if as_user:
            map_user(command.rights)
    child = os.fork()
    if child:
        _say(tell, f"pid {child} {os.getpid()}")
        _keep(child)
    os.setsid()
    if not bare:
        _enclose(box, as_user=as_user)
    _execute(command, streams, tell, as_user=as_user, bare=bare)


def _join(
    command: Command,
    first: int,
    groups: dict[str, dict[str, str]],
    streams: tuple[int, int, int],
    tell: int,
) -> NoReturn:
    _join_cgroups(groups)
    as_user = _differs(first, "user")
    for name, kind in _KINDS:
        if name != "mnt" and _differs(first, name):
            _join_namespace(f"/proc/{first}/ns/{name}", kind)
    mounts = _differs(first, "mnt")
    place = os.open(f"/proc/{first}/ns/mnt", os.O_RDONLY | os.O_CLOEXEC) if mounts else -1
    parent = os.pidfd_open(os.getpid())
    child = os.fork()
    if child:
        _say(tell, f"pid {child} {child}")
        os._exit(0)
    _await_end(parent)
    os.setsid()
    if mounts:
        linux.join(place, linux.NEW_MOUNTS)
        os.close(place)
    _execute(command, streams, tell, as_user=as_user, bare=not mounts)


def _await_end(parent: int) -> None:
    """Wait until the parent has gone: who outlives it is the shim's child, and dies with that only."""
    select.select([parent], [], [])
    os.close(parent)


def _differs(process: int, name: str) -> bool:
    return os.readlink(f"/proc/{process}/ns/{name}") != os.readlink(f"/proc/self/ns/{name}")


def _fork_within(network: str, flags: int) -> int:
    """As `fork_into`, with the child in a network namespace ("": in this one)."""
    if not network:
        return linux.fork_into(flags)
    own = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    pid = -1
    try:
        _join_namespace(network, linux.NEW_NETWORK)
        pid = linux.fork_into(flags)
    finally:
        if pid:  # only the parent has to go back, and may
            linux.join(own, linux.NEW_NETWORK)
        os.close(own)
    return pid


def _join_namespace(path: str, kind: int) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    linux.join(descriptor, kind)
    os.close(descriptor)


def _join_cgroups(groups: dict[str, dict[str, str]]) -> None:
    for directory in groups:
        _write(f"{directory}/cgroup.procs", "0")


def namespaces(box: Box, *, as_user: bool) -> int:
    """Which namespaces the container has of its own."""
    flags = linux.NEW_MOUNTS | linux.NEW_HOSTNAME
    flags |= 0 if box.host_ipc else linux.NEW_IPC
    flags |= 0 if box.host_processes else linux.NEW_PROCESSES
    return flags | (linux.NEW_USERS if as_user else 0)


def map_user(rights: Rights) -> None:
    """Be, in this new user namespace, whom the command is to run as: an ordinary user may map no other."""
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{rights.uid} {_OUTSIDE[0]} 1")
    _write("/proc/self/gid_map", f"{rights.gid} {_OUTSIDE[1]} 1")


def _write(path: str, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


# --- the command ---------------------------------------------------------------------------


def _execute(
    command: Command,
    streams: tuple[int, int, int],
    tell: int,
    *,
    as_user: bool,
    bare: bool,
) -> NoReturn:
    """Become the command. Raises Step."""
    if command.terminal:
        fcntl.ioctl(streams[0], termios.TIOCSCTTY, 0)
    for i, descriptor in enumerate(streams):
        os.dup2(descriptor, i)
    os.closerange(3, tell)
    os.closerange(tell + 1, 1024)
    with suppress(OSError):
        os.makedirs(command.directory, exist_ok=True)
    try:
        os.chdir(command.directory)
    except OSError as error:
        raise Step(
            "chdir", f'chdir to cwd ("{command.directory}") failed: {_reason(error)}'
        ) from None
    _limit()
    if not bare:
        _take_rights(command.rights, as_user=as_user)
    program = _found(command)
    for number in _IGNORED:  # handlers go by themselves
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    linux.die_with_parent(signal.SIGKILL)
    try:
        os.execve(program, command.arguments, command.environment)
    except OSError as error:
        raise Step("exec", f"exec {program}: {_reason(error)}") from None


def _limit() -> None:
    with suppress(OSError, ValueError):
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        least = _OPEN_FILES if most == resource.RLIM_INFINITY else min(most, _OPEN_FILES)
        resource.setrlimit(resource.RLIMIT_NOFILE, (least, most))


def _take_rights(rights: Rights, *, as_user: bool) -> None:
    last = linux.last_capability()
    kept = linux.permitted_capabilities()
    wanted = kept if rights.capabilities is None else kept & frozenset(rights.capabilities)
    linux.keep_in_bounds(wanted, last)
    if rights.filter and not rights.no_new_privileges:
        linux.filter_calls(
            rights.filter
        )  # while we still may; it has to let the rest of the way pass
    if not as_user:
        os.setgroups(rights.groups)
        os.setresgid(rights.gid, rights.gid, rights.gid)
        os.setresuid(rights.uid, rights.uid, rights.uid)
    linux.set_capabilities(wanted if rights.uid == 0 else frozenset())
    if rights.no_new_privileges:
        linux.gain_no_privileges()
        if rights.filter:
            linux.filter_calls(rights.filter)


def _found(command: Command) -> str:
    """The file that the command's first word means. Raises Step."""
    name = command.arguments[0]
    if "/" in name:
        try:
            os.stat(name)
        except OSError as error:
            raise Step("exec", f'exec: "{name}": stat {name}: {_reason(error)}') from None
        if os.path.isdir(name):
            raise Step("exec", f'exec: "{name}": is a directory')
        if not os.access(name, os.X_OK):
            raise Step("exec", f'exec: "{name}": permission denied')
        return name
    denied = False
    for directory in command.environment.get("PATH", "").split(":"):
        path = f"{directory or '.'}/{name}"
        if os.path.isfile(path):
            if os.access(path, os.X_OK):
                return path
            denied = True
    why = "permission denied" if denied else "executable file not found in $PATH"
    raise Step("exec", f'exec: "{name}": {why}')


def _reason(error: OSError) -> str:
    return (os.strerror(error.errno) if error.errno else str(error)).lower()


# --- without a process namespace -----------------------------------------------------------


def _keep(child: int) -> NoReturn:
    """Wait for the command, then end whatever it has left behind: here no namespace does that."""
    os.closerange(0, 1024)
    signal.signal(signal.SIGTERM, lambda *_: kill_descendants(os.getpid()))
    linux.die_with_parent(signal.SIGTERM)
    status = 0
    while True:
        try:
            pid, found = os.wait()
        except ChildProcessError:
            break
        if pid == child:
            status, child = found, 0
        if not child:
            kill_descendants(os.getpid())
    os._exit(exit_code(status))


def exit_code(status: int) -> int:
    """The exit code that a wait status means: 128 and its number for a signal."""
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def kill_descendants(process: int) -> None:
    """Kill all that descends from a process, but not the process itself."""
    for child in children(process):
        with suppress(OSError):
            os.kill(child, signal.SIGKILL)
        kill_descendants(child)


def children(process: int) -> list[int]:
    """The children of a process."""
    try:
        with open(f"/proc/{process}/task/{process}/children") as file:
            return [int(each) for each in file.read().split()]
    except OSError:
        return []
