"""What happens while a controller is disturbed: the steps of a recorded story, or some of our own."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from tests.manifests import SIMULATION
from tests.stories.stories import load

Step = dict[str, Any]
_POD: Final = {"containers": [{"name": "c", "image": "img:1"}], "terminationGracePeriodSeconds": 1}


class Scenario(NamedTuple):
    """Steps that concern a controller, by its name."""

    controller: str
    steps: Sequence[Step]


def _of_story(controller: str, name: str, steps: int) -> Scenario:
    """The first steps of a story: its last ones often delete what the end is to be seen by."""
    (story,) = (each for each in load(name.rpartition("-")[0]) if each.name == name)
    return Scenario(controller, story.steps[:steps])


def _create(api_version: str, kind: str, name: str, **parts: Any) -> Step:
    metadata = {"name": name, **parts.pop("metadata", {})}
    return {
        "op": "create",
        "obj": {"apiVersion": api_version, "kind": kind, "metadata": metadata, **parts},
    }


def _patch(kind: str, name: str, body: dict[str, Any]) -> Step:
    return {"op": "patch", "kind": kind, "name": name, "body": body, "strategic": False}


def _template(app: str, **annotations: str) -> dict[str, Any]:
    marks = {SIMULATION + k.replace("_", "-"): v for k, v in annotations.items()}
    return {"metadata": {"labels": {"app": app}, "annotations": marks}, "spec": _POD}


def _scaled(kind: str, name: str, replicas: int) -> Step:
    return _patch(kind, name, {"spec": {"replicas": replicas}})


_CONTROLLER: Final = _create(
    "v1",
    "ReplicationController",
    "rs",
    spec={"replicas": 3, "selector": {"app": "rs"}, "template": _template("rs")},
)
_JOB: Final = {
    "template": {
        **_template("j", run_seconds="1"),
        "spec": {**_POD, "restartPolicy": "Never"},
    },
    "ttlSecondsAfterFinished": 20,
}
_MANY: Final = {
    "template": {**_template("j", run_seconds="1"), "spec": {**_POD, "restartPolicy": "Never"}},
    "completionMode": "Indexed",
    "completions": 5,
    "parallelism": 2,
}
_CLAIM: Final = _create(
    "v1",
    "PersistentVolumeClaim",
    "data",
    spec={
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": "fast",
        "resources": {"requests": {"storage": "1Gi"}},
    },
)
_CLASS: Final = _create(
    "storage.k8s.io/v1",
    "StorageClass",
    "fast",
    provisioner="simulation.orchestrator.dev/disk",
)
_SERVICE: Final = {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 80}]}
_DEPLOYMENT: Final = _create(
    "apps/v1",
    "Deployment",
    "web",
    spec={
        "replicas": 2,
        "selector": {"matchLabels": {"app": "web"}},
        "template": {
            **_template("web", cpu="0.5"),
            "spec": {
                **_POD,
                "containers": [
                    {"name": "c", "image": "img:1", "resources": {"requests": {"cpu": "200m"}}}
                ],
            },
        },
    },
)
_AUTOSCALER: Final = _create(
    "autoscaling/v2",
    "HorizontalPodAutoscaler",
    "web",
    spec={
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
        "maxReplicas": 6,
        "metrics": [
            {
                "type": "Resource",
                "resource": {
                    "name": "cpu",
                    "target": {"type": "Utilization", "averageUtilization": 50},
                },
            }
        ],
    },
)

SCENARIOS: Final = (
    _of_story("deployment", "deployment-3", 5),
    _of_story("replicaset", "replicaset-0", 3),
    Scenario("replicationcontroller", [_CONTROLLER, _scaled("ReplicationController", "rs", 1)]),
    _of_story("statefulset", "statefulset-1", 4),
    _of_story("daemonset", "daemonset-1", 4),
    Scenario("job", [_create("batch/v1", "Job", "j", spec=_MANY)]),
    _of_story("cronjob", "cronjob-1", 2),
    Scenario("ttl-after-finished", [_create("batch/v1", "Job", "j", spec=_JOB)]),
    Scenario("horizontal-pod-autoscaler", [_DEPLOYMENT, _AUTOSCALER, {"op": "sleep", "s": 120}]),
    _of_story("namespace", "namespace-1", 6),
    Scenario("serviceaccount", [{"op": "delete", "kind": "ServiceAccount", "name": "default"}]),
    _of_story("endpoint", "endpointslice-7", 5),
    _of_story("endpointslice", "endpointslice-7", 5),
    _of_story("endpointslicemirroring", "endpointslice-5", 4),
    Scenario(
        "service-lb", [_create("v1", "Service", "lb", spec={**_SERVICE, "type": "LoadBalancer"})]
    ),
    _of_story("resourcequota", "quota-2", 4),
    _of_story("disruption", "pdb-0", 5),
    Scenario(
        "persistentvolume-binder",
        [_CLASS, _CLAIM, {"op": "delete", "kind": "PersistentVolumeClaim", "name": "data"}, _CLAIM],
    ),
    _of_story("garbage-collector", "gc-0", 5),
)
