"""Priority: a pod's number of importance follows from its PriorityClass."""

from collections.abc import Sequence
from typing import Any, Final

from msgspec.structs import replace

from orchestrator.api.core.v1 import Pod, PodSpec
from orchestrator.api.scheduling.v1 import PriorityClass
from orchestrator.api.scheme import Resource
from orchestrator.apiserver.admission.interface import (
    AdmissionPlugin,
    AdmissionRequest,
    Operation,
    Reader,
)
from orchestrator.apiserver.admission.memory import SpecMemory, spec_of, with_spec
from orchestrator.apiserver.errors import forbidden
from orchestrator.machinery.memo import IdentityMemo

_CLASSES: Final = "priorityclasses.scheduling.k8s.io"
_PREEMPT: Final = "PreemptLowerPriority"
# Every cluster has these two, whether or not somebody wrote them down.
_SYSTEM: Final = {"system-node-critical": 2_000_001_000, "system-cluster-critical": 2_000_000_000}


class Priority(AdmissionPlugin):
    """Resolves `priorityClassName`, lets only one class be the default, and keeps the system's."""

    name = "Priority"

    def __init__(self) -> None:
        self._ranked: SpecMemory[tuple[PodSpec, str]] = SpecMemory(_rank)

    def handles(self, operation: Operation, resource: Resource, subresource: str) -> bool:
        """As `AdmissionPlugin.handles`."""
        if subresource or resource.key not in ("pods", _CLASSES):
            return False
        return operation in ("CREATE", "UPDATE") or resource.key == _CLASSES

    def judges(self, operation: Operation, resource: Resource, subresource: str) -> bool:
        """As `AdmissionPlugin.judges`."""
        return resource.key == _CLASSES and self.handles(operation, resource, subresource)

    def admit(self, request: AdmissionRequest, reader: Reader) -> Any:
        """The pod with its priority. Errors: Forbidden (unknown class; another number given)."""
        if request.resource.key != "pods":
            return request.object
        pod: Pod = request.object
        if request.operation == "UPDATE":
            return _keep(pod, request.old_object)
        spec = spec_of(pod)
        name, priority, policy = _resolve(request, spec, reader)
        ranked, why = self._ranked(spec, name, priority, policy)
        if why:
            raise forbidden(request.resource, request.name, why)
        return with_spec(pod, ranked)

    def validate(self, request: AdmissionRequest, reader: Reader) -> None:
        """Errors: Forbidden (a second default class, the end of one that the system needs)."""
        if request.operation == "DELETE":
            if request.name in _SYSTEM:
                why = "this is a system priority class and cannot be deleted"
                raise forbidden(request.resource, request.name, why)
            return
        if request.resource.key != _CLASSES or not request.object.global_default:
            return
        for other in reader.list(PriorityClass):
            if other.global_default and other.metadata.name != request.object.metadata.name:
                why = (
                    f"PriorityClass {other.metadata.name} is already marked as default. "
                    "Only one default can exist"
                )
                raise forbidden(request.resource, request.name, why)


def _resolve(request: AdmissionRequest, spec: PodSpec, reader: Reader) -> tuple[str, int, str]:
    """The class's name, its number and its preemption policy; ("", 0, ...) without a class."""
    name = spec.priority_class_name or ""
    if not name:
        found = _default_of(reader.list(PriorityClass))
        if found is None:
            return "", 0, _PREEMPT
        return found.metadata.name, found.value, found.preemption_policy or _PREEMPT
    known = reader.get(PriorityClass, name)
    if known is not None:
        return name, known.value, known.preemption_policy or _PREEMPT
    if name in _SYSTEM:
        return name, _SYSTEM[name], _PREEMPT
    why = f"no PriorityClass with name {name} was found"
    raise forbidden(request.resource, request.name, why)


def _least_default(classes: Sequence[PriorityClass]) -> PriorityClass | None:
    defaults = (each for each in classes if each.global_default)
    return min(defaults, key=lambda each: each.value, default=None)


# A store answers the very same list until one of the classes changes.
_default_of: Final = IdentityMemo(_least_default, 1)


def _rank(spec: PodSpec, name: str, priority: int, policy: str) -> tuple[PodSpec, str]:
    """The spec with its number, and why that is refused ("" when it is not)."""
    if spec.priority is not None and spec.priority != priority:
        return spec, (
            f"the integer value of priority ({spec.priority}) must not be provided in pod spec; "
            f"priority admission controller computed {priority} from the given PriorityClass name"
        )
    if spec.preemption_policy is not None and spec.preemption_policy != policy:
        return spec, (
            f"the string value of PreemptionPolicy ({spec.preemption_policy}) must not be provided "
            f"in pod spec; priority admission controller computed {policy} from the given "
            "PriorityClass name"
        )
    if (spec.priority_class_name, spec.priority, spec.preemption_policy) == (
        name,
        priority,
        policy,
    ):
        return spec, ""
    ranked = replace(spec, priority_class_name=name, priority=priority, preemption_policy=policy)
    return ranked, ""


def _keep(pod: Pod, old: Pod) -> Pod:
    """An update that leaves the number out means the present one."""
    spec, present = spec_of(pod), spec_of(old)
    if spec is present:
        return pod
    changes: dict[str, Any] = {}
    if spec.priority is None and present.priority is not None:
        changes["priority"] = present.priority
    if spec.preemption_policy is None and present.preemption_policy is not None:
        changes["preemption_policy"] = present.preemption_policy
    return replace(pod, spec=replace(spec, **changes)) if changes else pod
