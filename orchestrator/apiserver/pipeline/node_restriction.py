"""The step that keeps kubelets to their own nodes; nobody else meets it."""

from orchestrator.apiserver import errors
from orchestrator.apiserver.admission.node_restriction import RULES, Attempted, NodeRestriction
from orchestrator.apiserver.authorization.node import PREFIX, node_of
from orchestrator.apiserver.environment import Environment
from orchestrator.apiserver.pipeline.course import Course
from orchestrator.apiserver.pipeline.draft import Draft, Step


def restrict_nodes(course: Course) -> tuple[Step, ...]:
    """Refuse what a kubelet may not write of this kind. Errors: Forbidden."""
    served = course.served
    key = served.resource.key
    if key not in RULES or not served.has_plugin(NodeRestriction.name):
        return ()
    step = _restricting(course)
    return (_reporting(step) if (key, course.subresource) == ("pods", "status") else step,)


def _restricting(course: Course) -> Step:
    operation, subresource, access = course.operation, course.subresource, course.access
    resource = course.served.resource
    rule = RULES[resource.key]

    def step(env: Environment, draft: Draft) -> None:
        who = draft.message.identity
        if not who.name.startswith(PREFIX):
            return
        node, name = node_of(who), draft.name
        if node is None:
            return
        if not node:
            why = f'could not determine node from user "{who.name}"'
            raise errors.forbidden(resource, name, why)
        new = draft.new or getattr(draft.message, "object", None)
        asked = Attempted(
            node, who, operation, subresource, name, draft.namespace, new, draft.old, env, access
        )
        why = rule(asked)
        if why:
            raise errors.forbidden(resource, name, why)

    return step


def _reporting(otherwise: Step) -> Step:
    """The same for the states of pods, which kubelets write all day: mostly all is as it should be."""
    length = len(PREFIX)

    def step(env: Environment, draft: Draft) -> None:
        name = draft.message.identity.name
        if not name.startswith(PREFIX):
            return
        new, old = draft.new, draft.old
        before, after = old.status, new.status
        if (
            old.spec.node_name != name[length:]
            or new.metadata.labels is not old.metadata.labels
            or before is None
            or after is None
            or before.resource_claim_statuses != after.resource_claim_statuses
            or before.extended_resource_claim_status != after.extended_resource_claim_status
        ):
            otherwise(env, draft)

    return step
