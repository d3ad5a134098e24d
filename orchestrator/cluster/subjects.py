"""What a message is about, for the causal trace: which objects, and what state they are in.

A trace keeps these few words instead of the message, so that old revisions can be freed.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from orchestrator.api.apps.v1 import DaemonSet, Deployment, ReplicaSet, StatefulSet
from orchestrator.api.batch.v1 import Job
from orchestrator.api.core.v1 import Endpoints, Node, Pod
from orchestrator.api.discovery.v1 import EndpointSlice
from orchestrator.api.scheme import Resource
from orchestrator.client.informers import Changed
from orchestrator.kubelet.runtimes.interface import (
    ContainerExited,
    ContainerProbed,
    ContainerStarted,
)
from orchestrator.protocol import (
    ApiError,
    Create,
    Delete,
    DeleteCollection,
    Deleted,
    Get,
    List,
    Patch,
    Update,
    Watch,
    WatchEvents,
)


class Subject(Struct, frozen=True, gc=False):
    """One object. `state` is what there is to tell of it (`Pod`: `Running`), or nothing."""

    kind: str
    namespace: str
    name: str
    state: str = ""


class About(Struct, frozen=True, gc=False):
    """What a message does (`create`, `added`, or nothing in a reply), to which objects.

    `part` is the subresource (`status`, `binding`). A refusal's verb is `refused`.
    """

    verb: str
    subjects: tuple[Subject, ...]
    part: str = ""


_VERBS: Final[Mapping[type, str]] = {
    Create: "create",
    Update: "update",
    Patch: "patch",
    Delete: "delete",
    Get: "get",
    List: "list",
    Watch: "watch",
    DeleteCollection: "delete",
}
_EVENTS: Final = {"ADDED": "added", "MODIFIED": "modified", "DELETED": "deleted"}
_RUNTIME: Final[Mapping[type, str]] = {
    ContainerStarted: "started",
    ContainerExited: "exited",
    ContainerProbed: "probed",
}


def describe(message: Any) -> About | None:
    """What a message between components is about; None: nothing that has a name."""
    message_type = type(message)
    if message_type in _VERBS:
        return _request(_VERBS[message_type], message)
    if message_type is WatchEvents:
        if not message.events:
            return About("bookmark", ())
        subjects = tuple(_subject(event.object) for event in message.events)
        return About(_together(_EVENTS[event.type] for event in message.events), subjects)
    if message_type is Changed:
        return _changed(message)
    if message_type in _RUNTIME:
        return About(_RUNTIME[message_type], (Subject("Container", "", message.key.name),))
    if message_type is Deleted:
        gone = _subject(message.object)
        return About("", (replace(gone, state="deleted") if message.gone else gone,))
    if isinstance(message, ApiError):
        return About("refused", ())
    if hasattr(message, "metadata"):
        return About("", (_subject(message),))
    return None


def _request(verb: str, message: Any) -> About:
    resource: Resource = message.resource
    part = getattr(message, "subresource", "")
    sent = getattr(message, "object", None)
    name = getattr(message, "name", "")
    namespace = message.namespace
    if sent is not None:
        name = name or sent.metadata.name
        namespace = namespace or sent.metadata.namespace
    return About(verb, (Subject(resource.kind, namespace, name),), part)


def _changed(message: Changed) -> About:
    pairs = [(change.old, change.new) for change in message.changes]
    verb = _together(
        "added" if old is None else "deleted" if new is None else "modified" for old, new in pairs
    )
    return About(verb, tuple(_subject(old if new is None else new) for old, new in pairs))


def _together(verbs: Any) -> str:
    """One word for several changes."""
    different = dict.fromkeys(verbs)
    return next(iter(different)) if len(different) == 1 else "changed"


def _subject(obj: Any) -> Subject:
    metadata = obj.metadata
    state = _STATES.get(type(obj))
    # An object that does not know its kind (a custom one does) is of the class that bears its name.
    kind = getattr(obj, "kind", "") or type(obj).__name__
    return Subject(kind, metadata.namespace, metadata.name, state(obj) if state else "")


# --- states --------------------------------------------------------------------------------


def _pod(pod: Pod) -> str:
    if pod.metadata.deletion_timestamp is not None:
        return "terminating"
    status = pod.status
    phase = (status.phase if status is not None else None) or "Pending"
    if phase == "Pending":
        return "bound" if pod.spec is not None and pod.spec.node_name else "created"
    if phase == "Running" and status is not None and _holds(status.conditions, "Ready"):
        return "ready"
    return {"Running": "started"}.get(phase, phase.lower())


def _node(node: Node) -> str:
    ready = node.status is not None and _holds(node.status.conditions, "Ready")
    return "ready" if ready else "not ready"


def _workload(obj: Deployment | ReplicaSet | StatefulSet) -> str:
    wanted = 1 if obj.spec is None or obj.spec.replicas is None else obj.spec.replicas
    ready = (obj.status.ready_replicas if obj.status is not None else None) or 0
    return f"{ready} of {wanted} ready"


def _daemon_set(obj: DaemonSet) -> str:
    status = obj.status
    return f"{status.number_ready} of {status.desired_number_scheduled} ready" if status else ""


def _job(job: Job) -> str:
    status = job.status
    if status is None:
        return "created"
    for condition in ("Complete", "Failed"):
        if _holds(status.conditions, condition):
            return condition.lower()
    return f"{status.active or 0} active, {status.succeeded or 0} succeeded"


def _endpoint_slice(found: EndpointSlice) -> str:
    ready = sum(e.conditions is None or e.conditions.ready is not False for e in found.endpoints)
    return f"{ready} ready"


def _endpoints(found: Endpoints) -> str:
    return f"{sum(len(subset.addresses) for subset in found.subsets)} ready"


def _holds(conditions: Any, wanted: str) -> bool:
    return any(c.type == wanted and c.status == "True" for c in conditions)


_STATES: Final[Mapping[type, Callable[[Any], str]]] = {
    Pod: _pod,
    Node: _node,
    Deployment: _workload,
    ReplicaSet: _workload,
    StatefulSet: _workload,
    DaemonSet: _daemon_set,
    Job: _job,
    EndpointSlice: _endpoint_slice,
    Endpoints: _endpoints,
}
