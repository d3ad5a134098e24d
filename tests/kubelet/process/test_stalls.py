"""How long tasks have waited, as the kernel's files tell it."""

from pathlib import Path

from orchestrator.kubelet.runtimes.stalls import stalls_of_groups, stalls_of_machine
from orchestrator.protocol import Stall, Waited

_TEXT = (
    "some avg10=1.50 avg60=0.25 avg300=0.00 total=6920\n"
    "full avg10=0.50 avg60=0.00 avg300=0.00 total=17\n"
)
_STALL = Stall(Waited(6920, 1.5, 0.25, 0.0), Waited(17, 0.5, 0.0, 0.0))


def test_a_group_tells_of_each_resource(tmp_path: Path) -> None:
    """A group of version 1 has no such files; of old kernels' CPU nobody knows when all waited."""
    first, second = tmp_path / "cpuacct", tmp_path / "unified"
    for each in (first, second):
        each.mkdir()
    (second / "cpu.pressure").write_text(_TEXT.splitlines()[0])
    (second / "io.pressure").write_text(_TEXT)
    assert stalls_of_groups([str(first), str(second)]) == {
        "cpu": Stall(_STALL.some, Waited()),
        "io": _STALL,
    }
    assert stalls_of_groups([str(first)]) == {}


def test_the_machine_tells_of_all_tasks(tmp_path: Path) -> None:
    """Where the kernel counts them; where it does not, nothing is told."""
    (tmp_path / "memory").write_text(_TEXT)
    assert stalls_of_machine(str(tmp_path)) == {"memory": _STALL}
    assert stalls_of_machine(str(tmp_path / "none")) == {}
