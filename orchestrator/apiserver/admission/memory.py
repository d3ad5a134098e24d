"""What plugins remember: the spec that they made of a spec.

Objects are frozen and shared, so the same spec under the same circumstances gives the same new
spec, and must give the very same object: ten thousand pods of one template share it.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from msgspec.structs import replace

from orchestrator.api.core.v1 import Pod, PodSpec
from orchestrator.api.scheme import Resource
from orchestrator.apiserver.admission.interface import Operation
from orchestrator.machinery.memo import MixedMemo

V = TypeVar("V")


class SpecMemory(MixedMemo[PodSpec, V]):
    """A bounded memory of `make(spec, *circumstances)` by the spec's identity."""

    __slots__ = ()

    def __init__(self, make: Callable[..., V], capacity: int = 1 << 11) -> None:
        super().__init__(make, capacity)


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
