"""`scale`: how many replicas, for whoever need not know what of."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final, Protocol

from msgspec.structs import replace

from orchestrator.api import codec
from orchestrator.api.autoscaling.v1 import Scale, ScaleSpec, ScaleStatus
from orchestrator.api.meta.v1 import LabelSelector, ObjectMeta
from orchestrator.apiserver import errors
from orchestrator.apiserver.environment import Environment
from orchestrator.apiserver.pipeline.admission import admit, review, review_outside
from orchestrator.apiserver.pipeline.apply import (
    configuration_of,
    lay_over,
    object_of,
    who_owns_what,
)
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
from orchestrator.machinery.managed_fields.field_sets import FieldSet, difference, intersection
from orchestrator.machinery.managed_fields.ledger import managers_in, settled
from orchestrator.machinery.managed_fields.managers import Manager, Managers, Ownership
from orchestrator.machinery.managed_fields.openapi_shapes import shape_of_kind
from orchestrator.machinery.managed_fields.ownership import Writer
from orchestrator.machinery.managed_fields.shapes import Shape
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
        spec=ScaleSpec(replicas=_replicas(stored) or None),  # zero is not written
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


# --- apply ---------------------------------------------------------------------------------


class _ScalePath:
    """Scales as they are applied; whose fields these are stands in the scaled object."""

    api_version: Final = Scale.api_version
    kind: Final = Scale.kind
    type: Final = Scale

    @cached_property
    def shape(self) -> Shape:
        """Of a Scale."""
        return shape_of_kind("autoscaling", "v1", Scale.kind)

    def writer(self, name: str) -> Writer:
        """Who applies a Scale."""
        return Writer(name=name, api_version=self.api_version, subresource="scale")

    def to_stored(self, received: Any) -> Any:
        """A Scale is not stored."""
        return received

    def pair(self, _old: Any, _new: Any, _api_version: str) -> None:
        """There is no other version."""


_PATH: Final = _ScalePath()
_OWNED: Final[FieldSet] = {"f:spec": {"f:replicas": {}}}


def _apply(course: Course) -> tuple[Step, ...]:
    """The Scale that an applied one makes. Errors: BadRequest, Conflict, Unclassified."""
    api_version = course.served.resource.api_version

    def step(env: Environment, draft: Draft) -> None:
        message, old = draft.message, draft.old
        body = configuration_of(_PATH, message)
        managers = managers_in(old.metadata.managed_fields)
        live = codec.to_dict(scale_of(old))
        result = lay_over(env, _PATH, message, body, live, _of_scale(managers))
        after = _of_parent(managers, result.managers, api_version)
        draft.owners = settled(after)
        draft.owners_changed = who_owns_what(managers) != who_owns_what(after)
        _mean(course, draft, object_of(_PATH, result.object))

    return (step,)


def _of_scale(managers: Managers) -> Managers:
    """Who owns the number of replicas, as owners of the Scale's."""
    return {
        _in_version(manager, _PATH.api_version): Ownership(_OWNED, _PATH.api_version, owned.time)
        for manager, owned in managers.items()
        if intersection(owned.fields, _OWNED)
    }


def _of_parent(before: Managers, scale: Managers, api_version: str) -> Managers:
    """The owners of the scaled object's fields after those of its Scale have changed.

    As in the original, who begins to own through the Scale has no time.
    """
    after: Managers = {}
    for manager, owned in before.items():
        kept = _in_version(manager, _PATH.api_version) in scale
        fields = owned.fields if kept else difference(owned.fields, _OWNED)
        if fields:
            after[manager] = replace(owned, fields=fields)
    for manager in scale:
        mine = _in_version(manager, api_version)
        if mine not in after:
            after[mine] = Ownership(_OWNED, api_version)
    return after


def _in_version(manager: Manager, api_version: str) -> Manager:
    """The same manager by another version; one who applies is the same by all."""
    return manager._replace(api_version=api_version) if manager.api_version else manager


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
        "apply": (authorize, read, _apply, *_REPLACE),
    },
    as_part=scale_of,
)
