"""What policy engines are installed by, applied by every kubectl there is, and read back as it was written.

Definitions and webhooks in the shapes of kyverno's and gatekeeper's; they select nothing, so that they hold up nobody.
"""

import json
from collections.abc import Iterator
from typing import Any, Final

import pytest
import yaml

from tests.clients.conftest import Kubectl

_GROUP: Final = "engines.example.com"
_NOTHING: Final = {"matchLabels": {_GROUP: "nothing"}}
_ANY: Final = {"x-kubernetes-preserve-unknown-fields": True}
_CONDITION: Final = {
    "type": "object",
    "required": ["status", "type"],
    "properties": {
        "lastTransitionTime": {"type": "string", "format": "date-time"},
        "message": {"type": "string", "maxLength": 32768},
        "status": {"type": "string", "enum": ["True", "False", "Unknown"]},
        "type": {"type": "string", "pattern": "^[A-Za-z]+$"},
    },
}
_RULE: Final = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "name": {"type": "string", "maxLength": 63},
        "match": {
            "type": "object",
            "not": {"required": ["any", "all"]},
            "properties": {
                "any": {"type": "array", "items": {"type": "object", **_ANY}},
                "all": {"type": "array", "items": {"type": "object", **_ANY}},
            },
        },
        "mutate": {"type": "object", "properties": {"patchStrategicMerge": _ANY}},
        "timeout": {
            "x-kubernetes-int-or-string": True,
            "anyOf": [{"type": "integer"}, {"type": "string"}],
        },
        "validate": {
            "type": "object",
            "properties": {
                "pattern": _ANY,
                "failureAction": {"type": "string", "default": "Audit"},
            },
        },
    },
}


def _definition() -> dict[str, Any]:
    schema = {
        "type": "object",
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"type": "object"},
            "spec": {
                "type": "object",
                "properties": {
                    "background": {"type": "boolean", "default": True},
                    "rules": {
                        "type": "array",
                        "items": _RULE,
                        "x-kubernetes-list-type": "map",
                        "x-kubernetes-list-map-keys": ["name"],
                    },
                    "webhookTimeoutSeconds": {"type": "integer", "format": "int32"},
                },
                "x-kubernetes-validations": [
                    {
                        "rule": "!has(self.rules) || self.rules.all(r, r.name != '')",
                        "message": "names",
                    }
                ],
            },
            "status": {
                "type": "object",
                "properties": {
                    "conditions": {"type": "array", "items": _CONDITION},
                    "ready": {"type": "boolean"},
                },
            },
        },
    }
    columns = [
        {"jsonPath": ".spec.background", "name": "BACKGROUND", "type": "boolean"},
        {"jsonPath": ".metadata.creationTimestamp", "name": "AGE", "type": "date"},
        {
            "jsonPath": '.status.conditions[?(@.type == "Ready")].status',
            "name": "READY",
            "type": "string",
            "priority": 1,
        },
    ]
    versions: list[dict[str, Any]] = [
        {
            "name": name,
            "served": True,
            "storage": name == "v1",
            **({} if name == "v1" else {"deprecated": True}),
            "additionalPrinterColumns": columns,
            "schema": {"openAPIV3Schema": schema},
            "subresources": {"status": {}},
        }
        for name in ("v1", "v2beta1")
    ]
    names = {
        "categories": ["engines"],
        "kind": "EnginePolicy",
        "listKind": "EnginePolicyList",
        "plural": "enginepolicies",
        "shortNames": ["epol"],
        "singular": "enginepolicy",
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"enginepolicies.{_GROUP}",
            "annotations": {"controller-gen.kubebuilder.io/version": "v0.17.3"},
        },
        "spec": {"group": _GROUP, "names": names, "scope": "Cluster", "versions": versions},
    }


def _hooks(kind: str, *operations: str) -> dict[str, Any]:
    rules = [
        {
            "apiGroups": ["*"],
            "apiVersions": ["*"],
            "operations": list(operations),
            "resources": ["*", "pods/ephemeralcontainers"],
        },
        {
            "apiGroups": [_GROUP],
            "apiVersions": ["v1", "v2beta1"],
            "operations": ["CREATE"],
            "resources": ["enginepolicies/*"],
            "scope": "Cluster",
        },
    ]
    hook = {
        "name": f"{kind.lower()}.{_GROUP}",
        "admissionReviewVersions": ["v1", "v1beta1"],
        "clientConfig": {
            "service": {"name": "engine", "namespace": "engines", "path": f"/v1/{kind.lower()}"}
        },
        "failurePolicy": "Ignore",
        "matchConditions": [
            {"name": "not-leases", "expression": "request.resource.resource != 'leases'"}
        ],
        "matchPolicy": "Exact",
        "namespaceSelector": {
            "matchExpressions": [
                {"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["engines"]}
            ]
        },
        "objectSelector": _NOTHING,
        "rules": rules,
        "sideEffects": "None",
        "timeoutSeconds": 3,
    }
    if kind == "Mutating":
        hook["reinvocationPolicy"] = "IfNeeded"
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": f"{kind}WebhookConfiguration",
        "metadata": {"name": "engine", "labels": {"app": "engine"}},
        "webhooks": [hook],
    }


_OBJECTS: Final = (_definition(), _hooks("Mutating", "CREATE", "UPDATE"), _hooks("Validating", "*"))


@pytest.fixture
def installing(anykubectl: Kubectl) -> Iterator[Kubectl]:
    """Whatever is installed is taken away."""
    yield anykubectl
    text = yaml.safe_dump_all(_OBJECTS)
    anykubectl("delete", "--ignore-not-found", "-f", "-", stdin=text)


def _missing(written: Any, read: Any, path: str = "") -> Iterator[str]:
    """What was written and is read back otherwise."""
    if isinstance(written, dict):
        for name, value in written.items():
            yield from _missing(value, read.get(name), f"{path}.{name}")
    elif isinstance(written, list) and isinstance(read, list) and len(written) == len(read):
        for place, (one, other) in enumerate(zip(written, read, strict=True)):
            yield from _missing(one, other, f"{path}[{place}]")
    elif written != read:
        yield f"{path}: {written!r} is {read!r}"


@pytest.mark.parametrize("options", [(), ("--server-side",)], ids=["client-side", "server-side"])
def test_definitions_and_webhooks_are_read_back_as_they_were_written(
    installing: Kubectl, options: tuple[str, ...]
) -> None:
    """And are the same when they are applied again; objects of the new kind have its defaults."""
    kubectl, text = installing, yaml.safe_dump_all(_OBJECTS)
    kubectl("apply", *options, "-f", "-", stdin=text)
    before = []
    for written in _OBJECTS:
        what = (written["kind"].lower(), written["metadata"]["name"])
        read = json.loads(kubectl("get", *what, "-o", "json"))
        assert list(_missing(written, read)) == []
        before.append(read["metadata"]["generation"])
    kubectl("wait", "--for=condition=Established", f"crd/enginepolicies.{_GROUP}")
    kubectl("apply", *options, "-f", "-", stdin=text)
    after = [
        json.loads(kubectl("get", each["kind"].lower(), each["metadata"]["name"], "-o", "json"))
        for each in _OBJECTS
    ]
    assert [each["metadata"]["generation"] for each in after] == before
    rules = [
        {"name": "a", "match": {"any": [{"kinds": ["Pod"]}]}, "validate": {"pattern": {"x": 1}}}
    ]
    policy = {
        "apiVersion": f"{_GROUP}/v1",
        "kind": "EnginePolicy",
        "metadata": {"name": "p"},
        "spec": {"rules": rules},
    }
    kubectl("apply", *options, "-f", "-", stdin=yaml.safe_dump(policy))
    stored = json.loads(kubectl("get", "epol", "p", "-o", "json"))
    assert stored["spec"]["background"] is True
    assert stored["spec"]["rules"][0]["validate"] == {"pattern": {"x": 1}, "failureAction": "Audit"}
    policy["spec"] = {"rules": [{"name": "a", "match": {"any": [], "all": []}}]}
    told = kubectl.refused("apply", *options, "-f", "-", stdin=yaml.safe_dump(policy))
    assert "must not validate the schema (not)" in told
