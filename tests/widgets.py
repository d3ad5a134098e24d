"""A custom kind that several tests use: its definition, its resource as a program says it, an object."""

from typing import Any, Final

from orchestrator.api.scheme import Resource

VERBS: Final = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
WIDGETS: Final = Resource("example.test", "v1", "widgets", "Widget", namespaced=True, verbs=VERBS)


def definition() -> dict[str, Any]:
    """A CustomResourceDefinition with a status."""
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "schema": {"openAPIV3Schema": schema},
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.test"},
        "spec": {
            "group": "example.test",
            "scope": "Namespaced",
            "names": {"plural": "widgets", "kind": "Widget"},
            "versions": [version],
        },
    }


def widget(name: str, size: int = 1) -> dict[str, Any]:
    """An object of it."""
    return {
        "apiVersion": "example.test/v1",
        "kind": "Widget",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"size": size},
    }
