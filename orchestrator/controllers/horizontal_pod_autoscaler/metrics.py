"""What is measured: the use that kubelets tell, and metrics that stand in annotations.

A resource's use comes from the kubelets of the pods' nodes, whose simulated containers use what their
profiles say. Any other metric comes from the server of such metrics, if an APIService names one. Where none
does, that of a pod or object is an annotation of it, and an external metric stands in ConfigMaps of the
namespace that are labelled so:

    metrics.simulation.orchestrator.dev/requests-per-second: "250"     # of a pod, or of another object
    metrics.simulation.orchestrator.dev/external: ""                   # a ConfigMap; its data are metrics

Where nothing is measured the answer is Kubernetes' without the server of such metrics.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from actors import Context, NoReply, Ref
from orchestrator.api.autoscaling.v2 import CrossVersionObjectReference, MetricIdentifier
from orchestrator.api.core.v1 import ConfigMap, Pod
from orchestrator.api.errors import UnknownKind
from orchestrator.api.scheme import Scheme
from orchestrator.client import Client
from orchestrator.controllers.horizontal_pod_autoscaler.calculator import Sample, Uncountable
from orchestrator.controllers.horizontal_pod_autoscaler.servers import MetricServers
from orchestrator.machinery.labels import compile_selector, format_go
from orchestrator.machinery.quantities import is_quantity, milli
from orchestrator.protocol import ApiError, ContainerUsage, UsageOfPods, kubelets_group

PREFIX: Final = "metrics.simulation.orchestrator.dev/"
EXTERNAL: Final = f"{PREFIX}external"
WINDOW_SECONDS: Final = 15.0  # over which metrics servers take the average
_ANSWER_SECONDS: Final = 5.0
_CUSTOM: Final = "unable to fetch metrics from custom metrics API"
_RESOURCE: Final = "unable to fetch metrics from resource metrics API"
_EXTERNAL: Final = "unable to fetch metrics from external metrics API"
_ABSENT: Final = "the server could not find the requested resource (get {}.{}.k8s.io)"

Usages = Mapping[str, Mapping[str, ContainerUsage]]


class Metrics:
    """Reads them for one controller. Every method raises Uncountable, in Kubernetes' words."""

    def __init__(
        self, ctx: Context, client: Client, scheme: Scheme, servers: MetricServers
    ) -> None:
        self._ctx = ctx
        self._servers = servers
        self._client = client
        self._scheme = scheme

    async def of_resource(
        self, resource: str, pods: Sequence[Pod], container: str
    ) -> Mapping[str, Sample]:
        """The use of a resource by each pod, or by one of its containers: thousandths of its unit."""
        usages = await self._usages(pods)
        now = self._ctx.clock.now()
        samples = {}
        for pod in pods:
            value = _sum_of(usages.get(pod.metadata.uid, {}), resource, container)
            if value is not None:
                samples[pod.metadata.name] = Sample(value, now, WINDOW_SECONDS)
        if not samples:
            raise Uncountable(
                f"unable to get metrics for resource {resource}: {_RESOURCE}: "
                f"{_ABSENT.format('pods', 'metrics')}"
            )
        return samples

    async def _usages(self, pods: Iterable[Pod]) -> Usages:
        by_node: dict[str, list[str]] = {}
        for pod in pods:
            if pod.spec is not None and pod.spec.node_name:
                by_node.setdefault(pod.spec.node_name, []).append(pod.metadata.uid)
        asked = [
            self._ask(kubelet, tuple(uids))
            for node, uids in by_node.items()
            for kubelet in self._ctx.members(kubelets_group(node))
        ]
        found: dict[str, Mapping[str, ContainerUsage]] = {}
        for answer in await asyncio.gather(*asked):
            found |= answer
        return found

    async def _ask(self, kubelet: Ref[Any], uids: tuple[str, ...]) -> Usages:
        try:
            return await kubelet.ask(UsageOfPods(uids), timeout=_ANSWER_SECONDS)
        except NoReply:  # the node is gone or cut off: nobody measures its pods
            return {}

    async def of_pods(
        self, metric: MetricIdentifier, pods: Iterable[Pod], namespace: str, selector: str
    ) -> Mapping[str, Sample]:
        """A metric of pods, which are those of a selector.

        In their annotations the metric's selector is one of the pods' labels.
        """
        try:
            served = await self._servers.of_pods(metric, namespace, selector)
        except Uncountable as error:
            raise Uncountable(f"unable to get metric {metric.name}: {error}") from error
        if served is not None:
            return served
        now = self._ctx.clock.now()
        chosen = _chooser(metric)
        found = {
            pod.metadata.name: Sample(value, now, WINDOW_SECONDS)
            for pod in pods
            if chosen(pod.metadata.labels) and (value := _value_of(pod, metric)) is not None
        }
        if not found:
            raise Uncountable(f"unable to get metric {metric.name}: {_CUSTOM}: {_no_custom()}")
        return found

    async def of_object(
        self, metric: MetricIdentifier, reference: CrossVersionObjectReference, namespace: str
    ) -> int:
        """A metric of one object. Whether there is such an object at all Kubernetes leaves to the server of metrics."""
        named = f"{reference.kind} on {namespace} {reference.name}"
        try:
            value = await self._servers.of_object(metric, reference, namespace)
        except Uncountable as error:
            raise Uncountable(f"unable to get metric {metric.name}: {named}/{error}") from error
        if value is not None:
            return value
        with suppress(UnknownKind, ApiError):
            resource = self._scheme.by_kind(reference.api_version, reference.kind)
            found: Any = await self._client.get(resource, reference.name, namespace=namespace)
            if _chooser(metric)(found.metadata.labels):
                value = _value_of(found, metric)
        if value is None:
            raise Uncountable(
                f"unable to get metric {metric.name}: {named}/{_CUSTOM}: {_no_custom()}"
            )
        return value

    async def of_external(self, metric: MetricIdentifier, namespace: str) -> int:
        """A metric of nothing in the cluster: the sum of its values."""
        head = f"unable to get external metric {namespace}/{metric.name}/{go_selector(metric)}"
        try:
            value = await self._servers.of_external(metric, namespace)
        except Uncountable as error:
            raise Uncountable(f"{head}: {error}") from error
        if value is not None:
            return value
        config_maps = await self._client.list(
            ConfigMap, namespace=namespace, label_selector=EXTERNAL
        )
        chosen = _chooser(metric)
        texts = [
            each.data[metric.name]
            for each in config_maps
            if metric.name in each.data and chosen(each.metadata.labels)
        ]
        if not texts:
            raise Uncountable(
                f"{head}: {_EXTERNAL}: {_ABSENT.format(metric.name, 'external.metrics')}"
            )
        return sum(_milli_of(metric.name, text) for text in texts)


def go_selector(metric: MetricIdentifier) -> str:
    """A metric's selector as Go prints the pointer to it."""
    if metric.selector is None:
        return "nil"
    return format_go(metric.selector)


def _no_custom() -> str:
    return "no custom metrics API (custom.metrics.k8s.io) registered"


def _chooser(metric: MetricIdentifier) -> Callable[[Mapping[str, str]], bool]:
    return lambda labels: (
        metric.selector is None or compile_selector(metric.selector).matches(labels)
    )


def _sum_of(usages: Mapping[str, ContainerUsage], resource: str, container: str) -> int | None:
    """Of all containers, or of the one; None when one of them is not measured."""
    if container:
        usages = {name: each for name, each in usages.items() if name == container}
    values = [_of_one(each, resource) for each in usages.values()]
    if not values or None in values:
        return None
    return sum(value for value in values if value is not None)


def _of_one(usage: ContainerUsage, resource: str) -> int | None:
    if resource == "cpu":
        return usage.milli_cpu
    if resource == "memory" and usage.memory_bytes is not None:
        return usage.memory_bytes * 1000
    return None


def _value_of(obj: Any, metric: MetricIdentifier) -> int | None:
    text = obj.metadata.annotations.get(PREFIX + metric.name)
    return None if text is None else _milli_of(PREFIX + metric.name, text)


def _milli_of(name: str, text: str) -> int:
    if not is_quantity(text):
        raise Uncountable(f'{name}: expected a quantity, got "{text}"')
    return milli(text)
