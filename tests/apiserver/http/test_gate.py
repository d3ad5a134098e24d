"""A front that is read-only: what it lets in, what it refuses, and that the cluster hears nothing."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from orchestrator import Cluster
from orchestrator.api.apps.v1 import Deployment
from orchestrator.api.core.v1 import Pod
from orchestrator.apiserver.http import HttpFront
from tests.apiserver.http.conftest import Caller, caller
from tests.manifests import deployment, pod

WHY = "this is a replay"
PODS = "/api/v1/namespaces/default/pods"
REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


@pytest.fixture
async def closed() -> AsyncIterator[tuple[Cluster, HttpFront]]:
    """A cluster with one pod, served read-only."""
    async with Cluster(nodes=1) as cluster:
        await cluster.apply([pod("p")])
        yield cluster, await cluster.serve(read_only=WHY)


@pytest.fixture
async def look(closed: tuple[Cluster, HttpFront], tmp_path: Path) -> AsyncIterator[Caller]:
    """The administrator at its door."""
    _, front = closed
    async with caller(front, front.pki.admin, tmp_path) as made:
        yield made


async def test_everything_can_be_read(look: Caller) -> None:
    """Objects, lists, discovery, health; and one may ask what one may do."""
    for path in (PODS, f"{PODS}/p", "/api/v1/nodes", "/apis", "/version"):
        assert (await look("GET", path))[0] == 200
    async with look.send("GET", f"{PODS}?watch=true&timeoutSeconds=1") as answer:
        assert answer.status == 200
    question = {"spec": {"resourceAttributes": {"verb": "list", "resource": "pods"}}}
    kind = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview"}
    code, review = await look("POST", REVIEWS, {**kind, **question})
    assert (code, review["status"]["allowed"]) == (201, True)


BINDING = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": "p"}, "target": {}}
EVICTION = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "p"}}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", PODS, pod("q")),
        ("POST", f"{PODS}?dryRun=All", pod("q")),
        ("PUT", f"{PODS}/p", pod("p")),
        ("PATCH", f"{PODS}/p", {"metadata": {"labels": {"a": "b"}}}),
        ("PATCH", f"{PODS}/p/status", {"status": {"phase": "Failed"}}),
        ("DELETE", f"{PODS}/p", None),
        ("DELETE", PODS, None),
        ("POST", f"{PODS}/p/binding", BINDING),
        ("POST", "/api/v1/namespaces/default/bindings", BINDING),
        ("POST", f"{PODS}/p/eviction", EVICTION),
        ("POST", "/apis/apps/v1/namespaces/default/deployments", deployment()),
    ],
)
async def test_every_write_is_refused_and_says_why(
    closed: tuple[Cluster, HttpFront], look: Caller, method: str, path: str, body: Any
) -> None:
    """A Forbidden of Kubernetes' form; nothing is written."""
    cluster, _ = closed
    code, status = await look(method, path, body)
    assert (code, status["kind"], status["reason"]) == (403, "Status", "Forbidden")
    assert status["message"].endswith(f"is forbidden: {WHY}")
    (left,) = await cluster.client.list(Pod, namespace="default")
    assert left.metadata.name == "p"
    assert not left.metadata.labels
    assert left.status is not None
    assert left.status.phase != "Failed"
    assert await cluster.client.list(Deployment) == ()


async def test_no_power_switch_is_installed(closed: tuple[Cluster, HttpFront]) -> None:
    """Who may not write has no use for it, and it would be one more actor."""
    cluster, _ = closed
    assert cluster.system.find("/controllers/power-switch") is None
