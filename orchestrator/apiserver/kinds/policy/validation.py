"""PodDisruptionBudgets."""

from typing import Final

from orchestrator.api.policy.v1 import PodDisruptionBudget, PodDisruptionBudgetSpec
from orchestrator.apiserver.validation.conditions import status_condition_errors
from orchestrator.apiserver.validation.field import Errors, invalid, not_supported
from orchestrator.apiserver.validation.golang import as_go
from orchestrator.apiserver.validation.rules import Rules
from orchestrator.apiserver.validation.selectors import label_selector_errors
from orchestrator.apiserver.validation.workloads import (
    at_most_all_errors,
    int_or_percent_errors,
    status_count_errors,
)
from orchestrator.machinery.names import path_segment_errors

_EVICTION_POLICIES: Final = ("AlwaysAllow", "IfHealthyBudget")
_COUNTS: Final = (
    ("disruptions_allowed", "disruptionsAllowed"),
    ("current_healthy", "currentHealthy"),
    ("desired_healthy", "desiredHealthy"),
    ("expected_pods", "expectedPods"),
)


def _spec_errors(budget: PodDisruptionBudget) -> Errors:
    spec = budget.spec or PodDisruptionBudgetSpec()
    low, high = spec.min_available, spec.max_unavailable
    if low is not None and high is not None:
        yield invalid("spec", as_go(spec), "minAvailable and maxUnavailable cannot be both set")
    for name, value in (("minAvailable", low), ("maxUnavailable", high)):
        if value is not None:
            yield from int_or_percent_errors(f"spec.{name}", value)
            yield from at_most_all_errors(f"spec.{name}", value)
    yield from label_selector_errors("spec.selector", spec.selector)
    policy = spec.unhealthy_pod_eviction_policy
    if policy is not None and policy not in _EVICTION_POLICIES:
        yield not_supported("spec.unhealthyPodEvictionPolicy", policy, _EVICTION_POLICIES)


def _status_errors(new: PodDisruptionBudget, _old: PodDisruptionBudget) -> Errors:
    if new.status is not None:
        yield from status_condition_errors("status.conditions", new.status.conditions)
        yield from status_count_errors(new.status, *_COUNTS)


POD_DISRUPTION_BUDGET_RULES: Final = Rules(
    name=path_segment_errors, spec=_spec_errors, status=_status_errors, metadata_again=()
)
