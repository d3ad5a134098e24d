"""Manifests that many tests apply."""

from typing import Any

Manifest = dict[str, Any]

SIMULATION = "simulation.orchestrator.dev/"


def deployment(
    name: str = "web", replicas: int = 3, *, image: str = "web:1", **spec: Any
) -> Manifest:
    """A Deployment; `spec` is more of its spec, `simulation` its pods' profile."""
    simulation = spec.pop("simulation", {})
    tolerations = spec.pop("tolerations", [])
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {
                    "labels": {"app": name},
                    "annotations": {SIMULATION + k: str(v) for k, v in simulation.items()},
                },
                "spec": {
                    "containers": [
                        {"name": "web", "image": image, "ports": [{"containerPort": 8080}]}
                    ],
                    "tolerations": tolerations,
                },
            },
            **spec,
        },
    }


def service(name: str = "web", **spec: Any) -> Manifest:
    """A Service in front of the Deployment of the same name."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "selector": {"app": name},
            "ports": [{"port": 80, "targetPort": 8080}],
            **spec,
        },
    }


def pod(name: str, *, simulation: dict[str, Any] | None = None, **spec: Any) -> Manifest:
    """A pod with one container; `requests` are that container's."""
    container = {"name": "c", "image": "i", "resources": {"requests": spec.pop("requests", {})}}
    annotations = {SIMULATION + k: str(v) for k, v in (simulation or {}).items()}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "default", "annotations": annotations},
        "spec": {"containers": [container], **spec},
    }
