"""What plugins remember: the spec that they made of a spec.

Objects are frozen and shared, so the same spec under the same circumstances gives the same new
spec, and must give the very same object: ten thousand pods of one template share it.
"""

from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

from msgspec.structs import replace

from orchestrator.api.core.v1 import Pod, PodSpec
from orchestrator.api.scheme import Resource
from orchestrator.apiserver.admission.interface import Operation

V = TypeVar("V")


class SpecMemory(Generic[V]):
    """A bounded memory of `make(spec, *circumstances)` by the spec's identity."""

    __slots__ = ("_answers", "_capacity", "_make")

    def __init__(self, make: Callable[..., V], capacity: int = 1 << 11) -> None:
        self._make = make
        self._capacity = capacity
        # The spec is kept beside its answer, so that no other object can get its id.
        self._answers: dict[tuple[Hashable, ...], tuple[PodSpec, V]] = {}

    def __call__(self, spec: PodSpec, *circumstances: Hashable) -> V:
        """The answer for this very spec; errors are raised each time anew, not remembered."""
        key = (id(spec), *circumstances)
        found = self._answers.get(key)
        if found is not None:
            return found[1]
        answer = self._make(spec, *circumstances)
        if len(self._answers) >= self._capacity:
            self._answers.clear()
        self._answers[key] = (spec, answer)
        return answer


def with_spec(pod: Pod, spec: PodSpec) -> Pod:
    """The pod with this spec; itself when that is its spec already."""
    return pod if spec is pod.spec else replace(pod, spec=spec)


def is_pod(operation: Operation, resource: Resource, subresource: str) -> bool:
    """Whether a pod itself is created."""
    return operation == "CREATE" and resource.key == "pods" and not subresource


def spec_of(pod: Any) -> PodSpec:
    """A pod's spec; an empty one when there is none, which validation will refuse."""
    return pod.spec or _NO_SPEC


_NO_SPEC = PodSpec()
