"""From a trace's tasks to the objects that a cluster is given."""

from functools import lru_cache
from typing import Any, Final

from msgspec.structs import replace

from orchestrator.api import codec
from orchestrator.api.core.v1 import Pod, PodSpec
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.kubelet.runtimes.profile import ANNOTATION_PREFIX
from orchestrator.scenario.traces.interface import Task

IMAGE: Final = "registry.k8s.io/pause:3.10"
RUN_SECONDS: Final = ANNOTATION_PREFIX + "run-seconds"


def pod_of(task: Task, namespace: str = "default") -> Pod:
    """A bare pod that runs as long as the task did, then has succeeded.

    Devices stand in the limits, too: Kubernetes does not lend them out twice. Raises DecodeError.
    """
    metadata = ObjectMeta(name=task.name, namespace=namespace)
    if task.labels:
        metadata = replace(metadata, labels=dict(task.labels))
    if task.duration_seconds is not None:
        # repr, so that what is read back is the very number
        metadata = replace(metadata, annotations={RUN_SECONDS: repr(task.duration_seconds)})
    return Pod(metadata=metadata, spec=_spec_of(*_asked_by(task)))


def _asked_by(task: Task) -> tuple[Any, ...]:
    return tuple(task.requests.items()), tuple(task.node_labels.items())


@lru_cache(maxsize=1 << 12)  # tasks that ask for the same share a spec, and what is known of it
def _spec_of(
    requests: tuple[tuple[str, str], ...], node_labels: tuple[tuple[str, tuple[str, ...]], ...]
) -> PodSpec:
    resources: dict[str, Any] = {"requests": dict(requests)}
    devices = {name: amount for name, amount in requests if "/" in name}
    if devices:
        resources["limits"] = devices
    spec: dict[str, Any] = {
        "restartPolicy": "Never",
        "containers": [{"name": "task", "image": IMAGE, "resources": resources}],
    }
    if node_labels:
        spec["affinity"] = _affinity(node_labels)
    return codec.decode(spec, PodSpec)


def _affinity(node_labels: tuple[tuple[str, tuple[str, ...]], ...]) -> dict[str, Any]:
    accepted = [
        {"key": key, "operator": "In", "values": list(values)} for key, values in node_labels
    ]
    required = {"nodeSelectorTerms": [{"matchExpressions": accepted}]}
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}
