"""CPU time is added up where only its rate is known."""

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.kubelet.cpu_time import CpuTime
from orchestrator.kubelet.runtimes.interface import ContainerKey, ContainerStarted
from orchestrator.protocol import ContainerUsage


def _started(attempt: int = 0, at: float = 100.0) -> ContainerStarted:
    return ContainerStarted(ContainerKey("u", "main", attempt), "id", at, True)


@given(st.lists(st.tuples(st.floats(0, 1000), st.integers(0, 4000)), max_size=20))
def test_cpu_time_never_gets_less(steps: list[tuple[float, int]]) -> None:
    """Whenever somebody asks, and at whatever rate it is used then."""
    time, now, before = CpuTime(), 100.0, 0.0
    for seconds, rate in steps:
        now += seconds
        found = time.whole(_started(), ContainerUsage(milli_cpu=rate), now)
        assert found.cpu_seconds is not None
        assert found.cpu_seconds >= before
        assert found.cpu_seconds <= before + seconds * rate / 1000 + 1e-6
        before = found.cpu_seconds


def test_a_container_that_starts_anew_has_used_nothing_yet() -> None:
    """Nor has one of a pod that was forgotten."""
    time, usage = CpuTime(), ContainerUsage(milli_cpu=500)
    assert time.whole(_started(), usage, 110.0).cpu_seconds == 5.0
    assert time.whole(_started(1, 120.0), usage, 122.0).cpu_seconds == 1.0
    time.forget("u")
    assert time.whole(_started(1, 120.0), usage, 122.0).cpu_seconds == 1.0


def test_what_the_runtime_counts_itself_is_true() -> None:
    """And where nobody measures, nothing is told."""
    time = CpuTime()
    counted = ContainerUsage(milli_cpu=500, cpu_seconds=7.0)
    assert time.whole(_started(), counted, 110.0) is counted
    unknown = ContainerUsage()
    assert time.whole(_started(), unknown, 110.0) is unknown
