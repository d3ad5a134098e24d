"""Whether containers ask for other resources than before, and which of them take them only anew."""

from orchestrator.api.core.v1 import Container, PodSpec


def is_resized(old: PodSpec, new: PodSpec) -> bool:
    """Whether any container asks for other resources."""
    return any(
        a.resources != b.resources
        for a, b in zip(
            (*old.containers, *old.init_containers),
            (*new.containers, *new.init_containers),
            strict=False,
        )
    )


def needs_restart(old: Container, new: Container) -> bool:
    """Whether a resource has changed that the container takes only anew."""
    if old.resources is None or new.resources is None:
        return False
    for policy in new.resize_policy:
        if policy.restart_policy == "RestartContainer":
            name = policy.resource_name
            for before, after in (
                (old.resources.requests, new.resources.requests),
                (old.resources.limits, new.resources.limits),
            ):
                if before.get(name) != after.get(name):
                    return True
    return False
