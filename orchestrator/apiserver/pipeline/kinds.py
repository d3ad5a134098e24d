"""The steps that ask what a kind has of its own: preparation, defaults, validation, allocation."""

from collections.abc import Callable, Sequence
from typing import Any

from msgspec.structs import replace

from orchestrator.api.core.v1 import Pod
from orchestrator.api.meta.v1 import ManagedFieldsEntry
from orchestrator.api.scheme import Resource
from orchestrator.apiserver import errors
from orchestrator.apiserver.environment import Environment
from orchestrator.apiserver.kinds.defaulting import defaulter
from orchestrator.apiserver.kinds.kind import Kind
from orchestrator.apiserver.kinds.strategy import Strategy
from orchestrator.apiserver.kinds.validating import (
    validate_create,
    validate_status_update,
    validate_update,
)
from orchestrator.apiserver.pipeline.course import Course, pure
from orchestrator.apiserver.pipeline.draft import Draft, Overtaken, Step
from orchestrator.apiserver.pipeline.emptiness import says_empty
from orchestrator.apiserver.validation.empties import with_empties
from orchestrator.apiserver.validation.formats import LOOPBACK
from orchestrator.apiserver.validation.warnings import Warnings
from orchestrator.protocol import Cause, Invalid, Patch


@pure
def default(course: Course) -> tuple[Step, ...]:
    """What the author did not say."""
    fill = defaulter(course.served.kind, applied=course.applied)
    if fill is None:
        return ()

    def step(_env: Environment, draft: Draft) -> None:
        draft.new = fill(draft.new)

    def fill_changed(_env: Environment, draft: Draft) -> None:
        # An apply that changes nothing leaves what is stored, which this version's defaults are not for.
        if draft.new is not draft.old:
            draft.new = fill(draft.new)

    served = course.served
    is_other = served.kind.custom and served.resource is not served.stored
    return (fill_changed,) if is_other else (step,)


@pure
def default_status(course: Course) -> tuple[Step, ...]:
    """What the author of a status did not say.

    Pods are left out: what kubelets report of them is whole, and a cluster writes little else.
    """
    return () if course.served.kind.type is Pod else default(course)


# --- preparation ---------------------------------------------------------------------------


def prepare_to_create(course: Course) -> tuple[Step, ...]:
    """A new object without what only the system may say."""
    strategy = course.served.strategy
    prepare = strategy.prepare_for_create

    def step(env: Environment, draft: Draft) -> None:
        draft.new = prepare(draft.new, env)

    def attribute(_env: Environment, draft: Draft) -> None:
        draft.new = strategy.attributed(draft.new, draft.message.identity)

    return (step,) if type(strategy).attributed is Strategy.attributed else (step, attribute)


def prepare_to_update(course: Course) -> tuple[Step, ...]:
    """An update without what an update may not say."""
    return (_prepared(course.served.strategy.prepare_for_update),)


def prepare_status(course: Course) -> tuple[Step, ...]:
    """The old object with the new status."""
    return (_prepared(course.served.strategy.prepare_for_status_update),)


def _prepared(prepare: Callable[[Any, Any, Environment], Any]) -> Step:
    def step(env: Environment, draft: Draft) -> None:
        draft.new = prepare(draft.new, draft.old, env)

    return step


def count_generation(course: Course) -> tuple[Step, ...]:
    """A generation more, if the update changes what it counts."""
    strategy = course.served.strategy
    if not strategy.traits.generation:
        return ()

    empties_count = strategy.traits.empties_count

    def step(_env: Environment, draft: Draft) -> None:
        new, old = draft.new, draft.old
        if strategy.has_changed(new, old) or (
            empties_count and says_empty(_said(draft), new, strategy.content)
        ):
            generation = (old.metadata.generation or 0) + 1
            draft.new = replace(new, metadata=replace(new.metadata, generation=generation))

    return (step,)


def _said(draft: Draft) -> Any:
    """What a client says of the object: its document, what its patch makes of that, or what it applies."""
    if draft.document is not None or type(draft.message) is not Patch:
        return draft.document
    body, who = draft.message.body, draft.message.field_manager
    if all((each.manager, each.operation) != (who, "Apply") for each in _owners(draft.old)):
        return body
    # To who has applied before, a list whose items are told apart by keys, as a kind's own lists are, is no change.
    return {name: part for name, part in body.items() if part != []}


def _owners(obj: Any) -> Sequence[ManagedFieldsEntry]:
    found: Sequence[ManagedFieldsEntry] = obj.metadata.managed_fields
    return found


# --- validation ----------------------------------------------------------------------------


@pure
def validate_new(course: Course) -> tuple[Step, ...]:
    """A new object. Errors: Invalid."""
    kind, stored = course.served.kind, course.served.stored

    def step(env: Environment, draft: Draft) -> None:
        causes = validate_create(kind, stored.namespaced, draft.new)
        if causes:
            refuse_invalid(
                stored, draft.new.metadata.name, with_empties(_grave(causes, env), draft.document)
            )

    return (step,)


@pure
def validate(course: Course) -> tuple[Step, ...]:
    """An update. Errors: Invalid."""
    return (_validated(course, validate_update),)


@pure
def validate_status(course: Course) -> tuple[Step, ...]:
    """An update of the status. Errors: Invalid."""
    return (_validated(course, validate_status_update),)


def _validated(course: Course, causes_of: Callable[[Kind, Any, Any], Sequence[Cause]]) -> Step:
    kind, stored = course.served.kind, course.served.stored

    asides = kind.rules.asides

    def step(env: Environment, draft: Draft) -> None:
        causes = causes_of(kind, draft.new, draft.old)
        if asides is not None and draft.message.warn is not None:
            for text in dict.fromkeys(asides(draft.new)):
                draft.message.warn(text)
        if causes:
            document = draft.document
            if document is None and type(draft.message) is Patch:
                document = draft.message.body  # what is applied
            refuse_invalid(
                stored, draft.new.metadata.name, with_empties(_grave(causes, env), document)
            )

    return step


def _grave(causes: Sequence[Cause], env: Environment) -> Sequence[Cause]:
    """What is to be refused. Where the cluster's own network is on loopback addresses, its endpoints are there."""
    if not env.allocations.network.is_loopback:
        return causes
    return [cause for cause in causes if not cause.message.endswith(LOOPBACK)]


def refuse_invalid(resource: Resource, name: str, causes: Sequence[Cause]) -> None:
    """Raise Invalid if there are causes."""
    if causes:
        raise errors.invalid(resource.kind, resource.group, name, causes)


@pure
def warn(course: Course) -> tuple[Step, ...]:
    """Tell the writer what is accepted and better left out."""
    warnings = course.served.kind.warnings
    return () if warnings is None else (_warned(warnings),)


@pure
def warn_of_status(course: Course) -> tuple[Step, ...]:
    """Tell the writer of a status what is better written otherwise."""
    warnings = course.served.kind.status_warnings
    return () if warnings is None else (_warned(lambda new, _old: warnings(new)),)


def _warned(warnings: Callable[[Any, Any], Warnings]) -> Step:
    def step(_env: Environment, draft: Draft) -> None:
        tell = draft.message.warn
        if tell is not None:
            for text in dict.fromkeys(warnings(draft.new, draft.old)):
                tell(text)

    return step


# --- allocation ----------------------------------------------------------------------------


def allocate(course: Course) -> tuple[Step, ...]:
    """What is counted out from pools (addresses, ports). Errors: Invalid."""
    strategy = course.served.strategy
    if type(strategy).allocate is Strategy.allocate:
        return ()

    def step(env: Environment, draft: Draft) -> None:
        draft.new = strategy.allocate(draft.new, draft.old, env, dry_run=draft.message.dry_run)

    return (step,)


def confirm(course: Course) -> tuple[Step, ...]:
    """Allocate again after a wait: somebody else may have taken what was free. Errors: Overtaken.

    A dry run has taken nothing.
    """
    strategy, served = course.served.strategy, course.served
    plugins = served.validating(course.operation, course.subresource)
    waits = course.bulky or any(plugin.waits for plugin in plugins)
    if not waits or not allocate(course):
        return ()

    def step(env: Environment, draft: Draft) -> None:
        if draft.message.dry_run:
            return
        try:
            draft.new = strategy.allocate(draft.new, draft.old, env, dry_run=draft.message.dry_run)
        except Invalid as error:
            raise Overtaken from error

    return (step,)
