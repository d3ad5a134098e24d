"""What a container's control groups, or its processes, say of its use."""

import os
from pathlib import Path

import pytest

from orchestrator.kubelet.runtimes.process.usage import Sample, measure

_FIRST = {
    "cpuacct.usage": "1500000000",
    "pids.current": "3",
    "memory.usage_in_bytes": "5000",
    "memory.stat": "cache 900\ntotal_rss 4000\ntotal_inactive_file 800\ntotal_pgfault 70\ntotal_pgmajfault 2\n",
}
_SECOND = {
    "cpu.stat": "usage_usec 1500000\nuser_usec 1\n",
    "pids.current": "3",
    "memory.current": "5000",
    "memory.stat": "anon 4000\ninactive_file 800\npgfault 70\npgmajfault 2\n",
}


@pytest.mark.parametrize("files", [_FIRST, _SECOND], ids=["version 1", "version 2"])
def test_control_groups_tell_all(tmp_path: Path, files: dict[str, str]) -> None:
    """In the words of either version; file pages that are about to go do not count as used."""
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert measure([str(tmp_path)], 0) == Sample(1.5, 4200, 3, 4000, 70, 2)


def test_what_groups_do_not_tell_is_added_up_over_processes(tmp_path: Path) -> None:
    """A group of processes alone says how many there are; the rest is asked of these."""
    (tmp_path / "pids.current").write_text("41")
    found = measure([str(tmp_path)], os.getpid())
    assert found is not None
    assert found.processes == 41
    assert found.memory_bytes == found.rss_bytes > 0
    assert found.page_faults >= found.major_page_faults


def test_who_has_ended_uses_nothing() -> None:
    """There is no such process any more."""
    assert measure((), (1 << 22) + 1) is None
