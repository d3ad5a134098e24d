"""A Job's podFailurePolicy: what a failed pod means for the Job."""

from typing import Literal, NamedTuple

from orchestrator.api.batch.v1 import Job, PodFailurePolicyRule
from orchestrator.api.core.v1 import Pod

Action = Literal["FailJob", "FailIndex", "Ignore", "Count"]


class Judgement(NamedTuple):
    """What is to be done about a failed pod; `message` says why the whole Job fails."""

    action: Action
    message: str = ""


COUNT = Judgement("Count")


def judge(job: Job, pod: Pod) -> Judgement:
    """The first rule that matches decides; a pod that none matches is counted."""
    policy = job.spec.pod_failure_policy if job.spec is not None else None
    if policy is None:
        return COUNT
    for number, rule in enumerate(policy.rules):
        matched = _by_exit_code(rule, pod) or _by_condition(rule, pod)
        if matched:
            name = f"{pod.metadata.namespace}/{pod.metadata.name}"
            message = matched.format(pod=name, action=rule.action, number=number)
            return Judgement(rule.action, message)  # type: ignore[arg-type]
    return COUNT


def _by_exit_code(rule: PodFailurePolicyRule, pod: Pod) -> str:
    wanted, status = rule.on_exit_codes, pod.status
    if wanted is None or status is None:
        return ""
    for container in (*status.container_statuses, *status.init_container_statuses):
        ended = container.state.terminated if container.state is not None else None
        if ended is None or ended.exit_code == 0:
            continue
        if wanted.container_name not in (None, container.name):
            continue
        if (ended.exit_code in wanted.values) is (wanted.operator == "In"):
            return (
                f"Container {container.name} for pod {{pod}} failed with exit code "
                f"{ended.exit_code} matching {{action}} rule at index {{number}}"
            )
    return ""


def _by_condition(rule: PodFailurePolicyRule, pod: Pod) -> str:
    conditions = pod.status.conditions if pod.status is not None else ()
    wanted = {(each.type, each.status or "True") for each in rule.on_pod_conditions}
    for condition in conditions:
        if (condition.type, condition.status) in wanted:
            return f"Pod {{pod}} has condition {condition.type} matching {{action}} rule at index {{number}}"
    return ""
