"""`scale`: how many replicas, for whoever need not know what of."""

from collections.abc import Mapping
from functools import cached_property, partial
from typing import Any, Final

from msgspec.structs import replace

from orchestrator.api import codec
from orchestrator.api.autoscaling.v1 import Scale, ScaleSpec
from orchestrator.api.meta.v1 import ManagedFieldsEntry
from orchestrator.apiserver import errors
from orchestrator.apiserver.environment import Environment
from orchestrator.apiserver.kinds.kind import Kind
from orchestrator.apiserver.kinds.scaling import Scaling
from orchestrator.apiserver.pipeline.admission import admit, review, review_outside
from orchestrator.apiserver.pipeline.apply import (
    check_kind,
    check_said,
    configuration_of,
    lay_over,
    object_of,
    what,
)
from orchestrator.apiserver.pipeline.authorize import authorize
from orchestrator.apiserver.pipeline.commit import commit
from orchestrator.apiserver.pipeline.course import Action, Course, Maker
from orchestrator.apiserver.pipeline.draft import Draft, Step
from orchestrator.apiserver.pipeline.kinds import validate, warn
from orchestrator.apiserver.pipeline.metadata import check_identity, check_uid
from orchestrator.apiserver.pipeline.objects import check_place, read
from orchestrator.apiserver.pipeline.own_fields import manager_of
from orchestrator.apiserver.pipeline.part import Part
from orchestrator.apiserver.pipeline.patch import patched
from orchestrator.apiserver.pipeline.versions import close, open_stored
from orchestrator.apiserver.validation.field import cause_of
from orchestrator.machinery import field_errors
from orchestrator.machinery.documents import Json
from orchestrator.machinery.managed_fields.field_sets import FieldSet, difference, intersection
from orchestrator.machinery.managed_fields.ledger import hides, managers_in
from orchestrator.machinery.managed_fields.managers import (
    Manager,
    Managers,
    Ownership,
    entries_of,
    owned_otherwise,
    updater,
)
from orchestrator.machinery.managed_fields.openapi_shapes import shape_of_kind
from orchestrator.machinery.managed_fields.ownership import Writer, adopted
from orchestrator.machinery.managed_fields.shapes import Shape
from orchestrator.protocol import BadRequest, Cause, InternalError, Unclassified


def scale_part(kind: Kind) -> Part:
    """The part of a kind's objects that is their scale."""
    scaling = kind.scaling
    return Part(writes=_WRITES, as_part=scaling.scale_of, shown=partial(_shown, scaling))


def _shown(scaling: Scaling, stored: Any) -> Scale:
    missing = None if scaling.missing is None else scaling.missing(stored)
    if missing is not None:
        why = f"{missing} does not exist"
        raise InternalError(f"Internal error occurred: {why}", causes=(Cause("", why, ""),))
    return scaling.scale_of(stored)


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

    scaling = course.served.kind.scaling

    def step(_env: Environment, draft: Draft) -> None:
        present = scaling.scale_of(draft.old)
        if scaling.missing is not None and scaling.missing(draft.old) is not None:
            present = replace(present, spec=ScaleSpec(replicas=_UNSAID))
        scale = patched(draft.message, present)
        if scale.spec is not None and scale.spec.replicas == _UNSAID:
            _check_number(scaling, draft.old)
        _mean(course, draft, scale)

    return (step,)


def _check_number(scaling: Scaling, old: Any) -> None:
    """A patch of what has no number must say one."""
    missing = None if scaling.missing is None else scaling.missing(old)
    if missing is not None:
        raise BadRequest(f"{missing} cannot be empty")


# What a Scale without a number says to a patch, so that one that says nothing is known.
_UNSAID: Final = -(2**31)


def _mean(course: Course, draft: Draft, scale: Scale) -> None:
    """The Scale must be of the stored object."""
    draft.new = scale
    check_place(draft)
    check_identity(
        course.served.resource,
        scale.metadata,
        draft.old.metadata,
        draft.message,
        unconditional=True,
    )
    check_uid(course.served.resource, scale.metadata, draft.old.metadata)


def _show(course: Course) -> tuple[Step, ...]:
    """The Scale that the object will have, for those who judge it. Errors: Invalid."""
    kind = course.served.kind

    def step(_env: Environment, draft: Draft) -> None:
        replicas = _replicas(draft.new)
        if not kind.custom:  # a custom resource is judged as a whole
            _check_replicas(replicas, draft.name)
        draft.new = kind.scaling.scale_of(_with_replicas(kind.scaling, draft.old, replicas))

    return (step,)


def _scale(course: Course) -> tuple[Step, ...]:
    """The object with as many replicas as the Scale says."""
    scaling = course.served.kind.scaling

    def step(_env: Environment, draft: Draft) -> None:
        draft.new = _with_replicas(scaling, draft.old, _replicas(draft.new))

    return (step,)


def _replicas(scale: Scale) -> int:
    return 0 if scale.spec is None else scale.spec.replicas or 0


def _check_replicas(replicas: int, name: str) -> None:
    if replicas < 0:
        fault = field_errors.invalid(
            "spec.replicas", replicas, "must be greater than or equal to 0"
        )
        raise errors.invalid("Scale", "autoscaling", name, [cause_of(fault)])


def _with_replicas(scaling: Scaling, stored: Any, replicas: int) -> Any:
    unset = scaling.missing is not None and scaling.missing(stored) is not None
    if not unset and replicas == _replicas(scaling.scale_of(stored)):
        return stored
    metadata = replace(stored.metadata, generation=(stored.metadata.generation or 0) + 1)
    return scaling.with_replicas(replace(stored, metadata=metadata), replicas)


def _own(course: Course) -> tuple[Step, ...]:
    """Note who changes the number.

    No replicas are a number that a Scale leaves out, so that nobody owns it. And as in the original the owners
    of a number that nobody owns are not looked at, as are those of an object without any.
    """
    if course.action == "apply":
        return ()  # it knows its owners already
    scaling, api_version = course.served.kind.scaling, course.served.resource.api_version
    mine = _owned(scaling.path)

    def step(_env: Environment, draft: Draft) -> None:
        before = managers_in(draft.new.metadata.managed_fields)
        owners = _of_scale(before, mine)
        replicas = _replicas(scaling.scale_of(draft.new))
        if owners and replicas != _replicas(scaling.scale_of(draft.old)):
            writer = updater(manager_of(draft.message), _PATH.api_version, "scale")
            owners = {writer: Ownership(_OWNED, _PATH.api_version)} if replicas else {}
        after = _of_parent(before, owners, api_version, mine)
        draft.owners = after
        draft.owners_changed = after != tuple(draft.new.metadata.managed_fields)

    return (step,)


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

    def merged_pair(self, _old: Any, _new: Any, _api_version: str) -> None:
        """There is no other version."""


_PATH: Final = _ScalePath()
_OWNED: Final[FieldSet] = {"f:spec": {"f:replicas": {}}}


def _owned(path: tuple[str, ...]) -> FieldSet:
    """The field at a path."""
    fields: FieldSet = {}
    for name in reversed(path):
        fields = {f"f:{name}": fields}
    return fields


def _apply(course: Course) -> tuple[Step, ...]:
    """The Scale that an applied one makes. Errors: BadRequest, Conflict, Unclassified."""
    api_version, scaling = course.served.resource.api_version, course.served.kind.scaling
    mine, is_custom = _owned(scaling.path), course.served.kind.custom

    def step(env: Environment, draft: Draft) -> None:
        message, old = draft.message, draft.old
        managers = managers_in(old.metadata.managed_fields)
        owners = _of_scale(managers, mine)
        if is_custom and not owners:
            check_kind(_PATH, message.body)
            raise Unclassified(
                f"failed to create manager for existing fields: {_inconvertible('live', {})}"
            )
        body = configuration_of(_PATH, message, is_there=True)
        live = codec.to_dict(scaling.scale_of(old))
        if not owners and _replicas(scaling.scale_of(old)):
            # Somebody has the number all the same, who never applied.
            owners = adopted(live, _PATH.shape, _PATH.writer(""), env.time())
        result = lay_over(env, _PATH, message, body, live, owners)
        if is_custom and result.changed:
            raise Unclassified(_inconvertible("new", body))
        check_said(message, body, is_there=True)
        after = _of_parent(managers, result.managers, api_version, mine)
        draft.owners = after
        draft.owners_changed = hides(old.metadata.managed_fields) or owned_otherwise(
            managers, managers_in(after)
        )
        scale = object_of(_PATH, result.object, body)
        if scale.spec is None or scale.spec.replicas is None:
            _check_number(scaling, old)
        _mean(course, draft, scale)

    return (step,)


def _inconvertible(which: str, body: Json) -> str:
    """Kubernetes makes no other Scale of what is applied to a custom resource: only who owns the number can change."""
    return (
        f"failed to convert {which} object ({what(_PATH, body)}) to proper version: "
        f"request to convert CR to an invalid group/version: {_PATH.api_version}"
    )


def _of_scale(managers: Managers, mine: FieldSet) -> Managers:
    """Who owns the number of replicas (`mine`), as owners of the Scale's."""
    return {
        _in_version(manager, _PATH.api_version): Ownership(_OWNED, _PATH.api_version, owned.time)
        for manager, owned in managers.items()
        if intersection(owned.fields, mine)
    }


def _of_parent(
    before: Managers, scale: Managers, api_version: str, mine: FieldSet
) -> tuple[ManagedFieldsEntry, ...]:
    """The owners of the scaled object's fields after those of its Scale have changed.

    As in the original, who updates owns the number in the version of a Scale, so that it is taken from what she owns
    of the object: there are two entries of hers then, of which the next write reads the last. And who begins to own
    through the Scale has no time.
    """
    after = {
        manager: replace(owned, fields=fields)
        for manager, owned in before.items()
        if (fields := owned.fields if manager in scale else difference(owned.fields, mine))
    }
    begun = {manager: Ownership(mine, api_version) for manager in scale if manager not in before}
    return entries_of({**after, **begun})


def _in_version(manager: Manager, api_version: str) -> Manager:
    """The same manager by another version; one who applies is the same by all."""
    return manager._replace(api_version=api_version) if manager.api_version else manager


_REPLACE: Final[tuple[Maker, ...]] = (
    admit,
    _show,
    review_outside,
    review,
    _scale,
    validate,
    warn,
    _own,
    close,
    commit,
)
_WRITES: Final[Mapping[Action, tuple[Maker, ...]]] = {
    "update": (authorize, read, open_stored, _take, *_REPLACE),
    "patch": (authorize, read, open_stored, _patch, *_REPLACE),
    "apply": (authorize, read, open_stored, _apply, *_REPLACE),
}
