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
    everywhere, in_part = granted.everywhere, granted.in_part

    def step(_env: Environment, draft: Draft) -> None:
        message = draft.message
        who = message.identity
        if everywhere.get(id(who)) is who or in_part(who, message.namespace, message.name):
            return
        access.check(message, verb, resource, name=message.name, subresource=subresource)

    return (step,)
