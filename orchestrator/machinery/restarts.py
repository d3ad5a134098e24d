"""Whether a container that ended runs again: its own rules, its own policy, its pod's policy."""

from orchestrator.api.core.v1 import Container, ContainerRestartRule

RESTART: str = "Restart"
RESTART_ALL: str = "RestartAllContainers"


def matching_rule(container: Container, exit_code: int) -> ContainerRestartRule | None:
    """The first of the container's restart rules that speaks of this exit code."""
    for rule in container.restart_policy_rules:
        codes = rule.exit_codes
        if codes is not None and (exit_code in codes.values) == (codes.operator == "In"):
            return rule
    return None


def may_restart_all(container: Container) -> bool:
    """Whether some end of the container would make all containers of its pod begin anew."""
    return any(rule.action == RESTART_ALL for rule in container.restart_policy_rules)


def restarts_all(container: Container, exit_code: int) -> bool:
    """Whether a run that ended so makes all containers of its pod begin anew."""
    rule = matching_rule(container, exit_code)
    return rule is not None and rule.action == RESTART_ALL


def restarts(container: Container, pod_policy: str, exit_code: int) -> bool:
    """Whether another run follows one that ended so, as kubelet's `ContainerShouldRestart` decides."""
    policy = pod_policy
    if container.restart_policy is not None:
        rule = matching_rule(container, exit_code)
        if rule is not None and rule.action in (RESTART, RESTART_ALL):
            return True
        policy = container.restart_policy
    return policy in ("", "Always") or (policy == "OnFailure" and exit_code != 0)
