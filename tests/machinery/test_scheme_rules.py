"""Strategic merge of the generated kinds: every rule of the scheme's table is usable."""

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from orchestrator.api.apiextensions.v1 import JSONSchemaProps
from orchestrator.api.apps.v1 import Deployment, DeploymentSpec
from orchestrator.api.core.v1 import Container, Node, Pod, PodSpec, Service
from orchestrator.api.merge_table import MERGE
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.api.scheme import DEFAULT
from orchestrator.api.unstructured import Unstructured
from orchestrator.machinery import patches
from orchestrator.machinery.patches import PLAIN, FieldRule, scheme_rules


@pytest.mark.parametrize(
    ("kind", "field", "rule"),
    [
        (Deployment, "metadata", FieldRule(inner=ObjectMeta)),
        (Deployment, "spec", FieldRule(inner=DeploymentSpec)),
        (PodSpec, "containers", FieldRule("merge", "name", inner=Container)),
        (PodSpec, "schedulerName", PLAIN),
        (PodSpec, "unheardOf", PLAIN),
        (ObjectMeta, "finalizers", FieldRule("merge")),
        (Unstructured, "spec", PLAIN),
        (None, "spec", PLAIN),
    ],
)
def test_rules(kind: Any, field: str, rule: FieldRule) -> None:
    """A rule says how a field merges and what is inside; what is unknown is plain."""
    assert scheme_rules(kind, field) == rule


def test_unions_and_maps() -> None:
    """A union retains its keys; the members of a map are of the map's type."""
    assert scheme_rules(DeploymentSpec, "strategy").retain_keys
    volumes = scheme_rules(PodSpec, "volumes")
    assert (volumes.strategy, volumes.merge_key, volumes.retain_keys) == ("merge", "name", True)
    properties = scheme_rules(JSONSchemaProps, "properties").inner
    assert properties == Mapping[str, JSONSchemaProps]
    assert scheme_rules(properties, "anything").inner is JSONSchemaProps


def kinds() -> set[type[msgspec.Struct]]:
    """Every Struct class that a built-in kind reaches."""
    found: set[type[msgspec.Struct]] = set()
    left: list[Any] = [resource.type for resource in DEFAULT.resources()]
    while left:
        kind = left.pop()
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and kind not in found:
            found.add(kind)
            fields = msgspec.structs.fields(kind)
            left += [scheme_rules(kind, each.encode_name).inner for each in fields]
    return found


def test_every_merge_key_is_a_field() -> None:
    """A list that merges by a key has items with that field; the table is not lost on the way."""
    merged = 0
    for kind in kinds():
        for field in msgspec.structs.fields(kind):
            rule = scheme_rules(kind, field.encode_name)
            if rule.strategy == "merge" and rule.merge_key:
                merged += 1
                assert isinstance(rule.inner, type), (kind, field.encode_name)
                names = {each.encode_name for each in msgspec.structs.fields(rule.inner)}
                assert rule.merge_key in names
    assert merged > 0.9 * sum(
        rule[0].startswith("merge") and bool(rule[1])
        for fields in MERGE.values()
        for rule in fields.values()
    )


def test_apply_a_deployment() -> None:
    """A second `kubectl apply` changes the image, drops a port and leaves the sidecar alone."""
    web = {"name": "web", "image": "web:1", "ports": [{"containerPort": 80}, {"containerPort": 81}]}
    first = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}},
            "template": {"spec": {"containers": [web]}},
        },
    }
    second = {
        **first,
        "spec": {
            "strategy": {"type": "Recreate"},
            "template": {
                "spec": {
                    "containers": [
                        {"name": "web", "image": "web:2", "ports": [{"containerPort": 80}]}
                    ]
                }
            },
        },
    }
    applied = patches.with_last_applied(first)
    live: dict[str, Any] = {
        **applied,
        "metadata": {**applied["metadata"], "uid": "u", "finalizers": ["f"]},
        "spec": {
            "replicas": 1,
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}},
            "template": {
                "spec": {
                    "containers": [
                        {"name": "sidecar"},
                        {
                            **web,
                            "ports": [
                                {"containerPort": 80, "protocol": "TCP"},
                                {"containerPort": 81, "protocol": "TCP"},
                            ],
                        },
                    ]
                }
            },
        },
    }
    modified = patches.with_last_applied(second)
    patch = patches.three_way_merge(
        patches.last_applied(live), modified, live, scheme_rules, Deployment
    )
    result = patches.apply_strategic_patch(live, patch, scheme_rules, Deployment)
    assert result["spec"] == {
        "replicas": 1,
        "strategy": {"type": "Recreate"},
        "template": {
            "spec": {
                "containers": [
                    {"name": "sidecar"},
                    {
                        "name": "web",
                        "image": "web:2",
                        "ports": [{"containerPort": 80, "protocol": "TCP"}],
                    },
                ]
            }
        },
    }
    assert patches.last_applied(result) == patches.without_last_applied(second)
    assert result["metadata"]["finalizers"] == ["f"]


def test_patches_of_other_kinds() -> None:
    """Conditions and ports merge by their keys, taints are replaced, finalizers united."""
    node = {
        "metadata": {"finalizers": ["a"]},
        "spec": {"taints": [{"key": "a"}]},
        "status": {"conditions": [{"type": "Ready", "status": "True"}, {"type": "Other"}]},
    }
    patch = {
        "metadata": {"finalizers": ["b"]},
        "spec": {"taints": [{"key": "b"}]},
        "status": {"conditions": [{"type": "Ready", "status": "False"}]},
    }
    assert patches.apply_strategic_patch(node, patch, scheme_rules, Node) == {
        "metadata": {"finalizers": ["b", "a"]},
        "spec": {"taints": [{"key": "b"}]},
        "status": {"conditions": [{"type": "Ready", "status": "False"}, {"type": "Other"}]},
    }
    service = {"spec": {"ports": [{"port": 80, "nodePort": 30000}]}}
    patch = {"spec": {"ports": [{"port": 80, "targetPort": 8080}]}}
    assert patches.apply_strategic_patch(service, patch, scheme_rules, Service) == {
        "spec": {"ports": [{"port": 80, "nodePort": 30000, "targetPort": 8080}]}
    }
    pod = {"spec": {"nodeSelector": {"a": "1"}}}
    patch = {"spec": {"nodeSelector": {"b": "2"}}}
    assert patches.apply_strategic_patch(pod, patch, scheme_rules, Pod) == {
        "spec": {"nodeSelector": {"a": "1", "b": "2"}}
    }
