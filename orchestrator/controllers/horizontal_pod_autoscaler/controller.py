"""The HorizontalPodAutoscaler controller: looks at each autoscaler every fifteen seconds."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from msgspec.structs import replace

from orchestrator.api.autoscaling.v1 import Scale, ScaleSpec
from orchestrator.api.autoscaling.v2 import (
    HorizontalPodAutoscaler,
    HorizontalPodAutoscalerCondition,
    HorizontalPodAutoscalerStatus,
    MetricStatus,
)
from orchestrator.api.core.v1 import Pod
from orchestrator.api.scheme import Resource
from orchestrator.client import Change, Client, Key, Source, key_of
from orchestrator.controllers.base import KubernetesController
from orchestrator.controllers.horizontal_pod_autoscaler.calculator import Tolerance
from orchestrator.controllers.horizontal_pod_autoscaler.history import History
from orchestrator.controllers.horizontal_pod_autoscaler.limits import Bounds, limited
from orchestrator.controllers.horizontal_pod_autoscaler.metrics import Metrics
from orchestrator.controllers.horizontal_pod_autoscaler.servers import MetricServers
from orchestrator.controllers.horizontal_pod_autoscaler.specs import Asked, Failed, Look, ask
from orchestrator.machinery.conditions import with_condition
from orchestrator.machinery.errors import SelectorError
from orchestrator.machinery.labels import Selector, parse
from orchestrator.machinery.quantities import milli
from orchestrator.machinery.times import format_time
from orchestrator.protocol import ApiError, Get, Update

SYNC_SECONDS: Final = 15.0  # --horizontal-pod-autoscaler-sync-period
_TOLERANCE: Final = 0.1


class _Draft:
    """An autoscaler's status while one look writes it."""

    def __init__(self, autoscaler: HorizontalPodAutoscaler, now: float) -> None:
        self.status = autoscaler.status or HorizontalPodAutoscalerStatus()
        self._at = format_time(now)

    def condition(self, type_: str, status: bool, reason: str, message: str) -> None:
        """Set a condition."""
        condition = HorizontalPodAutoscalerCondition(
            type=type_, status="True" if status else "False", reason=reason, message=message
        )
        conditions = with_condition(self.status.conditions, condition, self._at)
        self.status = replace(self.status, conditions=conditions)

    def numbers(
        self, current: int, desired: int, metrics: tuple[MetricStatus, ...], scaled: bool
    ) -> None:
        """Set everything else."""
        self.status = replace(
            self.status,
            current_replicas=current or None,
            desired_replicas=desired,
            current_metrics=metrics,
            last_scale_time=self._at if scaled else self.status.last_scale_time,
            observed_generation=None,
        )


class HorizontalPodAutoscalerController(KubernetesController):
    """Scales what autoscalers refer to."""

    name = "horizontal-pod-autoscaler"
    event_source = "horizontal-pod-autoscaler"
    kind = HorizontalPodAutoscaler
    account = "horizontal-pod-autoscaler"
    dormant = True

    def prepare(self) -> None:
        """Nothing is remembered."""
        self._histories: dict[Key, History] = {}
        self._selectors: dict[Key, Selector] = {}
        # What servers of metrics read is their own matter, not the autoscaler's.
        servers = Client(self._wiring.api, clock=self.ctx.clock, scheme=self._wiring.scheme)
        scheme = self._wiring.scheme
        self._metrics = Metrics(self.ctx, servers, scheme, MetricServers(self.client, scheme))

    def watches(self) -> Mapping[Any, Source]:
        """Pods are looked up."""
        return {Pod: lambda _: ()}

    def own_keys(self, change: Change[Any]) -> Iterable[Any]:
        """An autoscaler, in the next round."""
        return ((key_of(change.latest), SYNC_SECONDS),)

    def initial_keys(self) -> Iterable[Key]:
        """None at once: all in the next round."""
        for autoscaler in self.cache(HorizontalPodAutoscaler).list():
            self.enqueue(key_of(autoscaler), SYNC_SECONDS)
        return ()

    async def reconcile(self, key: Key) -> float | None:
        """One look at an autoscaler."""
        autoscaler = self.cache(HorizontalPodAutoscaler).get(*key)
        if autoscaler is None:
            self._histories.pop(key, None)
            self._selectors.pop(key, None)
            return None
        draft = _Draft(autoscaler, self.ctx.clock.now())
        await self._look(key, autoscaler, draft)
        if draft.status != autoscaler.status:
            try:
                await self.client.update_status(replace(autoscaler, status=draft.status))
            except ApiError as error:
                self._warn(autoscaler, "FailedUpdateStatus", error.message)
        return SYNC_SECONDS

    def _warn(self, autoscaler: HorizontalPodAutoscaler, reason: str, message: str) -> None:
        self.events.event(autoscaler, "Warning", reason, message)

    async def _look(self, key: Key, autoscaler: HorizontalPodAutoscaler, draft: _Draft) -> None:
        try:
            resource, scale = await self._scale_of(autoscaler)
        except (LookupError, ApiError) as error:
            text = error.message if isinstance(error, ApiError) else str(error)
            self._warn(autoscaler, "FailedGetScale", text)
            message = f"the HPA controller was unable to get the target's current scale: {text}"
            draft.condition("AbleToScale", False, "FailedGetScale", message)
            return
        message = "the HPA controller was able to get the target's current scale"
        draft.condition("AbleToScale", True, "SucceededGetScale", message)
        spec = autoscaler.spec
        current = scale.spec.replicas or 0 if scale.spec is not None else 0
        least = 1 if spec.min_replicas is None else spec.min_replicas
        bounds = Bounds(current, least, spec.max_replicas)
        now = self.ctx.clock.now()
        history = self._histories.setdefault(key, History(current, now))
        metrics: tuple[MetricStatus, ...] = ()
        if current == 0:
            message = "scaling is disabled since the replica count of the target is zero"
            draft.condition("ScalingActive", False, "ScalingDisabled", message)
            draft.numbers(current, current, metrics, False)
            return
        if current > spec.max_replicas:
            desired, reason = spec.max_replicas, "Current number of replicas above Spec.MaxReplicas"
        elif current < least:
            desired, reason = least, "Current number of replicas below Spec.MinReplicas"
        else:
            asked, metrics = await self._asked(key, autoscaler, scale, draft)
            if asked is None:
                draft.numbers(current, draft.status.desired_replicas, metrics, False)
                return
            reason = "All metrics below target"
            if asked.replicas > current:
                reason = f"{asked.metric} above target"
            result = limited(asked.replicas, bounds, spec.behavior, history, now)
            draft.condition("AbleToScale", True, *result.able)
            draft.condition("ScalingLimited", result.is_limited, *result.limit)
            desired = result.replicas
        if desired == current:
            draft.numbers(current, desired, metrics, False)
        elif await self._rescale(autoscaler, resource, scale, desired, reason, draft):
            if spec.behavior is not None:
                history.scaled(current, desired, now)
            draft.numbers(current, desired, metrics, True)
        else:
            draft.numbers(current, draft.status.desired_replicas, metrics, False)

    # --- the target ------------------------------------------------------------------------

    async def _scale_of(self, autoscaler: HorizontalPodAutoscaler) -> tuple[Resource, Scale]:
        """The target's resource and scale. Raises LookupError and ApiError."""
        target = autoscaler.spec.scale_target_ref
        group, slash, version = target.api_version.rpartition("/")
        if "/" in group or (slash and not (group and version)):
            raise LookupError(f"unexpected GroupVersion string: {target.api_version}")
        resources = [
            each
            for each in self._wiring.scheme.resources()
            if each.kind == target.kind and each.group == group
        ]
        if not resources:
            where = f'group "{group}"' if group else 'version ""'
            raise LookupError(f'no matches for kind "{target.kind}" in {where}')
        request = Get(
            resource=resources[0],
            name=target.name,
            namespace=autoscaler.metadata.namespace,
            subresource="scale",
            identity=self.client.identity,
        )
        scale: Scale = await self.client.api.ask(request)
        return resources[0], scale

    async def _rescale(
        self,
        autoscaler: HorizontalPodAutoscaler,
        resource: Resource,
        scale: Scale,
        desired: int,
        reason: str,
        draft: _Draft,
    ) -> bool:
        try:
            await self._write(resource, scale, desired)
        except ApiError as error:
            message = f"New size: {desired}; reason: {reason}; error: {error.message}"
            self._warn(autoscaler, "FailedRescale", message)
            message = f"the HPA controller was unable to update the target scale: {error.message}"
            draft.condition("AbleToScale", False, "FailedUpdateScale", message)
            return False
        message = f"the HPA controller was able to update the target scale to {desired}"
        draft.condition("AbleToScale", True, "SucceededRescale", message)
        message = f"New size: {desired}; reason: {reason}"
        self.events.event(autoscaler, "Normal", "SuccessfulRescale", message)
        return True

    async def _write(self, resource: Resource, scale: Scale, desired: int) -> None:
        """Update the scale, whatever has become of the target since it was read. Raises ApiError."""
        metadata = replace(scale.metadata, resource_version="")
        request = Update(
            resource=resource,
            object=replace(scale, metadata=metadata, spec=ScaleSpec(replicas=desired)),
            name=scale.metadata.name,
            namespace=scale.metadata.namespace,
            subresource="scale",
            field_manager=self._wiring.field_manager or self.name,
            identity=self.client.identity,
        )
        await self.client.api.ask(request)

    # --- the metrics -----------------------------------------------------------------------

    async def _asked(
        self, key: Key, autoscaler: HorizontalPodAutoscaler, scale: Scale, draft: _Draft
    ) -> tuple[Asked | None, tuple[MetricStatus, ...]]:
        """The most that a metric asks for; None when too few of them can be read."""
        spec = autoscaler.spec
        pods = self._pods_of(key, autoscaler, scale, draft)
        if pods is None:
            return None, ()
        current = scale.spec.replicas or 0 if scale.spec is not None else 0
        counted = scale.status.replicas if scale.status is not None else 0
        selector = scale.status.selector or "" if scale.status is not None else ""
        look = Look(
            key.namespace,
            selector,
            pods,
            current,
            counted,
            tolerance_of(autoscaler),
            self.ctx.clock.now(),
        )
        found: list[Asked] = []
        failures: list[Failed] = []
        statuses: list[MetricStatus] = []
        for metric in spec.metrics:
            try:
                asked = await ask(metric, look, self._metrics)
            except Failed as error:
                self._warn(autoscaler, error.reason, error.message)
                failures.append(error)
                statuses.append(MetricStatus())
            else:
                found.append(asked)
                statuses.append(asked.status)
        most = max(found, key=lambda each: each.replicas, default=None)
        if most is None or (failures and most.replicas < current):
            first = failures[0]
            message = f"the HPA was unable to compute the replica count: {first.message}"
            draft.condition("ScalingActive", False, first.reason, message)
            message = (
                f"invalid metrics ({len(failures)} invalid out of {len(spec.metrics)}), first error "
                f"is: {first}"
            )
            self._warn(autoscaler, "FailedComputeMetricsReplicas", message)
            return None, tuple(statuses)
        message = f"the HPA was able to successfully calculate a replica count from {most.metric}"
        draft.condition("ScalingActive", True, "ValidMetricFound", message)
        return most, tuple(statuses)

    def _pods_of(
        self, key: Key, autoscaler: HorizontalPodAutoscaler, scale: Scale, draft: _Draft
    ) -> list[Pod] | None:
        """The target's pods; None when its selector does not say."""
        text = scale.status.selector if scale.status is not None else ""
        problem, reason = "", "InvalidSelector"
        selector: Selector | None = None
        if not text:
            problem = "selector is required"
            self._warn(autoscaler, "SelectorRequired", problem)
            message = "the HPA target's scale is missing a selector"
            draft.condition("ScalingActive", False, "InvalidSelector", message)
        else:
            try:
                selector = parse(text)
            except SelectorError as error:
                problem = (
                    "couldn't convert selector into a corresponding internal selector object: "
                    f"{error}"
                )
        pods: list[Pod] = []
        if selector is not None:
            self._selectors[key] = selector
            pods = [
                pod
                for pod in self.cache(Pod).list(key.namespace)
                if selector.matches(pod.metadata.labels)
            ]
            others = self._selecting(key.namespace, pods)
            if len(others) > 1:
                reason = "AmbiguousSelector"
                keys = " ".join("/".join(each) for each in others)
                problem = f"pods by selector {text} are controlled by multiple HPAs: [{keys}]"
        if not problem:
            return pods
        if text:
            self._warn(autoscaler, reason, problem)
            draft.condition("ScalingActive", False, reason, problem)
        self._warn(autoscaler, "FailedComputeMetricsReplicas", problem)
        return None

    def _selecting(self, namespace: str, pods: Iterable[Pod]) -> list[Key]:
        """The autoscalers that select any of the pods, as far as they have been looked at."""
        near = {key: each for key, each in self._selectors.items() if key.namespace == namespace}
        if len(near) < 2:
            return list(near)
        labels = [pod.metadata.labels for pod in pods]
        return sorted(k for k, each in near.items() if any(map(each.matches, labels)))


def tolerance_of(autoscaler: HorizontalPodAutoscaler) -> Tolerance:
    """A tenth, or what the autoscaler says of each direction."""
    behavior = autoscaler.spec.behavior
    rules = (None, None) if behavior is None else (behavior.scale_down, behavior.scale_up)
    down, up = (
        _TOLERANCE if each is None or each.tolerance is None else milli(each.tolerance) / 1000
        for each in rules
    )
    return Tolerance(down, up)
