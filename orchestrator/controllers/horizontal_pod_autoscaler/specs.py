"""What each kind of metric of an autoscaler asks for: a number of pods, and what the status says of it."""

from collections.abc import Sequence

from msgspec import Struct

from orchestrator.api.autoscaling.v2 import (
    ContainerResourceMetricStatus,
    ExternalMetricStatus,
    MetricSpec,
    MetricStatus,
    MetricTarget,
    MetricValueStatus,
    ObjectMetricStatus,
    PodsMetricStatus,
    ResourceMetricStatus,
)
from orchestrator.api.core.v1 import Pod
from orchestrator.controllers.horizontal_pod_autoscaler.calculator import (
    Proposal,
    Tolerance,
    Uncountable,
    by_share,
    by_total,
    by_utilization,
    by_value,
)
from orchestrator.controllers.horizontal_pod_autoscaler.metrics import Metrics, go_selector
from orchestrator.machinery.quantities import format_milli, format_nano, milli


class Look(Struct, frozen=True):
    """What is known of the target in one look; `counted` is how many pods its status says it has.

    `pods` are those of `selector`.
    """

    namespace: str
    selector: str
    pods: Sequence[Pod]
    current: int
    counted: int
    tolerance: Tolerance
    now: float


class Asked(Struct, frozen=True):
    """A number of pods, by which metric, and that metric's status."""

    replicas: int
    metric: str
    status: MetricStatus


class Failed(Exception):
    """A metric that cannot be read: the condition's reason, its message, and the whole story."""

    def __init__(self, reason: str, message: str, error: str) -> None:
        super().__init__(error)
        self.reason = reason
        self.message = message


async def ask(spec: MetricSpec, look: Look, metrics: Metrics) -> Asked:
    """How many pods a metric asks for. Raises Failed."""
    match spec.type:
        case "Resource" if spec.resource is not None:
            name = spec.resource.name
            return await _resource(spec, look, metrics, name, "", spec.resource.target)
        case "ContainerResource" if spec.container_resource is not None:
            source = spec.container_resource
            return await _resource(
                spec, look, metrics, source.name, source.container, source.target
            )
        case "Pods":
            return await _pods(spec, look, metrics)
        case "Object":
            return await _object(spec, look, metrics)
        case "External":
            return await _external(spec, look, metrics)
    message = f'unknown metric source type "{spec.type}"'
    raise Failed("InvalidMetricSourceType", message, message)


async def _resource(
    spec: MetricSpec,
    look: Look,
    metrics: Metrics,
    name: str,
    container: str,
    target: MetricTarget,
) -> Asked:
    """Of the whole pods, or of one container in each."""
    word = "usage" if target.average_value is not None else "utilization"
    try:
        samples = await metrics.of_resource(name, look.pods, container)
        if target.average_value is not None:
            proposal = by_value(
                look.pods,
                samples,
                current=look.current,
                target=milli(target.average_value),
                resource=name,
                tolerance=look.tolerance,
                now=look.now,
            )
            what = f"{name} resource"
        else:
            proposal = by_utilization(
                look.pods,
                samples,
                current=look.current,
                target=target.average_utilization or 1,
                resource=name,
                container=container,
                tolerance=look.tolerance,
                now=look.now,
            )
            of = "container resource" if container else "resource"
            what = f"{name} {of} utilization (percentage of request)"
    except Uncountable as error:
        message = f"failed to get {name} {word}: {error}"
        of = f"{container} container" if container else f"{name} resource"
        kind = "Container" if container else ""
        raise Failed(
            f"FailedGet{kind}ResourceMetric", message, f"failed to get {of} metric value: {message}"
        ) from error
    value = MetricValueStatus(
        average_utilization=proposal.utilization,
        average_value=_amount(name, proposal.usage),
    )
    if not container:
        status = MetricStatus(
            type=spec.type, resource=ResourceMetricStatus(name=name, current=value)
        )
    else:
        of_container = ContainerResourceMetricStatus(name=name, container=container, current=value)
        status = MetricStatus(type=spec.type, container_resource=of_container)
    return Asked(proposal.replicas, what, status)


def _amount(resource: str, thousandths: int) -> str:
    if resource == "memory":
        return format_nano(thousandths * 10**6, "binary")
    return format_milli(thousandths)


async def _pods(spec: MetricSpec, look: Look, metrics: Metrics) -> Asked:
    assert spec.pods is not None
    metric, target = spec.pods.metric, spec.pods.target
    try:
        proposal = by_value(
            look.pods,
            await metrics.of_pods(metric, look.pods, look.namespace, look.selector),
            current=look.current,
            target=milli(target.average_value or 1),
            resource="",
            tolerance=look.tolerance,
            now=look.now,
        )
    except Uncountable as error:
        message = f"failed to get pods metric value: {error}"
        raise Failed("FailedGetPodsMetric", str(error), message) from error
    value = MetricValueStatus(average_value=format_milli(proposal.usage))
    status = MetricStatus(type=spec.type, pods=PodsMetricStatus(metric=metric, current=value))
    return Asked(proposal.replicas, f"pods metric {metric.name}", status)


async def _object(spec: MetricSpec, look: Look, metrics: Metrics) -> Asked:
    source = spec.object
    assert source is not None
    metric, reference = source.metric, source.described_object
    try:
        usage = await metrics.of_object(metric, reference, look.namespace)
        proposal = _of_one_value(source.target, usage, look)
    except Uncountable as error:
        shared = source.target.average_value is not None
        told = f"failed to get {metric.name} object metric: {error}" if shared else str(error)
        message = f"failed to get object metric value: {told}"
        raise Failed("FailedGetObjectMetric", str(error), message) from error
    what = (
        f"{reference.kind} metric {metric.name}"
        if source.target.type == "Value"
        else f"external metric {metric.name}({go_selector(metric)})"
    )
    of_object = ObjectMetricStatus(
        metric=metric, described_object=reference, current=_current(source.target, proposal)
    )
    return Asked(proposal.replicas, what, MetricStatus(type=spec.type, object=of_object))


async def _external(spec: MetricSpec, look: Look, metrics: Metrics) -> Asked:
    source = spec.external
    assert source is not None
    metric = source.metric
    try:
        usage = await metrics.of_external(metric, look.namespace)
        proposal = _of_one_value(source.target, usage, look)
    except Uncountable as error:
        shared = source.target.average_value is not None
        told = (
            f"failed to get {metric.name} external metric: {error}"
            if shared
            else f"failed to get external metric {metric.name}: {error}"
        )
        message = f"failed to get {metric.name} external metric value: {told}"
        raise Failed("FailedGetExternalMetric", str(error), message) from error
    status = ExternalMetricStatus(metric=metric, current=_current(source.target, proposal))
    what = f"external metric {metric.name}({go_selector(metric)})"
    return Asked(proposal.replicas, what, MetricStatus(type=spec.type, external=status))


def _of_one_value(target: MetricTarget, usage: int, look: Look) -> Proposal:
    """One value for all pods: a share of it for each, or the whole for all together."""
    if target.average_value is not None:
        return by_share(
            usage,
            current=look.counted,
            target=milli(target.average_value),
            tolerance=look.tolerance,
        )
    return by_total(
        look.pods,
        usage,
        current=look.current,
        target=milli(target.value or 1),
        tolerance=look.tolerance,
    )


def _current(target: MetricTarget, proposal: Proposal) -> MetricValueStatus:
    amount = format_milli(proposal.usage)
    if target.average_value is not None:
        return MetricValueStatus(average_value=amount)
    return MetricValueStatus(value=amount)
