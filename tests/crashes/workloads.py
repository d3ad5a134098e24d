"""What happens while a controller of workloads is disturbed: the steps of a recorded story, or some of our own."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from tests.manifests import SIMULATION
from tests.stories.stories import load

Step = dict[str, Any]
POD: Final = {"containers": [{"name": "c", "image": "img:1"}], "terminationGracePeriodSeconds": 1}


class Scenario(NamedTuple):
    """Steps that concern a controller, by its name.

    `also`: kinds, as `apiVersion/Kind`, whose objects belong to the end wherever they are, beside what
    stories tell of the namespace. `told`: so do the reasons of events. `hurried`: modules, constants of theirs and what
    these are instead, for controllers that wait for days. `cluster`: what else the cluster is to be.
    """

    controller: str
    steps: Sequence[Step]
    also: Sequence[str] = ()
    told: bool = False
    hurried: Sequence[tuple[Any, str, float]] = ()
    cluster: Mapping[str, Any] = MappingProxyType({})


def of_story(controller: str, name: str, steps: int) -> Scenario:
    """The first steps of a story: its last ones often delete what the end is to be seen by."""
    (story,) = (each for each in load(name.rpartition("-")[0]) if each.name == name)
    return Scenario(controller, story.steps[:steps])


def create(api_version: str, kind: str, name: str, **parts: Any) -> Step:
    """The creation of an object; `parts` are its fields."""
    metadata = {"name": name, **parts.pop("metadata", {})}
    return {
        "op": "create",
        "obj": {"apiVersion": api_version, "kind": kind, "metadata": metadata, **parts},
    }


def patch(kind: str, name: str, body: dict[str, Any], sub: str = "") -> Step:
    """A merge patch of an object, or of its subresource."""
    step = {"op": "patch", "kind": kind, "name": name, "body": body, "strategic": bool(sub)}
    return {**step, "sub": sub}


def template(app: str, **annotations: str) -> dict[str, Any]:
    """A pod template; `annotations` are its profile's."""
    marks = {SIMULATION + k.replace("_", "-"): v for k, v in annotations.items()}
    return {"metadata": {"labels": {"app": app}, "annotations": marks}, "spec": POD}


def scaled(kind: str, name: str, replicas: int) -> Step:
    return patch(kind, name, {"spec": {"replicas": replicas}})


_CONTROLLER: Final = create(
    "v1",
    "ReplicationController",
    "rs",
    spec={"replicas": 3, "selector": {"app": "rs"}, "template": template("rs")},
)
_JOB: Final = {
    "template": {
        **template("j", run_seconds="1"),
        "spec": {**POD, "restartPolicy": "Never"},
    },
    "ttlSecondsAfterFinished": 20,
}
_MANY: Final = {
    "template": {**template("j", run_seconds="1"), "spec": {**POD, "restartPolicy": "Never"}},
    "completionMode": "Indexed",
    "completions": 5,
    "parallelism": 2,
}
CLAIM: Final = create(
    "v1",
    "PersistentVolumeClaim",
    "data",
    spec={
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": "fast",
        "resources": {"requests": {"storage": "1Gi"}},
    },
)
CLASS: Final = create(
    "storage.k8s.io/v1",
    "StorageClass",
    "fast",
    provisioner="simulation.orchestrator.dev/disk",
)
_SERVICE: Final = {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 80}]}
_DEPLOYMENT: Final = create(
    "apps/v1",
    "Deployment",
    "web",
    spec={
        "replicas": 2,
        "selector": {"matchLabels": {"app": "web"}},
        "template": {
            **template("web", cpu="0.5"),
            "spec": {
                **POD,
                "containers": [
                    {"name": "c", "image": "img:1", "resources": {"requests": {"cpu": "200m"}}}
                ],
            },
        },
    },
)
_AUTOSCALER: Final = create(
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

WORKLOADS: Final = (
    of_story("deployment", "deployment-3", 5),
    of_story("replicaset", "replicaset-0", 3),
    Scenario("replicationcontroller", [_CONTROLLER, scaled("ReplicationController", "rs", 1)]),
    of_story("statefulset", "statefulset-1", 4),
    of_story("daemonset", "daemonset-1", 4),
    Scenario("job", [create("batch/v1", "Job", "j", spec=_MANY)]),
    of_story("cronjob", "cronjob-1", 2),
    Scenario("ttl-after-finished", [create("batch/v1", "Job", "j", spec=_JOB)]),
    Scenario("horizontal-pod-autoscaler", [_DEPLOYMENT, _AUTOSCALER, {"op": "sleep", "s": 120}]),
    of_story("namespace", "namespace-1", 6),
    Scenario("serviceaccount", [{"op": "delete", "kind": "ServiceAccount", "name": "default"}]),
    of_story("endpoint", "endpointslice-7", 5),
    of_story("endpointslice", "endpointslice-7", 5),
    of_story("endpointslicemirroring", "endpointslice-5", 4),
    Scenario(
        "service-lb", [create("v1", "Service", "lb", spec={**_SERVICE, "type": "LoadBalancer"})]
    ),
    of_story("resourcequota", "quota-2", 4),
    of_story("disruption", "pdb-0", 5),
    Scenario(
        "persistentvolume-binder",
        [CLASS, CLAIM, {"op": "delete", "kind": "PersistentVolumeClaim", "name": "data"}, CLAIM],
    ),
    of_story("garbage-collector", "gc-0", 5),
)
