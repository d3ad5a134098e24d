"""`serviceaccounts/token`: a token for a service account, bound to a pod, a node or a secret if one is named."""

from typing import Any, Final

from msgspec.structs import replace

from orchestrator.api import codec
from orchestrator.api.authentication.v1 import (
    BoundObjectReference,
    TokenRequest,
    TokenRequestSpec,
    TokenRequestStatus,
)
from orchestrator.api.core.v1 import Node, Pod, Secret, ServiceAccount
from orchestrator.api.meta.v1 import ManagedFieldsEntry, ObjectMeta, Time
from orchestrator.api.scheme import Resource, resource_of
from orchestrator.apiserver import errors
from orchestrator.apiserver.authentication.claims import Bound, credential_of
from orchestrator.apiserver.environment import Environment
from orchestrator.apiserver.pipeline.admission import admit, review, review_outside
from orchestrator.apiserver.pipeline.authorize import authorize
from orchestrator.apiserver.pipeline.course import Course
from orchestrator.apiserver.pipeline.draft import Draft, Step
from orchestrator.apiserver.pipeline.metadata import agreed
from orchestrator.apiserver.pipeline.node_restriction import restrict_nodes
from orchestrator.apiserver.pipeline.objects import read
from orchestrator.apiserver.pipeline.own_fields import manager_of
from orchestrator.apiserver.pipeline.part import Part
from orchestrator.apiserver.validation.field import Errors, cause_of, invalid
from orchestrator.machinery.managed_fields.field_sets import NOTHING
from orchestrator.machinery.managed_fields.managers import entries_of
from orchestrator.machinery.managed_fields.openapi_shapes import shape_of_kind
from orchestrator.machinery.managed_fields.ownership import Pair, Writer, updated
from orchestrator.machinery.times import format_time
from orchestrator.protocol import BadRequest, Conflict, TokenPromise

_GROUP: Final = "authentication.k8s.io"
_KIND: Final = "TokenRequest"
_TOKEN: Final = "token"
_DEFAULT_SECONDS: Final = 3600
_LEAST_SECONDS: Final = 600
# By which the audit log finds the request that gave a token that is shown later.
_ISSUED: Final = "authentication.kubernetes.io/issued-credential-id"
_MOST_SECONDS: Final = 1 << 32
_KINDS: Final[dict[str, Resource]] = {kind.kind: resource_of(kind) for kind in (Pod, Node, Secret)}


def _check_name(_course: Course) -> tuple[Step, ...]:
    """A request may name its account, which then has to be that of its path. Errors: Invalid."""

    def step(_env: Environment, draft: Draft) -> None:
        said = draft.message.object.metadata.name
        if said and said != draft.name:
            detail = "must match the service account name if specified"
            fault = invalid("metadata.name", said, detail)
            raise errors.invalid(_KIND, _GROUP, draft.name, [cause_of(fault)])

    return (step,)


def _take(_course: Course) -> tuple[Step, ...]:
    """The request with all that it leaves out. Errors: BadRequest, Conflict, Invalid."""

    def step(env: Environment, draft: Draft) -> None:
        asked, account = draft.message.object, draft.old
        if type(asked) is not TokenRequest:
            raise BadRequest(f"{type(asked).__name__} in the request is not a {_KIND}")
        agreed(asked.metadata.namespace, draft.namespace)
        _check_metadata(asked.metadata, account.metadata)
        spec = asked.spec or TokenRequestSpec()
        seconds = spec.expiration_seconds
        spec = replace(spec, expiration_seconds=_DEFAULT_SECONDS if seconds is None else seconds)
        own = account.metadata
        owners = _owners(draft.message, spec, env.time()) if draft.message.warn is not None else ()
        metadata = replace(
            asked.metadata,
            managed_fields=owners,
            name=own.name,
            namespace=own.namespace,
            uid=own.uid,
            creation_timestamp=env.time(),
        )
        faults = list(_faults(spec.expiration_seconds or 0))
        if faults:
            raise errors.invalid(_KIND, _GROUP, "", [cause_of(fault) for fault in faults])
        spec = replace(spec, audiences=spec.audiences or env.tokens.audiences)
        draft.new = replace(asked, metadata=metadata, spec=spec, status=TokenRequestStatus())

    return (step,)


def _owners(message: Any, spec: TokenRequestSpec, now: Time) -> tuple[ManagedFieldsEntry, ...]:
    """Who has said what of the request, for a client to see: nobody writes it again."""
    writer = Writer(
        name=manager_of(message), api_version=TokenRequest.api_version, subresource=_TOKEN
    )
    said = {name: value for name, value in codec.to_dict(spec).items() if value}
    pair = Pair({}, {"spec": said}, shape_of_kind(_GROUP, "v1", _KIND), NOTHING)
    return entries_of(updated(pair, {}, writer, now, lambda _version: None))


def _check_metadata(said: ObjectMeta, account: ObjectMeta) -> None:
    """A request may say the uid of its account. Errors: Conflict."""
    if said.uid and said.uid != account.uid:
        raise _conflict(
            _KIND,
            _GROUP,
            account.name,
            f"the UID in the token request ({said.uid}) does not match the UID of the service "
            f"account ({account.uid})",
        )


def _conflict(kind: str, group: str, name: str, why: str) -> Conflict:
    key = f"{kind}.{group}" if group else kind
    return Conflict(
        f'Operation cannot be fulfilled on {key} "{name}": {why}', kind=kind, group=group, name=name
    )


def _faults(seconds: int) -> Errors:
    path = "spec.expirationSeconds"
    if seconds < _LEAST_SECONDS:
        yield invalid(path, seconds, "may not specify a duration less than 10 minutes")
    if seconds > _MOST_SECONDS:
        yield invalid(path, seconds, "may not specify a duration larger than 2^32 seconds")


def _issue(_course: Course) -> tuple[Step, ...]:
    """Errors: BadRequest, NotFound and Conflict for what the token shall be bound to."""

    def step(env: Environment, draft: Draft) -> Any:
        request: TokenRequest = draft.new
        account: ServiceAccount = draft.old
        spec = request.spec or TokenRequestSpec()
        reference = spec.bound_object_ref
        bound = Bound() if reference is None else _bound(env, account, reference)
        seconds = spec.expiration_seconds or _DEFAULT_SECONDS
        identifier = env.uid()
        sign = env.tokens.issue(
            account, bound, spec.audiences, seconds, now=env.now(), identifier=identifier
        )
        if draft.message.annotate is not None:
            draft.message.annotate(_ISSUED, credential_of(identifier))
        ends = format_time(env.now() + seconds)
        if draft.message.promise:
            return TokenPromise(ends, sign)
        return replace(request, status=TokenRequestStatus(token=sign(), expiration_timestamp=ends))

    return (step,)


def _bound(env: Environment, account: ServiceAccount, reference: BoundObjectReference) -> Bound:
    kind, name = reference.kind or "", reference.name or ""
    resource = _KINDS.get(kind)
    group, _, version = (reference.api_version or "").rpartition("/")
    if resource is None or group:  # of the core group, in whichever version
        shown = f"{group}/{version}, Kind={kind}"
        raise BadRequest(f"cannot bind token to object of type {shown}")
    namespace = account.metadata.namespace if resource.namespaced else ""
    if not name:
        raise BadRequest("Name parameter required.")
    found: Any = env.stored(resource, name, namespace)
    if found is None:
        raise errors.not_found(resource, name)
    bound = Bound(**{kind.lower(): found})
    if bound.pod is not None:
        bound = _bound_to_pod(env, account, bound.pod)
    if reference.uid and reference.uid != found.metadata.uid:
        raise _conflict(
            kind,
            "",
            name,
            f"the UID in the bound object reference ({reference.uid}) does not match the UID in "
            "record. The object might have been deleted and then recreated",
        )
    return bound


def _bound_to_pod(env: Environment, account: ServiceAccount, pod: Pod) -> Bound:
    spec = pod.spec
    if spec is None or spec.service_account_name != account.metadata.name:
        raise BadRequest(
            f'cannot bind token for serviceaccount "{account.metadata.name}" to pod running with '
            "different serviceaccount name."
        )
    if not spec.node_name:
        return Bound(pod=pod)
    # Of a node that is gone the token has the name at least.
    node = env.get(Node, spec.node_name) or Node(metadata=ObjectMeta(name=spec.node_name))
    return Bound(pod=pod, node=node)


TOKEN: Final = Part(
    writes={
        "create": (
            authorize,
            _check_name,
            read,
            restrict_nodes,
            _take,
            admit,
            review_outside,
            review,
            _issue,
        )
    },
    readable=False,
)
