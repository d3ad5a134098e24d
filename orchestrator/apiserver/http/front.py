"""What all handlers of one front share, and what belongs to one request."""

import asyncio
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, TypeVar

from aiohttp.web import BaseRequest
from msgspec import Struct
from msgspec.structs import replace

from actors import (
    ActorCrashed,
    ActorStopped,
    AskTimeout,
    Clock,
    Context,
    MailboxFull,
    Ref,
    Request,
    System,
)
from orchestrator.api.authentication.v1 import TokenReview, TokenReviewSpec, TokenReviewStatus
from orchestrator.api.authorization.v1 import SubjectAccessReview
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.api.scheme import Resource, Scheme, resource_of
from orchestrator.apiserver.authentication import AskIssuer
from orchestrator.apiserver.authorization import Attributes
from orchestrator.apiserver.authorization.questions import spec_of
from orchestrator.apiserver.errors import AuthorizerFailed
from orchestrator.apiserver.http.audit import Audit, Sink, Trail
from orchestrator.apiserver.http.authentication import Authentication
from orchestrator.apiserver.http.discovery import Discovery
from orchestrator.apiserver.http.encodings import Encodings
from orchestrator.apiserver.http.errors import timed_out
from orchestrator.apiserver.http.fairness import Fairness
from orchestrator.apiserver.http.metrics import Labels, Metrics
from orchestrator.apiserver.http.metrics.checks import HealthRecord
from orchestrator.apiserver.http.negotiation import Form
from orchestrator.apiserver.http.parameters import Query
from orchestrator.apiserver.http.paths import Target
from orchestrator.apiserver.http.routes import Route
from orchestrator.apiserver.kinds import kind_of
from orchestrator.apiserver.kinds.defaulting import apply_defaults
from orchestrator.apiserver.reviews import user_info
from orchestrator.apiserver.state import AskState
from orchestrator.apiserver.telemetry.families import Histogram, MetricsSource, Series
from orchestrator.protocol import (
    MASTERS,
    Annotate,
    ApiRef,
    Create,
    Identity,
    InternalError,
    ServiceUnavailable,
    TooManyRequests,
)

R = TypeVar("R")

# A document of more bytes takes the steps of a write some ten milliseconds.
_LARGE_BYTES: Final = 256 * 1024
_MOST_LARGE: Final = 10_000  # of those that are remembered
_REVIEWS: Final = resource_of(SubjectAccessReview)
_TOKEN_REVIEWS: Final = resource_of(TokenReview)


class Limits(Struct, frozen=True):
    """The bounds of one front.

    `inflight`: seats of the priority levels together: requests under way that are not exempt, watches
    apart; above it they queue. `queue_seconds`: how long one waits for its seat; then 429. `watch_messages`: messages that
    wait for a slow watcher; above it the watch ends with 410, as it does when these are documents of more than `watch_bytes` together. `write_seconds`: how long a client
    may take to accept what was written; a watch whose client takes nothing ends then. The other
    seconds are Kubernetes' own: for the head of a request, for its body and again for its answer
    (watches apart), and between requests.
    """

    inflight: int = 600
    queue_seconds: float = 15.0
    watch_messages: int = 1_024
    watch_bytes: int = 16 * 1024 * 1024
    write_seconds: float = 30.0
    head_seconds: float = 32.0
    request_seconds: float = 60.0
    idle_seconds: float = 90.0


class Front:
    """The surroundings of all handlers."""

    def __init__(
        self,
        api: ApiRef,
        ctx: Context,
        scheme: Scheme,
        authentication: Authentication,
        limits: Limits,
        encodings: Encodings,
        read_only: str = "",
        audit: Audit | None = None,
        flags: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.api = api
        self.scheme = scheme
        self.authentication = authentication
        self.limits = limits
        self.encodings = encodings
        self.read_only = read_only  # why writes are refused; empty: they are not
        self.metrics = Metrics(encodings)
        # What others in this process tell of themselves at /metrics.
        self.other_metrics: Sequence[MetricsSource] = ()
        # What parts of the front have counted themselves.
        self.sources: tuple[Callable[[], Iterable[Series | Histogram]], ...] = ()
        self.audit = None if audit is None else replace(audit, sink=self._counted(audit.sink))
        if audit is not None:
            self.metrics.unkept = audit.lost
        self.discovery = Discovery(scheme)
        self.system: System = ctx.system
        self.clock: Clock = ctx.clock
        self.random: random.Random = ctx.random
        self.uid = ctx.uid
        self.log: Any = ctx.log
        self.flags = flags  # what the server was started with, by option
        self.started = ctx.clock.now()
        self.health = HealthRecord()
        self.stopping = False
        self.turn = asyncio.Lock()  # whoever makes a piece of a long document
        self.fairness = Fairness(
            limits.inflight, limits.queue_seconds, ctx.clock.monotonic, ctx.clock.now
        )
        self.turns: set[Any] = set()  # requests that have seats
        self._counted_at = float("-inf")
        self._counts: Mapping[str, int] = {}
        self._streams: set[asyncio.Timeout] = set()
        self._large: set[tuple[str, str, str]] = set()  # resource, namespace and name
        components = None if audit is None else audit.components
        self._followed: set[int] | None = None if components is None else components.followed
        if components is not None and self.audit is not None:
            components.begin_writing(self.audit.policy, self.audit.sink, ctx.clock, ctx.uid)

    def _counted(self, sink: Sink) -> Sink:
        """The sink of audit events, whose events the metrics count."""

        def tell(event: Mapping[str, Any]) -> "asyncio.Future[bool] | None":
            self.metrics.audited()
            return sink(event)

        return tell

    async def ask(self, message: Request[R]) -> R:
        """The API server's answer. Raises ApiError only."""
        followed = self._followed
        if followed is not None:
            followed.add(id(message))
        try:
            return await self.api.ask(message, timeout=self.limits.request_seconds)
        except AskTimeout as error:
            raise timed_out() from error
        except ActorStopped as error:
            raise ServiceUnavailable("the API server is shutting down") from error
        except MailboxFull as error:
            raise TooManyRequests(
                "the server has received too many requests and has asked us to try again later",
                retry_after_seconds=1,
            ) from error
        except ActorCrashed as error:
            raise InternalError(f"Internal error occurred: {error}") from error
        finally:
            if followed is not None:
                followed.discard(id(message))

    async def review_token(self, token: str) -> Any:
        """The answered TokenReview of a token."""
        review = TokenReview(spec=TokenReviewSpec(token=token))
        return await self.ask(Create(resource=_TOKEN_REVIEWS, object=review))

    async def reviewed(self, review: TokenReview) -> TokenReview:
        """A TokenReview that the server answered: of a token that is not its own, what this front knows.

        Tokens of files and of issuers elsewhere are for the server itself, whatever they say.
        """
        spec, status = review.spec, review.status
        if spec is None or status is None or status.authenticated:
            return review
        own = (await self.ask(AskIssuer())).audiences
        audiences = tuple(each for each in spec.audiences or own if each in own)
        holder = await self.authentication.holder(spec.token or "") if audiences else None
        if holder is None:
            return review
        status = TokenReviewStatus(authenticated=True, user=user_info(holder), audiences=audiences)
        return replace(review, status=status)

    async def decide(self, identity: Identity, asked: Attributes) -> tuple[bool, str]:
        """Whether somebody may do something, and the reason. Masters are not asked about. Raises AuthorizerFailed."""
        if MASTERS in identity.groups:
            return True, ""
        review = SubjectAccessReview(spec=spec_of(identity, asked))
        answer = await self.ask(Create(resource=_REVIEWS, object=review))
        found = answer.status
        if found.evaluation_error and not found.allowed:
            raise AuthorizerFailed(found.evaluation_error)
        return found.allowed, found.reason or ""

    async def stored(self, resource: Resource) -> int:
        """How many objects of a resource there are, as it was a second ago at the most."""
        now = self.clock.monotonic()
        if now - self._counted_at >= 1.0:
            self._counted_at = now
            self._counts = (await self.ask(AskState())).objects
        return self._counts.get(resource.key, 0)

    # --- what is large ---------------------------------------------------------------------

    def note_size(self, target: Target, metadata: ObjectMeta, size: int) -> None:
        """An object's document has so many bytes; that of one that is large is remembered, for whoever changes it by little."""
        if size > _LARGE_BYTES:
            if len(self._large) >= _MOST_LARGE:
                self._large.clear()
            self._large.add((target.resource.key, metadata.namespace, metadata.name))

    def is_large(self, target: Target) -> bool:
        """Whether the object of a path was large when it was last shown."""
        if not self._large:
            return False
        return (target.resource.key, target.namespace, target.name) in self._large

    # --- watches end with the front --------------------------------------------------------

    def kubelet_of(self, node: str) -> Ref[Any] | None:
        """The kubelet of a node, if it runs."""
        return self.system.find(f"/nodes/{node}/kubelet")

    def opened(self, stream: asyncio.Timeout) -> None:
        """A watch has begun; `stream` is what ends it."""
        self._streams.add(stream)
        if self.stopping:
            stream.reschedule(asyncio.get_running_loop().time())

    def closed(self, stream: asyncio.Timeout) -> None:
        """A watch has ended."""
        self._streams.discard(stream)

    def stop(self) -> None:
        """End all watches as if their time were up: the client gets a whole document."""
        self.stopping = True
        now = asyncio.get_running_loop().time()
        for stream in self._streams:
            stream.reschedule(now)


class Call(Struct):
    """One request for a resource. `warnings` grows while it is handled; `body` is b"" where a connection is asked for, which reads its own."""

    request: BaseRequest
    route: Route
    target: Target
    identity: Identity
    warnings: list[str]
    body: bytes = b""
    trail: Trail | None = None

    @property
    def verb(self) -> str:
        """Kubernetes' verb."""
        return self.route.verb

    @property
    def query(self) -> Query:
        """The parameters of the URL."""
        return self.route.query

    @property
    def form(self) -> Form:
        """The form of the answer."""
        return self.route.form

    @property
    def pretty(self) -> bool:
        """Whether a person reads the answer."""
        return self.route.pretty

    @property
    def agent(self) -> str:
        """The client's program, as it says."""
        return self.route.agent

    @property
    def labels(self) -> Labels:
        """What the metrics say of it."""
        return self.route.labels

    @property
    def annotate(self) -> Annotate | None:
        """What notes something in the audit log; None if nothing is written of the request."""
        return None if self.trail is None else self.trail.annotate

    def note(self, document: Any) -> None:
        """The audit log hears what the client has sent."""
        if self.trail is not None:
            self.trail.asked_with(document)

    def note_object(self, obj: Any) -> None:
        """The audit log hears of an object that the client has sent, as it is read: with its defaults."""
        if self.trail is None:
            return
        kind = kind_of(self.target.resource)
        is_whole = type(obj) is self.target.resource.type and self.trail.notes_requests
        self.trail.asked_with(apply_defaults(kind, obj) if is_whole else obj)
