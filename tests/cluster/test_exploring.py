"""One test body under many seeds: the first that breaks it is found, shrunk and brought back."""

import pytest

from actors import Crash
from orchestrator import Cluster, explore, replay
from orchestrator.api.apps.v1 import Deployment
from orchestrator.cluster.exploring import TROUBLES, Broken, drawn
from tests.manifests import deployment


async def _rolls_out(cluster: Cluster) -> None:
    await cluster.apply([deployment()])
    await cluster.client.wait(Deployment, "web", "condition=Available", timeout=600)


async def _hopes_that_nothing_crashes(cluster: Cluster) -> None:
    await _rolls_out(cluster)
    await cluster.clock.sleep(60)
    assert cluster.system.faults is not None
    assert not cluster.system.faults.counts["crash"]


def test_a_body_that_holds_is_tried_under_every_seed() -> None:
    """A Deployment becomes available whatever befalls the components."""
    assert explore(_rolls_out, seeds=15) == 15


def test_the_first_seed_that_breaks_it_is_shrunk_to_what_breaks_it() -> None:
    """Of several faults only the one that is needed is left, in the plainest order."""
    with pytest.raises(Broken) as broken:
        explore(_hopes_that_nothing_crashes, seeds=60)
    found = broken.value
    assert [type(fault) for fault in found.faults] == [Crash]
    assert found.order == "fifo"
    assert isinstance(found.__cause__, AssertionError)
    assert f"seed {found.seed} breaks it" in str(found)
    with pytest.raises(AssertionError):
        replay(_hopes_that_nothing_crashes, seed=found.seed, order="fifo", faults=found.faults)
    replay(_hopes_that_nothing_crashes, seed=found.seed, order="fifo")


def test_faults_are_a_function_of_the_seed() -> None:
    """The same seed draws the same faults, and no more than are allowed."""
    for seed in range(50):
        assert drawn(seed, TROUBLES, 3) == drawn(seed, TROUBLES, 3)
        assert len(drawn(seed, TROUBLES, 2)) <= 2
    assert any(drawn(seed, TROUBLES, 3) != drawn(0, TROUBLES, 3) for seed in range(1, 5))


def test_an_unknown_trouble_is_refused() -> None:
    """The error names the troubles that there are."""
    with pytest.raises(ValueError, match="there is no trouble 'fire'; there are crash, pause"):
        explore(_rolls_out, trouble=["fire"])  # type: ignore[list-item]
