"""Autoscalers ask the servers of metrics that APIServices name, in the words of their API."""

from collections.abc import Mapping
from typing import Any

import pytest

from actors import Actor
from orchestrator import Cluster
from orchestrator.api.apps.v1 import Deployment
from orchestrator.api.autoscaling.v2 import HorizontalPodAutoscaler
from orchestrator.api.core.v1 import Event, Pod
from orchestrator.apiserver.elsewhere import FORWARDERS, Forward
from orchestrator.protocol import GetElsewhere, Unclassified
from tests.controllers.test_horizontal_pod_autoscaler import autoscaler
from tests.manifests import Manifest, deployment

_TIME = "2000-01-01T00:00:00Z"
_ACCOUNT = "system:serviceaccount:kube-system:horizontal-pod-autoscaler"


class Server(Actor):
    """Stands in for the front that reaches other servers: answers with `items`, or fails with `error`."""

    def __init__(self) -> None:
        self.items: list[Manifest] = []
        self.error = ""
        self.asked: list[tuple[str, str, Mapping[str, str]]] = []

    def started(self) -> None:
        """It can be found."""
        self.ctx.join(FORWARDERS)

    def on_forward(self, message: Forward) -> Any:
        """A list of metrics."""
        asked, spec = message.asked, message.service.spec
        assert spec is not None
        path = asked.path(spec.version or "")
        self.asked.append((asked.identity.name, path, asked.query))
        if self.error:
            deferred = self.ctx.defer()
            deferred.fail(Unclassified(self.error))
            return deferred
        return {"kind": "MetricValueList", "items": self.items}


def _api_service(group: str, version: str, priority: int = 10) -> Manifest:
    return {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": f"{version}.{group}"},
        "spec": {
            "group": group,
            "version": version,
            "groupPriorityMinimum": 100,
            "versionPriority": priority,
            "insecureSkipTLSVerify": True,
            "service": {"name": "metrics", "namespace": "default"},
        },
    }


def _value(value: str, name: str = "") -> Manifest:
    return {"describedObject": {"name": name}, "timestamp": _TIME, "value": value}


async def _served(cluster: Cluster, *metrics: Manifest, replicas: int = 1) -> Server:
    """A Deployment and its autoscaler, and the server of all metrics but those of resources."""
    server = Server()
    cluster.system.spawn(lambda: server, "other-servers")
    await cluster.apply(
        [
            _api_service("custom.metrics.k8s.io", "v1beta1"),
            _api_service("custom.metrics.k8s.io", "v1beta2", priority=20),
            _api_service("external.metrics.k8s.io", "v1beta1"),
            deployment(replicas=replicas),
            autoscaler(*metrics),
        ]
    )
    return server


async def _replicas(cluster: Cluster) -> int:
    found = await cluster.client.get(Deployment, "web")
    assert found.spec is not None
    return found.spec.replicas or 0


async def _why(cluster: Cluster) -> str:
    found = await cluster.client.get(HorizontalPodAutoscaler, "web")
    assert found.status is not None
    return next(c.message for c in found.status.conditions if c.type == "ScalingActive") or ""


_AVERAGE = {"type": "AverageValue", "averageValue": "10"}
_METRIC = {"name": "requests", "selector": {"matchLabels": {"verb": "GET"}}}


def _of(kind: str, name: str, api_version: str = "v1") -> Manifest:
    reference = {"apiVersion": api_version, "kind": kind, "name": name}
    source = {"metric": _METRIC, "describedObject": reference, "target": _AVERAGE}
    return {"type": "Object", "object": source}


_PODS: Manifest = {"type": "Pods", "pods": {"metric": _METRIC, "target": _AVERAGE}}
_EXTERNAL: Manifest = {"type": "External", "external": {"metric": _METRIC, "target": _AVERAGE}}
_CUSTOM = "/apis/custom.metrics.k8s.io/v1beta2/namespaces/default"
_SELECTED = {"metricLabelSelector": "verb=GET"}


@pytest.mark.parametrize(
    ("metric", "path", "query"),
    [
        (_PODS, f"{_CUSTOM}/pods/*/requests", {"labelSelector": "app=web", **_SELECTED}),
        (_of("Ingress", "i", "networking.k8s.io/v1"), None, _SELECTED),
        (_of("Namespace", "another"), f"{_CUSTOM}/metrics/requests", _SELECTED),
        (
            _EXTERNAL,
            "/apis/external.metrics.k8s.io/v1beta1/namespaces/default/requests",
            {"labelSelector": "verb=GET"},
        ),
    ],
    ids=["pods", "object", "namespace", "external"],
)
async def test_a_server_is_asked_in_the_preferred_version(
    cluster: Cluster, metric: Manifest, path: str | None, query: Mapping[str, str]
) -> None:
    """As the controller's own account; what it answers scales."""
    server = await _served(cluster, metric)
    await cluster.clock.sleep(5)
    pod = (await cluster.client.list(Pod))[0].metadata.name
    server.items = [_value("40", pod)]
    await cluster.clock.sleep(35)
    path = path or f"{_CUSTOM}/ingresses.networking.k8s.io/i/requests"
    assert server.asked[0] == (_ACCOUNT, path, query)
    assert await _replicas(cluster) == 4


async def test_values_of_an_external_metric_are_added_up(cluster: Cluster) -> None:
    """Each stands for a part of it."""
    server = await _served(cluster, _EXTERNAL)
    server.items = [_value("10"), _value("20500m")]
    await cluster.clock.sleep(20)
    assert await _replicas(cluster) == 4


@pytest.mark.parametrize(
    ("metric", "said"),
    [
        (_PODS, "unable to get metric requests: no metrics returned from custom metrics API"),
        (
            _of("Ingress", "i", "networking.k8s.io/v1"),
            "unable to get metric requests: Ingress on default i/unable to fetch metrics from "
            "custom metrics API: the custom metrics API server returned 0 results when we asked "
            "for exactly one",
        ),
        (
            _of("Gadget", "g", "example.com/v1"),
            "unable to get metric requests: Gadget on default g/unable to fetch metrics from custom "
            "metrics API: unable to map kind Gadget.example.com to resource: no matches for kind "
            '"Gadget" in group "example.com"',
        ),
    ],
    ids=["pods", "object", "unknown"],
)
async def test_no_values_are_said_to_be_none(cluster: Cluster, metric: Manifest, said: str) -> None:
    """In Kubernetes' words; the annotations of a simulation do not count beside a server."""
    await _served(cluster, metric)
    await cluster.clock.sleep(20)
    assert said in await _why(cluster)
    assert await _replicas(cluster) == 1


@pytest.mark.parametrize(
    ("metric", "unreachable"),
    [
        (_PODS, "custom metrics API: no known available metric versions found"),
        (
            _EXTERNAL,
            "external metrics API: the server is currently unable to handle the request (get "
            "requests.external.metrics.k8s.io)",
        ),
    ],
    ids=["pods", "external"],
)
async def test_a_servers_error_is_told(
    cluster: Cluster, metric: Manifest, unreachable: str
) -> None:
    """And that of a server that nobody reaches, as the original's clients say it."""
    server = await _served(cluster, metric)
    server.error = "the metric is being counted"
    await cluster.clock.sleep(20)
    assert (await _why(cluster)).endswith("metrics API: the metric is being counted")
    ref = cluster.system.find("/other-servers")
    assert ref is not None
    await cluster.system.stop_actor(ref)
    await cluster.clock.sleep(20)
    assert (await _why(cluster)).endswith(unreachable)
    reasons = {each.reason for each in await cluster.client.list(Event)}
    assert f"FailedGet{metric['type']}Metric" in reasons


async def test_without_an_api_service_nobody_is_asked(cluster: Cluster) -> None:
    """The answer is none, whoever might forward."""
    found = await cluster.api.ask(
        GetElsewhere(group="custom.metrics.k8s.io", versions=("v1beta1",), resource="pods")
    )
    assert found is None


@pytest.mark.parametrize(
    ("metric", "item", "said"),
    [
        (_PODS, {"value": "5"}, "the timestamp of a metric is no time: ''"),
        (_PODS, {"timestamp": "soon", "value": "5"}, "the timestamp of a metric is no time: 'soon'"),
        (_PODS, "five", "the answer is no list of metrics: Expected `object`, got `str`"),
        (_EXTERNAL, {"value": "many"}, "the value of a metric is no quantity: 'many'"),
        (_EXTERNAL, {"timestamp": _TIME}, "the answer is no list of metrics: Object missing required"),
    ],
)  # fmt: skip
async def test_an_answer_that_makes_no_sense_is_told(
    cluster: Cluster, metric: Manifest, item: Any, said: str
) -> None:
    """In the condition, as any other fault of a server's, and not by an error of the controller's own."""
    server = await _served(cluster, metric)
    server.items = [item]
    await cluster.clock.sleep(60)
    assert said in await _why(cluster)
