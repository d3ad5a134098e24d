"""`scale`: how many replicas, for whoever need not know what of."""

from collections.abc import Mapping
from typing import Any, Final, Protocol

from msgspec.structs import replace

from orchestrator.api.autoscaling.v1 import Scale, ScaleSpec, ScaleStatus
from orchestrator.api.meta.v1 import LabelSelector, ObjectMeta
from orchestrator.apiserver import errors
from orchestrator.apiserver.environment import Environment
from orchestrator.apiserver.pipeline.admission import admit, review, review_outside
from orchestrator.apiserver.pipeline.apply import apply
from orchestrator.apiserver.pipeline.authorize import authorize
from orchestrator.apiserver.pipeline.commit import commit
from orchestrator.apiserver.pipeline.course import Course, Maker
from orchestrator.apiserver.pipeline.draft import Draft, Step
from orchestrator.apiserver.pipeline.kinds import validate
from orchestrator.apiserver.pipeline.metadata import check_identity
from orchestrator.apiserver.pipeline.objects import check_place, read
from orchestrator.apiserver.pipeline.own_fields import own_fields
from orchestrator.apiserver.pipeline.part import Part
from orchestrator.apiserver.pipeline.patch import patched
from orchestrator.apiserver.validation.field import cause_of
from orchestrator.machinery import field_errors, labels
from orchestrator.protocol import BadRequest


class _Spec(Protocol):
    """What the specs of scalable kinds share."""

    @property
    def replicas(self) -> int | None: ...
    @property
    def selector(self) -> LabelSelector | Mapping[str, str] | None: ...


_ABSENT: Final = 1  # what a spec without `replicas` means


def scale_of(stored: Any) -> Scale:
    """A scalable object as a Scale."""
    metadata: ObjectMeta = stored.metadata
    return Scale(
        metadata=ObjectMeta(
            name=metadata.name,
            namespace=metadata.namespace,
            uid=metadata.uid,
            resource_version=metadata.resource_version,
            creation_timestamp=metadata.creation_timestamp,
        ),
        spec=ScaleSpec(replicas=_replicas(stored)),
        status=ScaleStatus(
            replicas=0 if stored.status is None else stored.status.replicas or 0,
            selector=_selector(stored.spec),
        ),
    )


def _replicas(stored: Any) -> int:
    replicas = None if stored.spec is None else stored.spec.replicas
    return _ABSENT if replicas is None else replicas


def _selector(spec: _Spec | None) -> str:
    selector = None if spec is None else spec.selector
    if selector is None:
        return ""
    if isinstance(selector, LabelSelector):
        return str(labels.of_struct(selector))
    return str(labels.of_pairs(selector))


def _take(course: Course) -> tuple[Step, ...]:
    """The Scale of the message. Errors: BadRequest, Conflict."""

    def step(_env: Environment, draft: Draft) -> None:
        received = draft.message.object
        if type(received) is not Scale:
            raise BadRequest(f"{type(received).__name__} in the request is not a Scale")
        _mean(course, draft, received)

    return (step,)


def _patch(course: Course) -> tuple[Step, ...]:
    """The Scale that the patch makes of the present one. Errors: Conflict, those of patches."""

    def step(_env: Environment, draft: Draft) -> None:
        _mean(course, draft, patched(draft.message, scale_of(draft.old)))

    return (step,)


def _mean(course: Course, draft: Draft, scale: Scale) -> None:
    """The Scale must be of the stored object."""
    draft.new = scale
    check_place(draft)
    check_identity(course.served.resource, scale.metadata, draft.old.metadata, unconditional=True)


def _scale(course: Course) -> tuple[Step, ...]:
    """The object with as many replicas as the Scale says. Errors: Invalid."""

    def step(_env: Environment, draft: Draft) -> None:
        replicas = _checked_replicas(draft.new, draft.name)
        old = draft.old
        draft.new = old if replicas == _replicas(old) else _with_replicas(old, replicas)

    return (step,)


def _checked_replicas(scale: Scale, name: str) -> int:
    replicas = 0 if scale.spec is None else scale.spec.replicas or 0
    if replicas < 0:
        fault = field_errors.invalid(
            "spec.replicas", replicas, "must be greater than or equal to 0"
        )
        raise errors.invalid("Scale", "autoscaling", name, [cause_of(fault)])
    return replicas


def _with_replicas(stored: Any, replicas: int) -> Any:
    metadata = replace(stored.metadata, generation=(stored.metadata.generation or 0) + 1)
    return replace(stored, metadata=metadata, spec=replace(stored.spec, replicas=replicas))


_REPLACE: Final[tuple[Maker, ...]] = (
    admit,
    review_outside,
    review,
    _scale,
    validate,
    own_fields,
    commit,
)
SCALE: Final = Part(
    writes={
        "update": (authorize, read, _take, *_REPLACE),
        "patch": (authorize, read, _patch, *_REPLACE),
        "apply": (authorize, read, apply, *_REPLACE),
    },
    as_part=scale_of,
)
