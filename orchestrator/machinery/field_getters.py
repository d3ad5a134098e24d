"""The table of fields that can be selected by, a resource at a time.

A resource that is not in the table can be selected by name and namespace only.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from orchestrator.api.batch.v1 import Job
from orchestrator.api.certificates.v1 import CertificateSigningRequest
from orchestrator.api.core.v1 import (
    Event,
    Namespace,
    Node,
    ObjectReference,
    Pod,
    Secret,
    Service,
)
from orchestrator.api.events.v1 import Event as EventsEvent
from orchestrator.api.resource.v1 import ResourceSlice

Getter: TypeAlias = Callable[[Any], str]


def _flag(value: bool | None) -> str:
    return "true" if value else "false"


def _never(_object: Any) -> str:
    """A field that is accepted and never set."""
    return ""


# --- pods ---


def _pod_node_name(pod: Pod) -> str:
    return pod.spec.node_name if pod.spec else ""


def _pod_restart_policy(pod: Pod) -> str:
    return pod.spec.restart_policy if pod.spec else ""


def _pod_scheduler_name(pod: Pod) -> str:
    return pod.spec.scheduler_name if pod.spec else ""


def _pod_service_account_name(pod: Pod) -> str:
    return pod.spec.service_account_name if pod.spec else ""


def _pod_host_network(pod: Pod) -> str:
    return _flag(pod.spec.host_network if pod.spec else None)


def _pod_phase(pod: Pod) -> str:
    return pod.status.phase if pod.status else ""


def _pod_ip(pod: Pod) -> str:
    return pod.status.pod_ip if pod.status else ""


def _pod_nominated_node_name(pod: Pod) -> str:
    return pod.status.nominated_node_name if pod.status else ""


# --- events ---


def _of_reference(field: str) -> tuple[Getter, Getter]:
    """A field of the object that an event is about, in either of events' two versions."""

    def read(reference: ObjectReference | None) -> str:
        return str(getattr(reference, field)) if reference else ""

    return lambda event: read(event.involved_object), lambda event: read(event.regarding)


_REFERENCE: Final = {
    "kind": _of_reference("kind"),
    "namespace": _of_reference("namespace"),
    "name": _of_reference("name"),
    "uid": _of_reference("uid"),
    "apiVersion": _of_reference("api_version"),
    "resourceVersion": _of_reference("resource_version"),
    "fieldPath": _of_reference("field_path"),
}


def _event_source(event: Event) -> str:
    component = event.source.component if event.source else ""
    return component or event.reporting_component


def _event_reporter(event: Event) -> str:
    return event.reporting_component


def _events_event_reporter(event: EventsEvent) -> str:
    return event.reporting_controller


def _event_reason(event: Event | EventsEvent) -> str:
    return event.reason


def _event_type(event: Event | EventsEvent) -> str:
    return event.type


# --- others ---


def _node_unschedulable(node: Node) -> str:
    return _flag(node.spec.unschedulable if node.spec else None)


def _namespace_phase(namespace: Namespace) -> str:
    return namespace.status.phase if namespace.status else ""


def _secret_type(secret: Secret) -> str:
    return secret.type


def _service_cluster_ip(service: Service) -> str:
    return service.spec.cluster_ip if service.spec else ""


def _service_type(service: Service) -> str:
    return service.spec.type if service.spec else ""


def _status_replicas(object_: Any) -> str:
    return str((object_.status.replicas or 0) if object_.status else 0)


def _job_succeeded(job: Job) -> str:
    return str((job.status.succeeded or 0) if job.status else 0)


def _csr_signer_name(request: CertificateSigningRequest) -> str:
    return request.spec.signer_name


def _slice_driver(slice_: ResourceSlice) -> str:
    return slice_.spec.driver


def _slice_node_name(slice_: ResourceSlice) -> str:
    return slice_.spec.node_name or ""


# --- the table ---

FIELDS: Final[Mapping[str, Mapping[str, Getter]]] = {
    "pods": {
        "spec.nodeName": _pod_node_name,
        "spec.restartPolicy": _pod_restart_policy,
        "spec.schedulerName": _pod_scheduler_name,
        "spec.serviceAccountName": _pod_service_account_name,
        "spec.hostNetwork": _pod_host_network,
        "status.phase": _pod_phase,
        "status.podIP": _pod_ip,
        "status.podIPs": _never,
        "status.nominatedNodeName": _pod_nominated_node_name,
    },
    "events": {
        **{f"involvedObject.{name}": core for name, (core, _) in _REFERENCE.items()},
        "reason": _event_reason,
        "reportingComponent": _event_reporter,
        "source": _event_source,
        "type": _event_type,
    },
    "events.events.k8s.io": {
        **{f"regarding.{name}": new for name, (_, new) in _REFERENCE.items()},
        "reason": _event_reason,
        "reportingController": _events_event_reporter,
        "type": _event_type,
    },
    "nodes": {"spec.unschedulable": _node_unschedulable},
    "namespaces": {"status.phase": _namespace_phase},
    "secrets": {"type": _secret_type},
    "services": {"spec.clusterIP": _service_cluster_ip, "spec.type": _service_type},
    "replicationcontrollers": {"status.replicas": _status_replicas},
    "jobs.batch": {"status.successful": _job_succeeded},
    "certificatesigningrequests.certificates.k8s.io": {"spec.signerName": _csr_signer_name},
    "resourceslices.resource.k8s.io": {
        "spec.driver": _slice_driver,
        "spec.nodeName": _slice_node_name,
    },
}

ALIASES: Final[Mapping[str, Mapping[str, str]]] = {
    "pods": {"spec.host": "spec.nodeName"},  # what the field was called before v1
}

# Of these, unlike of other cluster-scoped resources, the namespace cannot even be asked.
CLUSTER_SCOPED: Final = frozenset(
    {
        "nodes",
        "namespaces",
        "certificatesigningrequests.certificates.k8s.io",
        "resourceslices.resource.k8s.io",
    }
)
