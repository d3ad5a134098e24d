"""What plugins took, decision by decision."""

from random import Random

from orchestrator.scheduler import DEFAULT_PROFILE
from orchestrator.scheduler.cycle import Cycle
from orchestrator.scheduler.metrics import Measurements
from orchestrator.scheduler.nominations import Nominations
from orchestrator.scheduler.snapshot import Snapshot
from orchestrator.scheduler.stopwatch import SAMPLED, Stopwatch
from tests.scheduler.objects import make_node, make_pod


class _Clock:
    """Each look at it is a second later."""

    seconds = 0.0

    def __call__(self) -> float:
        self.seconds += 1
        return self.seconds


def test_decisions_tell_what_their_filters_and_scores_took() -> None:
    """One of ten of all plugins together, and of each plugin; pods alike rest on what was known."""
    nodes, measured = Snapshot(), Measurements()
    for number in range(3):
        nodes.put_node(make_node(f"n{number}"))
    cycle = Cycle(DEFAULT_PROFILE, nodes, Nominations())
    cycle.measure(Stopwatch(cycle.name, _Clock(), measured))
    for number in range(SAMPLED + 1):
        pod = make_pod(f"p{number}", cpu="100m")
        node = cycle.choose(pod, Random(0))
        assert isinstance(node, str)
        nodes.add_pod(pod.metadata.uid, pod, node)
    name = cycle.name
    assert measured.batches == {(name, "no_hint"): 1, (name, "hint_used"): SAMPLED}
    points = measured.points.found
    for point in ("Filter", "Score"):
        assert sum(points[point, "Success", name].counts) == 2
    plugins = {labels[:2]: sum(each.counts) for labels, each in measured.plugins.found.items()}
    assert plugins["NodeResourcesFit", "Filter"] == 2
    assert plugins["NodeResourcesFit", "Score"] == 2
    assert plugins["NodeResourcesFit", "PreFilter"] == 1  # pods alike are not asked about again


def test_a_stopwatch_changes_no_decision() -> None:
    def places(watched: bool) -> list[str]:
        nodes = Snapshot()
        for number in range(4):
            nodes.put_node(make_node(f"n{number}", cpu=str(1 + number)))
        cycle = Cycle(DEFAULT_PROFILE, nodes, Nominations())
        if watched:
            cycle.measure(Stopwatch(cycle.name, _Clock(), Measurements()))
        found, random = [], Random(3)
        for number in range(30):
            pod = make_pod(f"p{number}", cpu=f"{1 + number % 3}00m", labels={"app": "a"})
            found.append(str(cycle.choose(pod, random)))
            if found[-1] in nodes.names:
                nodes.add_pod(pod.metadata.uid, pod, found[-1])
        return found

    assert places(watched=True) == places(watched=False)
