"""PodDisruptionBudgets: how many of the pods may be evicted now.

Follows kube-controller-manager's disruption controller. What is expected comes from the scale of the
pods' controllers, so that a budget in percent does not shrink with the pods that are lost; an eviction
books itself in `disruptedPods` until its pod has gone, or two minutes have passed. A pod that was to be
disrupted and lives on loses its condition `DisruptionTarget` after two minutes, too.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar, Final, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from orchestrator.api.apps.v1 import Deployment, ReplicaSet, StatefulSet
from orchestrator.api.core.v1 import Pod, PodCondition, ReplicationController
from orchestrator.api.meta.v1 import Condition, OwnerReference, Time
from orchestrator.api.policy.v1 import PodDisruptionBudget, PodDisruptionBudgetStatus
from orchestrator.api.scalars import EMPTY
from orchestrator.client import Change, Key, key_of
from orchestrator.controllers.base import KubernetesController
from orchestrator.controllers.pods import has_ended, is_ready, observed
from orchestrator.machinery.conditions import with_condition
from orchestrator.machinery.intstr import resolve
from orchestrator.machinery.labels import compile_selector, format_go
from orchestrator.machinery.owners import controller_of
from orchestrator.machinery.times import format_time, parse_time
from orchestrator.protocol import ApiError, Conflict, Get, NotFound

# How long an eviction that was granted may take to show as a deleted pod.
DELETION_SECONDS: Final = 120.0
# How long a pod may be the target of a disruption that does not come.
STALE_SECONDS: Final = 120.0

_UNMANAGED: Final = (
    "Pods selected by this PodDisruptionBudget (selector: {selector}) were found to be unmanaged. As a "
    "result, the status of the PDB cannot be calculated correctly, which may result in undefined "
    'behavior. To account for these pods please set ".spec.minAvailable" field of the PDB to an integer '
    "value."
)


class UnknownScale(LookupError):
    """A pod's controller is none whose scale can be found."""


class Expected(Struct, frozen=True):
    """How many pods there should be, how many of them healthy, and those without a controller."""

    pods: int
    healthy: int
    unmanaged: tuple[str, ...] = ()


class Booked(Struct, frozen=True):
    """Evictions under way: by pod, when each was granted; those overdue; when to look again."""

    pods: Mapping[str, Time]
    overdue: tuple[Pod, ...] = ()
    look_at: float | None = None


class Scale(NamedTuple):
    """How many pods a controller wants; that of several ReplicaSets may be one Deployment."""

    uid: str
    replicas: int


def expected_of(
    budget: PodDisruptionBudget, pods: Sequence[Pod], scales: Mapping[str, Scale]
) -> Expected:
    """What a budget expects of its pods; `scales` are by the uid of a pod's controller.

    Raises UnknownScale.
    """
    spec = budget.spec
    if spec is None or (spec.max_unavailable is None and spec.min_available is None):
        return Expected(0, 0)
    if not asks_for_scales(budget):
        assert isinstance(spec.min_available, int)
        return Expected(len(pods), spec.min_available)
    found: dict[str, int] = {}
    unmanaged = []
    for pod in pods:
        owner = controller_of(pod)
        if owner is None:
            unmanaged.append(pod.metadata.name)
        elif owner.uid not in scales:
            raise UnknownScale(f'found no controllers for pod "{pod.metadata.name}"')
        else:
            scale = scales[owner.uid]
            found[scale.uid] = scale.replicas
    total = sum(found.values())
    if spec.max_unavailable is not None:
        healthy = max(0, total - resolve(spec.max_unavailable, total, round_up=True))
    else:
        assert spec.min_available is not None
        healthy = resolve(spec.min_available, total, round_up=True)
    return Expected(total, healthy, tuple(unmanaged))


def asks_for_scales(budget: PodDisruptionBudget) -> bool:
    """Whether what is expected depends on what the pods' controllers want: not where a number is said."""
    spec = budget.spec
    if spec is None:
        return False
    return spec.max_unavailable is not None or isinstance(spec.min_available, str)


def booked_of(budget: PodDisruptionBudget, pods: Iterable[Pod], now: float) -> Booked:
    """The evictions that a budget's status still has to count."""
    granted = budget.status.disrupted_pods if budget.status is not None else {}
    kept, overdue, look_at = {}, [], None
    for pod in pods if granted else ():
        name = pod.metadata.name
        if name not in granted or pod.metadata.deletion_timestamp is not None:
            continue
        until = parse_time(granted[name]) + DELETION_SECONDS
        if until < now:
            overdue.append(pod)
        else:
            kept[name] = granted[name]
            look_at = until if look_at is None else min(look_at, until)
    return Booked(kept, tuple(overdue), look_at)


def status_of(
    budget: PodDisruptionBudget, pods: Iterable[Pod], expected: Expected, booked: Booked, now: float
) -> PodDisruptionBudgetStatus:
    """The status of a budget whose pods are known."""
    healthy = sum(
        is_ready(pod)
        for pod in pods
        if pod.metadata.deletion_timestamp is None and pod.metadata.name not in booked.pods
    )
    allowed = max(0, healthy - expected.healthy) if expected.pods > 0 else 0
    condition = Condition(
        type="DisruptionAllowed",
        status="True" if allowed else "False",
        reason="SufficientPods" if allowed else "InsufficientPods",
        observed_generation=budget.metadata.generation,
    )
    return PodDisruptionBudgetStatus(
        current_healthy=healthy,
        desired_healthy=expected.healthy,
        expected_pods=expected.pods,
        disruptions_allowed=allowed,
        disrupted_pods=booked.pods or EMPTY,
        observed_generation=budget.metadata.generation,
        conditions=_with(budget, condition, now),
    )


def failed_status(budget: PodDisruptionBudget, why: str, now: float) -> PodDisruptionBudgetStatus:
    """The status of a budget that cannot be computed: nothing may be evicted."""
    condition = Condition(
        type="DisruptionAllowed",
        status="False",
        reason="SyncFailed",
        message=why,
        observed_generation=budget.status.observed_generation if budget.status else None,
    )
    status = budget.status or PodDisruptionBudgetStatus()
    return replace(status, disruptions_allowed=0, conditions=_with(budget, condition, now))


def _with(budget: PodDisruptionBudget, condition: Condition, now: float) -> tuple[Condition, ...]:
    old = budget.status.conditions if budget.status is not None else ()
    return with_condition(old, condition, format_time(now))


def stale_at(pod: Pod) -> float | None:
    """When a disruption that a living pod is the target of is given up; None: it is no target."""
    if pod.status is None or pod.metadata.deletion_timestamp is not None or has_ended(pod):
        return None
    for condition in pod.status.conditions:
        if condition.type == "DisruptionTarget" and condition.status == "True":
            if condition.reason == "TerminationByKubelet":
                return None  # its node says so, and means it
            since = condition.last_transition_time
            return (parse_time(since) if since else 0.0) + STALE_SECONDS
    return None


class DisruptionController(KubernetesController):
    """Keeps each budget's status."""

    name = "disruption"
    event_source = "controllermanager"
    account = "disruption-controller"
    kind = PodDisruptionBudget
    # Whose `replicas` are looked up here; other kinds are asked for their scale.
    scaled: ClassVar[tuple[Any, ...]] = (ReplicaSet, Deployment, StatefulSet, ReplicationController)

    def watches(self) -> Mapping[Any, Callable[[Change[Any]], Iterable[Key]]]:
        """A pod concerns the budgets that select it; scales are only looked up."""
        return {Pod: self._of_pod, **dict.fromkeys(self.scaled, _nobody)}

    def _of_pod(self, change: Change[Pod]) -> Iterable[Key]:
        budgets = self.cache(PodDisruptionBudget)
        if not len(budgets):
            return ()
        states = [state for state in (change.old, change.new) if state is not None]
        return [
            key_of(budget)
            for budget in budgets.list(change.latest.metadata.namespace)
            if any(_selects(budget, state) for state in states)
        ]

    async def reconcile(self, key: Key) -> float | None:
        """Write one budget's status."""
        budget = self.cache(PodDisruptionBudget).get(key.namespace, key.name)
        if budget is None:
            return None
        now = self.ctx.clock.now()
        pods = [pod for pod in self.cache(Pod).list(key.namespace) if _selects(budget, pod)]
        if not pods:
            self.events.event(budget, "Normal", "NoPods", "No matching pods found")
        booked = booked_of(budget, pods, now)
        for pod in booked.overdue:
            # Kubernetes names the namespace twice, where the budget's name should be.
            where = f"{key.namespace}/{key.namespace}"
            message = f"Pod was expected by PDB {where} to be deleted but it wasn't"
            self.events.event(pod, "Warning", "NotDeleted", message)
        try:
            scales = await self._scales(pods) if asks_for_scales(budget) else {}
            expected = expected_of(budget, pods, scales)
        except (UnknownScale, ApiError) as error:
            message = f"Failed to calculate the number of expected pods: {error}"
            self.events.event(budget, "Warning", "CalculateExpectedPodCountFailed", message)
            await self._write(budget, failed_status(budget, str(error), now))
            return None
        selector = budget.spec.selector if budget.spec is not None else None
        if expected.unmanaged and selector is not None:
            message = _UNMANAGED.format(selector=format_go(selector))
            self.events.event(budget, "Warning", "UnmanagedPods", message)
        status = status_of(budget, pods, expected, booked, now)
        await self._write(budget, status)
        return None if booked.look_at is None else booked.look_at - now

    async def _write(self, budget: PodDisruptionBudget, status: PodDisruptionBudgetStatus) -> None:
        if status == budget.status:
            return
        try:
            await self.client.update_status(replace(budget, status=status))
        except Conflict:
            raise
        except ApiError as error:
            now = self.ctx.clock.now()
            failed = failed_status(budget, error.message, now)
            await self.client.update_status(replace(budget, status=failed))

    async def _scales(self, pods: Iterable[Pod]) -> Mapping[str, Scale]:
        """The scales of the pods' controllers. Raises UnknownScale and `protocol.ApiError`s."""
        found: dict[str, Scale] = {}
        asked: set[str] = set()
        for pod in pods:
            owner = controller_of(pod)
            if owner is None or owner.uid in asked:
                continue
            asked.add(owner.uid)
            scale = self._known_scale(pod.metadata.namespace, owner)
            if scale is None:
                scale = await self._asked_scale(pod.metadata.namespace, owner)
            if scale is not None:
                found[owner.uid] = scale
        return found

    def _known_scale(self, namespace: str, owner: OwnerReference) -> Scale | None:
        found = self._controller(namespace, owner)
        if isinstance(found, ReplicaSet):
            above = controller_of(found)
            if above is not None and above.kind == "Deployment":
                found = self._controller(namespace, above)
        spec = None if found is None else found.spec
        if found is None or spec is None:
            return None
        return Scale(found.metadata.uid, 1 if spec.replicas is None else int(spec.replicas))

    async def _asked_scale(self, namespace: str, owner: OwnerReference) -> Scale | None:
        """The scale that the subresource of any kind tells; None: the controller is not there."""
        group, _, version = owner.api_version.rpartition("/")
        resource = next(
            (
                each
                for each in self._wiring.scheme.resources()
                if (each.kind, each.group, each.version) == (owner.kind, group, version)
            ),
            None,
        )
        if resource is None:
            where = f'version "{owner.api_version}"'
            raise UnknownScale(f'no matches for kind "{owner.kind}" in {where}')
        request = Get(
            resource=resource,
            name=owner.name,
            namespace=namespace,
            subresource="scale",
            identity=self.client.identity,
        )
        try:
            scale = await self.client.api.ask(request)
        except NotFound:
            if resource.subresource("scale") is None:
                named = f"{resource.plural}.{group}" if group else resource.plural
                raise UnknownScale(f"{named} does not implement the scale subresource") from None
            return None
        if scale.metadata.uid != owner.uid:
            return None
        return Scale(owner.uid, scale.spec.replicas or 0 if scale.spec is not None else 0)

    def _controller(self, namespace: str, owner: OwnerReference) -> Any:
        for kind in self.scaled:
            if owner.kind == kind.kind and owner.api_version == kind.api_version:
                found = self.cache(kind).get(namespace, owner.name)
                if found is not None and found.metadata.uid == owner.uid:
                    return found
        return None


class StaleDisruptionController(KubernetesController):
    """Takes the condition `DisruptionTarget` from pods that nobody deletes after all."""

    name = "stale-disruption"
    event_source = "controllermanager"
    account = "disruption-controller"
    kind = Pod

    def own_keys(self, change: Change[Pod]) -> Iterable[Key]:
        """Pods that are the target of a disruption."""
        pod = change.new
        if pod is None or pod.status is None or len(pod.status.conditions) < 1:
            return ()
        if change.old is not None and change.old.status is pod.status:
            return ()
        return () if stale_at(pod) is None else (key_of(pod),)

    def initial_keys(self) -> Iterable[Key]:
        """The targets that there are."""
        return [key_of(pod) for pod in self.cache(Pod).list() if stale_at(pod) is not None]

    async def reconcile(self, key: Key) -> float | None:
        """Give up one disruption, when its time has come."""
        pod = self.cache(Pod).get(key.namespace, key.name)
        due = None if pod is None else stale_at(pod)
        if pod is None or pod.status is None or due is None:
            return None
        now = self.ctx.clock.now()
        if now < due:
            return due - now
        condition = observed(pod, PodCondition(type="DisruptionTarget", status="False"))
        conditions = with_condition(pod.status.conditions, condition, format_time(now))
        status = replace(pod.status, conditions=conditions)
        await self.client.update_status(replace(pod, status=status))
        return None


def _selects(budget: PodDisruptionBudget, pod: Pod) -> bool:
    spec = budget.spec
    return spec is not None and compile_selector(spec.selector).matches(pod.metadata.labels)


def _nobody(_change: Change[Any]) -> Iterable[Key]:
    return ()
