"""Containers that are async functions of the host program."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from orchestrator import Cluster
from orchestrator.api.apps.v1 import Deployment
from orchestrator.api.authentication.v1 import TokenReview, TokenReviewSpec
from orchestrator.api.core.v1 import Pod
from orchestrator.apiserver.authentication.keys import SigningKey
from orchestrator.cluster import node_spec
from orchestrator.kubelet.runtimes.coroutine import ContainerContext
from orchestrator.pytest_plugin import cluster_fixture
from tests.kubelet.stories import container_of, events_of, pod_with, waiting_of
from tests.manifests import deployment

NODES = [node_spec(f"node-{i}", i, runtime="coroutine") for i in range(2)]
cluster = cluster_fixture(nodes=NODES)
HERE = f"py://{__name__}"
seen: dict[str, list[Any]] = {}


async def serve(container: ContainerContext) -> None:
    """Runs until it is cancelled, and says so."""
    name = container.pod.metadata.name
    seen.setdefault(name, []).append((container.arguments, dict(container.environment)))
    container.log(f"{name} begins")
    container.set_ready(True)
    try:
        await container.sleep(10**9)
    finally:
        seen[name].append("cancelled")


async def count(container: ContainerContext) -> int:
    """Ends with the exit code that its environment says."""
    await container.sleep(3)
    return int(container.environment["CODE"])


async def fail(container: ContainerContext) -> None:
    """Raises."""
    raise ValueError("no luck")


async def deaf(container: ContainerContext) -> None:
    """Does not end when it is cancelled, nor when it is killed; only with the loop."""
    for _ in range(2):
        try:
            await container.sleep(10**9)
        except asyncio.CancelledError:
            container.log("not yet")
    await container.sleep(10**9)


async def test_a_function_is_a_container(cluster: Cluster) -> None:
    """It has arguments and environment, is ready when it says so, and is cancelled when its pod is deleted."""
    fields = {
        "image": f"{HERE}:serve",
        "args": ["a", "b"],
        "env": [{"name": "WHO", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
    }
    await cluster.apply([pod_with("first", fields)])
    await cluster.clock.sleep(2)
    assert (await container_of(cluster, "first")).ready
    (arguments, environment), *_ = seen["first"]
    assert arguments == ("a", "b")
    assert (environment["WHO"], environment["KUBERNETES_SERVICE_PORT"]) == ("first", "443")
    await cluster.client.delete(Pod, "first", namespace="default")
    await cluster.clock.sleep(2)
    assert seen["first"][-1] == "cancelled"
    assert not await cluster.client.list(Pod, namespace="default")


async def read_token(container: ContainerContext) -> None:
    """Reads the token of its account when it is told to, twice."""
    path = "/var/run/secrets/kubernetes.io/serviceaccount/token"
    assert path in container.files
    await container.sleep(5)
    seen["tokens"] = [container.files[path], container.files[path]]


async def test_a_token_is_signed_when_it_is_read(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A function has its account's token among its files, which the API server knows; nothing is signed for who reads none."""
    signed: list[object] = []
    sign = SigningKey.sign

    def counted(key: SigningKey, claims: Mapping[str, Any]) -> str:
        signed.append(claims)
        return sign(key, claims)

    monkeypatch.setattr(SigningKey, "sign", counted)
    for name, function in (("silent", "serve"), ("reader", "read_token")):
        await cluster.apply([pod_with(name, {"image": f"{HERE}:{function}"})])
    await cluster.clock.sleep(3)
    assert signed == []
    await cluster.clock.sleep(5)
    first, second = seen["tokens"]
    assert len(signed) == 1
    assert first == second
    review = await cluster.client.create(TokenReview(spec=TokenReviewSpec(token=first.decode())))
    assert review.status is not None
    assert review.status.user is not None
    assert review.status.user.username == "system:serviceaccount:default:default"


async def test_what_a_function_returns_is_the_exit_code(cluster: Cluster) -> None:
    """And an exception is 1, with its text as the termination message."""
    for name, image, env in (
        ("three", "count", "3"),
        ("zero", "count", "0"),
        ("raises", "fail", ""),
    ):
        fields = {"image": f"{HERE}:{image}", "env": [{"name": "CODE", "value": env}]}
        await cluster.apply([pod_with(name, fields, restartPolicy="Never")])
    await cluster.clock.sleep(5)
    ends = {}
    for name in ("three", "zero", "raises"):
        state = (await container_of(cluster, name)).state
        assert state is not None
        assert state.terminated is not None
        ends[name] = (state.terminated.exit_code, state.terminated.reason, state.terminated.message)
    assert ends == {
        "three": (3, "Error", ""),
        "zero": (0, "Completed", ""),
        "raises": (1, "Error", "ValueError: no luck"),
    }


async def test_a_function_that_fails_is_restarted_later_and_later(cluster: Cluster) -> None:
    await cluster.apply([pod_with("loop", {"image": f"{HERE}:fail"})])
    await cluster.clock.sleep(45)
    assert (await container_of(cluster, "loop")).restart_count == 3
    assert (await waiting_of(cluster, "loop"))[0] == "CrashLoopBackOff"


async def test_a_function_that_is_not_there_cannot_be_pulled(cluster: Cluster) -> None:
    await cluster.apply([pod_with("gone", {"image": f"{HERE}:nothing"})])
    await cluster.clock.sleep(5)
    reason, message = await waiting_of(cluster, "gone")
    assert reason == "ImagePullBackOff"
    assert "has no attribute 'nothing'" in message
    assert ("Failed", "Error: ErrImagePull") in await events_of(cluster, "gone")


async def test_a_function_that_does_not_end_is_given_up_after_its_grace_period(
    cluster: Cluster,
) -> None:
    fields = {"image": f"{HERE}:deaf"}
    await cluster.apply([pod_with("deaf", fields, terminationGracePeriodSeconds=7)])
    await cluster.clock.sleep(3)
    await cluster.client.delete(Pod, "deaf", namespace="default")
    await cluster.clock.sleep(6)
    assert len(await cluster.client.list(Pod, namespace="default")) == 1
    await cluster.clock.sleep(3)
    assert not await cluster.client.list(Pod, namespace="default")


async def test_functions_roll_over_like_any_deployment(cluster: Cluster) -> None:
    """From one function to another, and images of other kinds are simulated beside them."""
    manifest = deployment(replicas=4)
    container = manifest["spec"]["template"]["spec"]["containers"][0]
    container["image"] = "nginx"
    await cluster.apply([manifest])
    await cluster.client.wait(
        Deployment, "web", "condition=Available", namespace="default", timeout=60
    )
    container["image"] = f"{HERE}:serve"
    await cluster.apply([manifest])
    await cluster.clock.sleep(30)
    pods = await cluster.client.list(Pod, namespace="default")
    assert len(pods) == 4
    assert all(pod.metadata.name in seen for pod in pods)
