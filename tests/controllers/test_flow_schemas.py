"""FlowSchemas say whether the priority level that they name is there."""

from orchestrator import Cluster
from orchestrator.api.flowcontrol.v1 import FlowSchema, FlowSchemaCondition
from orchestrator.api.flowcontrol.v1 import PriorityLevelConfiguration as Level
from tests.manifests import Manifest

_SCHEMA: Manifest = {
    "apiVersion": "flowcontrol.apiserver.k8s.io/v1",
    "kind": "FlowSchema",
    "metadata": {"name": "mine"},
    "spec": {"priorityLevelConfiguration": {"name": "slow"}},
}
_LEVEL: Manifest = {
    "apiVersion": "flowcontrol.apiserver.k8s.io/v1",
    "kind": "PriorityLevelConfiguration",
    "metadata": {"name": "slow"},
    "spec": {"type": "Limited", "limited": {"limitResponse": {"type": "Reject"}}},
}


async def _condition(cluster: Cluster) -> FlowSchemaCondition:
    await cluster.clock.sleep(1)
    schema = await cluster.client.get(FlowSchema, "mine")
    assert schema.status is not None
    (condition,) = schema.status.conditions
    return condition


async def test_a_schema_dangles_until_its_level_is_there(cluster: Cluster) -> None:
    """And again when it goes."""
    await cluster.client.create(_SCHEMA)
    condition = await _condition(cluster)
    assert (condition.type, condition.status, condition.reason) == ("Dangling", "True", "NotFound")
    assert condition.message == (
        'This FlowSchema references the PriorityLevelConfiguration object named "slow" but there is no such object'
    )
    await cluster.client.create(_LEVEL)
    condition = await _condition(cluster)
    assert (condition.status, condition.reason) == ("False", "Found")
    assert condition.message == (
        'This FlowSchema references the PriorityLevelConfiguration object named "slow" and it exists'
    )
    await cluster.client.delete(Level, "slow")
    assert (await _condition(cluster)).status == "True"
