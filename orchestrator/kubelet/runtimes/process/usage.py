"""What a container uses: told by its control groups, or added up over its processes where it has none."""

import os
from collections.abc import Iterable
from contextlib import suppress
from typing import Final

from msgspec import Struct

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")


class Sample(Struct, frozen=True):
    """CPU time since the start, in seconds, the working set in bytes, and how many processes there are."""

    cpu_seconds: float
    memory_bytes: int
    processes: int


def measure(groups: Iterable[str], pid: int) -> Sample | None:
    """What a container uses whose first process is `pid`; None when it has ended."""
    cpu, memory, processes = _of_groups(groups)
    if cpu is None or memory is None or processes is None:
        found = _of_processes(pid)
        if found is None:
            return None
        cpu = found.cpu_seconds if cpu is None else cpu
        memory = found.memory_bytes if memory is None else memory
        processes = found.processes if processes is None else processes
    return Sample(cpu, memory, processes)


def _of_groups(groups: Iterable[str]) -> tuple[float | None, int | None, int | None]:
    cpu: float | None = None
    memory: int | None = None
    processes: int | None = None
    for directory in groups:
        if (text := _read(f"{directory}/cpuacct.usage")) is not None:
            cpu = int(text) / 1e9
        elif (text := _read(f"{directory}/cpu.stat")) is not None and "usage_usec" in text:
            cpu = _field(text, "usage_usec") / 1e6
        if (text := _read(f"{directory}/pids.current")) is not None:
            processes = int(text)
        for name in ("memory.usage_in_bytes", "memory.current"):
            if (text := _read(f"{directory}/{name}")) is not None:
                stat = _read(f"{directory}/memory.stat") or ""
                kept = _field(stat, "total_inactive_file") or _field(stat, "inactive_file")
                memory = max(0, int(text) - kept)
    return cpu, memory, processes


def _of_processes(pid: int) -> Sample | None:
    ticks, pages, processes = 0, 0, 0
    todo = [pid]
    while todo:
        each = todo.pop()
        text = _read(f"/proc/{each}/stat")
        size = _read(f"/proc/{each}/statm")
        if text is None or not size:
            if each == pid:
                return None
            continue
        processes += 1
        fields = text.rpartition(")")[2].split()
        ticks += sum(int(n) for n in fields[11:15])  # own and waited-for, in user and kernel mode
        pages += int(size.split()[1]) - int(size.split()[2])
        children = _read(f"/proc/{each}/task/{each}/children") or ""
        todo += [int(n) for n in children.split()]
    return Sample(ticks / _TICKS, pages * _PAGE, processes)


def _read(path: str) -> str | None:
    with suppress(OSError), open(path) as file:
        return file.read()
    return None


def _field(text: str, name: str) -> int:
    for line in text.splitlines():
        word, _, number = line.partition(" ")
        if word == name:
            return int(number)
    return 0
