"""Plugins for nodes, storage, ingresses, and quotas."""

from typing import Any

import pytest
from msgspec.structs import replace

from orchestrator.api.codec import from_dict, to_dict
from orchestrator.api.core.v1 import (
    ConfigMap,
    Node,
    PersistentVolume,
    PersistentVolumeClaim,
    Pod,
    ResourceQuota,
    Service,
)
from orchestrator.api.networking.v1 import Ingress, IngressClass
from orchestrator.api.scheme import resource_of
from orchestrator.api.storage.v1 import StorageClass
from orchestrator.apiserver.admission import DEFAULT_CHAIN
from orchestrator.apiserver.admission.default_classes import (
    DefaultIngressClass,
    DefaultStorageClass,
)
from orchestrator.apiserver.admission.resource_quota import ResourceQuotas
from orchestrator.apiserver.admission.storage_protection import StorageObjectInUseProtection
from orchestrator.apiserver.admission.taint_nodes import TaintNodesByCondition
from orchestrator.protocol import Forbidden, Unclassified
from tests.apiserver.admission.support import admitted, cluster, make, pod, request


def test_new_nodes_are_not_ready() -> None:
    """A node begins with a taint that keeps pods away."""
    node = from_dict({"metadata": {"name": "n"}, "spec": {"taints": []}}, Node)
    result = to_dict(admitted(TaintNodesByCondition(), node, cluster()))
    assert result["spec"]["taints"] == [
        {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}
    ]


@pytest.mark.parametrize(
    ("kind", "finalizer"),
    [
        (PersistentVolume, "kubernetes.io/pv-protection"),
        (PersistentVolumeClaim, "kubernetes.io/pvc-protection"),
    ],
)
def test_storage_waits_for_its_users(kind: type[Any], finalizer: str) -> None:
    """Volumes and claims are created with a finalizer."""
    result = admitted(StorageObjectInUseProtection(), make(kind, {}), cluster())
    assert result.metadata.finalizers == (finalizer,)


def storage_class(name: str, *, default: bool, created: str = "2024-01-01T00:00:00Z") -> Any:
    """A class, marked as default or not."""
    annotations = {"storageclass.kubernetes.io/is-default-class": "true"} if default else {}
    meta = {"name": name, "annotations": annotations, "creationTimestamp": created}
    return from_dict({"metadata": meta, "provisioner": "a"}, StorageClass)


@pytest.mark.parametrize(
    ("spec", "classes", "expected"),
    [
        ({}, [], None),
        ({}, [storage_class("slow", default=False)], None),
        ({}, [storage_class("fast", default=True)], "fast"),
        ({"storageClassName": ""}, [storage_class("fast", default=True)], ""),
        (
            {},
            [
                storage_class("fast", default=True),
                storage_class("new", default=True, created="2024-02-01T00:00:00Z"),
            ],
            "new",
        ),
    ],
)
def test_default_storage_classes(
    spec: dict[str, Any], classes: list[Any], expected: str | None
) -> None:
    """The newest default for a claim that names no class; "" is a name."""
    claim = make(PersistentVolumeClaim, {"spec": spec})
    result = admitted(DefaultStorageClass(), claim, cluster(*classes))
    assert result.spec is not None
    assert result.spec.storage_class_name == expected


def test_default_ingress_classes() -> None:
    """The default for an ingress that names no class in any way."""
    annotations = {"ingressclass.kubernetes.io/is-default-class": "true"}
    default = from_dict({"metadata": {"name": "nginx", "annotations": annotations}}, IngressClass)
    plugin = DefaultIngressClass()
    result = admitted(plugin, make(Ingress, {"spec": {}}), cluster(default))
    assert result.spec is not None
    assert result.spec.ingress_class_name == "nginx"
    meta = {
        "name": "a",
        "namespace": "default",
        "annotations": {"kubernetes.io/ingress.class": "x"},
    }
    old = make(Ingress, {"metadata": meta, "spec": {}})
    assert admitted(plugin, old, cluster(default)) is old


# --- ResourceQuota -------------------------------------------------------------------------


def quota(hard: dict[str, Any], **spec: Any) -> ResourceQuota:
    """A quota of the default namespace."""
    meta = {"name": "team", "namespace": "default"}
    return from_dict({"metadata": meta, "spec": {"hard": hard, **spec}}, ResourceQuota)


def named(obj: Any, name: str) -> Any:
    """The same object by another name."""
    return replace(obj, metadata=replace(obj.metadata, name=name))


def using(cpu: str, memory: str = "1Gi") -> Pod:
    """A pod that asks for this much."""
    resources = {"requests": {"cpu": cpu, "memory": memory}, "limits": {"cpu": cpu}}
    return pod(containers=[{"name": "c", "image": "a", "resources": resources}])


def refusal(obj: Any, *objects: Any, **how: Any) -> str:
    """Why the quota refuses the object; "" when it does not."""
    asked = request(obj, **how)
    assert ResourceQuotas().handles(asked.operation, asked.resource, "")
    try:
        ResourceQuotas().validate(asked, cluster(*objects))
    except Forbidden as error:
        return error.message.partition(" is forbidden: ")[2]
    return ""


def test_quotas_of_objects() -> None:
    """Counts of objects, under the old names and the new."""
    present = make(ConfigMap, {})
    for name in ("configmaps", "count/configmaps"):
        assert refusal(named(present, "b"), quota({name: "2"}), present) == ""
        assert refusal(named(present, "b"), quota({name: "1"}), present) == (
            f"exceeded quota: team, requested: {name}=1, used: {name}=1, limited: {name}=1"
        )


@pytest.mark.parametrize(
    ("status", "refused"),
    [
        ({}, False),
        ({"hard": {"configmaps": "9"}, "used": {"configmaps": "1"}}, False),
        ({"hard": {"configmaps": "9"}, "used": {"pods": "1"}}, True),
        ({"hard": {"pods": "9"}}, False),
    ],
)
def test_quotas_whose_use_is_not_told(status: dict[str, Any], refused: bool) -> None:
    """A status that limits and does not say what is used refuses, for nobody knows; one that is not there does not."""
    told = from_dict({**to_dict(quota({"configmaps": "9"})), "status": status}, ResourceQuota)
    words = "status unknown for quota: team, resources: configmaps"
    assert refusal(make(ConfigMap, {}), told) == (words if refused else "")


def test_quotas_of_resources() -> None:
    """Sums of requests and limits; pods that are over do not count."""
    hard = {"requests.cpu": "2", "limits.cpu": "3", "memory": "4Gi", "pods": "10"}
    first = named(using("1500m"), "a")
    second = named(using("1"), "b")
    assert refusal(second, quota(hard)) == ""
    assert refusal(second, quota(hard), first) == (
        "exceeded quota: team, requested: requests.cpu=1, used: requests.cpu=1500m, "
        "limited: requests.cpu=2"
    )
    over = from_dict({**to_dict(first), "status": {"phase": "Succeeded"}}, Pod)
    assert refusal(second, quota(hard), over) == ""
    assert refusal(using("100m", "5Gi"), quota(hard)) == (
        "exceeded quota: team, requested: memory=5Gi, used: memory=0, limited: memory=4Gi"
    )


def test_what_is_counted_must_be_said() -> None:
    """A container that says nothing of what a quota counts is refused."""
    assert refusal(pod(), quota({"requests.cpu": "1", "limits.memory": "1Gi"})) == (
        "failed quota: team: must specify limits.memory for: c; requests.cpu for: c"
    )
    assert refusal(pod(), quota({"pods": "1"})) == ""
    # That comes first, even where an earlier quota has nothing left.
    full = named(quota({"pods": "0"}), "a")
    said = "failed quota: team: must specify requests.cpu for: c"
    assert refusal(pod(), full, quota({"requests.cpu": "1"})) == said


@pytest.mark.parametrize(
    ("spec", "given", "refused"),
    [
        ({"scopes": ["BestEffort"]}, pod(), True),
        ({"scopes": ["NotBestEffort"]}, pod(), False),
        ({"scopes": ["Terminating"]}, pod(), False),
        ({"scopes": ["Terminating"]}, pod(activeDeadlineSeconds=5), True),
        ({"scopes": ["NotTerminating"]}, pod(), True),
        (
            {
                "scopeSelector": {
                    "matchExpressions": [
                        {"scopeName": "PriorityClass", "operator": "In", "values": ["high"]}
                    ]
                }
            },
            pod(priorityClassName="high"),
            True,
        ),
        (
            {
                "scopeSelector": {
                    "matchExpressions": [
                        {"scopeName": "PriorityClass", "operator": "In", "values": ["high"]}
                    ]
                }
            },
            pod(),
            False,
        ),
    ],
)
def test_scopes(spec: dict[str, Any], given: Pod, refused: bool) -> None:
    """A quota with scopes is about some pods only."""
    assert bool(refusal(given, quota({"pods": "0"}, **spec))) is refused


def test_services_and_claims() -> None:
    """Node ports and storage are counted; a change counts by what it adds."""
    ports = {"type": "NodePort", "ports": [{"port": 1}, {"port": 2}]}
    assert refusal(make(Service, {"spec": ports}), quota({"services.nodeports": "1"})) == (
        "exceeded quota: team, requested: services.nodeports=2, used: services.nodeports=0, "
        "limited: services.nodeports=1"
    )

    def claim(size: str) -> PersistentVolumeClaim:
        spec = {"resources": {"requests": {"storage": size}}, "storageClassName": "fast"}
        return make(PersistentVolumeClaim, {"spec": spec})

    hard = {"requests.storage": "3Gi", "fast.storageclass.storage.k8s.io/requests.storage": "9Gi"}
    old = claim("2Gi")
    assert refusal(claim("3Gi"), quota(hard), old, operation="UPDATE", old=old) == ""
    assert refusal(claim("4Gi"), quota(hard), old, operation="UPDATE", old=old) == (
        "exceeded quota: team, requested: requests.storage=2Gi, used: requests.storage=2Gi, "
        "limited: requests.storage=3Gi"
    )


@pytest.mark.parametrize(
    ("operator", "values", "name", "refused"),
    [
        ("In", ["gold"], "gold", True),
        ("In", ["gold"], "silver", False),
        ("In", ["gold"], None, False),
        ("NotIn", ["gold"], "silver", True),
        ("Exists", [], "silver", True),
        ("Exists", [], None, False),
        ("DoesNotExist", [], None, True),
    ],
)
def test_claims_are_counted_by_their_class_of_attributes(
    operator: str, values: list[str], name: str | None, refused: bool
) -> None:
    """By the scope VolumeAttributesClass; a quota for a scope of pods counts no claims."""
    spec = {"resources": {"requests": {"storage": "1Gi"}}, "volumeAttributesClassName": name}
    made = make(PersistentVolumeClaim, {"spec": spec})
    scope = {"scopeName": "VolumeAttributesClass", "operator": operator, "values": values}
    hard = {"persistentvolumeclaims": "0"}
    selector = {"scopeSelector": {"matchExpressions": [scope]}}
    assert bool(refusal(made, quota(hard, **selector))) is refused
    assert refusal(made, quota(hard, scopes=["BestEffort"])) == ""


def test_what_is_limited_needs_a_quota_that_allows_it() -> None:
    """By name or by scope, as the plugin's configuration says; everything else is as free as before."""
    scope = {"scopeName": "PriorityClass", "operator": "In", "values": ["high"]}
    plugin = ResourceQuotas.configured(
        {
            "apiVersion": "apiserver.config.k8s.io/v1",
            "kind": "ResourceQuotaConfiguration",
            "limitedResources": [
                {"resource": "pods", "matchScopes": [scope]},
                {
                    "resource": "persistentvolumeclaims",
                    "matchContains": [".storageclass.storage.k8s.io/requests.storage"],
                },
            ],
        }
    )
    plain, high = pod(), pod(priorityClassName="high")
    plugin.validate(request(plain), cluster())
    with pytest.raises(Unclassified) as refused:
        plugin.validate(request(high), cluster())
    assert str(refused.value) == (
        "insufficient quota to match these scopes: [{PriorityClass In [high]}]"
    )
    given = quota({"pods": "5"}, scopeSelector={"matchExpressions": [scope]})
    plugin.validate(request(high), cluster(given))
    spec = {"resources": {"requests": {"storage": "3Gi"}}, "storageClassName": "fast"}
    claim = make(PersistentVolumeClaim, {"spec": spec})
    name = "fast.storageclass.storage.k8s.io/requests.storage"
    with pytest.raises(Forbidden, match=f"insufficient quota to consume: {name}"):
        plugin.validate(request(claim), cluster())
    plugin.validate(request(claim), cluster(quota({name: "5Gi"})))


def test_no_quota_costs_one_look() -> None:
    """Without a quota, nothing is counted."""
    reader = cluster()
    ResourceQuotas().validate(request(pod()), reader)
    assert reader.reads == 1


def test_the_chain_is_in_order() -> None:
    """Kubernetes' order; and writes that concern no plugin are nobody's."""
    assert [plugin.name for plugin in DEFAULT_CHAIN] == [
        "DeviceAdminAccess",
        "NamespaceLifecycle",
        "LimitRanger",
        "ServiceAccount",
        "NodeRestriction",
        "TaintNodesByCondition",
        "PodSecurity",
        "Priority",
        "DefaultTolerationSeconds",
        "DefaultStorageClass",
        "StorageObjectInUseProtection",
        "PodGroupProtection",
        "PersistentVolumeClaimResize",
        "RuntimeClass",
        "CertificateApproval",
        "CertificateSigning",
        "ClusterTrustBundleAttest",
        "CertificateSubjectRestriction",
        "DefaultIngressClass",
        "PodTopologyLabels",
        "PodGroupWorkloadExists",
        "MutatingAdmissionPolicy",
        "MutatingAdmissionWebhook",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionWebhook",
        "ResourceQuota",
    ]
    # These are left out of all writes while nothing is configured.
    policies = {plugin.name for plugin in DEFAULT_CHAIN if plugin.asks}
    for subresource in ("status", "scale"):
        asked = (p for p in DEFAULT_CHAIN if p.handles("UPDATE", resource_of(Pod), subresource))
        assert {plugin.name for plugin in asked} <= policies
