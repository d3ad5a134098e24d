"""What kubelets may do: what is their node's, and nothing of another's."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from orchestrator.api.authorization.v1 import (
    FieldSelectorAttributes,
    ResourceAttributes,
    SubjectAccessReview,
    SubjectAccessReviewSpec,
)
from orchestrator.api.core.v1 import (
    ConfigMap,
    Container,
    CSIPersistentVolumeSource,
    EnvFromSource,
    LocalObjectReference,
    ObjectReference,
    PersistentVolume,
    PersistentVolumeClaimVolumeSource,
    PersistentVolumeSpec,
    Secret,
    SecretEnvSource,
    SecretReference,
    ServiceAccount,
    Volume,
)
from orchestrator.api.meta.v1 import FieldSelectorRequirement, ObjectMeta
from orchestrator.apiserver.authorization.node import node_of
from orchestrator.protocol import Forbidden, Identity
from tests.apiserver.harness import Api, meta, pod

_NODE = Identity("system:node:n1", ("system:nodes", "system:authenticated"))
pytestmark = pytest.mark.refuses_components


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    """n1 has a pod that names a secret, a config map, an account and a claim; n2 one that names others."""
    async with Api(admission=()) as server:
        for number in (1, 2):
            await server.create(ServiceAccount(metadata=meta(f"sa{number}")))
            env = EnvFromSource(secret_ref=SecretEnvSource(name=f"env{number}"))
            claim = PersistentVolumeClaimVolumeSource(claim_name=f"claim{number}")
            await server.create(
                pod(
                    f"p{number}",
                    containers=(Container(name="c", image="i", env_from=(env,)),),
                    volumes=(Volume(name="v", persistent_volume_claim=claim),),
                    image_pull_secrets=(LocalObjectReference(name=f"pull{number}"),),
                    service_account_name=f"sa{number}",
                    node_name=f"n{number}",
                )
            )
            await server.create(_volume(number))
        yield server


def _volume(number: int) -> PersistentVolume:
    secret = SecretReference(name=f"mount{number}", namespace="default")
    return PersistentVolume(
        metadata=ObjectMeta(name=f"pv{number}"),
        spec=PersistentVolumeSpec(
            access_modes=("ReadWriteOnce",),
            capacity={"storage": "1Gi"},
            claim_ref=ObjectReference(name=f"claim{number}", namespace="default"),
            csi=CSIPersistentVolumeSource(
                driver="d.test", volume_handle="h", node_stage_secret_ref=secret
            ),
        ),
    )


async def _asked(api: Api, verb: str, resource: str, name: str = "", **more: Any) -> Any:
    """The status of a review about n1's kubelet; `resource` is `plural[.group][/part]`."""
    key, _, part = resource.partition("/")
    plural, _, group = key.partition(".")
    more.setdefault("namespace", "default")
    attributes = ResourceAttributes(
        verb=verb, resource=plural, group=group, subresource=part, name=name, **more
    )
    spec = SubjectAccessReviewSpec(
        user=_NODE.name, groups=_NODE.groups, resource_attributes=attributes
    )
    return (await api.create(SubjectAccessReview(spec=spec))).status


@pytest.mark.parametrize(
    ("verb", "resource", "name"),
    [
        ("get", "secrets", "env"),
        ("watch", "secrets", "pull"),
        ("get", "secrets", "mount"),
        ("get", "persistentvolumeclaims", "claim"),
        ("update", "persistentvolumeclaims/status", "claim"),
        ("get", "persistentvolumes", "pv"),
        ("get", "pods", "p"),
        ("create", "serviceaccounts/token", "sa"),
        ("get", "serviceaccounts", "sa"),
    ],
)
async def test_a_node_reaches_what_its_pods_use(
    api: Api, verb: str, resource: str, name: str
) -> None:
    """And nothing that another node's pods use."""
    where = {} if resource != "persistentvolumes" else {"namespace": ""}
    assert (await _asked(api, verb, resource, f"{name}1", **where)).allowed
    other = await _asked(api, verb, resource, f"{name}2", **where)
    assert not other.allowed
    assert other.reason == "no relationship found between node 'n1' and this object"
    await api.delete(type(pod("p")), "p1", grace_period_seconds=0)
    assert not (await _asked(api, verb, resource, f"{name}1", **where)).allowed


@pytest.mark.parametrize(
    ("verb", "resource", "name", "namespace", "reason"),
    [
        ("list", "secrets", "", "default", "No Object name found"),
        ("update", "secrets", "env1", "default", "can only read resources of this type"),
        ("list", "pods", "", "", "can only list/watch pods with spec.nodeName field selector"),
        ("get", "nodes", "n2", "", "node 'n1' cannot read 'n2', only its own Node object"),
        ("list", "nodes", "", "", "node 'n1' cannot read all nodes, only its own Node object"),
        (
            "update",
            "leases.coordination.k8s.io",
            "n2",
            "kube-node-lease",
            "can only access node lease with the same name as the requesting node",
        ),
        (
            "get",
            "leases.coordination.k8s.io",
            "n1",
            "default",
            'can only access leases in the "kube-node-lease" system namespace',
        ),
    ],
)
async def test_what_is_another_nodes_is_refused_with_a_reason(
    api: Api, verb: str, resource: str, name: str, namespace: str, reason: str
) -> None:
    """In the words of the original."""
    status = await _asked(api, verb, resource, name, namespace=namespace)
    assert (status.allowed, status.reason) == (False, reason)


@pytest.mark.parametrize(
    ("verb", "resource", "name", "namespace"),
    [
        ("get", "nodes", "n1", ""),
        ("patch", "nodes/status", "n1", ""),
        ("update", "leases.coordination.k8s.io", "n1", "kube-node-lease"),
        ("create", "events", "", "default"),
        ("list", "services", "", ""),
        ("create", "pods/eviction", "p1", "default"),
    ],
)
async def test_what_a_node_needs_for_itself_is_allowed(
    api: Api, verb: str, resource: str, name: str, namespace: str
) -> None:
    """Its Node, its lease, and what every node reads."""
    assert (await _asked(api, verb, resource, name, namespace=namespace)).allowed


async def test_a_selector_of_ones_own_node_opens_the_list_of_pods(api: Api) -> None:
    """However the review writes it."""
    for selector in (
        FieldSelectorAttributes(raw_selector="spec.nodeName=n1"),
        FieldSelectorAttributes(
            requirements=(
                FieldSelectorRequirement(key="spec.nodeName", operator="In", values=("n1",)),
            )
        ),
    ):
        assert (await _asked(api, "list", "pods", field_selector=selector)).allowed
    other = FieldSelectorAttributes(raw_selector="spec.nodeName=n2")
    assert not (await _asked(api, "list", "pods", field_selector=other)).allowed


async def test_the_kubelet_itself_meets_the_same_rules(api: Api) -> None:
    """As messages, not as questions about them."""
    await api.create(Secret(metadata=meta("env1")))
    await api.create(Secret(metadata=meta("env2")))
    assert (await api.get(Secret, "env1", identity=_NODE)).metadata.name == "env1"
    for refused in (
        api.get(Secret, "env2", identity=_NODE),
        api.page(Secret, namespace="default", identity=_NODE),
        api.get(ConfigMap, "kube-root-ca.crt", identity=_NODE),
    ):
        with pytest.raises(Forbidden):
            await refused
    found = await api.page(
        Secret, namespace="default", field_selector="metadata.name=env1", identity=_NODE
    )
    assert len(found.items) == 1


@pytest.mark.parametrize(
    ("identity", "node"),
    [
        (_NODE, "n1"),
        (Identity("system:node:n1", ("system:authenticated",)), None),
        (Identity("n1", ("system:nodes",)), None),
        (Identity("system:node:", ("system:nodes",)), ""),
    ],
)
def test_a_node_is_known_by_name_and_group(identity: Identity, node: str | None) -> None:
    """Neither alone makes one."""
    assert node_of(identity) == node
