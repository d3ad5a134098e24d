"""Defaults of pods and templates, and what is shared of them."""

from typing import Any

import pytest
from msgspec.structs import replace

from orchestrator.api.codec import from_dict, to_dict
from orchestrator.api.core.v1 import Container, Pod, PodSpec, PodTemplate, ResourceRequirements
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.api.scheme import resource_of
from orchestrator.apiserver.kinds import kind_of
from orchestrator.apiserver.kinds.core.pods.container_defaults import pull_policy
from orchestrator.apiserver.kinds.defaulting import apply_defaults

PODS = resource_of(Pod)


def pod(**spec: Any) -> Pod:
    """A pod of this spec."""
    return from_dict({"metadata": {"name": "web", "namespace": "default"}, "spec": spec}, Pod)


def defaulted(**spec: Any) -> dict[str, Any]:
    """The spec's document with its defaults."""
    document: dict[str, Any] = to_dict(apply_defaults(kind_of(PODS), pod(**spec)))["spec"]
    return document


def test_a_pod() -> None:
    """What every pod has."""
    assert defaulted(containers=[{"name": "c", "image": "nginx"}]) == {
        "containers": [
            {
                "name": "c",
                "image": "nginx",
                "imagePullPolicy": "Always",
                "terminationMessagePath": "/dev/termination-log",
                "terminationMessagePolicy": "File",
                "resources": {},
            }
        ],
        "dnsPolicy": "ClusterFirst",
        "enableServiceLinks": True,
        "restartPolicy": "Always",
        "schedulerName": "default-scheduler",
        "securityContext": {},
        "terminationGracePeriodSeconds": 30,
    }


@pytest.mark.parametrize(
    ("image", "policy"),
    [
        ("nginx", "Always"),
        ("nginx:latest", "Always"),
        ("nginx:1.27", "IfNotPresent"),
        ("localhost:5000/nginx", "Always"),
        ("localhost:5000/nginx:1", "IfNotPresent"),
        ("nginx@sha256:" + "0" * 64, "IfNotPresent"),
        ("", "IfNotPresent"),
    ],
)
def test_pull_policies(image: str, policy: str) -> None:
    """What may change under its name is pulled each time."""
    assert pull_policy(image) == policy


CONTAINER_CASES: list[tuple[str, Any, Any]] = [
    ("ports", [{"containerPort": 80}], [{"containerPort": 80, "protocol": "TCP"}]),
    (
        "livenessProbe",
        {"httpGet": {"port": 80}},
        {
            "httpGet": {"port": 80, "path": "/", "scheme": "HTTP"},
            "timeoutSeconds": 1,
            "periodSeconds": 10,
            "successThreshold": 1,
            "failureThreshold": 3,
        },
    ),
    (
        "readinessProbe",
        {"grpc": {"port": 1}, "timeoutSeconds": 0, "periodSeconds": 5},
        {
            "grpc": {"port": 1, "service": ""},
            "timeoutSeconds": 1,
            "periodSeconds": 5,
            "successThreshold": 1,
            "failureThreshold": 3,
        },
    ),
    (
        "lifecycle",
        {"preStop": {"httpGet": {"port": 1}}},
        {"preStop": {"httpGet": {"port": 1, "path": "/", "scheme": "HTTP"}}},
    ),
    (
        "env",
        [
            {"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
            {"name": "B", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}},
        ],
        [
            {
                "name": "A",
                "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}},
            },
            {
                "name": "B",
                "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu", "divisor": "0"}},
            },
        ],
    ),
    (
        "resources",
        {"limits": {"cpu": 0.5, "memory": "1024Mi"}, "requests": {"cpu": "0.1"}},
        {
            "limits": {"cpu": "500m", "memory": "1Gi"},
            "requests": {"cpu": "100m", "memory": "1Gi"},
        },
    ),
    ("resources", {"requests": {"cpu": "1u"}}, {"requests": {"cpu": "1m"}}),
]


@pytest.mark.parametrize(("field", "given", "expected"), CONTAINER_CASES)
def test_containers(field: str, given: Any, expected: Any) -> None:
    """Ports, probes, hooks, variables and amounts of containers of both kinds."""
    container = {"name": "c", "image": "a", field: given}
    spec = defaulted(containers=[container], initContainers=[container])
    assert spec["containers"][0][field] == expected
    assert spec["initContainers"][0][field] == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {"emptyDir": {}}),
        ({"emptyDir": {"sizeLimit": 1073741824}}, {"emptyDir": {"sizeLimit": "1073741824"}}),
        ({"secret": {"secretName": "a"}}, {"secret": {"secretName": "a", "defaultMode": 420}}),
        ({"configMap": {"name": "a"}}, {"configMap": {"name": "a", "defaultMode": 420}}),
        ({"hostPath": {"path": "/"}}, {"hostPath": {"path": "/", "type": ""}}),
        (
            {"image": {"reference": "a:1"}},
            {"image": {"reference": "a:1", "pullPolicy": "IfNotPresent"}},
        ),
        ({"nfs": {"server": "a", "path": "/"}}, {"nfs": {"server": "a", "path": "/"}}),
        (
            {"projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}},
            {
                "projected": {
                    "defaultMode": 420,
                    "sources": [{"serviceAccountToken": {"path": "t", "expirationSeconds": 3600}}],
                }
            },
        ),
        (
            {"downwardAPI": {"items": [{"path": "n", "fieldRef": {"fieldPath": "metadata.name"}}]}},
            {
                "downwardAPI": {
                    "defaultMode": 420,
                    "items": [
                        {
                            "path": "n",
                            "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"},
                        }
                    ],
                }
            },
        ),
        (
            {"ephemeral": {"volumeClaimTemplate": {"spec": {"accessModes": ["ReadWriteOnce"]}}}},
            {
                "ephemeral": {
                    "volumeClaimTemplate": {
                        "spec": {
                            "accessModes": ["ReadWriteOnce"],
                            "resources": {},
                            "volumeMode": "Filesystem",
                        }
                    }
                }
            },
        ),
    ],
)
def test_volumes(given: dict[str, Any], expected: dict[str, Any]) -> None:
    """Each source has its defaults; no source is an empty directory."""
    (volume,) = defaulted(containers=[], volumes=[{"name": "v", **given}])["volumes"]
    found = {name: source for name, source in volume.items() if name != "name"}
    if "ephemeral" in found:
        found["ephemeral"]["volumeClaimTemplate"].pop("metadata", None)
    assert found == expected


def test_ports_of_the_host() -> None:
    """On the host's network a container's port is the host's."""
    containers = [{"name": "c", "image": "a", "ports": [{"containerPort": 80}]}]
    spec = defaulted(containers=containers, hostNetwork=True)
    assert spec["containers"][0]["ports"] == [
        {"containerPort": 80, "hostPort": 80, "protocol": "TCP"}
    ]


def test_the_older_name_of_the_account() -> None:
    """`serviceAccount` and `serviceAccountName` say the same."""
    for name in ("serviceAccount", "serviceAccountName"):
        spec = defaulted(containers=[], **{name: "robot"})
        assert (spec["serviceAccount"], spec["serviceAccountName"]) == ("robot", "robot")


def test_pod_level_resources() -> None:
    """A pod's own limits make its requests, from its containers' where they have some."""
    container = {"name": "c", "image": "a", "resources": {"requests": {"cpu": "200m"}}}
    limits = {"cpu": "1", "memory": "1Gi"}
    spec = defaulted(containers=[container], resources={"limits": limits})
    assert spec["resources"] == {
        "limits": limits,
        "requests": {"cpu": "200m", "memory": "1Gi"},
    }


def test_pod_level_requests_count_containers_that_start_first_or_run_beside() -> None:
    """A sidecar adds, one that only starts first counts if it asks for more."""

    def asking(name: str, memory: str, **more: str) -> dict[str, object]:
        return {"name": name, "image": "a", "resources": {"requests": {"memory": memory}}, **more}

    sidecar = asking("s", "1Gi", restartPolicy="Always")
    spec = defaulted(
        containers=[asking("c", "1Gi")],
        initContainers=[sidecar, asking("i", "3Gi")],
        resources={"limits": {"cpu": "4"}},
    )
    assert spec["resources"]["requests"] == {"cpu": "4", "memory": "4Gi"}


def test_templates_have_fewer_defaults() -> None:
    """Requests from limits and service links are a pod's, not a template's."""
    limits = {"limits": {"cpu": "1"}}
    spec = {"containers": [{"name": "c", "image": "a", "resources": limits}]}
    template = from_dict(
        {"metadata": {"name": "t", "namespace": "default"}, "template": {"spec": spec}},
        PodTemplate,
    )
    result = to_dict(apply_defaults(kind_of(resource_of(PodTemplate)), template))["template"][
        "spec"
    ]
    assert "enableServiceLinks" not in result
    assert result["containers"][0]["resources"] == limits
    assert result["dnsPolicy"] == "ClusterFirst"


def test_pods_of_one_spec_share_their_defaulted_spec() -> None:
    """Ten pods stamped from one spec come out with one spec, and that one is settled."""
    first = pod(containers=[{"name": "c", "image": "a"}])
    stamped = [replace(first, metadata=ObjectMeta(name=f"web-{i}")) for i in range(10)]
    results = [apply_defaults(kind_of(PODS), each) for each in stamped]
    assert {id(each.spec) for each in results} == {id(results[0].spec)}
    assert [each.metadata.name for each in results] == [f"web-{i}" for i in range(10)]
    assert apply_defaults(kind_of(PODS), results[0]) is results[0]


def test_amounts_in_a_status() -> None:
    """A container's resources in a status are canonical, too."""
    given = from_dict(
        {
            "metadata": {"name": "web"},
            "status": {"containerStatuses": [{"name": "c", "resources": {"limits": {"cpu": 0.5}}}]},
        },
        Pod,
    )
    result = apply_defaults(kind_of(PODS), given)
    assert result.status is not None
    resources = result.status.container_statuses[0].resources
    assert resources is not None
    assert resources.limits == {"cpu": "500m"}
    assert apply_defaults(kind_of(PODS), result) is result


def test_what_is_no_quantity_stays() -> None:
    """A text that is no amount, which only a program can write, is left for validation to refuse."""
    resources = ResourceRequirements(limits={"cpu": "lots"})
    given = Pod(spec=PodSpec(containers=(Container(name="c", image="a", resources=resources),)))
    (container,) = apply_defaults(kind_of(PODS), given).spec.containers  # type: ignore[union-attr]
    assert container.resources is not None
    assert container.resources.limits == {"cpu": "lots"}
