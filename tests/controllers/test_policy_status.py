"""Policies of admission say which generation of them has been looked at."""

from orchestrator import Cluster
from orchestrator.api.admissionregistration.v1 import ValidatingAdmissionPolicy as Policy
from tests.manifests import Manifest

_POLICY: Manifest = {
    "apiVersion": "admissionregistration.k8s.io/v1",
    "kind": "ValidatingAdmissionPolicy",
    "metadata": {"name": "few"},
    "spec": {
        "matchConstraints": {
            "resourceRules": [
                {
                    "apiGroups": ["apps"],
                    "apiVersions": ["v1"],
                    "operations": ["CREATE"],
                    "resources": ["deployments"],
                }
            ]
        },
        "validations": [{"expression": "object.spec.replicas <= 5"}],
    },
}


async def test_each_generation_is_looked_at(cluster: Cluster) -> None:
    """A second after it is written at the latest."""
    await cluster.client.create(_POLICY)
    await cluster.clock.sleep(1)
    policy = await cluster.client.get(Policy, "few")
    assert policy.status is not None
    assert policy.status.observed_generation == 1
    assert policy.status.type_checking is not None
    body = {"spec": {"validations": [{"expression": "object.spec.replicas <= 6"}]}}
    await cluster.client.patch(Policy, "few", body)
    await cluster.clock.sleep(1)
    policy = await cluster.client.get(Policy, "few")
    assert policy.status is not None
    assert policy.status.observed_generation == policy.metadata.generation == 2
