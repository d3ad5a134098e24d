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
    assert policy.status.type_checking.expression_warnings == ()
    body = {"spec": {"validations": [{"expression": "object.spec.replicas <= 6"}]}}
    await cluster.client.patch(Policy, "few", body)
    await cluster.clock.sleep(1)
    policy = await cluster.client.get(Policy, "few")
    assert policy.status is not None
    assert policy.status.observed_generation == policy.metadata.generation == 2


async def test_expressions_are_checked_by_the_types_of_what_they_are_about(
    cluster: Cluster,
) -> None:
    """Fields that a kind does not have, operands that do not fit; of variables and parameters, too."""
    spec = {
        **_POLICY["spec"],
        "paramKind": {"apiVersion": "v1", "kind": "ConfigMap"},
        "variables": [{"name": "many", "expression": "object.spec.replicas"}],
        "validations": [
            {"expression": "object.spec.replica > 1"},
            {"expression": "object.metadata.labels.all(k, k in params.data)"},
            {"expression": "variables.many == 'x'"},
            {
                "expression": "object.spec.template.spec.containers.all(c, c.image != '')",
                "messageExpression": "'no ' + params.nothing",
            },
        ],
    }
    await cluster.client.create({**_POLICY, "spec": spec})
    await cluster.clock.sleep(1)
    policy = await cluster.client.get(Policy, "few")
    assert policy.status is not None
    assert policy.status.type_checking is not None
    head = "apps/v1, Kind=Deployment: ERROR: <input>:1:"
    found = {
        each.field_ref: each.warning.splitlines()[0].removeprefix(head)
        for each in policy.status.type_checking.expression_warnings
    }
    assert found == {
        "spec.validations[0].expression": "12: undefined field 'replica'",
        "spec.validations[2].expression": (
            "16: found no matching overload for '_==_' applied to '(int, string)'"
        ),
        "spec.validations[3].messageExpression": "15: undefined field 'nothing'",
    }
