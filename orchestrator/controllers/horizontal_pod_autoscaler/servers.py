"""Metrics that servers of metrics have: `custom.metrics.k8s.io` and `external.metrics.k8s.io`, behind APIServices.

Every method answers None where no such server is registered, and raises Uncountable in Kubernetes' words.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import msgspec
from msgspec import Struct

from orchestrator.api.autoscaling.v2 import CrossVersionObjectReference, MetricIdentifier
from orchestrator.api.scalars import Quantity
from orchestrator.api.scheme import Scheme
from orchestrator.client import Client
from orchestrator.controllers.horizontal_pod_autoscaler.calculator import Sample, Uncountable
from orchestrator.machinery.errors import TimeError
from orchestrator.machinery.labels import compile_selector
from orchestrator.machinery.quantities import is_quantity, milli
from orchestrator.machinery.times import parse_time
from orchestrator.protocol import UNABLE, ApiError, GetElsewhere

CUSTOM: Final = "custom.metrics.k8s.io"
EXTERNAL: Final = "external.metrics.k8s.io"
_VERSIONS: Final[Mapping[str, tuple[str, ...]]] = {
    CUSTOM: ("v1beta2", "v1beta1"),
    EXTERNAL: ("v1beta1",),
}
_WINDOW_SECONDS: Final = 60.0  # over which a value is taken that does not say
_ALL: Final = "*"
# The original asks discovery first, which knows no version of a server that is not there.
_NO_VERSION: Final = "no known available metric versions found"


class _Described(Struct, frozen=True):
    name: str = ""


class _Value(Struct, frozen=True, rename="camel"):
    """What an answer says of one metric, as far as it is asked for."""

    value: Quantity
    described_object: _Described = _Described()
    timestamp: str = ""
    window_seconds: float | None = None


class _Answer(Struct, frozen=True):
    items: tuple[_Value, ...] = ()


class MetricServers:
    """Asks them as a controller; `client` is the controller's."""

    def __init__(self, client: Client, scheme: Scheme) -> None:
        self._client = client
        self._scheme = scheme

    async def of_pods(
        self, metric: MetricIdentifier, namespace: str, selector: str
    ) -> Mapping[str, Sample] | None:
        """A metric of all pods that are selected."""
        items = await self._items(
            CUSTOM,
            "pods",
            namespace=namespace,
            name=_ALL,
            subresource=metric.name,
            query={"labelSelector": selector, "metricLabelSelector": _text_of(metric)},
        )
        if items is None:
            return None
        if not items:
            raise Uncountable("no metrics returned from custom metrics API")
        return {each.described_object.name: _sample(each) for each in items}

    async def of_object(
        self, metric: MetricIdentifier, reference: CrossVersionObjectReference, namespace: str
    ) -> int | None:
        """A metric of one object: in thousandths of its unit."""
        plural = self._plural(reference)
        if not plural:
            # Whether there is a server comes first: without one nobody needs a resource.
            if await self._ask(CUSTOM, "") is None:
                return None
            raise Uncountable(_no_resource(reference))
        # Whichever namespace it names: an autoscaler looks at its own.
        own = plural == "namespaces"
        items = await self._items(
            CUSTOM,
            "metrics" if own else plural,
            namespace=namespace,
            name=metric.name if own else reference.name,
            subresource="" if own else metric.name,
            query={"metricLabelSelector": _text_of(metric)},
        )
        if items is None:
            return None
        if len(items) != 1:
            raise Uncountable(
                f"{_head(CUSTOM)}: the custom metrics API server returned {len(items)} results when we asked for exactly one"
            )
        return _milli_of(items[0])

    async def of_external(self, metric: MetricIdentifier, namespace: str) -> int | None:
        """The sum of a metric's values."""
        query = {"labelSelector": _text_of(metric)}
        items = await self._items(EXTERNAL, metric.name, namespace=namespace, query=query)
        if items is None:
            return None
        if not items:
            raise Uncountable("no metrics returned from external metrics API")
        return sum(map(_milli_of, items))

    def _plural(self, reference: CrossVersionObjectReference) -> str:
        """What it refers to, as `deployments.apps`; "" for a kind that is not served."""
        group = _group_of(reference)
        for each in self._scheme.resources():
            if (each.group, each.kind) == (group, reference.kind):
                return each.key
        return ""

    async def _items(
        self,
        group: str,
        resource: str,
        *,
        namespace: str,
        name: str = "",
        subresource: str = "",
        query: Mapping[str, str],
    ) -> Sequence[_Value] | None:
        document = await self._ask(
            group, resource, namespace=namespace, name=name, subresource=subresource, query=query
        )
        if document is None:
            return None
        try:
            return msgspec.convert(document, _Answer).items
        except msgspec.ValidationError as error:
            raise Uncountable(
                f"{_head(group)}: the answer is no list of metrics: {error}"
            ) from error

    async def _ask(
        self,
        group: str,
        resource: str,
        *,
        namespace: str = "",
        name: str = "",
        subresource: str = "",
        query: Mapping[str, str] = MappingProxyType({}),
    ) -> Mapping[str, Any] | None:
        request = GetElsewhere(
            group=group,
            versions=_VERSIONS[group],
            resource=resource,
            namespace=namespace,
            name=name,
            subresource=subresource,
            query={key: value for key, value in query.items() if value},
            identity=self._client.identity,
        )
        try:
            return await self._client.api.ask(request)
        except ApiError as error:
            words = error.message
            if words == UNABLE and group == CUSTOM:
                words = _NO_VERSION
            elif words == UNABLE:
                words = f"{UNABLE} (get {resource}.{group})"
            raise Uncountable(f"{_head(group)}: {words}") from error


def _head(group: str) -> str:
    return f"unable to fetch metrics from {group.partition('.')[0]} metrics API"


def _group_of(reference: CrossVersionObjectReference) -> str:
    return (reference.api_version or "").rpartition("/")[0]


def _no_resource(reference: CrossVersionObjectReference) -> str:
    group, kind = _group_of(reference), reference.kind
    named = f"{kind}.{group}" if group else kind
    where = f'group "{group}"' if group else 'version ""'
    return (
        f"{_head(CUSTOM)}: unable to map kind {named} to resource: "
        f'no matches for kind "{kind}" in {where}'
    )


def _text_of(metric: MetricIdentifier) -> str:
    return "" if metric.selector is None else str(compile_selector(metric.selector))


def _milli_of(item: _Value) -> int:
    if not is_quantity(item.value):
        raise Uncountable(f"the value of a metric is no quantity: {item.value!r}")
    return milli(item.value)


def _sample(item: _Value) -> Sample:
    try:
        at = parse_time(item.timestamp)
    except TimeError:
        raise Uncountable(f"the timestamp of a metric is no time: {item.timestamp!r}") from None
    window = item.window_seconds
    return Sample(_milli_of(item), at, _WINDOW_SECONDS if window is None else window)
