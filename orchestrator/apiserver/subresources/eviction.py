"""`pods/eviction`: a delete that asks the pod's disruption budget first.

What allows it is written into the budget before the pod is deleted, so that two evictions in the
same moment do not both use the last allowance; the disruption controller counts anew from there.
"""

from collections.abc import Mapping
from typing import Any, Final

from msgspec.structs import replace

from orchestrator.api.core.v1 import Pod, PodCondition, PodStatus
from orchestrator.api.policy.v1 import (
    Eviction,
    PodDisruptionBudget,
    PodDisruptionBudgetSpec,
    PodDisruptionBudgetStatus,
)
from orchestrator.apiserver import errors
from orchestrator.apiserver.admission.interface import AdmissionRequest
from orchestrator.apiserver.environment import Environment
from orchestrator.apiserver.pipeline.admission import admitted, reviewed
from orchestrator.apiserver.pipeline.decisions import Commit, Decision
from orchestrator.apiserver.pipeline.delete import decide_delete
from orchestrator.apiserver.pipeline.served import Served
from orchestrator.apiserver.subresources.interface import Subresource, stored_for
from orchestrator.machinery import labels
from orchestrator.machinery.conditions import is_true, with_condition
from orchestrator.protocol import BadRequest, Create, Delete, InternalError, PropagationPolicy
from orchestrator.store import Change, Write

_TOO_MANY_DISRUPTED: Final = 2000
_RETRY_SECONDS: Final = 10
_UNPROTECTED: Final = ("Pending", "Succeeded", "Failed")
_BUDGETS: Final = "poddisruptionbudgets.policy"
_POLICIES: Final[Mapping[str, PropagationPolicy]] = {
    "Background": "Background",
    "Foreground": "Foreground",
    "Orphan": "Orphan",
}


class EvictionSubresource(Subresource):
    """Answers `Deleted` (over HTTP it is a Status, as in Kubernetes)."""

    def create(self, env: Environment, served: Served, message: Create) -> Decision:
        """Evict. Errors: NotFound, TooManyRequests (the budget), Forbidden, InternalError."""
        eviction = message.object
        if type(eviction) is not Eviction:
            raise BadRequest(f"{type(eviction).__name__} in the request is not an Eviction")
        if eviction.metadata.name and eviction.metadata.name != message.name:
            raise BadRequest("name in URL does not match name in Eviction object")
        pod: Pod = stored_for(env, served, message)
        plugins = served.plugins("CREATE", "eviction")
        if plugins:
            request = AdmissionRequest(
                operation="CREATE",
                resource=served.resource,
                name=message.name,
                identity=message.identity,
                namespace=message.namespace,
                subresource="eviction",
                object=eviction,
                dry_run=message.dry_run,
            )
            reviewed(env, plugins, replace(request, object=admitted(env, plugins, request)))
        budget = _asked_budget(env, served, pod)
        if budget is None:
            return _deletion(env, served, message, eviction)
        return _booked(env, served, message, eviction, budget)


def _asked_budget(env: Environment, served: Served, pod: Pod) -> PodDisruptionBudget | None:
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
        raise InternalError(
            "This pod has more than one PodDisruptionBudget, "
            "which the eviction subresource does not support."
        )
    (budget,) = budgets
    if _may_be_ignored(budget, pod):
        return None
    _check(served, budget, pod)
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


def _check(served: Served, budget: PodDisruptionBudget, pod: Pod) -> None:
    status = budget.status or PodDisruptionBudgetStatus()
    name = budget.metadata.name
    if (status.observed_generation or 0) < (budget.metadata.generation or 0):
        raise errors.budget_exceeded(
            f"The disruption budget {name} is still being processed by the server.",
            retry_after_seconds=_RETRY_SECONDS,
        )
    if status.disruptions_allowed < 0:
        why = "pdb disruptions allowed is negative"
        raise errors.forbidden(served.resource, pod.metadata.name, why)
    if len(status.disrupted_pods) > _TOO_MANY_DISRUPTED:
        why = "DisruptedPods map too big - too many evictions not confirmed by PDB controller"
        raise errors.forbidden(served.resource, pod.metadata.name, why)
    if status.disruptions_allowed == 0:
        raise errors.budget_exceeded(
            f"The disruption budget {name} needs {status.desired_healthy} healthy pods "
            f"and has {status.current_healthy} currently"
        )


def _booked(
    env: Environment,
    served: Served,
    message: Create,
    eviction: Eviction,
    budget: PodDisruptionBudget,
) -> Decision:
    """Write the eviction into the budget, then delete."""
    if message.dry_run:
        return _deletion(env, served, message, eviction)
    status = budget.status or PodDisruptionBudgetStatus()
    status = replace(
        status,
        disruptions_allowed=status.disruptions_allowed - 1,
        disrupted_pods={**status.disrupted_pods, message.name: env.time()},
    )
    metadata = budget.metadata
    new = replace(budget, status=status)
    write = Write(_BUDGETS, metadata.namespace, metadata.name, new, budget)
    return Commit(write, lambda _change: _deletion(env, served, message, eviction))


def _deletion(env: Environment, served: Served, message: Create, eviction: Eviction) -> Decision:
    """Say in the pod why it ends, and delete it."""
    pod: Any = stored_for(env, served, message)
    status = pod.status or PodStatus()
    condition = PodCondition(
        type="DisruptionTarget",
        status="True",
        reason="EvictionByEvictionAPI",
        message="Eviction API: evicting",
    )
    conditions = with_condition(status.conditions, condition, env.time())
    if message.dry_run or conditions is status.conditions or _is_over(status):
        return decide_delete(env, served, _as_delete(message, eviction))

    def delete(_change: Change) -> Decision:
        return decide_delete(env, served, _as_delete(message, eviction))

    new = replace(pod, status=replace(status, conditions=conditions))
    return Commit(Write(served.bucket, message.namespace, message.name, new, pod), delete)


def _is_over(status: PodStatus) -> bool:
    return status.phase in ("Succeeded", "Failed")


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
        uid=preconditions.uid if preconditions is not None else "",
        dry_run=message.dry_run or bool(options.dry_run),
        identity=message.identity,
    )
