"""What may change of a pod while it runs: the resources of its containers, and its ephemeral containers."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

from msgspec.structs import replace

from orchestrator.api.core.v1 import Container, Pod, PodSpec, ResourceRequirements
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.api.scalars import Quantity
from orchestrator.apiserver.kinds.core.pods.spec_validation import MIRROR, pod_spec_errors
from orchestrator.apiserver.validation.diff import difference
from orchestrator.apiserver.validation.field import WHOLE, Errors, forbidden, invalid
from orchestrator.machinery.resources import qos_class

_NO_SPEC: Final = PodSpec()
_NO_RESOURCES: Final = ResourceRequirements()
_RESIZABLE: Final = ("cpu", "memory")
_Amounts: TypeAlias = Mapping[str, Quantity]


def _unchanged(new: ObjectMeta, old: ObjectMeta) -> ObjectMeta:
    """The new metadata with what these paths are not for from the old one."""
    return replace(
        new,
        labels=old.labels,
        annotations=old.annotations,
        finalizers=old.finalizers,
        owner_references=old.owner_references,
    )


# --- resize --------------------------------------------------------------------------------


def resized(new: Pod, old: Pod) -> Pod:
    """The old pod with the resources of the new one. Containers that are others are left for validation."""
    spec, before = new.spec or _NO_SPEC, old.spec or _NO_SPEC
    if (len(spec.containers), len(spec.init_containers)) != (
        len(before.containers),
        len(before.init_containers),
    ):
        return replace(new, status=old.status)
    kept = replace(
        before,
        containers=_with_resources(spec.containers, before.containers),
        init_containers=_with_resources(spec.init_containers, before.init_containers),
        resources=spec.resources,
    )
    metadata = _unchanged(new.metadata, old.metadata)
    return replace(old, metadata=metadata, spec=before if kept == before else kept)


def _with_resources(
    new: tuple[Container, ...], old: tuple[Container, ...]
) -> tuple[Container, ...]:
    if [c.name for c in new] != [c.name for c in old]:
        return new
    return tuple(
        replace(o, resources=n.resources, resize_policy=n.resize_policy)
        for n, o in zip(new, old, strict=True)
    )


def resize_errors(new: Pod, old: Pod) -> Errors:
    """What forbids a resize."""
    spec, before = new.spec or _NO_SPEC, old.spec or _NO_SPEC
    yield from pod_spec_errors("spec", spec, is_pod=True)
    if MIRROR in old.metadata.annotations:
        yield forbidden(WHOLE, "static pods cannot be resized")
        return
    if before.os is not None and before.os.name == "windows":
        yield forbidden(WHOLE, "windows pods cannot be resized")
        return
    if qos_class(new) != qos_class(old):
        quality = new.status.qos_class if new.status is not None else ""
        yield invalid("spec", quality, "Pod QOS Class may not change as a result of resizing")
    groups = (
        ("containers", spec.containers, before.containers),
        ("initContainers", spec.init_containers, before.init_containers),
    )
    moved = [error for group in groups for error in _order_errors(*group)]
    if moved:
        yield from moved
        return
    for name, containers, present in groups:
        for i, (container, was) in enumerate(zip(containers, present, strict=True)):
            yield from _removal_errors(f"spec.{name}[{i}].resources", container, was)
    for container, was in zip(spec.containers, before.containers, strict=True):
        if _changes_more(container, was):
            yield forbidden("spec", "only cpu and memory resources are mutable")
    for i, (container, was) in enumerate(
        zip(spec.init_containers, before.init_containers, strict=True)
    ):
        yield from _init_errors(f"spec.initContainers[{i}]", container, was)


def _init_errors(path: str, new: Container, old: Container) -> Errors:
    if _changes_more(new, old):
        detail = "only cpu and memory resources for init or sidecar containers are mutable"
        yield forbidden(path, detail)
    if new != old and new.restart_policy != "Always":
        for policy in new.resize_policy:
            if policy.restart_policy == "RestartContainer":
                detail = "non-sidecar init containers with a resize policy of RestartContainer cannot be resized"
                yield forbidden(path, detail)


def _order_errors(name: str, new: Sequence[Container], old: Sequence[Container]) -> Errors:
    if len(new) != len(old):
        yield forbidden(f"spec.{name}", f"{name} may not be added or removed on resize")
        return
    for i, (container, was) in enumerate(zip(new, old, strict=True)):
        if container.name != was.name:
            where = f"spec.{name}[{i}].name"
            yield forbidden(where, f"{name} may not be renamed or reordered on resize")


def _removal_errors(path: str, new: Container, old: Container) -> Errors:
    after, before = new.resources or _NO_RESOURCES, old.resources or _NO_RESOURCES
    if not set(before.requests) <= set(after.requests):
        yield forbidden(f"{path}.requests", "resource requests cannot be removed")
    if not set(before.limits) <= set(after.limits):
        yield forbidden(f"{path}.limits", "resource limits cannot be removed")


def _changes_more(new: Container, old: Container) -> bool:
    """Whether anything changes but what may; what a container claims is passed over, as the original does."""
    after, before = new.resources or _NO_RESOURCES, old.resources or _NO_RESOURCES

    def kept(amounts: _Amounts, were: _Amounts) -> _Amounts:
        others = {name: amount for name, amount in amounts.items() if name not in _RESIZABLE}
        return others | {name: were[name] for name in _RESIZABLE if name in were}

    requests = kept(after.requests, before.requests)
    limits = kept(after.limits, before.limits)
    resources = ResourceRequirements(requests=requests, limits=limits)
    return replace(new, resources=resources) != replace(old, resources=before)


# --- ephemeral containers ------------------------------------------------------------------


def with_ephemeral_containers(new: Pod, old: Pod) -> Pod:
    """The old pod with the ephemeral containers of the new one."""
    spec, before = new.spec or _NO_SPEC, old.spec or _NO_SPEC
    containers = spec.ephemeral_containers
    if containers != before.ephemeral_containers:
        before = replace(before, ephemeral_containers=containers)
    return replace(old, metadata=_unchanged(new.metadata, old.metadata), spec=before)


def ephemeral_errors(new: Pod, old: Pod) -> Errors:
    """What forbids a change of the ephemeral containers: each stays as it is."""
    spec, before = new.spec or _NO_SPEC, old.spec or _NO_SPEC
    yield from pod_spec_errors("spec", spec, is_pod=True)
    if MIRROR in old.metadata.annotations:
        yield forbidden(WHOLE, "static pods do not support ephemeral containers")
        return
    known = {c.name: c for c in spec.ephemeral_containers}
    path = "spec.ephemeralContainers"
    for container in before.ephemeral_containers:
        there = f'existing ephemeral containers "{container.name}" may not be'
        if container.name not in known:
            yield forbidden(path, f"{there} removed\n")
        elif known[container.name] != container:
            told = difference(container, known[container.name])
            yield forbidden(path, f"{there} changed\n{told}")


Prepare = Callable[[Pod, Pod], Pod]
Judge = Callable[[Pod, Pod], Errors]
