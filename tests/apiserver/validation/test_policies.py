"""Limits, quotas, autoscalers, budgets, roles, priorities, leases and events."""

from typing import Any

import pytest

from orchestrator.api.autoscaling.v2 import HorizontalPodAutoscaler
from orchestrator.api.coordination.v1 import Lease
from orchestrator.api.core.v1 import Event, LimitRange, ResourceQuota
from orchestrator.api.policy.v1 import PodDisruptionBudget
from orchestrator.api.rbac.v1 import ClusterRole, ClusterRoleBinding, Role, RoleBinding
from orchestrator.api.scheduling.v1 import PriorityClass
from tests.apiserver.validation.support import edit, faults, update_faults

META: dict[str, Any] = {"name": "x", "namespace": "default"}


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ({"type": "Container", "max": {"cpu": "1"}, "min": {"cpu": "100m"}}, []),
        (
            {"type": "Container", "max": {"cpu": "1"}, "min": {"cpu": "2"}},
            [
                'spec.limits[0].min[cpu]: Invalid value: "2": min value 2 is greater than max value '
                "1",
                'spec.limits[0].defaultRequest[cpu]: Invalid value: "1": min value 2 is greater '
                "than default request value 1",
                'spec.limits[0].default[cpu]: Invalid value: "2": min value 2 is greater than '
                "default value 1",
            ],
        ),
        (
            {"type": "Pod", "default": {"cpu": "1"}},
            ["spec.limits[0].default: Forbidden: may not be specified when `type` is 'Pod'"],
        ),
        (
            {"type": "PersistentVolumeClaim"},
            [
                "spec.limits[0].limits: Required value: either minimum or maximum storage value is "
                "required, but neither was provided"
            ],
        ),
        (
            {"type": "Any"},
            [
                'spec.limits[0].type: Invalid value: "Any": must be a standard limit type or fully '
                "qualified"
            ],
        ),
    ],
)
def test_limit_ranges(item: dict[str, Any], expected: list[str]) -> None:
    """Bounds are in order."""
    assert faults(LimitRange, {"metadata": META, "spec": {"limits": [item]}}) == expected


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"hard": {"pods": "10", "requests.cpu": "1", "count/jobs.batch": "3"}}, []),
        (
            {"hard": {"apples": "1"}},
            [
                'spec.hard[apples]: Invalid value: "apples": must be a standard resource type or '
                "fully qualified",
                'spec.hard[apples]: Invalid value: "apples": must be a standard resource for quota',
            ],
        ),
        (
            {"hard": {"pods": "1"}, "scopes": ["BestEffort", "NotBestEffort"]},
            ['spec.scopes: Invalid value: ["BestEffort","NotBestEffort"]: conflicting scopes'],
        ),
        (
            {"hard": {"services": "1"}, "scopes": ["Terminating"]},
            ['spec.scopes: Invalid value: ["Terminating"]: unsupported scope applied to resource'],
        ),
    ],
)
def test_quotas(spec: dict[str, Any], expected: list[str]) -> None:
    """Quotas count what is known, within scopes that go together."""
    assert faults(ResourceQuota, {"metadata": META, "spec": spec}) == expected


TARGET = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
AUTOSCALER: dict[str, Any] = {
    "metadata": META,
    "spec": {"scaleTargetRef": TARGET, "maxReplicas": 5},
}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        (
            {"spec.maxReplicas": 0},
            [
                "spec.maxReplicas: Required value: must be set and greater than 0",
                "spec.maxReplicas: Invalid value: 0: must be greater than or equal to `minReplicas`",
            ],
        ),
        (
            {"spec.scaleTargetRef.name": ""},
            ["spec.scaleTargetRef.name: Required value"],
        ),
        (
            {"spec.scaleTargetRef.apiVersion": "v1"},
            [
                'spec.scaleTargetRef.apiVersion: Invalid value: "v1": apiVersion must specify API '
                "group"
            ],
        ),
        (
            {
                "spec.scaleTargetRef": {
                    "apiVersion": "v1",
                    "kind": "ReplicationController",
                    "name": "a",
                }
            },
            [],
        ),
        (
            {"spec.metrics": [{"type": "Pods"}]},
            [
                "spec.metrics[0].pods: Required value: must populate information for the given "
                "metric source"
            ],
        ),
        (
            {
                "spec.metrics": [
                    {
                        "type": "Resource",
                        "resource": {"name": "cpu", "target": {"type": "Utilization"}},
                    }
                ]
            },
            [
                "spec.metrics[0].resource.target.averageUtilization: Required value: must set "
                "either a target raw value or a target utilization"
            ],
        ),
        (
            {
                "spec.behavior": {
                    "scaleDown": {"policies": [{"type": "Pods", "value": 0, "periodSeconds": 1801}]}
                }
            },
            [
                "spec.behavior.scaleDown.policies[0].value: Invalid value: 0: must be greater than "
                "zero",
                "spec.behavior.scaleDown.policies[0].periodSeconds: Invalid value: 1801: must be "
                "less than or equal to 1800",
            ],
        ),
    ],
)
def test_autoscalers(changes: dict[str, Any], expected: list[str]) -> None:
    """Bounds, targets, metrics and behavior."""
    assert faults(HorizontalPodAutoscaler, edit(AUTOSCALER, changes)) == expected


def test_budgets() -> None:
    """One of both bounds, at most all."""
    both = {"metadata": META, "spec": {"minAvailable": 1, "maxUnavailable": "101%"}}
    assert faults(PodDisruptionBudget, both) == [
        'spec: Invalid value: {"MinAvailable":1,"Selector":null,"MaxUnavailable":"101%",'
        '"UnhealthyPodEvictionPolicy":null}: minAvailable and '
        "maxUnavailable cannot be both set",
        'spec.maxUnavailable: Invalid value: "101%": must not be greater than 100%',
    ]


def test_roles() -> None:
    """Rules say what may be done to what."""
    role = {"metadata": META, "rules": [{"verbs": []}]}
    assert faults(Role, role) == [
        "rules[0].verbs: Required value: verbs must contain at least one value",
        "rules[0].apiGroups: Required value: resource rules must supply at least one api group",
        "rules[0].resources: Required value: resource rules must supply at least one resource",
    ]
    urls = [{"verbs": ["get"], "nonResourceURLs": ["/healthz"]}]
    assert faults(ClusterRole, {"metadata": {"name": "x"}, "rules": urls}) == []
    assert faults(Role, {"metadata": META, "rules": urls}) == [
        'rules[0].nonResourceURLs: Invalid value: ["/healthz"]: namespaced rules cannot apply to '
        "non-resource URLs"
    ]


def test_bindings() -> None:
    """A binding is to a role that stays, for known kinds of subjects."""
    ref = {"kind": "ClusterRole", "name": "view"}
    old = {"metadata": META, "roleRef": ref, "subjects": [{"kind": "User", "name": "ada"}]}
    assert faults(RoleBinding, old) == []
    assert faults(RoleBinding, edit(old, {"subjects.0.kind": "Robot"})) == [
        'subjects[0].kind: Unsupported value: "Robot": supported values: "ServiceAccount", "User", '
        '"Group"'
    ]
    changed = edit(old, {"roleRef.name": "edit"})
    assert update_faults(RoleBinding, changed, old) == [
        'roleRef: Invalid value: {"APIGroup":"rbac.authorization.k8s.io","Kind":"ClusterRole",'
        '"Name":"edit"}: cannot change roleRef'
    ]
    account = {
        "metadata": {"name": "x"},
        "roleRef": ref,
        "subjects": [{"kind": "ServiceAccount", "name": "a"}],
    }
    assert faults(ClusterRoleBinding, account) == ["subjects[0].namespace: Required value"]


def test_priority_classes() -> None:
    """Users' numbers end where the system's begin; values stay."""
    old = {"metadata": {"name": "high"}, "value": 10}
    assert faults(PriorityClass, old) == []
    assert faults(PriorityClass, edit(old, {"value": 1_000_000_001})) == [
        "value: Forbidden: maximum allowed value of a user defined priority is 1000000000"
    ]
    assert faults(PriorityClass, edit(old, {"metadata.name": "system-mine"})) == [
        "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for "
        "system use only. error: system-mine is not a known system priority class"
    ]
    assert update_faults(PriorityClass, edit(old, {"value": 11}), old) == [
        "value: Forbidden: may not be changed in an update."
    ]


def test_leases() -> None:
    """A lease lasts."""
    lease = {"metadata": META, "spec": {"leaseDurationSeconds": 0, "leaseTransitions": -1}}
    assert faults(Lease, lease) == [
        "spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0",
        "spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0",
    ]


def test_events() -> None:
    """An event stands beside its object."""
    event: dict[str, Any] = {"metadata": META, "involvedObject": {"namespace": "default"}}
    assert faults(Event, event) == []
    assert faults(Event, edit(event, {"involvedObject.namespace": "other"})) == [
        'involvedObject.namespace: Invalid value: "other": does not match event.namespace'
    ]
