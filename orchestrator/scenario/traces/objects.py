"""From a trace's tasks to the objects that a cluster is given."""

from typing import Any, Final

from orchestrator.kubelet.runtimes.profile import ANNOTATION_PREFIX
from orchestrator.scenario.traces.interface import Task

IMAGE: Final = "registry.k8s.io/pause:3.10"
RUN_SECONDS: Final = ANNOTATION_PREFIX + "run-seconds"


def pod_of(task: Task, namespace: str = "default") -> dict[str, Any]:
    """The manifest of a bare pod that runs as long as the task did, then has succeeded.

    Devices stand in the limits, too: Kubernetes does not lend them out twice.
    """
    metadata: dict[str, Any] = {"name": task.name, "namespace": namespace}
    if task.labels:
        metadata["labels"] = dict(task.labels)
    if task.duration_seconds is not None:
        # repr, so that what is read back is the very number
        metadata["annotations"] = {RUN_SECONDS: repr(task.duration_seconds)}
    resources: dict[str, Any] = {"requests": dict(task.requests)}
    devices = {name: amount for name, amount in task.requests.items() if "/" in name}
    if devices:
        resources["limits"] = devices
    spec: dict[str, Any] = {
        "restartPolicy": "Never",
        "containers": [{"name": "task", "image": IMAGE, "resources": resources}],
    }
    if task.node_labels:
        spec["affinity"] = _affinity(task)
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def _affinity(task: Task) -> dict[str, Any]:
    accepted = [
        {"key": key, "operator": "In", "values": list(values)}
        for key, values in task.node_labels.items()
    ]
    required = {"nodeSelectorTerms": [{"matchExpressions": accepted}]}
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}
