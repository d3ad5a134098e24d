"""May the sender do this? Asked of every request, before anything is read."""

from typing import Any

from orchestrator.api.scheme import Resource
from orchestrator.apiserver import errors
from orchestrator.apiserver.authorizer import Authorizer, Verb
from orchestrator.apiserver.environment import Environment
from orchestrator.apiserver.pipeline.course import Course
from orchestrator.apiserver.pipeline.draft import Draft, Step


def check_authorized(
    authorizer: Authorizer,
    message: Any,
    verb: Verb,
    resource: Resource,
    *,
    name: str = "",
    subresource: str = "",
) -> None:
    """Raises Forbidden if the authorizer refuses."""
    why = authorizer.refusal(
        message.identity,
        verb,
        resource,
        namespace=message.namespace,
        name=name,
        subresource=subresource,
    )
    if why is not None:
        raise errors.unauthorized(
            message.identity,
            verb,
            resource,
            namespace=message.namespace,
            name=name,
            subresource=subresource,
            reason=why,
        )


def authorize(course: Course) -> tuple[Step, ...]:
    """Ask the authorizer. Errors: Forbidden."""
    authorizer = course.authorizer
    if authorizer is None:
        return ()
    verb, resource, subresource = course.verb, course.served.resource, course.subresource

    def step(_env: Environment, draft: Draft) -> None:
        message = draft.message
        check_authorized(
            authorizer, message, verb, resource, name=message.name, subresource=subresource
        )

    return (step,)
