"""As whom containers may run."""

from typing import Any

import pytest

from orchestrator import Cluster
from orchestrator.api import codec
from orchestrator.api.core.v1 import Pod
from orchestrator.kubelet.runtimes.users import root_fault


def _pod(security: dict[str, Any], image: str = "web:1", own: dict[str, Any] | None = None) -> Pod:
    container = {"name": "main", "image": image, "securityContext": own or {}}
    metadata = {"name": "web", "namespace": "default", "uid": "u1"}
    spec = {"containers": [container], "securityContext": security}
    return codec.from_dict(
        {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}, Pod
    )


@pytest.mark.parametrize(
    ("security", "own", "uid", "user", "said"),
    [
        ({"runAsNonRoot": True}, {}, 0, "", "container has runAsNonRoot and image will run as root"),
        ({"runAsNonRoot": True}, {}, None, "", "container has runAsNonRoot and image will run as root"),
        ({"runAsNonRoot": True}, {}, None, "web", "image has non-numeric user (web), cannot verify user is non-root"),
        ({"runAsNonRoot": True, "runAsUser": 0}, {}, 5, "", "runAsUser breaks non-root policy"),
        ({"runAsUser": 5}, {"runAsNonRoot": True, "runAsUser": 0}, 5, "", "runAsUser breaks non-root policy"),
        ({"runAsNonRoot": True}, {"runAsNonRoot": False}, 0, "", ""),
        ({"runAsNonRoot": True}, {}, 5, "", ""),
        ({"runAsNonRoot": True, "runAsUser": 5}, {}, 0, "", ""),
        ({}, {}, 0, "", ""),
    ],
)  # fmt: skip
def test_who_must_not_be_root_is_not(
    security: dict[str, Any], own: dict[str, Any], uid: int | None, user: str, said: str
) -> None:
    """By the container's word, the pod's, or the image's."""
    pod = _pod(security, own=own)
    assert pod.spec is not None
    fault = root_fault(pod, pod.spec.containers[0], uid, user)
    assert fault.partition(" (pod:")[0].endswith(said)
    assert bool(fault) == bool(said)
    if fault:
        assert fault.endswith('(pod: "web_default(u1)", container: main)')


@pytest.mark.parametrize(
    ("image", "security", "reason"),
    [
        ("nginx", {"runAsNonRoot": True}, "CreateContainerConfigError"),
        ("registry.k8s.io/busybox:1.29", {"runAsNonRoot": True}, "CreateContainerConfigError"),
        ("nginx", {"runAsNonRoot": True, "runAsUser": 101}, None),
        ("example.com/own:1", {"runAsNonRoot": True}, None),
        ("example.com/own:1", {"runAsNonRoot": True, "runAsUser": 0}, "CreateContainerConfigError"),
    ],
)
async def test_simulated_images_that_run_as_root_are_refused(
    cluster: Cluster, image: str, security: dict[str, Any], reason: str | None
) -> None:
    await cluster.client.create(_pod(security, image))
    await cluster.clock.sleep(10)
    status = (await cluster.client.get(Pod, "web", namespace="default")).status
    assert status is not None
    state = status.container_statuses[0].state
    assert state is not None
    if reason is None:
        assert state.running is not None
    else:
        assert state.waiting is not None
        assert state.waiting.reason == reason
        assert "root" in state.waiting.message
