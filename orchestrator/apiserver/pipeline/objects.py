"""The steps between a message and the object that it means: take, read, stamp, keep."""

from typing import Any

from msgspec.structs import replace

from orchestrator.apiserver import errors
from orchestrator.apiserver.environment import Environment
from orchestrator.apiserver.kinds.resets import status_has_metadata
from orchestrator.apiserver.pipeline.claims import claimed
from orchestrator.apiserver.pipeline.course import Course, Maker, make_steps
from orchestrator.apiserver.pipeline.draft import Draft, Instead, Step
from orchestrator.apiserver.pipeline.metadata import (
    check_identity,
    check_version,
    kept,
    namespace_of,
    stamped,
)
from orchestrator.apiserver.pipeline.owners import with_owners_once
from orchestrator.protocol import Create, Update


def take(course: Course) -> tuple[Step, ...]:
    """The object of the message, which must be the one that it names. Errors: BadRequest."""
    served = course.served

    def step(_env: Environment, draft: Draft) -> None:
        draft.new = served.from_request(draft.message.object)
        check_place(draft)

    return (step,)


def take_options(_course: Course) -> tuple[Step, ...]:
    """The options of a connection, of which admission is asked."""

    def step(_env: Environment, draft: Draft) -> None:
        draft.new = draft.message.object

    return (step,)


def check_place(draft: Draft) -> None:
    """The new state must be of the object that the message names. Raises BadRequest."""
    metadata = draft.new.metadata
    if metadata.name and metadata.name != draft.name:
        raise errors.name_differs(metadata.name, draft.name)
    # That of a cluster-scoped object is cleared later.
    if draft.namespace and metadata.namespace and metadata.namespace != draft.namespace:
        raise errors.namespace_differs()


def read(course: Course) -> tuple[Step, ...]:
    """The stored object. Errors: NotFound."""
    bucket, resource = course.served.bucket, course.served.resource

    def step(env: Environment, draft: Draft) -> None:
        draft.old = env.store.get(bucket, draft.namespace, draft.name)
        if draft.old is None:
            errors.check_name(draft.name)
            raise errors.not_found(resource, draft.name)

    return (step,)


def read_or(makers: tuple[Maker, ...]) -> Maker:
    """The stored object, or for kinds that a PUT may create another course. Errors: NotFound."""

    def make(course: Course) -> tuple[Step, ...]:
        if not course.served.strategy.traits.create_on_update:
            return read(course)
        bucket, resource = course.served.bucket, course.served.resource
        create = make_steps(replace(course, action="create", instead=True), makers)

        def step(env: Environment, draft: Draft) -> Instead | None:
            draft.old = env.store.get(bucket, draft.namespace, draft.name)
            if draft.old is not None:
                return None
            errors.check_name(draft.name)
            metadata = draft.new.metadata
            check_version(metadata)
            if metadata.uid:
                raise errors.uid_mismatch(
                    resource,
                    draft.namespace,
                    draft.name,
                    metadata.uid,
                    "",
                    dry_run=draft.message.dry_run,
                )
            return Instead(_as_create(draft.message), create)

        return (step,)

    return make


def _as_create(message: Update) -> Create:
    return Create(
        resource=message.resource,
        object=message.object if message.dry_run else _unversioned(message.object),
        namespace=message.namespace,
        name=message.name,
        dry_run=message.dry_run,
        field_manager=message.field_manager,
        identity=message.identity,
        warn=message.warn,
        annotate=message.annotate,
        options=message.options,
    )


def _unversioned(sent: Any) -> Any:
    """What comes to a free name has no version of what was there before."""
    if not sent.metadata.resource_version:
        return sent
    return replace(sent, metadata=replace(sent.metadata, resource_version=""))


def stamp(course: Course) -> tuple[Step, ...]:
    """A new object: named, dated, identified. Errors: BadRequest, AlreadyExists."""
    served = course.served
    resource, stored = served.resource, served.stored
    traits = served.strategy.traits
    generation, names_itself = 1 if traits.generation else None, traits.names_itself

    def step(env: Environment, draft: Draft) -> None:
        new = served.from_request(draft.message.object)
        if len(new.metadata.owner_references) > 1:
            new = with_owners_once(new, draft.message)
        if names_itself and not (draft.name or new.metadata.name or new.metadata.generate_name):
            draft.name = env.uid()
        namespace = namespace_of(resource, new.metadata, draft.namespace)
        metadata = stamped(
            env,
            stored,
            new.metadata,
            namespace=namespace,
            name=draft.name,
            generation=generation,
            dry_run=draft.message.dry_run,
        )
        draft.name, draft.namespace = metadata.name, namespace
        draft.new = replace(new, metadata=metadata)

    return (step,)


def keep(course: Course) -> tuple[Step, ...]:
    """What an update cannot change. Errors: Conflict, Invalid (no resourceVersion)."""
    resource = course.served.resource
    unconditional = course.served.strategy.traits.unconditional_update

    def step(_env: Environment, draft: Draft) -> None:
        new, old = draft.new, draft.old.metadata
        if len(new.metadata.owner_references) > 1:
            draft.new = new = with_owners_once(new, draft.message)
        if new.metadata is not old:
            check_identity(resource, new.metadata, old, draft.message, unconditional=unconditional)
        # Whoever brings the very entries back, as most do, brings the present ledger.
        owners = claimed(new.metadata.managed_fields, old.managed_fields)
        _set_metadata(draft, kept(new.metadata, old, old.generation, owners))

    return (step,)


def keep_all_but_status(course: Course) -> tuple[Step, ...]:
    """What an update of the status cannot change. Errors: Conflict."""
    resource = course.served.resource
    unconditional = course.served.strategy.traits.unconditional_update
    has_metadata = status_has_metadata(course.served.kind.resets)

    def step(_env: Environment, draft: Draft) -> None:
        new, metadata = draft.new, draft.old.metadata
        if new.metadata is not metadata:
            check_identity(
                resource, new.metadata, metadata, draft.message, unconditional=unconditional
            )
        # A component that does not name the state it knows means the status alone; a client's document means all of it.
        if has_metadata and (new.metadata.resource_version or draft.document is not None):
            owners = metadata.managed_fields
            metadata = kept(new.metadata, metadata, metadata.generation, owners)
        elif new.metadata.uid not in ("", metadata.uid):
            metadata = replace(metadata, uid=new.metadata.uid)  # to be refused
        _set_metadata(draft, metadata)

    return (step,)


def _set_metadata(draft: Draft, metadata: Any) -> None:
    if metadata is not draft.new.metadata:
        draft.new = replace(draft.new, metadata=metadata)
