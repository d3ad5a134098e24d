"""`pods/eviction`: a delete that asks the pod's disruption budget first.

What allows it is written into the budget before the pod is deleted, so that two evictions in the
same moment do not both use the last allowance; the disruption controller counts anew from there.
"""

from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from orchestrator.api.core.v1 import Pod, PodCondition, PodStatus
from orchestrator.api.meta.v1 import Time
from orchestrator.api.policy.v1 import (
    Eviction,
    PodDisruptionBudget,
    PodDisruptionBudgetSpec,
    PodDisruptionBudgetStatus,
)
from orchestrator.api.scheme import Resource
from orchestrator.apiserver import errors
from orchestrator.apiserver.environment import Environment
from orchestrator.apiserver.pipeline.admission import admit, review, review_outside
from orchestrator.apiserver.pipeline.authorize import authorize
from orchestrator.apiserver.pipeline.course import Course, make_steps
from orchestrator.apiserver.pipeline.draft import Commit, Draft, Step
from orchestrator.apiserver.pipeline.node_restriction import restrict_nodes
from orchestrator.apiserver.pipeline.objects import read
from orchestrator.apiserver.pipeline.part import Part
from orchestrator.apiserver.pipeline.verbs import END_ADMITTED
from orchestrator.machinery import labels
from orchestrator.machinery.conditions import is_true, with_condition
from orchestrator.protocol import BadRequest, Create, Delete, PropagationPolicy, Unclassified

_TOO_MANY_DISRUPTED: Final = 2000
_RETRY_SECONDS: Final = 10
_UNPROTECTED: Final = ("Pending", "Succeeded", "Failed")
_BUDGETS: Final = "poddisruptionbudgets.policy"
_EVICTED: Final = PodCondition(
    type="DisruptionTarget",
    status="True",
    reason="EvictionByEvictionAPI",
    message="Eviction API: evicting",
)
_POLICIES: Final[Mapping[str, PropagationPolicy]] = {
    "Background": "Background",
    "Foreground": "Foreground",
    "Orphan": "Orphan",
}


def _take(course: Course) -> tuple[Step, ...]:
    """The Eviction of the message. Errors: BadRequest."""

    def step(_env: Environment, draft: Draft) -> None:
        eviction = draft.message.object
        if type(eviction) is not Eviction:
            raise BadRequest(f"{type(eviction).__name__} in the request is not an Eviction")
        namespace = eviction.metadata.namespace
        if namespace and namespace != draft.namespace:
            raise errors.namespace_differs()
        if not namespace:
            metadata = replace(eviction.metadata, namespace=draft.namespace)
            eviction = replace(eviction, metadata=metadata)
        draft.new = eviction

    return (step,)


def _restrict(course: Course) -> tuple[Step, ...]:
    """Kubelets evict pods of their own nodes; whoever is one hears that first. Errors: Forbidden."""
    steps = restrict_nodes(course)

    def step(env: Environment, draft: Draft) -> None:
        draft.old = env.get(Pod, draft.name, draft.namespace)
        for each in steps if draft.old is not None else ():
            each(env, draft)
        draft.old = None

    return (step,) if steps else ()


def _check_name(_course: Course) -> tuple[Step, ...]:
    """Whether the Eviction names the pod of its path. Errors: BadRequest."""

    def step(_env: Environment, draft: Draft) -> None:
        if draft.message.object.metadata.name != draft.name:
            raise BadRequest("name in URL does not match name in Eviction object")

    return (step,)


def _book(course: Course) -> tuple[Step, ...]:
    """Write the eviction into the budget that must allow it.

    Errors: TooManyRequests, Forbidden, Unclassified (more than one budget).
    """
    resource = course.served.resource

    def step(env: Environment, draft: Draft) -> Commit | None:
        budget = _asked_budget(env, resource, draft.old)
        if budget is None or draft.message.dry_run:
            return None
        new, metadata = _booked(budget, draft.name, env.time()), budget.metadata
        return Commit(_BUDGETS, metadata.namespace, metadata.name, new, budget, reply=None)

    return (step,)


def _say_why(course: Course) -> tuple[Step, ...]:
    """Write into the pod why it goes, even one that has ended, unless it says so."""
    bucket = course.served.bucket

    def step(env: Environment, draft: Draft) -> Commit | None:
        pod: Pod = draft.old
        status = pod.status or PodStatus()
        conditions = with_condition(status.conditions, _EVICTED, env.time())
        if conditions is status.conditions or draft.message.dry_run:
            return None
        new = replace(pod, status=replace(status, conditions=conditions))
        return Commit(bucket, draft.namespace, draft.name, new, pod, reply=None)

    return (step,)


def _turn_into_delete(course: Course) -> tuple[Step, ...]:
    """From here on the message is the deletion that the eviction asks for."""

    def step(_env: Environment, draft: Draft) -> None:
        draft.message = _as_delete(draft.message, draft.message.object)
        draft.request = None

    return (step,)


def _delete(course: Course) -> tuple[Step, ...]:
    return make_steps(replace(course, action="delete", subresource=""), END_ADMITTED)


def _asked_budget(env: Environment, resource: Resource, pod: Pod) -> PodDisruptionBudget | None:
    """The budget that must allow the eviction, checked; None: nobody need be asked."""
    phase = pod.status.phase if pod.status is not None else ""
    if phase in _UNPROTECTED or pod.metadata.deletion_timestamp is not None:
        return None
    budgets = [
        budget
        for budget in env.list(PodDisruptionBudget, pod.metadata.namespace)
        if _protects(budget, pod)
    ]
    if not budgets:
        return None
    if len(budgets) > 1:
        raise Unclassified(
            "This pod has more than one PodDisruptionBudget, "
            "which the eviction subresource does not support."
        )
    (budget,) = budgets
    if _may_be_ignored(budget, pod):
        return None
    _check(resource, budget, pod)
    return budget


def _protects(budget: PodDisruptionBudget, pod: Pod) -> bool:
    spec = budget.spec
    return spec is not None and labels.of_struct(spec.selector).matches(pod.metadata.labels)


def _may_be_ignored(budget: PodDisruptionBudget, pod: Pod) -> bool:
    """A pod that is not ready serves nobody: what the budget's policy says of such."""
    status, spec = budget.status, budget.spec or PodDisruptionBudgetSpec()
    if pod.status is not None and is_true(pod.status.conditions, "Ready"):
        return False
    if spec.unhealthy_pod_eviction_policy == "AlwaysAllow":
        return True
    return status is not None and 0 < status.desired_healthy <= status.current_healthy


def _check(resource: Resource, budget: PodDisruptionBudget, pod: Pod) -> None:
    status = budget.status or PodDisruptionBudgetStatus()
    name = budget.metadata.name
    if (status.observed_generation or 0) < (budget.metadata.generation or 0):
        raise errors.budget_exceeded(
            f"The disruption budget {name} is still being processed by the server.",
            retry_after_seconds=_RETRY_SECONDS,
        )
    if status.disruptions_allowed < 0:
        why = "pdb disruptions allowed is negative"
        raise errors.forbidden(resource, pod.metadata.name, why)
    if len(status.disrupted_pods) > _TOO_MANY_DISRUPTED:
        why = "DisruptedPods map too big - too many evictions not confirmed by PDB controller"
        raise errors.forbidden(resource, pod.metadata.name, why)
    if status.disruptions_allowed == 0:
        raise errors.budget_exceeded(
            f"The disruption budget {name} needs {status.desired_healthy} healthy pods "
            f"and has {status.current_healthy} currently"
        )


def _booked(budget: PodDisruptionBudget, name: str, now: Time) -> PodDisruptionBudget:
    status = budget.status or PodDisruptionBudgetStatus()
    status = replace(
        status,
        disruptions_allowed=status.disruptions_allowed - 1,
        disrupted_pods={**status.disrupted_pods, name: now},
    )
    return replace(budget, status=status)


def _as_delete(message: Create, eviction: Eviction) -> Delete:
    options = eviction.delete_options
    if options is None:
        return Delete(
            resource=message.resource,
            name=message.name,
            namespace=message.namespace,
            dry_run=message.dry_run,
            identity=message.identity,
        )
    policy = options.propagation_policy
    preconditions = options.preconditions
    return Delete(
        resource=message.resource,
        name=message.name,
        namespace=message.namespace,
        grace_period_seconds=options.grace_period_seconds,
        propagation_policy=_POLICIES.get(policy or "", ""),
        uid=preconditions.uid if preconditions is not None else None,
        dry_run=message.dry_run or bool(options.dry_run),
        identity=message.identity,
    )


# The answer is `Deleted` (over HTTP it is a Status, as in Kubernetes).
EVICTION: Final = Part(
    writes={
        "create": (
            authorize,
            _take,
            _restrict,
            # Before the pod is looked for, as the original asks.
            admit,
            _check_name,
            review_outside,
            review,
            read,
            _book,
            read,
            _say_why,
            _turn_into_delete,
            _delete,
        )
    },
    readable=False,
)
