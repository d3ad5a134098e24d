"""Deployments, ReplicaSets, ReplicationControllers, DaemonSets and StatefulSets."""

from typing import Any

import pytest

from orchestrator.api.apps.v1 import DaemonSet, Deployment, ReplicaSet, StatefulSet
from orchestrator.api.core.v1 import ReplicationController
from tests.apiserver.validation.support import GONE, edit, faults, status_faults, update_faults

WORKLOAD: dict[str, Any] = {
    "metadata": {"name": "web", "namespace": "default"},
    "spec": {
        "selector": {"matchLabels": {"app": "web"}},
        "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"name": "web", "image": "nginx"}]},
        },
    },
}
MISMATCH = (
    'spec.template.metadata.labels: Invalid value: {"app":"api"}: `selector` does not match '
    "template `labels`"
)


@pytest.mark.parametrize("kind", [Deployment, ReplicaSet, DaemonSet, StatefulSet])
def test_every_workload_selects_its_own_pods(kind: type[Any]) -> None:
    """A workload whose template does not match its selector is refused."""
    assert faults(kind, WORKLOAD) == []
    wrong = edit(WORKLOAD, {"spec.template.metadata.labels.app": "api"})
    assert faults(kind, wrong) == [MISMATCH]


@pytest.mark.parametrize(
    ("kind", "title"),
    [
        (Deployment, "ReplicaSet"),
        (ReplicaSet, "ReplicaSet"),
        (DaemonSet, "DaemonSet"),
        (StatefulSet, "StatefulSet"),
    ],
)
def test_templates_run_forever(kind: type[Any], title: str) -> None:
    """Their pods always restart and have no deadline."""
    spec = "spec.template.spec"
    changes = {f"{spec}.restartPolicy": "Never", f"{spec}.activeDeadlineSeconds": 5}
    assert faults(kind, edit(WORKLOAD, changes)) == [
        f'{spec}.restartPolicy: Unsupported value: "Never": supported values: "Always"',
        f"{spec}.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in {title} is not Supported",
    ]


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        (Deployment, "deployment"),
        (ReplicaSet, "deployment"),
        (DaemonSet, "daemonset"),
        (StatefulSet, "statefulset"),
    ],
)
def test_an_empty_selector_is_no_missing_one(kind: type[Any], word: str) -> None:
    """It would select everything, and is refused as such, alone."""
    assert faults(kind, edit(WORKLOAD, {"spec.selector": {}})) == [
        f"spec.selector: Invalid value: {{}}: empty selector is invalid for {word}"
    ]


@pytest.mark.parametrize("kind", [Deployment, ReplicaSet, DaemonSet])
def test_selectors_are_immutable(kind: type[Any]) -> None:
    """A selector stays what it was."""
    labels = {"app": "web", "tier": "front"}
    changes = {"spec.selector.matchLabels": labels, "spec.template.metadata.labels": labels}
    assert update_faults(kind, edit(WORKLOAD, changes), WORKLOAD) == [
        'spec.selector: Invalid value: {"matchLabels":{"app":"web","tier":"front"}}: field is '
        "immutable"
    ]
    assert update_faults(kind, edit(WORKLOAD, {"spec.minReadySeconds": 1}), WORKLOAD) == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"spec.replicas": -1},
            ["spec.replicas: Invalid value: -1: must be greater than or equal to 0"],
        ),
        (
            {"spec.selector": GONE},
            [
                "spec.selector: Required value",
                'spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not '
                "match template `labels`",
            ],
        ),
        (
            {"spec.strategy": {"type": "Recreate", "rollingUpdate": {}}},
            [
                "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` "
                "is 'Recreate'"
            ],
        ),
        (
            {"spec.strategy.rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0}},
            [
                "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when "
                "`maxSurge` is 0"
            ],
        ),
        (
            {"spec.strategy.rollingUpdate.maxUnavailable": "101%"},
            [
                'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "101%": must not be '
                "greater than 100%"
            ],
        ),
        (
            {"spec.strategy.rollingUpdate.maxSurge": "half"},
            [
                'spec.strategy.rollingUpdate.maxSurge: Invalid value: "half": a valid percent '
                "string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', "
                "regex used for validation is '[0-9]+%')"
            ],
        ),
        (
            {"spec.progressDeadlineSeconds": 10, "spec.minReadySeconds": 10},
            [
                "spec.progressDeadlineSeconds: Invalid value: 10: must be greater than "
                "minReadySeconds"
            ],
        ),
        (
            {"spec.template.spec.containers.0.image": ""},
            ["spec.template.spec.containers[0].image: Required value"],
        ),
    ],
)
def test_deployments(changes: dict[str, Any], expected: list[str]) -> None:
    """Counts, strategies and deadlines."""
    assert faults(Deployment, edit(WORKLOAD, changes)) == expected


def test_deployment_status() -> None:
    """A part is not more than the whole; the count of collisions only grows."""
    old = edit(WORKLOAD, {"status": {"collisionCount": 2}})
    status = {"replicas": 1, "readyReplicas": 2, "availableReplicas": 3, "collisionCount": 1}
    assert status_faults(Deployment, edit(WORKLOAD, {"status": status}), old) == [
        "status.readyReplicas: Invalid value: 2: cannot be greater than status.replicas",
        "status.availableReplicas: Invalid value: 3: cannot be greater than status.replicas",
        "status.availableReplicas: Invalid value: 3: cannot be greater than readyReplicas",
        "status.collisionCount: Invalid value: 1: cannot be decremented",
    ]


def test_replication_controllers() -> None:
    """The selector is a plain map that must be there."""
    plain = edit(WORKLOAD, {"spec.selector": {"app": "web"}})
    assert faults(ReplicationController, plain) == []
    assert faults(ReplicationController, edit(plain, {"spec.selector.app": "api"})) == [
        'spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match '
        "template `labels`"
    ]
    bare = edit(plain, {"spec.selector": GONE, "spec.template": GONE})
    assert faults(ReplicationController, bare) == [
        "spec.selector: Required value",
        "spec.template: Required value",
    ]


def test_daemon_set_strategies() -> None:
    """Pods go before they come, or come before they go, not both."""
    rolling = "spec.updateStrategy.rollingUpdate"
    both = edit(WORKLOAD, {rolling: {"maxUnavailable": 1, "maxSurge": 1}})
    assert faults(DaemonSet, both) == [
        f"{rolling}.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero"
    ]
    neither = edit(WORKLOAD, {rolling: {"maxUnavailable": 0}})
    assert faults(DaemonSet, neither) == [
        f"{rolling}.maxUnavailable: Required value: cannot be 0 when maxSurge is 0"
    ]
    unknown = edit(WORKLOAD, {"spec.updateStrategy": {"type": "Never"}})
    assert faults(DaemonSet, unknown) == [
        'spec.updateStrategy: Unsupported value: {"Type":"Never","RollingUpdate":null}: supported values: '
        '"RollingUpdate", "OnDelete"'
    ]


CLAIM = {
    "metadata": {"name": "data"},
    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {
                "spec.volumeClaimTemplates": [CLAIM],
                "spec.template.spec.containers.0.volumeMounts": [
                    {"name": "data", "mountPath": "/data"}
                ],
            },
            [],
        ),
        (
            {"spec.podManagementPolicy": "Any"},
            [
                "spec.podManagementPolicy: Invalid value: \"Any\": must be 'OrderedReady' or "
                "'Parallel'"
            ],
        ),
        (
            {"spec.updateStrategy": {"type": "OnDelete", "rollingUpdate": {"partition": 1}}},
            [
                'spec.updateStrategy.rollingUpdate: Invalid value: {"Partition":1,"MaxUnavailable":null}: only allowed '
                "for updateStrategy 'RollingUpdate'"
            ],
        ),
        (
            {"spec.volumeClaimTemplates": [edit(CLAIM, {"spec.accessModes": []})]},
            [
                "spec.volumeClaimTemplates[0].spec.accessModes: Required value: at least 1 access "
                "mode is required"
            ],
        ),
        ({"metadata.name": "a.b"}, ['metadata.name: Invalid value: "a.b": must not contain dots']),
    ],
)
def test_stateful_sets(changes: dict[str, Any], expected: list[str]) -> None:
    """Claims are volumes of the pods; strategies and policies are known words."""
    assert faults(StatefulSet, edit(WORKLOAD, changes)) == expected


def test_stateful_sets_change_little() -> None:
    """Names the fields that may change."""
    old = edit(WORKLOAD, {"spec.serviceName": "web"})
    assert update_faults(StatefulSet, edit(old, {"spec.replicas": 3}), old) == []
    assert update_faults(StatefulSet, edit(old, {"spec.serviceName": "api"}), old) == [
        "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', "
        "'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', "
        "'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
    ]


def test_a_template_is_judged_as_the_pods_of_a_stateful_set_have_it() -> None:
    """With the claims' volumes first, and without the names, which are the set's to give."""
    own_names = {"hostname": "Not One", "subdomain": "Neither!"}
    claim = {
        "metadata": {"name": "data"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }
    document = edit(WORKLOAD, {f"spec.template.spec.{k}": v for k, v in own_names.items()})
    assert faults(StatefulSet, document) == []
    document = edit(
        WORKLOAD,
        {"spec.volumeClaimTemplates": [claim], "spec.template.spec.volumes": [{"emptyDir": {}}]},
    )
    assert faults(StatefulSet, document) == ["spec.template.spec.volumes[1].name: Required value"]
