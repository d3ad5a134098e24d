"""Questions that are posted like objects and never stored: may I? may they? who am I?"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from msgspec.structs import replace

from orchestrator.api.authentication.v1 import (
    SelfSubjectReview,
    SelfSubjectReviewStatus,
    TokenReviewStatus,
    UserInfo,
)
from orchestrator.api.authorization.v1 import (
    NonResourceRule,
    ResourceRule,
    SelfSubjectRulesReview,
    SubjectAccessReviewStatus,
    SubjectRulesReviewStatus,
)
from orchestrator.api.core.v1 import Secret
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.api.scalars import EMPTY
from orchestrator.apiserver import errors
from orchestrator.apiserver.authentication import TokenError
from orchestrator.apiserver.environment import Environment
from orchestrator.apiserver.pipeline.course import Course
from orchestrator.apiserver.pipeline.draft import Draft, Step
from orchestrator.apiserver.pipeline.metadata import namespace_of
from orchestrator.apiserver.pipeline.own_fields import manager_of
from orchestrator.apiserver.pipeline.write_path import WritePath
from orchestrator.apiserver.reviews.questions import (
    attributes_of,
    faults_of_local,
    faults_of_metadata,
    faults_of_spec,
)
from orchestrator.apiserver.validation.field import Errors, cause_of
from orchestrator.machinery import bootstrap_tokens
from orchestrator.machinery.managed_fields.ledger import Ledger
from orchestrator.protocol import AUTHENTICATED, BadRequest, Create, Identity

Answer = Callable[[Course, Environment, Create], Any]

_GROUP: Final = "authorization.k8s.io"
_INVALID_TOKEN: Final = "invalid bearer token"


def _whoami(_course: Course, env: Environment, message: Create) -> Any:
    """SelfSubjectReview: the identity that authentication found."""
    status = SelfSubjectReviewStatus(user_info=user_info(message.identity))
    return SelfSubjectReview(metadata=ObjectMeta(creation_timestamp=env.time()), status=status)


def user_info(identity: Identity) -> UserInfo:
    """Who somebody is, as reviews say it."""
    return UserInfo(
        username=identity.name,
        groups=identity.groups,
        uid=identity.uid or None,
        extra=EMPTY if identity.extra is None else identity.extra,
    )


def _may_i(course: Course, env: Environment, message: Create) -> Any:
    """SelfSubjectAccessReview. Raises Invalid."""
    review = message.object
    _refuse(_faults(course, env, message, faults_of_spec(review.spec, names_subject=False)))
    return _answered(course, review, message.identity)


def _may_they(course: Course, env: Environment, message: Create) -> Any:
    """SubjectAccessReview. Raises Invalid."""
    review = message.object
    _refuse(_faults(course, env, message, faults_of_spec(review.spec, names_subject=True)))
    return _answered(course, review, _subject(review.spec))


def _may_they_here(course: Course, env: Environment, message: Create) -> Any:
    """LocalSubjectAccessReview. Raises Invalid."""
    review = message.object
    faults = list(_faults(course, env, message, faults_of_spec(review.spec, names_subject=True)))
    _refuse(iter([*faults, *faults_of_local(review.spec, review.metadata.namespace)]))
    return _answered(course, review, _subject(review.spec))


def _my_rules(course: Course, _env: Environment, message: Create) -> Any:
    """SelfSubjectRulesReview: what the authorizers can list. Raises BadRequest without a namespace."""
    namespace = message.object.spec.namespace
    if not namespace:
        raise BadRequest("no namespace on request")
    assert course.access is not None
    found = course.access.rules(message.identity, namespace)
    status = SubjectRulesReviewStatus(
        resource_rules=tuple(
            ResourceRule(
                verbs=rule.verbs,
                api_groups=rule.api_groups,
                resources=rule.resources,
                resource_names=rule.resource_names,
            )
            for rule in found.rules
            if rule.resources
        ),
        non_resource_rules=tuple(
            NonResourceRule(verbs=rule.verbs, non_resource_urls=rule.non_resource_urls)
            for rule in found.rules
            if rule.non_resource_urls
        ),
        incomplete=found.incomplete,
        evaluation_error=found.error or None,
    )
    return SelfSubjectRulesReview(status=status)


def _whose_token(_course: Course, env: Environment, message: Create) -> Any:
    """TokenReview: who shows a token. Raises BadRequest without one."""
    review = message.object
    spec = review.spec
    if not spec.token:
        raise BadRequest("token is required for TokenReview in authentication")
    newcomer = _bootstrapper(env, spec.token)
    if newcomer is not None:
        status = TokenReviewStatus(
            authenticated=True, user=user_info(newcomer), audiences=spec.audiences
        )
        return replace(review, status=status)
    try:
        found = env.tokens.identify(spec.token, env, spec.audiences)
    except TokenError as error:
        return replace(review, status=_unknown(f"[{_INVALID_TOKEN}, {error}]"))
    if found is None:
        return replace(review, status=_unknown(_INVALID_TOKEN))
    identity, audiences = found
    status = TokenReviewStatus(authenticated=True, user=user_info(identity), audiences=audiences)
    return replace(review, status=status)


def _bootstrapper(env: Environment, token: str) -> Identity | None:
    """Who shows a bootstrap token, which a new node does before it has a certificate."""
    shown = bootstrap_tokens.parsed(token)
    if shown is None:
        return None
    name = bootstrap_tokens.PREFIX + shown[0]
    secret = env.get(Secret, name, bootstrap_tokens.NAMESPACE)
    groups = bootstrap_tokens.groups_of(token, secret, env.now())
    if groups is None:
        return None
    return Identity(f"system:bootstrap:{shown[0]}", (*groups, AUTHENTICATED))


def _unknown(why: str) -> TokenReviewStatus:
    return TokenReviewStatus(user=UserInfo(), error=why)


def _subject(spec: Any) -> Identity:
    return Identity(spec.user or "", spec.groups, spec.uid or "", spec.extra or None)


def _answered(course: Course, review: Any, identity: Identity) -> Any:
    assert course.access is not None
    asked, ignored = attributes_of(review.spec)
    decision = course.access.decide(identity, asked)
    status = SubjectAccessReviewStatus(
        allowed=decision.allowed,
        denied=decision.verdict == "deny" or None,
        reason=decision.reason or None,
        evaluation_error="; ".join(filter(None, (decision.error, ignored))) or None,
    )
    return replace(review, status=status)


def _faults(course: Course, env: Environment, message: Create, of_spec: Errors) -> Errors:
    yield from of_spec
    review = message.object
    metadata = review.metadata
    local = course.served.resource.namespaced
    if metadata != ObjectMeta(namespace=metadata.namespace if local else ""):
        path = WritePath(course.served, course.scheme, "")
        owners = Ledger((), path, manager_of(message), env.now(), None, review)
        shown = replace(metadata, managed_fields=tuple(owners))
        yield from faults_of_metadata(metadata, shown, local=local)


def _refuse(faults: Iterator[Any]) -> None:
    """Raises Invalid; the original says no kind there."""
    causes = [cause_of(fault) for fault in faults]
    if causes:
        raise errors.invalid("", _GROUP, "", causes)


REVIEWS: Final[Mapping[str, Answer]] = {
    "selfsubjectreviews.authentication.k8s.io": _whoami,
    f"selfsubjectaccessreviews.{_GROUP}": _may_i,
    f"subjectaccessreviews.{_GROUP}": _may_they,
    f"localsubjectaccessreviews.{_GROUP}": _may_they_here,
    f"selfsubjectrulesreviews.{_GROUP}": _my_rules,
    "tokenreviews.authentication.k8s.io": _whose_token,
}


def answer_review(course: Course) -> tuple[Step, ...]:
    """The review with its status. Errors: what the review raises."""
    served = course.served
    answer = REVIEWS[served.bucket]

    def step(env: Environment, draft: Draft) -> Any:
        message = draft.message
        review = served.from_request(message.object)  # of the right kind
        namespace = namespace_of(served.resource, review.metadata, message.namespace)
        if namespace != review.metadata.namespace:
            review = replace(review, metadata=replace(review.metadata, namespace=namespace))
            message = replace(message, object=review)
        return answer(course, env, message)

    return (step,)
