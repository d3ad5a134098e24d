"""The last step: a write, or the answer of a write that is none (a dry run, or no change)."""

from typing import Any

from msgspec.structs import replace

from orchestrator.apiserver import errors
from orchestrator.apiserver.environment import Environment
from orchestrator.apiserver.pipeline.course import Course
from orchestrator.apiserver.pipeline.draft import Commit, Decision, Draft, Step
from orchestrator.apiserver.pipeline.metadata import is_finished, is_version
from orchestrator.machinery.managed_fields.ledger import hides, managers_in
from orchestrator.machinery.managed_fields.managers import owned_otherwise
from orchestrator.machinery.objects import is_same


def commit_new(course: Course) -> tuple[Step, ...]:
    """Store a new object. Errors: AlreadyExists; Unclassified for one that says it is stored."""
    bucket, resource = course.served.bucket, course.served.resource
    show, reply = course.show, course.reply

    def step(env: Environment, draft: Draft) -> Decision:
        namespace, name, new = draft.namespace, draft.name, draft.new
        version = draft.message.object.metadata.resource_version
        if version and is_version(version) and not draft.message.dry_run:
            raise errors.version_on_create()
        present = env.store.get(bucket, namespace, name)
        if present is not None:
            taken = (
                errors.name_not_generated if new.metadata.generate_name else errors.already_exists
            )
            raise taken(resource, name, ending=present.metadata.deletion_timestamp is not None)
        if draft.message.dry_run:
            return show(owned(draft))
        return Commit(bucket, namespace, name, new, managed_fields=draft.owners, reply=reply)

    return (*_as_stored(course), step)


def commit(course: Course) -> tuple[Step, ...]:
    """Store the new state.

    An update that changes nothing takes no revision and is no event. One that removes the last
    finalizer of a deleted object removes the object: it is answered as updated, and watchers see it
    as it was before.
    """
    bucket, is_held = course.served.bucket, course.served.strategy.is_held
    show, reply = course.show, course.reply

    def step(_env: Environment, draft: Draft) -> Decision:
        new, old = draft.new, draft.old
        if is_same(new, old) and not draft.owners_changed and not _owns_more(draft):
            return show(old)
        if draft.message.dry_run:
            return show(owned(draft))
        if is_finished(new, old) and not is_held(new):
            return Commit(
                bucket,
                draft.namespace,
                draft.name,
                old,
                old,
                delete=True,
                reply=lambda _change: show(owned(draft)),
            )
        return Commit(
            bucket, draft.namespace, draft.name, new, old, False, draft.owners, reply=reply
        )

    return (*_as_stored(course), step)


def _owns_more(draft: Draft) -> bool:
    """Whether a write that changes nothing else makes its writer own what the kind does not keep, or what is restated."""
    is_told = draft.document is not None or (draft.said is not None and draft.said != draft.old)
    if not is_told or draft.owners is None:
        return False
    before = managers_in(draft.old.metadata.managed_fields)
    return owned_otherwise(before, managers_in(draft.owners)) or hides(
        draft.old.metadata.managed_fields
    )


def _as_stored(course: Course) -> tuple[Step, ...]:
    """What is stored of an object, where that is not what was judged."""
    served = course.served
    stored, fill = served.kind.stored, served.kind.default
    if stored is None:
        return ()

    def step(_env: Environment, draft: Draft) -> None:
        draft.new = stored(draft.new)

    keeps_nulls = served.kind.default_applied is None or served.resource is not served.stored
    if fill is None or keeps_nulls or not course.applied:
        return (step,)
    without_nulls = fill

    def drop_nulls(_env: Environment, draft: Draft) -> None:
        # What is applied is judged, and counted as a change, with nulls that are not kept.
        draft.new = without_nulls(draft.new)

    return (step, drop_nulls)


def owned(draft: Draft) -> Any:
    """The new object with its owners, as the store would stamp it."""
    new = draft.new
    if draft.owners is None:
        return new
    return replace(new, metadata=replace(new.metadata, managed_fields=draft.owners))


def commit_changed(course: Course) -> tuple[Step, ...]:
    """Store a new state that is known to differ, and to be one of an object that stays."""
    bucket, show, reply = course.served.bucket, course.show, course.reply

    def step(_env: Environment, draft: Draft) -> Decision:
        new = draft.new
        if draft.message.dry_run:
            return show(new)
        return Commit(bucket, draft.namespace, draft.name, new, draft.old, reply=reply)

    return (step,)
