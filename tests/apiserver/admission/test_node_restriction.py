"""NodeRestriction: what a kubelet may write, and what it must not."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from msgspec.structs import replace

from orchestrator.api.authentication.v1 import (
    BoundObjectReference,
    TokenRequest,
    TokenRequestSpec,
)
from orchestrator.api.certificates.v1 import (
    CertificateSigningRequest,
    CertificateSigningRequestSpec,
)
from orchestrator.api.coordination.v1 import Lease
from orchestrator.api.core.v1 import (
    Node,
    NodeConfigSource,
    NodeSpec,
    Pod,
    PodResourceClaim,
    PodResourceClaimStatus,
    PodStatus,
    ProjectedVolumeSource,
    ServiceAccount,
    ServiceAccountTokenProjection,
    Taint,
    Volume,
    VolumeProjection,
)
from orchestrator.api.meta.v1 import ObjectMeta, OwnerReference
from orchestrator.api.policy.v1 import Eviction
from orchestrator.apiserver.admission import Admission, chain_of
from orchestrator.machinery.objects import with_metadata
from orchestrator.protocol import Create, Forbidden, Identity
from tests.apiserver.harness import Api, meta, pod, refused

_NODE = Identity("system:node:n1", ("system:nodes", "system:authenticated"))


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    """Two nodes, each with a pod."""
    async with Api() as server:
        for number in (1, 2):
            await server.create(Node(metadata=ObjectMeta(name=f"n{number}")))
            await server.create(pod(f"p{number}", node_name=f"n{number}"))
        yield server


async def _refusal(request: Any) -> str:
    return (await refused(Forbidden, request)).message.partition(" is forbidden: ")[2]


def _reporting(found: Pod, **labels: str) -> Pod:
    changed = with_metadata(found, labels=labels) if labels else found
    return replace(changed, status=PodStatus(phase="Running"))


async def test_a_kubelet_reports_on_its_own_pods_alone(api: Api) -> None:
    """And changes no label of them by the way."""
    own, other = [await api.get(Pod, name) for name in ("p1", "p2")]
    assert (await api.status(_reporting(own), identity=_NODE)).status.phase == "Running"
    why = await _refusal(api.status(_reporting(other), identity=_NODE))
    assert why == 'node "n1" can only update pod status for pods with spec.nodeName set to itself'
    own = await api.get(Pod, "p1")
    why = await _refusal(api.status(_reporting(own, app="x"), identity=_NODE))
    assert why == 'node "n1" cannot update labels through pod status'
    claims = (PodResourceClaimStatus(name="c", resource_claim_name="another's"),)
    status = PodStatus(phase="Running", resource_claim_statuses=claims)
    why = await _refusal(api.status(replace(own, status=status), identity=_NODE))
    assert why == 'node "n1" cannot update resource claim statues'


async def test_a_kubelet_ends_its_own_pods_alone(api: Api) -> None:
    """By deleting and by evicting."""
    why = await _refusal(api.delete(Pod, "p2", grace_period_seconds=0, identity=_NODE))
    assert why == 'node "n1" can only delete pods with spec.nodeName set to itself'

    def evict(name: str, said: str = "") -> Create:
        eviction = Eviction(metadata=meta(said or name))
        return api.creation(
            eviction,
            resource=api.resource(Pod),
            name=name,
            subresource="eviction",
            identity=_NODE,
        )

    why = await _refusal(api.ref.ask(evict("p2")))
    assert why == "node n1 can only evict pods with spec.nodeName set to itself"
    assert await _refusal(api.ref.ask(evict("p2", "p1"))) == why
    await api.ref.ask(evict("p1"))


def _mirror(node: str, owner: OwnerReference | None, **spec: Any) -> Pod:
    metadata = meta(
        "mirror",
        annotations={"kubernetes.io/config.mirror": "x"},
        owner_references=(owner,) if owner else (),
    )
    return pod("mirror", metadata=metadata, node_name=node, **spec)


async def test_a_kubelet_makes_mirrors_of_its_static_pods(api: Api) -> None:
    """Bound to it, owned by its Node, and naming nothing that it could read then."""
    node = await api.get(Node, "n1")
    owner = OwnerReference(
        api_version="v1", kind="Node", name="n1", uid=node.metadata.uid, controller=True
    )
    tokens = ProjectedVolumeSource(
        sources=(
            VolumeProjection(service_account_token=ServiceAccountTokenProjection(path="token")),
        )
    )
    for wrong, words in (
        (pod("x", node_name="n1"), "can only create mirror pods"),
        (_mirror("n2", owner), "pods with spec.nodeName set to itself"),
        (_mirror("n1", None), "pods with an owner reference set to itself"),
        (_mirror("n1", replace(owner, uid="7")), "node n1 UID mismatch: expected 7"),
        (_mirror("n1", replace(owner, controller=None)), "a controller owner reference"),
        (_mirror("n1", owner, service_account_name="sa"), "reference serviceaccounts"),
        (  # CVE-2025-4563: a mirror that names a claim would be let at its devices
            _mirror(
                "n1", owner, resource_claims=(PodResourceClaim(name="c", resource_claim_name="c"),)
            ),
            "reference resourceclaims",
        ),
        (
            _mirror("n1", owner, volumes=(Volume(name="v", projected=tokens),)),
            "reference serviceaccounts (via projected volumes)",
        ),
    ):
        assert words in await _refusal(api.create(wrong, identity=_NODE))
    assert await api.create(_mirror("n1", owner), identity=_NODE) is not None


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ({"node-restriction.kubernetes.io/x": "1"}, "node-restriction.kubernetes.io/x"),
        ({"x.node-restriction.kubernetes.io/x": "1"}, "x.node-restriction.kubernetes.io/x"),
        ({"node-role.kubernetes.io/master": ""}, "node-role.kubernetes.io/master"),
        ({"kubernetes.io/hostname": "n1", "node.kubernetes.io/x": "1", "mine/x": "1"}, ""),
    ],
)
async def test_a_kubelet_labels_its_node_as_it_may(
    api: Api, labels: dict[str, str], words: str
) -> None:
    """When it registers, and later; what steers others' pods is the administrator's."""
    node = await api.get(Node, "n1")
    changed = with_metadata(node, labels={**node.metadata.labels, **labels})
    third = Identity("system:node:n3", _NODE.groups)
    new = Node(metadata=ObjectMeta(name="n3", labels=labels))
    if not words:
        await api.update(changed, identity=_NODE)
        await api.create(new, identity=third)
        return
    why = await _refusal(api.update(changed, identity=_NODE))
    assert why == f"is not allowed to modify labels: {words}"
    why = await _refusal(api.create(new, identity=third))
    assert why == f'node "n3" is not allowed to set the following labels: {words}'


async def test_a_kubelet_changes_its_own_node_alone(api: Api) -> None:
    """Not its taints, and not whose it is: an owner that is gone would take the node along, so that it could
    register anew with taints and labels of its own (CVE-2025-5187).
    """
    other, own = await api.get(Node, "n2"), await api.get(Node, "n1")
    assert "is not allowed to modify node" in await _refusal(api.update(other, identity=_NODE))
    assert "is not allowed to modify node" in await _refusal(api.status(other, identity=_NODE))
    tainted = replace(own, spec=NodeSpec(taints=(Taint(key="a", effect="NoSchedule"),)))
    assert "modify taints" in await _refusal(api.update(tainted, identity=_NODE))
    assert "modify taints" in await _refusal(api.status(tainted, identity=_NODE))
    owner = OwnerReference(api_version="v1", kind="Node", name="gone", uid="7")
    owned = with_metadata(own, owner_references=(owner,))
    assert "modify ownerReferences" in await _refusal(api.update(owned, identity=_NODE))


async def test_a_kubelet_renews_its_own_lease_alone(api: Api) -> None:
    """Which it also makes."""
    for name, words in (("n2", "with the same name as the requesting node"), ("n1", "")):
        lease = Lease(metadata=ObjectMeta(name=name, namespace="kube-node-lease"))
        if words:
            assert words in await _refusal(api.create(lease, identity=_NODE))
        else:
            await api.create(lease, identity=_NODE)


async def test_a_kubelet_gets_tokens_of_its_own_pods_alone(api: Api) -> None:
    """For the audiences that the pod's volumes name; and such a token says its node."""
    sources = tuple(
        VolumeProjection(
            service_account_token=ServiceAccountTokenProjection(path="t", audience=each)
        )
        for each in ("", "vault")
    )
    volume = Volume(name="v", projected=ProjectedVolumeSource(sources=sources))
    made = await api.create(pod("t", node_name="n1", volumes=(volume,)))

    async def ask(found: Pod, *audiences: str, **reference: Any) -> Any:
        bound = BoundObjectReference(
            **{
                "api_version": "v1",
                "kind": "Pod",
                "name": found.metadata.name,
                "uid": found.metadata.uid,
                **reference,
            }
        )
        spec = TokenRequestSpec(audiences=audiences, bound_object_ref=bound)
        return await api.create(
            TokenRequest(spec=spec),
            resource=api.resource(ServiceAccount),
            name="default",
            subresource="token",
            identity=_NODE,
        )

    assert (await ask(made)).status.token
    assert (await ask(made, "vault")).status.token
    assert 'audience "other" not found in pod spec volume' in await _refusal(ask(made, "other"))
    assert "0 or 1 audiences" in await _refusal(ask(made, "vault", "other"))
    assert "without a uid" in await _refusal(ask(made, uid=""))
    assert "does not match the UID in record" in await _refusal(ask(made, uid="7"))
    assert "not bound to a pod" in await _refusal(ask(made, kind="Node"))


async def test_the_plugin_can_be_turned_off() -> None:
    """As there."""
    off = chain_of(Admission(disable=("NodeRestriction",)))
    async with Api(admission=off) as api:
        await api.create(Node(metadata=ObjectMeta(name="n2")))
        other = await api.get(Node, "n2")
        changed = with_metadata(other, labels={"a": "b"})
        assert (await api.update(changed, identity=_NODE)).metadata.labels["a"] == "b"


async def test_a_kubelet_does_not_say_where_its_configuration_is(api: Api) -> None:
    """Neither when its Node is made nor later."""
    source = NodeSpec(config_source=NodeConfigSource())
    node = await api.get(Node, "n1")
    why = await _refusal(api.update(replace(node, spec=source), identity=_NODE))
    assert why == 'node "n1" is not allowed to update configSource to a new non-nil configSource'
    await api.delete(Node, "n1")
    why = await _refusal(
        api.create(Node(metadata=ObjectMeta(name="n1"), spec=source), identity=_NODE)
    )
    assert why == 'node "n1" is not allowed to create pods with a non-nil configSource'


async def test_a_kubelets_request_for_a_certificate_is_one(api: Api) -> None:
    """What is no request is refused in the words of who would sign it."""
    spec = CertificateSigningRequestSpec(
        request="eA==",
        signer_name="kubernetes.io/kube-apiserver-client-kubelet",
        usages=("client auth",),
    )
    request = CertificateSigningRequest(metadata=ObjectMeta(name="c"), spec=spec)
    why = await _refusal(api.create(request, identity=_NODE))
    assert why == "unable to parse csr: PEM block type must be CERTIFICATE REQUEST"
