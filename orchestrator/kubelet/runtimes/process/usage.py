"""What a container uses: told by its control groups, or added up over its processes where it has none."""

import os
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")


class Sample(Struct, frozen=True):
    """CPU time since the start, in seconds, the working set in bytes, how many processes there are; of memory that is no
    file's the bytes, and the faults of pages since the start, those that had to read something apart.
    """

    cpu_seconds: float
    memory_bytes: int
    processes: int
    rss_bytes: int = 0
    page_faults: int = 0
    major_page_faults: int = 0


def measure(groups: Iterable[str], pid: int) -> Sample | None:
    """What a container uses whose first process is `pid`; None when it has ended."""
    told = _of_groups(groups)
    if len(told) == len(Sample.__struct_fields__):
        return msgspec.convert(told, Sample)
    found = _of_processes(pid)
    return None if found is None else replace(found, **told)


def _of_groups(groups: Iterable[str]) -> dict[str, Any]:
    """The fields of a sample of which control groups tell."""
    told: dict[str, Any] = {}
    for directory in groups:
        if (text := _read(f"{directory}/cpuacct.usage")) is not None:
            told["cpu_seconds"] = int(text) / 1e9
        elif (text := _read(f"{directory}/cpu.stat")) is not None and "usage_usec" in text:
            told["cpu_seconds"] = _field(text, "usage_usec") / 1e6
        if (text := _read(f"{directory}/pids.current")) is not None:
            told["processes"] = int(text)
        for name in ("memory.usage_in_bytes", "memory.current"):
            if (text := _read(f"{directory}/{name}")) is not None:
                told |= _memory(int(text), _read(f"{directory}/memory.stat") or "")
    return told


def _memory(used: int, stat: str) -> dict[str, int]:
    """Of a group's memory, by its statistics of either version."""
    kept = _field(stat, "total_inactive_file") or _field(stat, "inactive_file")
    return {
        "memory_bytes": max(0, used - kept),
        "rss_bytes": _field(stat, "total_rss") or _field(stat, "anon"),
        "page_faults": _field(stat, "total_pgfault") or _field(stat, "pgfault"),
        "major_page_faults": _field(stat, "total_pgmajfault") or _field(stat, "pgmajfault"),
    }


def _of_processes(pid: int) -> Sample | None:
    ticks, pages, processes, faults, major = 0, 0, 0, 0, 0
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
        fields = [int(n) for n in text.rpartition(")")[2].split()[7:15]]
        faults += sum(fields[:2])  # own, and of those that were waited for
        major += sum(fields[2:4])
        ticks += sum(fields[4:])  # own and waited-for, in user and kernel mode
        pages += int(size.split()[1]) - int(size.split()[2])
        children = _read(f"/proc/{each}/task/{each}/children") or ""
        todo += [int(n) for n in children.split()]
    own = pages * _PAGE
    return Sample(ticks / _TICKS, own, processes, own, faults + major, major)


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
