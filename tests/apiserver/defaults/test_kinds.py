"""Defaults of all the other kinds."""

from typing import Any

import pytest

from orchestrator.api.admissionregistration.v1 import (
    MutatingWebhookConfiguration,
    ValidatingAdmissionPolicy,
)
from orchestrator.api.apps.v1 import DaemonSet, Deployment, ReplicaSet, StatefulSet
from orchestrator.api.autoscaling.v2 import HorizontalPodAutoscaler
from orchestrator.api.batch.v1 import CronJob, Job
from orchestrator.api.codec import from_dict, to_dict
from orchestrator.api.core.v1 import (
    ConfigMap,
    Endpoints,
    LimitRange,
    Namespace,
    Node,
    PersistentVolume,
    PersistentVolumeClaim,
    ReplicationController,
    Secret,
    Service,
)
from orchestrator.api.discovery.v1 import EndpointSlice
from orchestrator.api.flowcontrol.v1 import FlowSchema, PriorityLevelConfiguration
from orchestrator.api.networking.v1 import IngressClass, NetworkPolicy
from orchestrator.api.rbac.v1 import RoleBinding
from orchestrator.api.resource.v1 import ResourceClaim
from orchestrator.api.scheduling.v1 import PriorityClass
from orchestrator.api.scheme import resource_of
from orchestrator.api.storage.v1 import CSIDriver, StorageClass
from orchestrator.apiserver.kinds import kind_of
from orchestrator.apiserver.kinds.defaulting import apply_defaults

META = {"name": "x", "namespace": "default"}
TEMPLATE = {"metadata": {"labels": {"app": "x"}}, "spec": {"containers": [{"name": "c"}]}}
WORKLOAD = {"selector": {"matchLabels": {"app": "x"}}, "template": TEMPLATE}
PERCENT = {"type": "Percent", "value": 100, "periodSeconds": 15}

# (kind, document without metadata, what is found at a path afterwards)
CASES: list[tuple[type[Any], dict[str, Any], dict[str, Any]]] = [
    (
        Deployment,
        {"spec": WORKLOAD},
        {
            "spec.replicas": 1,
            "spec.revisionHistoryLimit": 10,
            "spec.progressDeadlineSeconds": 600,
            "spec.strategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"},
            },
            "spec.template.spec.dnsPolicy": "ClusterFirst",
        },
    ),
    (
        Deployment,
        {"spec": {**WORKLOAD, "replicas": 0, "strategy": {"type": "Recreate"}}},
        {"spec.replicas": 0, "spec.strategy": {"type": "Recreate"}},
    ),
    (
        ReplicaSet,
        {"spec": WORKLOAD},
        {"spec.replicas": 1, "spec.template.spec.restartPolicy": "Always"},
    ),
    (
        ReplicationController,
        {"spec": {"template": TEMPLATE}},
        {"spec.replicas": 1, "spec.selector": {"app": "x"}, "metadata.labels": {"app": "x"}},
    ),
    (
        DaemonSet,
        {"spec": WORKLOAD},
        {
            "spec.revisionHistoryLimit": 10,
            "spec.updateStrategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1},
            },
        },
    ),
    (
        StatefulSet,
        {
            "spec": {
                **WORKLOAD,
                "volumeClaimTemplates": [
                    {"spec": {"resources": {"requests": {"storage": "1024Mi"}}}}
                ],
            }
        },
        {
            "spec.podManagementPolicy": "OrderedReady",
            "spec.updateStrategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {"partition": 0},
            },
            "spec.persistentVolumeClaimRetentionPolicy": {
                "whenDeleted": "Retain",
                "whenScaled": "Retain",
            },
            "spec.volumeClaimTemplates.0.spec.volumeMode": "Filesystem",
            "spec.volumeClaimTemplates.0.spec.resources": {"requests": {"storage": "1Gi"}},
            "spec.volumeClaimTemplates.0.status": {"phase": "Pending"},
        },
    ),
    (
        Job,
        {"metadata": {**META, "uid": "u"}, "spec": {"template": TEMPLATE}},
        {
            "spec.completions": 1,
            "spec.parallelism": 1,
            "spec.backoffLimit": 6,
            "spec.completionMode": "NonIndexed",
            "spec.suspend": False,
            "spec.manualSelector": False,
            "spec.podReplacementPolicy": "TerminatingOrFailed",
            "metadata.labels": {"app": "x"},
        },
    ),
    (
        Job,
        {
            "spec": {
                "template": TEMPLATE,
                "parallelism": 3,
                "manualSelector": True,
                "backoffLimitPerIndex": 1,
            }
        },
        {"spec.completions": None, "spec.backoffLimit": 2**31 - 1, "spec.selector": None},
    ),
    (
        CronJob,
        {"spec": {"schedule": "@daily", "jobTemplate": {"spec": {"template": TEMPLATE}}}},
        {
            "spec.concurrencyPolicy": "Allow",
            "spec.suspend": False,
            "spec.successfulJobsHistoryLimit": 3,
            "spec.failedJobsHistoryLimit": 1,
            "spec.jobTemplate.spec.template.spec.schedulerName": "default-scheduler",
            "spec.jobTemplate.spec.backoffLimit": None,
        },
    ),
    (
        Service,
        {"spec": {"ports": [{"port": 80}]}},
        {
            "spec": {
                "type": "ClusterIP",
                "sessionAffinity": "None",
                "internalTrafficPolicy": "Cluster",
                "ports": [{"port": 80, "protocol": "TCP", "targetPort": 80}],
            }
        },
    ),
    (
        Service,
        {"spec": {"type": "LoadBalancer", "sessionAffinity": "ClientIP"}},
        {
            "spec.externalTrafficPolicy": "Cluster",
            "spec.allocateLoadBalancerNodePorts": True,
            "spec.sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 10800}},
        },
    ),
    (
        Service,
        {"spec": {"type": "ExternalName", "externalName": "a.b"}},
        {"spec.ipFamilies": None, "spec.internalTrafficPolicy": None},
    ),
    (
        Endpoints,
        {"subsets": [{"ports": [{"port": 1}]}]},
        {"subsets.0.ports": [{"port": 1, "protocol": "TCP"}]},
    ),
    (
        EndpointSlice,
        {"addressType": "IPv4", "ports": [{"port": 1}]},
        {"ports": [{"name": "", "port": 1, "protocol": "TCP"}]},
    ),
    (
        Namespace,
        {"metadata": {"name": "x"}},
        {"metadata.labels": {"kubernetes.io/metadata.name": "x"}, "status.phase": "Active"},
    ),
    (
        Node,
        {"metadata": {"name": "x"}, "status": {"capacity": {"cpu": 4, "memory": "2048Mi"}}},
        {
            "status.capacity": {"cpu": "4", "memory": "2Gi"},
            "status.allocatable": {"cpu": "4", "memory": "2Gi"},
        },
    ),
    (
        PersistentVolume,
        {
            "metadata": {"name": "x"},
            "spec": {"hostPath": {"path": "/"}, "capacity": {"storage": "1024Ki"}},
        },
        {
            "spec.persistentVolumeReclaimPolicy": "Retain",
            "spec.volumeMode": "Filesystem",
            "spec.hostPath": {"path": "/", "type": ""},
            "spec.capacity": {"storage": "1Mi"},
            "status.phase": "Pending",
        },
    ),
    (
        PersistentVolumeClaim,
        {"spec": {}},
        {"spec.volumeMode": "Filesystem", "status.phase": "Pending"},
    ),
    (Secret, {}, {"type": "Opaque"}),
    (
        Secret,
        {"stringData": {"a": "new"}, "data": {"a": "b2xk", "b": "Yg=="}},
        {"data": {"a": "bmV3", "b": "Yg=="}, "stringData": None},
    ),
    (
        LimitRange,
        {
            "spec": {
                "limits": [{"type": "Container", "max": {"cpu": "2"}, "min": {"memory": "1Mi"}}]
            }
        },
        {
            "spec.limits.0.default": {"cpu": "2"},
            "spec.limits.0.defaultRequest": {"cpu": "2", "memory": "1Mi"},
        },
    ),
    (
        PriorityClass,
        {"metadata": {"name": "x"}, "value": 1},
        {"preemptionPolicy": "PreemptLowerPriority"},
    ),
    (
        StorageClass,
        {"metadata": {"name": "x"}, "provisioner": "a"},
        {"reclaimPolicy": "Delete", "volumeBindingMode": "Immediate"},
    ),
    (
        CSIDriver,
        {"metadata": {"name": "x"}, "spec": {}},
        {
            "spec.attachRequired": True,
            "spec.podInfoOnMount": False,
            "spec.fsGroupPolicy": "ReadWriteOnceWithFSType",
            "spec.volumeLifecycleModes": ["Persistent"],
        },
    ),
    (
        NetworkPolicy,
        {"spec": {"podSelector": {}, "egress": [{"ports": [{"port": 53}]}]}},
        {
            "spec.policyTypes": ["Ingress", "Egress"],
            "spec.egress.0.ports": [{"port": 53, "protocol": "TCP"}],
        },
    ),
    (
        IngressClass,
        {
            "metadata": {"name": "x"},
            "spec": {"controller": "a", "parameters": {"kind": "K", "name": "n"}},
        },
        {"spec.parameters.scope": "Cluster"},
    ),
    (
        RoleBinding,
        {
            "roleRef": {"kind": "Role", "name": "a"},
            "subjects": [{"kind": "User", "name": "a"}, {"kind": "ServiceAccount", "name": "b"}],
        },
        {
            "roleRef.apiGroup": "rbac.authorization.k8s.io",
            "subjects.0.apiGroup": "rbac.authorization.k8s.io",
            "subjects.1.apiGroup": None,
        },
    ),
    (
        HorizontalPodAutoscaler,
        {"spec": {"maxReplicas": 3, "behavior": {}}},
        {
            "spec.minReplicas": 1,
            "spec.metrics": [
                {
                    "type": "Resource",
                    "resource": {
                        "name": "cpu",
                        "target": {"type": "Utilization", "averageUtilization": 80},
                    },
                }
            ],
            "spec.behavior.scaleUp": {
                "stabilizationWindowSeconds": 0,
                "selectPolicy": "Max",
                "policies": [{"type": "Pods", "value": 4, "periodSeconds": 15}, PERCENT],
            },
            "spec.behavior.scaleDown": {"selectPolicy": "Max", "policies": [PERCENT]},
        },
    ),
    (
        MutatingWebhookConfiguration,
        {
            "metadata": {"name": "x"},
            "webhooks": [
                {
                    "name": "a.b.c",
                    "clientConfig": {"service": {"name": "s", "namespace": "n"}},
                    "rules": [{"operations": ["CREATE"]}],
                }
            ],
        },
        {
            "webhooks.0.failurePolicy": "Fail",
            "webhooks.0.matchPolicy": "Equivalent",
            "webhooks.0.timeoutSeconds": 10,
            "webhooks.0.reinvocationPolicy": "Never",
            "webhooks.0.namespaceSelector": {},
            "webhooks.0.clientConfig.service.port": 443,
            "webhooks.0.rules.0.scope": "*",
        },
    ),
    (
        ValidatingAdmissionPolicy,
        {"metadata": {"name": "x"}, "spec": {"matchConstraints": {"resourceRules": [{}]}}},
        {
            "spec.failurePolicy": "Fail",
            "spec.matchConstraints.matchPolicy": "Equivalent",
            "spec.matchConstraints.resourceRules.0.scope": "*",
        },
    ),
    (FlowSchema, {"metadata": {"name": "x"}, "spec": {}}, {"spec.matchingPrecedence": 1000}),
    (
        PriorityLevelConfiguration,
        {
            "metadata": {"name": "x"},
            "spec": {
                "type": "Limited",
                "limited": {"limitResponse": {"type": "Queue", "queuing": {}}},
            },
        },
        {
            "spec.limited.nominalConcurrencyShares": 30,
            "spec.limited.limitResponse.queuing": {
                "handSize": 8,
                "queues": 64,
                "queueLengthLimit": 50,
            },
        },
    ),
    (
        ResourceClaim,
        {"spec": {"devices": {"requests": [{"name": "r", "exactly": {"deviceClassName": "gpu"}}]}}},
        {
            "spec.devices.requests.0.exactly": {
                "allocationMode": "ExactCount",
                "count": 1,
                "deviceClassName": "gpu",
            }
        },
    ),
    (ConfigMap, {"data": {"a": "b"}}, {"data": {"a": "b"}}),
]


def at(document: Any, path: str) -> Any:
    """What stands at a path; None when nothing does."""
    for name in path.split("."):
        document = document[int(name)] if isinstance(document, list) else document.get(name)
        if document is None:
            return None
    return document


@pytest.mark.parametrize(
    ("kind", "document", "expected"),
    CASES,
    ids=[f"{i}-{c[0].__name__}" for i, c in enumerate(CASES)],
)
def test_defaults(kind: type[Any], document: dict[str, Any], expected: dict[str, Any]) -> None:
    """Kubernetes' defaults of the kind."""
    obj = from_dict({"metadata": META, **document}, kind)
    result = to_dict(apply_defaults(kind_of(resource_of(kind)), obj))
    assert {path: at(result, path) for path in expected} == expected


@pytest.mark.parametrize(
    ("kind", "document", "expected"),
    CASES,
    ids=[f"{i}-{c[0].__name__}" for i, c in enumerate(CASES)],
)
def test_defaults_are_idempotent(
    kind: type[Any], document: dict[str, Any], expected: dict[str, Any]
) -> None:
    """An object that has its defaults comes back as the very same object."""
    resource = resource_of(kind)
    once = apply_defaults(kind_of(resource), from_dict({"metadata": META, **document}, kind))
    assert apply_defaults(kind_of(resource), once) is once


def test_workloads_of_one_template_share_it() -> None:
    """A ReplicaSet that is made from a defaulted Deployment has the very same template."""
    deployment = apply_defaults(
        kind_of(resource_of(Deployment)),
        from_dict({"metadata": META, "spec": WORKLOAD}, Deployment),
    )
    assert deployment.spec is not None
    template = deployment.spec.template
    replica_set = from_dict({"metadata": META, "spec": {"replicas": 2}}, ReplicaSet)
    assert replica_set.spec is not None
    spec = type(replica_set.spec)(replicas=2, selector=deployment.spec.selector, template=template)
    result = apply_defaults(kind_of(resource_of(ReplicaSet)), type(replica_set)(spec=spec))
    assert result.spec is spec
