"""Questions that are posted like objects and never stored: may I? may they? who am I?"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeAlias

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
from orchestrator.apiserver.pipeline.admission import admit, review, review_outside
from orchestrator.apiserver.pipeline.authorize import authorize
from orchestrator.apiserver.pipeline.course import Course, Maker
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

Check: TypeAlias = Callable[[Course, Environment, Create], None]
Answer: TypeAlias = Callable[[Course, Environment, Create], Any]

_GROUP: Final = "authorization.k8s.io"
_WHOAMI: Final = "selfsubjectreviews.authentication.k8s.io"
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


def _check_nothing(_course: Course, _env: Environment, _message: Create) -> None:
    """SelfSubjectReview: whatever is posted is answered."""


def _check_mine(course: Course, env: Environment, message: Create) -> None:
    """SelfSubjectAccessReview. Raises Invalid."""
    faults = faults_of_spec(message.object.spec, names_subject=False)
    _refuse(_faults(course, env, message, faults))


def _may_i(course: Course, _env: Environment, message: Create) -> Any:
    """SelfSubjectAccessReview."""
    return _answered(course, message.object, message.identity)


def _check_theirs(course: Course, env: Environment, message: Create) -> None:
    """SubjectAccessReview. Raises Invalid."""
    faults = faults_of_spec(message.object.spec, names_subject=True)
    _refuse(_faults(course, env, message, faults))


def _may_they(course: Course, _env: Environment, message: Create) -> Any:
    """SubjectAccessReview, and the one for a namespace."""
    return _answered(course, message.object, _subject(message.object.spec))


def _check_local(course: Course, env: Environment, message: Create) -> None:
    """LocalSubjectAccessReview. Raises Invalid."""
    review = message.object
    faults = list(_faults(course, env, message, faults_of_spec(review.spec, names_subject=True)))
    _refuse(iter([*faults, *faults_of_local(review.spec, review.metadata.namespace)]))


def _check_rules(_course: Course, _env: Environment, message: Create) -> None:
    """SelfSubjectRulesReview. Raises BadRequest without a namespace."""
    if not message.object.spec.namespace:
        raise BadRequest("no namespace on request")


def _my_rules(course: Course, _env: Environment, message: Create) -> Any:
    """SelfSubjectRulesReview: what the authorizers can list."""
    namespace = message.object.spec.namespace
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


def _check_token(_course: Course, _env: Environment, message: Create) -> None:
    """TokenReview. Raises BadRequest without a token."""
    if not message.object.spec.token:
        raise BadRequest("token is required for TokenReview in authentication")


def _whose_token(_course: Course, env: Environment, message: Create) -> Any:
    """TokenReview: who shows a token."""
    review = message.object
    spec, said = review.spec, review.status or TokenReviewStatus()
    newcomer = _bootstrapper(env, spec.token)
    if newcomer is not None:
        status = replace(
            said, authenticated=True, user=user_info(newcomer), audiences=spec.audiences
        )
        return replace(review, status=status)
    try:
        found = env.tokens.identify(spec.token, env, spec.audiences)
    except TokenError as error:
        return replace(review, status=_unknown(said, f"[{_INVALID_TOKEN}, {error}]"))
    if found is None:
        return replace(review, status=_unknown(said, _INVALID_TOKEN))
    identity, audiences = found
    status = replace(said, authenticated=True, user=user_info(identity), audiences=audiences)
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


def _unknown(said: TokenReviewStatus, why: str) -> TokenReviewStatus:
    """What is not found out stays as the review says it."""
    return replace(said, authenticated=None, user=said.user or UserInfo(), error=why)


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
    metadata = replace(review.metadata, managed_fields=())
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


REVIEWS: Final[Mapping[str, tuple[Check, Answer]]] = {
    _WHOAMI: (_check_nothing, _whoami),
    f"selfsubjectaccessreviews.{_GROUP}": (_check_mine, _may_i),
    f"subjectaccessreviews.{_GROUP}": (_check_theirs, _may_they),
    f"localsubjectaccessreviews.{_GROUP}": (_check_local, _may_they),
    f"selfsubjectrulesreviews.{_GROUP}": (_check_rules, _my_rules),
    "tokenreviews.authentication.k8s.io": (_check_token, _whose_token),
}


def _take(course: Course) -> tuple[Step, ...]:
    """The review of the message, in its namespace. Errors: BadRequest."""
    served = course.served
    path = WritePath(served, course.scheme, "")

    def step(env: Environment, draft: Draft) -> None:
        message = draft.message
        review = served.from_request(message.object)  # of the right kind
        metadata = review.metadata
        draft.namespace = namespace_of(served.resource, metadata, message.namespace)
        draft.name = metadata.name
        owners = metadata.managed_fields
        if message.warn is not None and served.bucket != _WHOAMI:
            owners = Ledger((), path, manager_of(message), env.now(), None, review)
        if draft.namespace != metadata.namespace or owners or metadata.uid:
            # As of all that is created, what only the server says is taken away.
            metadata = replace(metadata, namespace=draft.namespace, managed_fields=owners, uid="")
            review = replace(review, metadata=metadata)
        draft.new = review

    return (step,)


def _check(course: Course) -> tuple[Step, ...]:
    """Whether the review can be answered. Errors: what its check raises."""
    check, _ = REVIEWS[course.served.bucket]
    return (lambda env, draft: check(course, env, replace(draft.message, object=draft.new)),)


def _answer(course: Course) -> tuple[Step, ...]:
    """The review with its status."""
    _, answer = REVIEWS[course.served.bucket]
    return (lambda env, draft: answer(course, env, replace(draft.message, object=draft.new)),)


def _if_sent(maker: Maker) -> Maker:
    """Admission is asked about what clients post, not about what the server asks itself."""

    def make(course: Course) -> tuple[Step, ...]:
        return tuple(_sent(step) for step in maker(course))

    return make


def _sent(step: Step) -> Step:
    return lambda env, draft: step(env, draft) if draft.message.warn is not None else None


ANSWER: Final[tuple[Maker, ...]] = (
    authorize,
    _take,
    _if_sent(admit),
    _check,
    _if_sent(review_outside),
    _if_sent(review),
    _answer,
)
