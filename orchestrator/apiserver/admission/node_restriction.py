"""NodeRestriction: a kubelet writes what is its own node's, and nothing that would bring it more.

https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#noderestriction. Kubelets write
the states of all pods, so this is no plugin that is asked like others: the pipeline's step of its own asks
`RULES`, of nobody but kubelets. The class is what the plugin is turned off by.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from orchestrator.api.core.v1 import (
    Node,
    NodeConfigSource,
    PersistentVolume,
    PersistentVolumeClaim,
    Pod,
    PodSpec,
    Volume,
)
from orchestrator.api.meta.v1 import OwnerReference
from orchestrator.api.scheme import Resource
from orchestrator.api.storage.v1 import CSIDriver
from orchestrator.apiserver.admission.interface import AdmissionPlugin, Operation, Reader
from orchestrator.apiserver.authorization import Access, Attributes
from orchestrator.apiserver.validation.diff import difference
from orchestrator.machinery import node_labels
from orchestrator.machinery.certificates import CertificateError, decoded, read_request
from orchestrator.machinery.pod_references import config_maps_of, secrets_of
from orchestrator.protocol import Identity

MIRROR: Final = "kubernetes.io/config.mirror"
_LEASES: Final = "kube-node-lease"
_KUBELETS_SIGNERS: Final = (
    "kubernetes.io/kubelet-serving",
    "kubernetes.io/kube-apiserver-client-kubelet",
)


class NodeRestriction(AdmissionPlugin):
    """Has the name by which it is turned off; see the module."""

    name = "NodeRestriction"

    def handles(self, operation: Operation, resource: Resource, subresource: str) -> bool:
        """As `AdmissionPlugin.handles`."""
        return False


class Attempted(Struct):
    """What the kubelet of `node` attempts; `new` is None for a deletion, `old` for a creation."""

    node: str
    who: Identity
    operation: Operation
    subresource: str
    name: str
    namespace: str
    new: Any
    old: Any
    reader: Reader
    access: Access | None


Rule: TypeAlias = Callable[[Attempted], str]
"""Says what is wrong; "" is nothing."""


def _pod(asked: Attempted) -> str:
    match asked.subresource, asked.operation:
        case "", "CREATE":
            return next(_of_mirror(asked), "")
        case "", "DELETE":
            if _node_of(asked.old) != asked.node:
                return f'node "{asked.node}" can only delete pods with spec.nodeName set to itself'
            return ""
        case "", operation:
            return (
                f'unexpected operation "{operation}", node "{asked.node}" can only create and '
                "delete mirror pods"
            )
        case "status", "UPDATE":
            return _pod_status(asked)
        case "eviction", "CREATE":
            if _node_of(asked.old) != asked.node:
                return f"node {asked.node} can only evict pods with spec.nodeName set to itself"
            return ""
    return (
        f"unexpected pod subresource \"{asked.subresource}\", only 'status' and 'eviction' are "
        "allowed"
    )


def _node_of(pod: Pod) -> str:
    return pod.spec.node_name if pod.spec is not None else ""


def _of_mirror(asked: Attempted) -> Iterator[str]:
    pod, node = asked.new, asked.node
    spec = pod.spec or PodSpec()
    if MIRROR not in pod.metadata.annotations:
        yield (
            f'pod does not have "{MIRROR}" annotation, node "{node}" can only create mirror pods'
        )
    only = f'node "{node}" can only create pods with'
    if spec.node_name != node:
        yield f"{only} spec.nodeName set to itself"
    owners = _unrepeated(pod.metadata.owner_references)
    if len(owners) > 1:
        yield f"{only} a single owner reference set to itself"
    owner = owners[0] if owners else None
    if owner is None or (owner.api_version, owner.kind, owner.name) != ("v1", "Node", node):
        yield f"{only} an owner reference set to itself"
    elif not owner.controller:
        yield f"{only} a controller owner reference set to itself"
    elif owner.block_owner_deletion:
        yield f'node "{node}" must not set blockOwnerDeletion on an owner reference'
    else:
        known = asked.reader.get(Node, node)
        uid = known.metadata.uid if known is not None else ""
        if owner.uid != uid:
            yield f"node {node} UID mismatch: expected {owner.uid} got {uid}"
    named = next(_references(spec), "")
    if named:
        yield f'node "{node}" can not create pods that reference {named}'


def _unrepeated(owners: Sequence[OwnerReference]) -> list[OwnerReference]:
    """Owners without those that stand there already, which nobody stores."""
    return [owner for place, owner in enumerate(owners) if owner not in owners[:place]]


def _references(spec: PodSpec) -> Iterator[str]:
    """The kinds of objects that a pod names."""
    if spec.service_account_name:
        yield "serviceaccounts"
    if any(secrets_of(spec)):
        yield "secrets"
    if any(config_maps_of(spec)):
        yield "configmaps"
    if spec.resource_claims:
        yield "resourceclaims"
    for volume in spec.volumes:
        if volume.csi is not None:
            yield "csidrivers (via CSI volumes)"
        elif volume.glusterfs is not None:
            yield "endpoints (via glusterFS volumes)"
        elif volume.persistent_volume_claim is not None:
            yield "persistentvolumeclaims"
        elif volume.ephemeral is not None:
            yield "persistentvolumeclaims (via ephemeral volumes)"
        elif volume.projected is not None:
            for source in volume.projected.sources:
                if source.service_account_token is not None:
                    yield "serviceaccounts (via projected volumes)"
                elif source.cluster_trust_bundle is not None:
                    yield "clustertrustbundles"
                elif source.pod_certificate is not None:
                    yield "podcertificates"


def _pod_status(asked: Attempted) -> str:
    new, old, node = asked.new, asked.old, asked.node
    if _node_of(old) != node:
        return f'node "{node}" can only update pod status for pods with spec.nodeName set to itself'
    labels = new.metadata.labels
    if labels is not old.metadata.labels and labels != old.metadata.labels:
        return f'node "{node}" cannot update labels through pod status'
    before, after = old.status, new.status
    if before is None or after is None:
        return ""
    if before.resource_claim_statuses != after.resource_claim_statuses:
        return f'node "{node}" cannot update resource claim statues'
    if before.extended_resource_claim_status != after.extended_resource_claim_status:
        return f'node "{node}" cannot update extended resource claim status'
    return ""


def _own_node(asked: Attempted) -> str:
    node, new, old = asked.node, asked.new, asked.old
    name = asked.name or new.metadata.name
    if name != node:
        return f'node "{node}" is not allowed to modify node "{name}"'
    if asked.operation == "CREATE":
        if _source(new) is not None:
            return f'node "{node}" is not allowed to create pods with a non-nil configSource'
        labels = _forbidden_labels(new.metadata.labels, {})
        if labels:
            return f'node "{node}" is not allowed to set the following labels: {labels}'
    if asked.operation != "UPDATE" or (new.metadata is old.metadata and new.spec is old.spec):
        return ""
    if _source(new) is not None and _source(new) != _source(old):
        return f'node "{node}" is not allowed to update configSource to a new non-nil configSource'
    if _taints(new) != _taints(old):
        return f'node "{node}" is not allowed to modify taints'
    if new.metadata.owner_references != old.metadata.owner_references:
        return f'node "{node}" is not allowed to modify ownerReferences'
    labels = _forbidden_labels(new.metadata.labels, old.metadata.labels)
    return f"is not allowed to modify labels: {labels}" if labels else ""


def _taints(node: Node) -> Any:
    return node.spec.taints if node.spec is not None else ()


def _source(node: Node) -> NodeConfigSource | None:
    return node.spec.config_source if node.spec is not None else None


def _forbidden_labels(new: Mapping[str, str], old: Mapping[str, str]) -> str:
    """The labels that differ and that are not a kubelet's to set."""
    changed = {key for key in (*new, *old) if new.get(key) != old.get(key)}
    return ", ".join(sorted(key for key in changed if not node_labels.may_set(key)))


def _claim(asked: Attempted) -> str:
    if asked.subresource != "status":
        return "may only update PVC status"
    old, new = _comparable(asked.old), _comparable(asked.new)
    if old == new:
        return ""
    return (
        f'node "{asked.node}" is not allowed to update fields other than status.quantity and '
        f"status.conditions: {difference(old, new)}"
    )


def _comparable(claim: Any) -> Any:
    metadata = replace(claim.metadata, resource_version="", managed_fields=())
    status = claim.status
    if status is not None:
        status = replace(
            status,
            capacity={},
            conditions=(),
            allocated_resource_statuses={},
            allocated_resources={},
        )
    return replace(claim, metadata=metadata, status=status)


def _token(asked: Attempted) -> str:
    """A kubelet gets tokens for the pods of its node alone."""
    if asked.subresource != "token":
        return ""
    spec = asked.new.spec
    bound = spec.bound_object_ref if spec is not None else None
    if bound is None or (bound.api_version, bound.kind) != ("v1", "Pod") or not bound.name:
        return "node requested token not bound to a pod"
    if not bound.uid:
        return "node requested token with a pod binding without a uid"
    pod = asked.reader.get(Pod, bound.name, asked.namespace)
    if pod is None:
        return ""  # and so there is no token
    if bound.uid != pod.metadata.uid:
        return (
            f"the UID in the bound object reference ({bound.uid}) does not match the UID in record. "
            "The object might have been deleted and then recreated"
        )
    if _node_of(pod) != asked.node:
        return "node requested token bound to a pod scheduled on a different node"
    return _audience(asked, pod, spec.audiences)


def _audience(asked: Attempted, pod: Pod, audiences: Sequence[str]) -> str:
    """A kubelet asks for the audiences that the pod's volumes name, one at a time."""
    if len(audiences) > 1:
        return "node may only request 0 or 1 audiences"
    audience = audiences[0] if audiences else ""
    if audience in _audiences(pod, asked.reader) or _may_ask_for(asked, audience):
        return ""
    return (
        f'audience "{audience}" not found in pod spec volume, system:node:{asked.node} is not '
        "authorized to request tokens for this audience"
    )


def _may_ask_for(asked: Attempted, audience: str) -> bool:
    """Whether a right of its own lets the kubelet have tokens for an audience."""
    question = Attributes(
        "request-serviceaccounts-token-audience",
        resource=audience,
        namespace=asked.namespace,
        name=asked.name,
    )
    return asked.access is not None and asked.access.decide(asked.who, question).allowed


def _audiences(pod: Pod, reader: Reader) -> Iterator[str]:
    for volume in pod.spec.volumes if pod.spec is not None else ():
        if volume.projected is not None:
            for source in volume.projected.sources:
                if source.service_account_token is not None:
                    yield source.service_account_token.audience or ""
        driver = _driver(pod, volume, reader)
        known = reader.get(CSIDriver, driver) if driver else None
        if known is not None:
            yield from (each.audience for each in known.spec.token_requests)


def _driver(pod: Pod, volume: Volume, reader: Reader) -> str:
    """The driver of a volume, by its claim if it has one; "" if none."""
    if volume.csi is not None:
        return volume.csi.driver
    name = ""
    if volume.persistent_volume_claim is not None:
        name = volume.persistent_volume_claim.claim_name
    elif volume.ephemeral is not None:
        name = f"{pod.metadata.name}-{volume.name}"
    claim = reader.get(PersistentVolumeClaim, name, pod.metadata.namespace) if name else None
    if claim is None or claim.spec is None or not claim.spec.volume_name:
        return ""
    found = reader.get(PersistentVolume, claim.spec.volume_name)
    csi = found.spec.csi if found is not None and found.spec is not None else None
    return csi.driver if csi is not None else ""


def _lease(asked: Attempted) -> str:
    if asked.namespace != _LEASES:
        return f'can only access leases in the "{_LEASES}" system namespace'
    if (asked.name or asked.new.metadata.name) != asked.node:
        return "can only access node lease with the same name as the requesting node"
    return ""


def _csi_node(asked: Attempted) -> str:
    if (asked.name or asked.new.metadata.name) != asked.node:
        return "can only access CSINode with the same name as the requesting node"
    return ""


def _slice(asked: Attempted) -> str:
    if asked.operation == "CREATE" and asked.new.spec.node_name != asked.node:
        return "can only create ResourceSlice with the same NodeName as the requesting node"
    if asked.operation == "DELETE" and asked.old.spec.node_name != asked.node:
        return "can only delete ResourceSlice with the same NodeName as the requesting node"
    return ""


def _request(asked: Attempted) -> str:
    """A request for a kubelet's certificate is for its own name."""
    spec = asked.new.spec if asked.operation == "CREATE" else None
    if spec is None or spec.signer_name not in _KUBELETS_SIGNERS:
        return ""
    try:
        request = read_request(decoded(spec.request))
    except CertificateError as error:
        return f"unable to parse csr: {error}"
    wanted = f"system:node:{asked.node}"
    if request.common_name != wanted:
        return f"can only create a node CSR with CN={wanted}"
    return ""


RULES: Final[Mapping[str, Rule]] = {
    "pods": _pod,
    "nodes": _own_node,
    "persistentvolumeclaims": _claim,
    "serviceaccounts": _token,
    "leases.coordination.k8s.io": _lease,
    "csinodes.storage.k8s.io": _csi_node,
    "resourceslices.resource.k8s.io": _slice,
    "certificatesigningrequests.certificates.k8s.io": _request,
}
"""What a kubelet may write of a kind; it may write what else it is authorized to."""
