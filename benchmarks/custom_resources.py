"""Custom resources of a definition with 400 fields and rules, created in process, for `apiserver`."""

import time
from typing import Any, Final

from orchestrator import Cluster
from orchestrator.api import codec
from orchestrator.api.apiextensions.v1 import CustomResourceDefinition

CUSTOM: Final = 5_000


def definition() -> CustomResourceDefinition:
    """A large one: 20 groups of 20 fields with bounds, patterns and enumerations, a list by key, and rules."""
    group = {
        "type": "object",
        "required": ["name"],
        "x-kubernetes-validations": [
            {"rule": "self.name.size() < 40", "message": "name is too long"}
        ],
        "properties": {
            "name": {"type": "string", "pattern": "^[a-z0-9-]+$", "maxLength": 40},
            "mode": {"type": "string", "enum": ["Fast", "Slow", "Off"], "default": "Slow"},
            "ports": {
                "type": "array",
                "maxItems": 10,
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["number"],
                "items": {
                    "type": "object",
                    "required": ["number"],
                    "properties": {"number": {"type": "integer"}, "name": {"type": "string"}},
                },
            },
            **{f"count{n}": {"type": "integer", "minimum": 0, "maximum": 1000} for n in range(17)},
        },
    }
    schema = {
        "type": "object",
        "properties": {
            "spec": {"type": "object", "properties": {f"group{n}": group for n in range(20)}}
        },
    }
    return codec.from_dict(
        {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": "engines.example.com"},
            "spec": {
                "group": "example.com",
                "scope": "Namespaced",
                "names": {"plural": "engines", "kind": "Engine"},
                "versions": [
                    {
                        "name": "v1",
                        "served": True,
                        "storage": True,
                        "schema": {"openAPIV3Schema": schema},
                    }
                ],
            },
        },
        CustomResourceDefinition,
    )


def custom_resource(number: int) -> dict[str, Any]:
    """One that says half of what there is to say."""
    group = {
        "name": f"engine-{number}",
        "ports": [{"number": 80, "name": "http"}, {"number": 443}],
        **{f"count{n}": n for n in range(8)},
    }
    return {
        "apiVersion": "example.com/v1",
        "kind": "Engine",
        "metadata": {"name": f"engine-{number}", "namespace": "default"},
        "spec": {f"group{n}": group for n in range(10)},
    }


async def custom_resources() -> float:
    """How many are created a second."""
    async with Cluster(nodes=0, controllers=[]) as cluster:
        await cluster.client.create(definition())
        await cluster.client.wait(CustomResourceDefinition, "engines.example.com", _is_established)
        begun = time.perf_counter()
        for number in range(CUSTOM):
            await cluster.client.create(custom_resource(number))
        return CUSTOM / (time.perf_counter() - begun)


def _is_established(definition: CustomResourceDefinition) -> bool:
    conditions = definition.status.conditions if definition.status else ()
    return any(each.type == "Established" and each.status == "True" for each in conditions)
