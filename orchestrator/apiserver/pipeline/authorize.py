"""May the sender do this? Asked of every request, before anything is read."""

from orchestrator.apiserver.environment import Environment
from orchestrator.apiserver.pipeline.course import Course
from orchestrator.apiserver.pipeline.draft import Draft, Step


def authorize(course: Course) -> tuple[Step, ...]:
    """Ask the authorizer. Errors: Forbidden."""
    access = course.access
    if access is None:
        return ()
    verb, resource, subresource = course.verb, course.served.resource, course.subresource
    granted = access.granted(verb, resource, subresource)

    def step(_env: Environment, draft: Draft) -> None:
        message = draft.message
        who = message.identity
        # The second look is for whom a role is bound in the namespace alone.
        if granted.get(id(who)) is not who and granted.get((id(who), message.namespace)) is not who:
            access.check(message, verb, resource, name=message.name, subresource=subresource)

    return (step,)
