"""How many replicas an object has and wants, wherever in it that stands."""

from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from msgspec import Struct
from msgspec.structs import replace

from orchestrator.api.autoscaling.v1 import Scale, ScaleSpec, ScaleStatus
from orchestrator.api.meta.v1 import LabelSelector, ObjectMeta
from orchestrator.machinery import labels


class Scaling(Struct, frozen=True):
    """`scale_of` shows an object as a Scale; `with_replicas` is the object with another number.

    `path` is where the number stands. `missing` says of an object that has none what a get of its
    scale answers (None: there is a number always, or a default).
    """

    scale_of: Callable[[Any], Scale]
    with_replicas: Callable[[Any, int], Any]
    path: tuple[str, ...] = ("spec", "replicas")
    missing: Callable[[Any], str | None] | None = None


class _Spec(Protocol):
    """What the specs of scalable kinds share."""

    @property
    def replicas(self) -> int | None: ...
    @property
    def selector(self) -> LabelSelector | Mapping[str, str] | None: ...


_ABSENT: Final = 1  # what a spec without `replicas` means


def scale(metadata: ObjectMeta, wanted: int | None, found: int, selector: str) -> Scale:
    """A Scale; without a wanted number if that is 0, as it is written."""
    return Scale(
        metadata=ObjectMeta(
            name=metadata.name,
            namespace=metadata.namespace,
            uid=metadata.uid,
            resource_version=metadata.resource_version,
            creation_timestamp=metadata.creation_timestamp,
        ),
        spec=ScaleSpec(replicas=wanted or None),
        status=ScaleStatus(replicas=found, selector=selector),
    )


def _scale_of(stored: Any) -> Scale:
    wanted = None if stored.spec is None else stored.spec.replicas
    found = 0 if stored.status is None else stored.status.replicas or 0
    wanted = _ABSENT if wanted is None else wanted
    return scale(stored.metadata, wanted, found, _selector(stored.spec))


def _selector(spec: _Spec | None) -> str:
    selector = None if spec is None else spec.selector
    if selector is None:
        return ""
    if isinstance(selector, LabelSelector):
        return str(labels.of_struct(selector))
    return str(labels.of_pairs(selector))


def _with_replicas(stored: Any, replicas: int) -> Any:
    return replace(stored, spec=replace(stored.spec, replicas=replicas))


TYPED: Final = Scaling(_scale_of, _with_replicas)
