"""API faults as test doubles have them: in process and over HTTPS, for one request or for all."""

import asyncio
import subprocess

import pytest

from orchestrator import Cluster, serving
from orchestrator.api.apps.v1 import Deployment
from orchestrator.api.core.v1 import ConfigMap, Pod
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.apiserver import ApiFault
from orchestrator.protocol import Conflict, Expired, InternalError, TooManyRequests
from tests.manifests import deployment


async def test_the_next_update_answers_a_conflict(cluster: Cluster) -> None:
    """One request meets the fault, and the next one does not."""
    made = await cluster.client.create(ConfigMap(metadata=ObjectMeta(name="a")))
    cluster.fail_api(verb="update", resource="configmaps", code=409, count=1)
    with pytest.raises(Conflict):
        await cluster.client.update(made)
    await cluster.client.update(made)
    assert cluster.api_trouble.struck == 1


async def test_a_fault_can_wait_and_say_when_to_come_again(cluster: Cluster) -> None:
    """`skip` lets requests pass, and a 429 carries its Retry-After."""
    cluster.fail_api(verb="get", name="a", code=429, retry_after_seconds=7, skip=1, count=1)
    await cluster.client.create(ConfigMap(metadata=ObjectMeta(name="a")))
    await cluster.client.get(ConfigMap, "a")
    with pytest.raises(TooManyRequests) as refused:
        await cluster.client.get(ConfigMap, "a")
    assert refused.value.retry_after_seconds == 7


async def test_an_answer_comes_late(cluster: Cluster) -> None:
    """Latency delays the request's effect and its answer, and others go on meanwhile."""
    cluster.fail_api(verb="create", resource="configmaps", latency_seconds=5, count=1)
    begun = cluster.clock.monotonic()
    late = asyncio.ensure_future(cluster.client.create(ConfigMap(metadata=ObjectMeta(name="a"))))
    await cluster.clock.sleep(0.01)
    await cluster.client.create(ConfigMap(metadata=ObjectMeta(name="b")))
    assert cluster.clock.monotonic() - begun < 1
    await late
    assert cluster.clock.monotonic() - begun >= 5


async def test_watches_end_and_components_go_on(cluster: Cluster) -> None:
    """A watch of a program ends as expired; controllers and kubelets list again."""
    async with cluster.client.watch(Pod) as events:
        assert await cluster.end_watches() > 5
        with pytest.raises(Expired):
            async for _ in events:
                pass
    await cluster.apply([deployment()])
    assert await cluster.client.wait(Deployment, "web", "condition=Available", timeout=120)


async def test_a_cluster_works_through_a_storm_of_errors(cluster: Cluster) -> None:
    """A third of all requests but watches fails, and a Deployment becomes available all the same."""
    for verb in ("create", "update", "patch", "delete", "get", "list"):
        cluster.fail_api(verb=verb, user="system:[kn]*", code=500, probability=0.3)
    await cluster.apply([deployment()])
    assert await cluster.client.wait(Deployment, "web", "condition=Available", timeout=900)
    assert cluster.api_trouble.struck > 0


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ({"code": 418}, "there is no API error of code 418; there are 401, 403"),
        ({"verb": "put", "code": 409}, "there is no verb 'put'; there are get, list"),
        ({"verb": "get"}, "a code, a latency, or both"),
    ],
)
def test_a_fault_that_cannot_be_is_refused(fault: dict[str, object], message: str) -> None:
    """The error names what there is."""
    with pytest.raises(ValueError, match=message):
        ApiFault(**fault)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("resource", "meant"),
    [
        ("configmap", "did you mean 'configmaps'"),
        ("deployments", "did you mean 'deployments.apps'"),
        ("Deployment", "did you mean 'deployments.apps'"),
        ("svc", "did you mean 'services'"),
        ("deployment.apps", "did you mean 'deployments.apps'"),
        ("widgets", "that of a custom kind has its group"),
    ],
)
async def test_a_fault_of_a_resource_that_there_is_none_of_is_refused(
    cluster: Cluster, resource: str, meant: str
) -> None:
    """It would never happen, and the test that it is for would pass; patterns and custom kinds may stand there."""
    with pytest.raises(ValueError, match=f"there is no resource '{resource}'; {meant}"):
        cluster.fail_api(verb="create", resource=resource, code=429)
    with pytest.raises(ValueError, match=meant):
        Cluster(nodes=0, api_faults=[ApiFault(resource=resource, code=429)])
    for possible in ("*", "*.apps", "config*", "widgets.example.dev"):
        cluster.fail_api(verb="delete", resource=possible, code=429)


def test_https_clients_meet_the_same_faults() -> None:
    """kubectl is told what the in-process client is told, as a Status."""
    fault = ApiFault(verb="list", resource="pods", code=500, message="not today")
    with serving(nodes=0, api_faults=[fault]) as cluster:
        got = subprocess.run(
            ["kubectl", "--kubeconfig", str(cluster.kubeconfig), "get", "pods"],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert got.returncode == 1
        assert "not today" in got.stderr
        with pytest.raises(InternalError, match="not today"):
            cluster.run(lambda each: each.client.list(Pod))
