"""The step that keeps kubelets to their own nodes; nobody else meets it."""

from orchestrator.apiserver import errors
from orchestrator.apiserver.admission.node_restriction import RULES, Attempted, NodeRestriction
from orchestrator.apiserver.authorization import Attributes
from orchestrator.apiserver.authorization.node import PREFIX, node_of
from orchestrator.apiserver.environment import Environment
from orchestrator.apiserver.pipeline.course import Course
from orchestrator.apiserver.pipeline.draft import Draft, Step


def restrict_nodes(course: Course) -> tuple[Step, ...]:
    """Refuse what a kubelet may not write of this kind. Errors: Forbidden."""
    served, operation, subresource = course.served, course.operation, course.subresource
    rule = RULES.get(served.resource.key)
    if rule is None or not served.has_plugin(NodeRestriction.name):
        return ()
    resource = served.resource

    def step(env: Environment, draft: Draft) -> None:
        who = draft.message.identity
        if not who.name.startswith(PREFIX):
            return
        node = node_of(who)
        if node is None:
            return
        name = draft.name
        if not node:
            why = f'could not determine node from user "{who.name}"'
        else:
            new = draft.new or getattr(draft.message, "object", None)
            why = rule(
                Attempted(
                    node=node,
                    operation=operation,
                    subresource=subresource,
                    name=name,
                    namespace=draft.namespace,
                    new=new,
                    old=draft.old,
                    reader=env,
                    has_audience=lambda audience: _has_audience(course, draft, audience),
                )
            )
        if why:
            raise errors.forbidden(resource, name, why)

    return (step,)


def _has_audience(course: Course, draft: Draft, audience: str) -> bool:
    """Whether the kubelet may ask for the account's tokens for that audience, whatever its pods say."""
    asked = Attributes(
        "request-serviceaccounts-token-audience",
        resource=audience,
        namespace=draft.namespace,
        name=draft.name,
    )
    access = course.access
    return access is not None and access.decide(draft.message.identity, asked).allowed
