"""What Kubernetes puts into an object where its author said nothing.

`apply_defaults` belongs here: a pure function from a built-in object to the same object with its
defaults and with its quantities in canonical form. What depends on other objects (a default
class, a namespace's limits) is admission; what is counted out (addresses, ports) is allocation.

An object that has its defaults already comes back as the very same object, and so do all parts
of one that lacked some; pod specs are remembered by identity (see `pods`).
"""

from collections.abc import Callable
from typing import Any, Final, TypeVar

from orchestrator.api.admissionregistration.v1 import (
    MutatingWebhookConfiguration,
    ValidatingAdmissionPolicy,
    ValidatingAdmissionPolicyBinding,
    ValidatingWebhookConfiguration,
)
from orchestrator.api.apps.v1 import DaemonSet, Deployment, ReplicaSet, StatefulSet
from orchestrator.api.autoscaling import v1 as autoscaling_v1
from orchestrator.api.autoscaling import v2 as autoscaling_v2
from orchestrator.api.batch.v1 import CronJob, Job
from orchestrator.api.core.v1 import (
    Endpoints,
    LimitRange,
    Namespace,
    Node,
    PersistentVolume,
    PersistentVolumeClaim,
    Pod,
    PodTemplate,
    ReplicationController,
    Secret,
    Service,
)
from orchestrator.api.discovery.v1 import EndpointSlice
from orchestrator.api.flowcontrol.v1 import FlowSchema, PriorityLevelConfiguration
from orchestrator.api.networking.v1 import IngressClass, NetworkPolicy
from orchestrator.api.rbac.v1 import ClusterRoleBinding, RoleBinding
from orchestrator.api.resource.v1 import ResourceClaim, ResourceClaimTemplate
from orchestrator.api.scheduling.v1 import PriorityClass
from orchestrator.api.scheme import Resource
from orchestrator.api.storage.v1 import CSIDriver, StorageClass
from orchestrator.apiserver.defaults import (
    cluster,
    devices,
    jobs,
    pods,
    policies,
    services,
    storage,
    workloads,
)
from orchestrator.apiserver.defaults.amounts import struct_fix

__all__ = ["apply_defaults"]

K = TypeVar("K")

_DEFAULTERS: Final[dict[type, Callable[[Any], Any]]] = {
    ClusterRoleBinding: policies.default_cluster_role_binding,
    CSIDriver: storage.default_driver,
    CronJob: jobs.default_cron_job,
    DaemonSet: workloads.default_daemon_set,
    Deployment: workloads.default_deployment,
    EndpointSlice: services.default_endpoint_slice,
    Endpoints: services.default_endpoints,
    FlowSchema: policies.default_flow_schema,
    IngressClass: policies.default_ingress_class,
    Job: jobs.default_job,
    LimitRange: cluster.default_limit_range,
    MutatingWebhookConfiguration: policies.default_mutating_webhooks,
    Namespace: cluster.default_namespace,
    NetworkPolicy: policies.default_network_policy,
    Node: cluster.default_node,
    PersistentVolume: storage.default_volume,
    PersistentVolumeClaim: storage.default_claim,
    PodTemplate: pods.default_pod_template,
    PriorityClass: cluster.default_priority_class,
    PriorityLevelConfiguration: policies.default_priority_level,
    ReplicaSet: workloads.default_replica_set,
    ReplicationController: workloads.default_replication_controller,
    ResourceClaim: devices.default_claim,
    ResourceClaimTemplate: devices.default_claim_template,
    RoleBinding: policies.default_role_binding,
    Secret: cluster.default_secret,
    Service: services.default_service,
    StatefulSet: workloads.default_stateful_set,
    StorageClass: storage.default_storage_class,
    ValidatingAdmissionPolicy: policies.default_admission_policy,
    ValidatingAdmissionPolicyBinding: policies.default_admission_binding,
    ValidatingWebhookConfiguration: policies.default_validating_webhooks,
    autoscaling_v1.HorizontalPodAutoscaler: policies.default_autoscaler_v1,
    autoscaling_v2.HorizontalPodAutoscaler: policies.default_autoscaler,
}


def apply_defaults(resource: Resource, obj: K) -> K:
    """The object with Kubernetes' defaults; the same object when it has them all.

    Run it on every write, before validation. Custom resources come back as they are.
    """
    kind = type(obj)
    if kind is Pod:
        # The most frequent kind by far looks after its own amounts.
        return pods.default_pod(obj)  # type: ignore[return-value,arg-type]
    canonical = struct_fix(kind)
    if canonical is not None:
        obj = canonical(obj)
    default = _DEFAULTERS.get(kind)
    return obj if default is None else default(obj)
