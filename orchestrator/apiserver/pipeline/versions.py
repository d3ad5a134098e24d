"""The steps of custom resources, whose versions may have different fields.

A write sees its object in the version in which it comes: what is stored is opened for it, and what it
makes of that is closed again. Between some versions a webhook converts; else they have the same fields, as far as
each has a place for them. Built-in kinds have no such steps.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from orchestrator.apiserver.admission.webhooks.converting import asking
from orchestrator.apiserver.environment import Environment
from orchestrator.apiserver.kinds.conversion import relabelled
from orchestrator.apiserver.kinds.versions import Question, Unconverted, Versions
from orchestrator.apiserver.pipeline.course import Course
from orchestrator.apiserver.pipeline.draft import Draft, Step, Wait
from orchestrator.apiserver.unanswered import Unanswered
from orchestrator.machinery.objects import is_same
from orchestrator.protocol import ApiError


def open_stored(course: Course) -> tuple[Step, ...]:
    """The stored object in the version of the request. Errors: Unconverted."""
    versions, api_version = course.served.versions, course.served.resource.api_version
    if versions is None:
        return _open_alike(course)

    def step(_env: Environment, draft: Draft) -> None:
        opened = versions.converted(draft.old, api_version)
        draft.stored, draft.old = draft.old, opened

    return (step,)


def _open_alike(course: Course) -> tuple[Step, ...]:
    """The stored object as the version sees it, under the name of the one that is stored: a write judges its own."""
    served = course.served
    see = served.from_stored
    if not served.kind.custom or see is None or course.action == "delete":
        return ()
    relabel = relabelled(served.stored.api_version)

    def step(_env: Environment, draft: Draft) -> None:
        seen = relabel(see(draft.old))
        if seen.content is not draft.old.content:
            draft.stored, draft.old = draft.old, seen

    return (step,)


def _close_alike(course: Course) -> tuple[Step, ...]:
    """What was stored is that again: a write that changes nothing drops what its version does not know."""
    if not course.served.kind.custom or course.action == "delete":
        return ()

    def step(_env: Environment, draft: Draft) -> None:
        if draft.stored is not None:
            draft.old = draft.stored

    return (step,)


def close(course: Course) -> tuple[Step, ...]:
    """The new object in the version that is stored. Errors: Unconverted."""
    versions, api_version = course.served.versions, course.served.resource.api_version
    if versions is None:
        return _close_alike(course)

    def step(_env: Environment, draft: Draft) -> None:
        new, old = draft.new, draft.old
        same = old is not None and is_same(new, old)
        closed = draft.stored if same else versions.converted(new, versions.storage)
        versions.require((closed,), api_version)
        draft.new, draft.old = closed, draft.stored

    return (step, partial(_prepare_watches, versions))


def _prepare_watches(versions: Versions, env: Environment, draft: Draft) -> Any:
    """Who watches another version sees the change in that; if it cannot be had, the watch ends."""
    states = [each for each in (draft.old, draft.new) if each is not None]
    for api_version in sorted(versions.watched):
        try:
            versions.require(states, api_version)
        except Unconverted as missing:
            question = missing.question
            again = partial(_watch_answered, versions, env, draft, question)
            return asking(env, question, again)
    return None


def _watch_answered(
    versions: Versions, env: Environment, draft: Draft, question: Question, error: Any
) -> Any:
    if error is not None:
        versions.watched.discard(question.api_version)
    return _prepare_watches(versions, env, draft)


# --- asking --------------------------------------------------------------------------------


def waiting_for(
    env: Environment, missing: Unconverted | Unanswered, then: Callable[[ApiError | None], Any]
) -> Wait:
    """Ask for what somebody has missed; `then` gets what went wrong, and takes the step again."""
    if isinstance(missing, Unconverted):
        return asking(env, missing.question, then)
    return Wait(missing.ask, lambda _nothing: then(None))
