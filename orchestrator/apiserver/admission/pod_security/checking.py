"""What checks of Pod Security share: the containers of a pod, and how several of them are spoken of."""

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any, NamedTuple, TypeAlias

from orchestrator.api.core.v1 import (
    Container,
    EphemeralContainer,
    PodSecurityContext,
    PodSpec,
    SecurityContext,
)
from orchestrator.api.meta.v1 import ObjectMeta


class Violation(NamedTuple):
    """Why a check refuses a pod: in a few words, and what exactly."""

    reason: str
    detail: str


Check: TypeAlias = Callable[[ObjectMeta, PodSpec], Violation | None]
AnyContainer: TypeAlias = Container | EphemeralContainer

_NO_CONTEXT = SecurityContext()
_NO_POD_CONTEXT = PodSecurityContext()


def containers(spec: PodSpec) -> Iterator[AnyContainer]:
    """Init containers, containers, ephemeral containers."""
    yield from spec.init_containers
    yield from spec.containers
    yield from spec.ephemeral_containers


def context(container: AnyContainer) -> SecurityContext:
    """A container's security context, empty if it has none."""
    return container.security_context or _NO_CONTEXT


def pod_context(spec: PodSpec) -> PodSecurityContext:
    """A pod's security context, empty if it has none."""
    return spec.security_context or _NO_POD_CONTEXT


def bad_containers(spec: PodSpec, is_bad: Callable[[AnyContainer], Any]) -> list[str]:
    """The names of containers that are bad."""
    return [each.name for each in containers(spec) if is_bad(each)]


def plural(word: str, several: Collection[Any]) -> str:
    """The word for so many."""
    return word if len(several) == 1 else word + "s"


def quoted(names: Iterable[str]) -> str:
    """`"a", "b"`."""
    return ", ".join(f'"{name}"' for name in names)


def named(word: str, names: Collection[str]) -> str:
    """`containers "a", "b"`."""
    return f"{plural(word, names)} {quoted(names)}"


def setters(pod: bool, names: Collection[str]) -> str:
    """Who sets something: `pod and container "a"`; "" for nobody."""
    found = ["pod"] if pod else []
    if names:
        found.append(named("container", names))
    return " and ".join(found)


def uses(names: Collection[str]) -> str:
    """The verb for one or several."""
    return "uses" if len(names) == 1 else "use"


def has_own_users(spec: PodSpec) -> bool:
    """Whether the pod is in a user namespace, where root is nobody outside."""
    return spec.host_users is False


def is_windows(spec: PodSpec) -> bool:
    """Whether the pod says that it is of Windows, where validation refuses what Linux' pods must set."""
    return spec.os is not None and spec.os.name == "windows"
