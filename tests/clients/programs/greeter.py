"""An operator of kopf's: a ConfigMap for each Greeting, which says what it says."""

from typing import Any

import kopf
from kubernetes import client, config


@kopf.on.startup()
def begin(**_: Any) -> None:
    config.load_kube_config()


@kopf.on.create("example.com", "v1", "greetings")
def greet(spec: Any, name: str, namespace: str, **_: Any) -> dict[str, str]:
    says = f"hello {spec['to']}"
    body: dict[str, Any] = {"metadata": {"name": name}, "data": {"says": says}}
    kopf.adopt(body)
    client.CoreV1Api().create_namespaced_config_map(namespace, body)
    return {"says": says}


@kopf.on.update("example.com", "v1", "greetings", field="spec.to")
def again(new: str, name: str, namespace: str, **_: Any) -> None:
    body = {"data": {"says": f"hello {new}"}}
    client.CoreV1Api().patch_namespaced_config_map(name, namespace, body)


@kopf.on.delete("example.com", "v1", "greetings")
def end(**_: Any) -> None:
    """Having this is why kopf puts a finalizer there."""
