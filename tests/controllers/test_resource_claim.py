"""Claims of devices: free again when their pods have ended, whatever befalls the controller."""

import pytest
from msgspec.structs import replace

from actors import Crash, FaultPlan
from orchestrator import Cluster
from orchestrator.api.core.v1 import Pod
from orchestrator.api.resource.v1 import (
    DeviceRequestAllocationResult,
    DeviceTaint,
    DeviceToleration,
    ResourceClaim,
)
from orchestrator.controllers.device_taint_eviction import evict_at
from orchestrator.machinery.resource_claims import FINALIZER
from orchestrator.machinery.times import format_time
from tests.manifests import SIMULATION, Manifest
from tests.scheduler.test_devices_in_a_cluster import claim, device_class, pod, slice_of, template

_CONTROLLER = "/controllers/resource-claim"


def _ending(made: Manifest) -> Manifest:
    metadata = {**made["metadata"], "annotations": {SIMULATION + "run-seconds": "5"}}
    return {**made, "metadata": metadata, "spec": {**made["spec"], "restartPolicy": "Never"}}


async def _used_and_freed(cluster: Cluster) -> ResourceClaim:
    """A claim whose pod has come, and ended."""
    await cluster.apply([device_class(), slice_of("node-1", "gpu-0"), claim("mine")])
    await cluster.apply([_ending(pod("user", resourceClaimName="mine"))])
    await cluster.client.wait(Pod, "user", "condition=Ready", namespace="default", timeout=30)
    used = await cluster.client.get(ResourceClaim, "mine", namespace="default")
    assert used.status is not None
    assert [each.name for each in used.status.reserved_for] == ["user"]
    assert FINALIZER in used.metadata.finalizers
    await cluster.clock.sleep(60)
    return await cluster.client.get(ResourceClaim, "mine", namespace="default")


async def test_a_claim_is_free_when_its_last_pod_has_ended(cluster: Cluster) -> None:
    """And may be deleted."""
    free = await _used_and_freed(cluster)
    assert free.status is not None
    assert (free.status.allocation, free.status.reserved_for) == (None, ())
    assert FINALIZER not in free.metadata.finalizers
    await cluster.client.delete(ResourceClaim, "mine", namespace="default")
    await cluster.client.wait(ResourceClaim, "mine", "delete", namespace="default", timeout=10)


@pytest.mark.parametrize("after", range(1, 12))
async def test_a_claim_is_free_though_its_controller_is_killed(
    after: int,
) -> None:
    """Between its two writes, too: the devices are given back, and then the finalizer."""
    plan = FaultPlan((Crash(actor=_CONTROLLER, after_messages=after),))
    async with Cluster(nodes=3, faults=plan) as cluster:
        free = await _used_and_freed(cluster)
    assert free.status is not None
    assert (free.status.allocation, FINALIZER in free.metadata.finalizers) == (None, False)


async def test_a_claim_of_a_template_goes_with_its_pod(cluster: Cluster) -> None:
    """When that has ended, it is deleted though the pod is still there."""
    await cluster.apply([device_class(), slice_of("node-1", "gpu-0"), template("gpus")])
    await cluster.apply([_ending(pod("short", resourceClaimTemplateName="gpus"))])
    await cluster.clock.sleep(4)
    assert len(await cluster.client.list(ResourceClaim, namespace="default")) == 1
    await cluster.clock.sleep(30)
    assert await cluster.client.list(ResourceClaim, namespace="default") == ()
    assert (await cluster.client.get(Pod, "short", namespace="default")).status is not None


@pytest.mark.parametrize(
    ("tolerations", "expected"),
    [
        ((), 1000.0),
        ((DeviceToleration(key="other", operator="Exists"),), 1000.0),
        ((DeviceToleration(key="k", operator="Exists", toleration_seconds=60),), 1000.0),
        ((DeviceToleration(operator="Exists", effect="NoExecute"),), None),
        ((DeviceToleration(operator="Exists", effect="NoExecute", toleration_seconds=60),), 1060.0),
        ((DeviceToleration(operator="Exists", effect="NoExecute", toleration_seconds=-5),), 1000.0),
    ],
)
def test_whoever_has_a_tainted_device_goes_when_nothing_tolerates_it_any_more(
    tolerations: tuple[DeviceToleration, ...], expected: float | None
) -> None:
    """Tolerations without the effect NoExecute are none here; the shortest of those that are counts."""
    result = DeviceRequestAllocationResult(tolerations=tolerations)
    taint = DeviceTaint(key="k", effect="NoExecute", time_added=format_time(1000.0))
    assert evict_at(result, [taint]) == expected
    assert evict_at(result, [replace(taint, effect="NoSchedule")]) is None
