"""Questions that are posted like objects and never stored: may I? may they? who am I?"""

from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from msgspec.structs import replace

from orchestrator.api.authentication.v1 import SelfSubjectReviewStatus, UserInfo
from orchestrator.api.authorization.v1 import (
    NonResourceRule,
    ResourceAttributes,
    ResourceRule,
    SubjectAccessReviewStatus,
    SubjectRulesReviewStatus,
)
from orchestrator.api.scheme import Resource, Scheme
from orchestrator.apiserver.authorizer import Authorizer, Verb
from orchestrator.apiserver.environment import Environment
from orchestrator.apiserver.pipeline.course import Course
from orchestrator.apiserver.pipeline.draft import Draft, Step
from orchestrator.protocol import BadRequest, Create, Identity

_GROUP: Final = "authorization.k8s.io"


class Questions:
    """Answers reviews by asking the authorizer about the subject of each."""

    def __init__(self, authorizer: Authorizer, scheme: Scheme) -> None:
        self._authorizer = authorizer
        self._scheme = scheme

    def whoami(self, message: Create) -> Any:
        """SelfSubjectReview: the identity that authentication found."""
        identity = message.identity
        info = UserInfo(
            username=identity.name,
            groups=identity.groups,
            uid=identity.uid,
            extra=identity.extra or {},
        )
        return replace(message.object, status=SelfSubjectReviewStatus(user_info=info))

    def may_i(self, message: Create) -> Any:
        """SelfSubjectAccessReview."""
        return self._answered(message.object, message.identity)

    def may_they(self, message: Create) -> Any:
        """SubjectAccessReview and LocalSubjectAccessReview. Raises BadRequest without a subject."""
        spec = message.object.spec
        if not spec.user and not spec.groups:
            raise BadRequest("spec.user: at least one of user or group must be specified")
        return self._answered(message.object, Identity(spec.user or "", spec.groups))

    def my_rules(self, message: Create) -> Any:
        """SelfSubjectRulesReview: everything, or nothing that could be listed."""
        anything = Resource("*", "*", "*", "*", namespaced=False, verbs=())
        allowed = self._allows(message.identity, "get", anything, ResourceAttributes())
        every = ("*",)
        status = SubjectRulesReviewStatus(
            resource_rules=(ResourceRule(verbs=every, api_groups=every, resources=every),)
            if allowed
            else (),
            non_resource_rules=(NonResourceRule(verbs=every, non_resource_urls=every),)
            if allowed
            else (),
            incomplete=not allowed,
        )
        return replace(message.object, status=status)

    def _answered(self, review: Any, identity: Identity) -> Any:
        asked = review.spec.resource_attributes
        if asked is None:
            # Paths outside of resources (/healthz) have no rules here but the authorizer's own.
            asked = ResourceAttributes(verb="get", resource="*", group="*")
        resource = self._resource(asked.group or "", asked.resource or "*")
        allowed = self._allows(identity, asked.verb or "get", resource, asked)
        return replace(review, status=SubjectAccessReviewStatus(allowed=allowed))

    def _allows(
        self, identity: Identity, verb: str, resource: Resource, asked: ResourceAttributes
    ) -> bool:
        why = self._authorizer.refusal(
            identity,
            cast(Verb, verb),
            resource,
            namespace=asked.namespace or "",
            name=asked.name or "",
            subresource=asked.subresource or "",
        )
        return why is None

    def _resource(self, group: str, plural: str) -> Resource:
        """The resource of that name, or one made up for the question."""
        for resource in self._scheme.resources():
            if resource.group == group and resource.plural == plural:
                return resource
        return Resource(group, "*", plural, plural, namespaced=False, verbs=())


REVIEWS: Final[Mapping[str, Callable[[Questions, Create], Any]]] = {
    "selfsubjectreviews.authentication.k8s.io": Questions.whoami,
    f"selfsubjectaccessreviews.{_GROUP}": Questions.may_i,
    f"subjectaccessreviews.{_GROUP}": Questions.may_they,
    f"localsubjectaccessreviews.{_GROUP}": Questions.may_they,
    f"selfsubjectrulesreviews.{_GROUP}": Questions.my_rules,
}


def answer_review(course: Course) -> tuple[Step, ...]:
    """The review with its status. Errors: BadRequest."""
    assert course.authorizer is not None
    served, questions = course.served, Questions(course.authorizer, course.scheme)
    answer = REVIEWS[served.bucket]

    def step(_env: Environment, draft: Draft) -> Any:
        served.from_request(draft.message.object)  # of the right kind
        return answer(questions, draft.message)

    return (step,)
