"""docs/scheduler.md: its code runs, and its policies decide as it says."""

import re
from pathlib import Path
from typing import Any

import actors
from orchestrator import Cluster
from orchestrator.api.core.v1 import Pod
from orchestrator.scheduler import DEFAULT_PROFILE, Profile
from tests.scheduler.test_scheduler import _manifest

_PAGE = Path(__file__).parents[2] / "docs" / "scheduler.md"


def _run() -> dict[str, Any]:
    """All of the page's Python, one block after another."""
    names: dict[str, Any] = {"__name__": "page"}
    for block in re.findall(r"```python\n(.*?)```", _PAGE.read_text(), re.DOTALL):
        exec(compile(block, str(_PAGE), "exec"), names)
    return names


def _counts(profile: Profile, nodes: int, pods: int, cpu: str = "10m") -> list[int]:
    async def main() -> list[int]:
        async with Cluster(nodes=nodes, scheduler=profile) as cluster:
            manifests = [_manifest(f"p{n}", requests={"cpu": cpu}) for n in range(pods)]
            await cluster.apply(manifests)
            await cluster.clock.sleep(5)
            placed = await cluster.client.list(Pod, namespace="default")
            names = [p.spec.node_name for p in placed if p.spec is not None]
            return sorted(names.count(f"node-{n}") for n in range(nodes))

    return actors.run(main)


def test_the_pages_policies_run_and_decide_as_it_says() -> None:
    """MostAllocated packs; FewestPods spreads and stops at ten; LeastCpu is a kernel that agrees."""
    names = _run()
    assert len(names["nodes_used"]) == 1
    assert _counts(names["profile"], 2, 8) == [4, 4]
    assert _counts(names["profile"], 1, 12) == [10]
    least = DEFAULT_PROFILE.without("NodeResourcesFit").adding(names["LeastCpu"](), weight=50)
    assert _counts(least, 3, 9, cpu="1") == [3, 3, 3]
