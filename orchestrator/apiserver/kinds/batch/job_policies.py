"""What a Job makes of its pods' failures and successes."""

import re
from typing import Final

from orchestrator.api.batch.v1 import (
    JobSpec,
    PodFailurePolicyOnExitCodesRequirement,
    PodFailurePolicyRule,
    SuccessPolicyRule,
)
from orchestrator.api.core.v1 import PodSpec
from orchestrator.apiserver.validation.field import (
    Errors,
    FieldError,
    chosen,
    complaints,
    duplicate,
    invalid,
    nonnegative,
    not_supported,
    required,
    too_many,
)
from orchestrator.apiserver.validation.golang import as_go
from orchestrator.machinery.digits import whole
from orchestrator.machinery.names import qualified_name_errors

_REPLACEMENTS: Final = ("Failed", "TerminatingOrFailed")
_ACTIONS: Final = ("Count", "FailIndex", "FailJob", "Ignore")
_EXIT_OPERATORS: Final = ("In", "NotIn")
_STATUSES: Final = ("False", "True", "Unknown")
_MAX_RULES: Final = 20
_MAX_EXIT_CODES: Final = 255


def policy_errors(path: str, spec: JobSpec) -> Errors:
    """Failure policy, success policy, and when a failed pod is replaced."""
    if spec.pod_failure_policy is not None:
        yield from _failure_policy_errors(f"{path}.podFailurePolicy.rules", spec)
    if spec.success_policy is not None:
        if spec.completion_mode != "Indexed":
            detail = "requires indexed completion mode"
            yield invalid(f"{path}.successPolicy", as_go(spec.success_policy), detail)
        else:
            yield from _success_policy_errors(f"{path}.successPolicy.rules", spec)
    replacement = spec.pod_replacement_policy
    supported = ("Failed",) if spec.pod_failure_policy is not None else _REPLACEMENTS
    if replacement is not None and replacement not in supported:
        yield not_supported(f"{path}.podReplacementPolicy", replacement, supported)


def _failure_policy_errors(path: str, spec: JobSpec) -> Errors:
    assert spec.pod_failure_policy is not None
    rules = spec.pod_failure_policy.rules
    if len(rules) > _MAX_RULES:
        yield too_many(path, len(rules), _MAX_RULES)
    pod = spec.template.spec or PodSpec()
    names = {container.name for container in (*pod.containers, *pod.init_containers)}
    for i, rule in enumerate(rules):
        yield from _failure_rule_errors(f"{path}[{i}]", rule, spec, names)


def _failure_rule_errors(
    path: str, rule: PodFailurePolicyRule, spec: JobSpec, names: set[str]
) -> Errors:
    if not rule.action:
        yield required(f"{path}.action", f"valid values: {_listed(_ACTIONS)}")
    elif rule.action == "FailIndex":
        if spec.backoff_limit_per_index is None:
            detail = "requires the backoffLimitPerIndex to be set"
            yield invalid(f"{path}.action", rule.action, detail)
    elif rule.action not in _ACTIONS:
        yield not_supported(f"{path}.action", rule.action, _ACTIONS)
    if rule.on_exit_codes is not None:
        yield from _exit_code_errors(f"{path}.onExitCodes", rule.on_exit_codes, names)
    if len(rule.on_pod_conditions) > _MAX_RULES:
        yield too_many(f"{path}.onPodConditions", len(rule.on_pod_conditions), _MAX_RULES)
    for i, pattern in enumerate(rule.on_pod_conditions):
        here = f"{path}.onPodConditions[{i}]"
        messages = qualified_name_errors(pattern.type)
        yield from complaints(f"{here}.type", pattern.type, messages)
        if not pattern.status:
            yield required(f"{here}.status", f"valid values: {_listed(_STATUSES)}")
        else:
            yield from chosen(f"{here}.status", pattern.status, _STATUSES)
    if rule.on_exit_codes is not None and rule.on_pod_conditions:
        yield plain_invalid(
            path, "specifying both OnExitCodes and OnPodConditions is not supported"
        )
    if rule.on_exit_codes is None and not rule.on_pod_conditions:
        yield plain_invalid(path, "specifying one of OnExitCodes and OnPodConditions is required")


def _listed(words: tuple[str, ...]) -> str:
    quoted = " ".join(f'"{word}"' for word in words)
    return f"[{quoted}]"


class _PlainError(FieldError, frozen=True):
    """A complaint that does not repeat the value."""

    @property
    def body(self) -> str:
        return f"Invalid value: {self.detail}"


def plain_invalid(path: str, detail: str) -> FieldError:
    """`Invalid value` about a part that is not worth repeating."""
    return _PlainError("FieldValueInvalid", path, detail)


def _exit_code_errors(
    path: str, codes: PodFailurePolicyOnExitCodesRequirement, names: set[str]
) -> Errors:
    if not codes.operator:
        yield required(f"{path}.operator", f"valid values: {_listed(_EXIT_OPERATORS)}")
    else:
        yield from chosen(f"{path}.operator", codes.operator, _EXIT_OPERATORS)
    if codes.container_name is not None and codes.container_name not in names:
        detail = "must be one of the container or initContainer names in the pod template"
        yield invalid(f"{path}.containerName", codes.container_name, detail)
    if not codes.values:
        yield invalid(f"{path}.values", None, "at least one value is required")
    elif len(codes.values) > _MAX_EXIT_CODES:
        yield too_many(f"{path}.values", len(codes.values), _MAX_EXIT_CODES)
    for i, code in enumerate(codes.values):
        if codes.operator == "In" and code == 0:
            yield invalid(f"{path}.values[{i}]", code, "must not be 0 for the In operator")
        if code in codes.values[:i]:
            yield duplicate(f"{path}.values[{i}]", code)
    if list(codes.values) != sorted(codes.values):
        yield invalid(f"{path}.values", codes.values, "must be ordered")


def _success_policy_errors(path: str, spec: JobSpec) -> Errors:
    assert spec.success_policy is not None
    rules = spec.success_policy.rules
    if not rules:
        detail = "at least one rules must be specified when the successPolicy is specified"
        yield required(path, detail)
    if len(rules) > _MAX_RULES:
        yield too_many(path, len(rules), _MAX_RULES)
    for i, rule in enumerate(rules):
        yield from _success_rule_errors(f"{path}[{i}]", rule, spec.completions or 0)


def _success_rule_errors(path: str, rule: SuccessPolicyRule, completions: int) -> Errors:
    count, indexes = rule.succeeded_count, rule.succeeded_indexes
    if count is None and not indexes:
        detail = "at least one of succeededCount or succeededIndexes must be specified"
        yield required(path, detail)
    total = 0
    if indexes:
        total, error = count_indexes(indexes, completions)
        if error:
            detail = f"error parsing succeededIndexes: {error}"
            yield invalid(f"{path}.succeededIndexes", indexes, detail)
    if count is None:
        return
    yield from nonnegative(f"{path}.succeededCount", count)
    if count > completions:
        detail = (
            f"must be less than or equal to {completions} (the number of specified completions)"
        )
        yield invalid(f"{path}.succeededCount", count, detail)
    if indexes and count > total:
        detail = (
            f"must be less than or equal to {total} (the number of indexes in the specified "
            "succeededIndexes field)"
        )
        yield invalid(f"{path}.succeededCount", count, detail)


def count_indexes(text: str, completions: int) -> tuple[int, str]:
    """How many indexes a list like `1,3-5` names, and what is wrong with it ("" if nothing)."""
    total, last = 0, -1
    for part in text.split(",") if text else ():
        ends = part.split("-")
        if len(ends) > 2:
            return 0, (
                f'the fragment "{part}" violates the requirement that an index interval can '
                "have at most two parts separated by '-'"
            )
        if not all(re.fullmatch("[0-9]+", end) for end in ends):
            return 0, f'cannot convert string to integer for index: "{part}"'
        low, high = whole(ends[0]), whole(ends[-1])
        if high >= completions:
            return 0, f'too large index: "{ends[-1]}"'
        if len(ends) == 2 and low >= high:
            return 0, f"non-increasing order, previous: {low}, current: {high}"
        if low <= last:
            return 0, f"non-increasing order, previous: {last}, current: {low}"
        total, last = total + high - low + 1, high
    return total, ""
