"""What is counted as requests go by.

Of what nearly all requests are counted by, only the numbers are noted: they are counted together, when there are many
or when somebody asks.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property, lru_cache
from typing import Final

from msgspec import Struct

from orchestrator.apiserver.http.encodings import Encodings
from orchestrator.apiserver.telemetry.families import Histogram, Series

_SECONDS: Final = (
    *(0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5),
    *(2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60),
)
_WHAT: Final = ("verb", "group", "version", "resource", "subresource", "scope", "component")
_WITH_RUN: Final = ("verb", "dry_run", *_WHAT[1:])
_QUICK: Final = tuple(0.001 * 2**power for power in range(15))
_SIZES: Final = tuple(float(1000 * 10**power) for power in range(7))
_EVENT_SIZES: Final = tuple(float(1024 * 2**power) for power in range(8))
_BODY_SIZES: Final = tuple(float(50_000 + 100_000 * step) for step in range(31))
_FILTER_SECONDS: Final = (*(0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3), 1, 5, 10, 15, 30)
_VALIDITIES: Final = tuple(
    3600.0 * hours
    for hours in (0, 0.5, 1, 2, 6, 12, 24, 48, 96, 7 * 24, 30 * 24, 90 * 24, 180 * 24, 360 * 24)
)
_WATCH_LIST_SECONDS: Final = (0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 2, 4, 6, 8, 10, 15, 20, 30, 45, 60)
_COMPONENT: Final = "apiserver"
_NAMED: Final = frozenset(
    {"admin", "client", "kube_proxy", "kubelet", "system:serviceaccount:kube-system:default"}
)
# Methods that have a series of their own. Clients make up any number of others.
_METHODS: Final = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "CONNECT"})
_OTHER: Final = "other"
_SORTS: Final = 4096  # of requests, that are remembered
_MANY: Final = 1024  # requests of a sort that are counted together
_MUTATING: Final = frozenset({"POST", "PUT", "PATCH", "APPLY", "DELETE", "DELETECOLLECTION"})


class Labels(Struct, frozen=True, dict=True, eq=False):
    """What a request was, as the labels of its metrics say it; of a path that is no resource the path.

    Made by `labelled`, so that requests of one sort have the very same ones, which know what is worked out of them.
    """

    verb: str
    group: str = ""
    version: str = ""
    resource: str = ""
    subresource: str = ""
    scope: str = ""
    dry_run: str = ""

    @cached_property
    def kind(self) -> str:
        """Whether it changes something."""
        return "mutating" if self.verb in _MUTATING else "readOnly"

    @cached_property
    def what(self) -> tuple[str, ...]:
        """Without whether it was a dry run."""
        where = (self.group, self.version, self.resource, self.subresource, self.scope)
        return (self.verb, *where, _COMPONENT)

    @cached_property
    def with_run(self) -> tuple[str, ...]:
        """All of it."""
        return (self.verb, self.dry_run, *self.what[1:])


@lru_cache(maxsize=_SORTS)
def labelled(
    verb: str,
    group: str = "",
    version: str = "",
    resource: str = "",
    subresource: str = "",
    scope: str = "",
    dry_run: str = "",
) -> Labels:
    """The labels of a sort of requests."""
    return Labels(verb, group, version, resource, subresource, scope, dry_run)


def labelled_by_method(method: str, path: str = "") -> Labels:
    """The labels of requests of which no more is known than their method, and the page that they ask for."""
    return labelled(method if method in _METHODS else _OTHER, subresource=path)


class _Answered:
    """The requests of one sort that were answered alike, and are still to be counted: what each took, and its size."""

    __slots__ = ("code", "labels", "sizes", "took")

    def __init__(self, labels: Labels, code: int) -> None:
        self.labels = labels
        self.code = str(code)
        self.took: list[float] = []
        self.sizes: list[int] | None = None if labels.kind == "mutating" else []


class Metrics:
    """Counts since the front began."""

    def __init__(self, encodings: Encodings) -> None:
        self._encodings = encodings
        self._begin_with_answers()
        self._begin_with_watches()
        self._begin_with_callers()
        self._begin_with_filters()
        self._begin_with_reads()
        self._begin_with_audit()
        # As the original does, these say 0 before anything has happened.
        for series in (self._handshakes, self._audited, self._rejected, *self._tokens.values()):
            series.set(0)

    def _begin_with_answers(self) -> None:
        """Of every request: how it was answered."""
        self._answered: dict[tuple[Labels, int], _Answered] = {}
        self._requests = Series(
            "apiserver_request_total", "Requests that were answered.", (*_WITH_RUN, "code")
        )
        self._seconds = Histogram(
            "apiserver_request_duration_seconds", "How long requests took.", _WITH_RUN, _SECONDS
        )
        self._own_seconds = Histogram(
            "apiserver_request_sli_duration_seconds",
            "How long requests took, without what they waited in queues.",
            _WHAT,
            _SECONDS[2:],
        )
        self._sizes = Histogram(
            "apiserver_response_sizes", "Bytes of answers to reads.", _WHAT, _SIZES
        )
        self._deprecated = Series(
            "apiserver_requested_deprecated_apis",
            "Versions that will be removed and were asked for.",
            ("group", "version", "resource", "subresource", "removed_release"),
            "gauge",
        )

    def _begin_with_watches(self) -> None:
        """Of requests that last, and of what watches are sent."""
        self._lasting = Series(
            "apiserver_longrunning_requests", "Requests that last.", _WHAT, "gauge"
        )
        self._events = Series(
            "apiserver_watch_events_total", "Events sent.", ("group", "version", "resource")
        )
        self._event_sizes = Histogram(
            "apiserver_watch_events_sizes",
            "Bytes of events sent.",
            ("group", "version", "resource"),
            _EVENT_SIZES,
        )
        self._watch_lists = Histogram(
            "apiserver_watch_list_duration_seconds",
            "How long it took to tell a watcher all that there was when it began.",
            ("group", "version", "resource", "scope"),
            _WATCH_LIST_SECONDS,
        )
        self._cut = Series(
            "apiserver_terminated_watchers_total",
            "Watchers that were cut off because they did not keep up.",
            ("group", "resource"),
        )
        self._under_way = {"mutating": 0, "readOnly": 0}

    def _begin_with_callers(self) -> None:
        """Of who asks: what was shown, and what was decided."""
        self._users = Series("authenticated_user_requests", "Requests by user.", ("username",))
        self._handshakes = Series(
            "apiserver_tls_handshake_errors_total", "TLS handshakes that failed."
        )
        self._attempts = Series("authentication_attempts", "Authentications.", ("result",))
        self._authentication = Histogram(
            "authentication_duration_seconds", "How long they took.", ("result",), _QUICK
        )
        self._decisions = Series(
            "authorization_attempts_total", "Requests by whether they were allowed.", ("result",)
        )
        self._decided = Histogram(
            "authorization_duration_seconds",
            "How long decisions took that the front asks for by themselves.",
            ("result",),
            _QUICK,
        )
        self._known: list[str] = []  # users, and how long it took to know them
        self._known_after: list[float] = []
        self._allowed = 0
        self._expirations = Histogram(
            "apiserver_client_certificate_expiration_seconds",
            "How long client certificates are valid for that were shown.",
            (),
            _VALIDITIES,
        )
        self._tokens = {
            name: Series(f"serviceaccount_{name}_total", text)
            for name, text in (
                ("valid_tokens", "Requests with a bound token of a service account."),
                ("legacy_tokens", "Requests with a token that is kept in a Secret."),
            )
        }

    def _begin_with_filters(self) -> None:
        """Of what a request passes before it is served."""
        self._bodies = Histogram(
            "apiserver_request_body_size_bytes",
            "Bytes of what was sent.",
            ("group", "resource", "verb"),
            _BODY_SIZES,
        )
        self._observe_body: dict[tuple[Labels, str], Callable[[float], None]] = {}
        self._checked = Histogram(
            "field_validation_request_duration_seconds",
            "How long writes took, by how unknown fields are met.",
            ("field_validation",),
            _SECONDS[2:],
        )
        self._filters = Histogram(
            "apiserver_request_filter_duration_seconds",
            "How long a request was on its way through the filters before its handler.",
            ("filter",),
            _FILTER_SECONDS,
        )
        self._seated_at_once = 0

    def _begin_with_reads(self) -> None:
        """Of lists."""
        self._lists = Series("apiserver_cache_list_total", "Lists.", ("group", "resource", "index"))
        self._listed = Series(
            "apiserver_cache_list_returned_objects_total",
            "Objects that lists answered.",
            ("group", "resource"),
        )

    def _begin_with_audit(self) -> None:
        """Of the audit log."""
        self._levels = Series(
            "apiserver_audit_level_total", "Requests by what is noted.", ("level",)
        )
        self._rejected = Series(
            "apiserver_audit_requests_rejected_total",
            "Requests refused since they could not be noted.",
        )
        self._audited = Series("apiserver_audit_event_total", "Events of the audit log.")
        self.unkept: Mapping[str, int] = {}  # how many events each plugin has lost

    # --- as requests go by -----------------------------------------------------------------

    def begun(self, kind: str) -> None:
        """A request of a kind has come."""
        self._under_way[kind] += 1

    def ended(self, kind: str) -> None:
        """It has gone."""
        self._under_way[kind] -= 1

    def count(self, labels: Labels, code: int, seconds: float, waited: float, size: int) -> None:
        """A request has been answered; of a watch the seconds are its life.

        `waited`: in a queue, of these seconds.
        """
        sort = self._answered.get((labels, code)) or self._sort_of(labels, code)
        sort.took.append(seconds)
        if sort.sizes is not None:
            sort.sizes.append(size)
        if waited:
            self._count(sort, waited)
        elif len(sort.took) >= _MANY:
            self._count(sort)

    def _sort_of(self, labels: Labels, code: int) -> _Answered:
        if len(self._answered) >= _SORTS:
            self._count_all()
            self._answered.clear()
        sort = self._answered[labels, code] = _Answered(labels, code)
        return sort

    def _count(self, sort: _Answered, waited: float = 0.0) -> None:
        """Count the requests of a sort, of which the last one has waited in a queue."""
        labels, took, sizes = sort.labels, sort.took, sort.sizes
        if not took:
            return
        self._requests.add(*labels.with_run, sort.code, amount=len(took))
        self._seconds.observe_all(took, *labels.with_run)
        if labels.verb not in ("WATCH", "CONNECT"):
            took[-1] = max(took[-1] - waited, 0.0)
            self._own_seconds.observe_all(took, *labels.what)
            if sizes:
                self._sizes.observe_all(sizes, *labels.what)
        sort.took = []
        if sizes is not None:
            sort.sizes = []

    def _count_all(self) -> None:
        """Count what was only noted as it went by."""
        for sort in self._answered.values():
            self._count(sort)
        if self._known_after:
            for user, times in Counter(self._known).items():
                self._users.add(_short(user), amount=times)
            known, self._known_after, self._known = self._known_after, [], []
            self._attempts.add("success", amount=len(known))
            self._authentication.observe_all(known, "success")
            self._filters.observe_all(known, "authentication")
        if self._seated_at_once:
            self._filters.weigh(0.0, self._seated_at_once, "priorityandfairness")
            self._seated_at_once = 0
        if self._allowed:
            self._decisions.add("allowed", amount=self._allowed)
            self._allowed = 0

    def authenticated(self, user: str, seconds: float, *, known: bool) -> None:
        """Somebody has said who she is; the names of users that are not the cluster's are `other`."""
        if known:
            self._known.append(user)
            self._known_after.append(seconds)
            if len(self._known_after) >= _MANY:
                self._count_all()
        else:
            self._attempts.add("failure")
            self._authentication.observe(seconds, "failure")

    def passed_fairness(self, seconds: float = 0.0) -> None:
        """A request has its seats, after so long."""
        if seconds:
            self._filters.observe(seconds, "priorityandfairness")
        else:
            self._seated_at_once += 1

    def sent(self, labels: Labels, verb: str, size: int) -> None:
        """A body of so many bytes has come with a request."""
        observe = self._observe_body.get((labels, verb))
        if observe is None:
            if len(self._observe_body) >= _SORTS:
                self._observe_body.clear()
            word = "delete_collection" if verb == "deletecollection" else verb
            observe = self._bodies.of(labels.group, labels.resource, word)
            self._observe_body[labels, verb] = observe
        observe(size)

    def checked(self, directive: str, seconds: float) -> None:
        """A write has been answered that says (or does not, "") how unknown fields are met."""
        self._checked.observe(seconds, directive)

    def shown(self, valid_seconds: float) -> None:
        """A client certificate came with a request, which is valid for so long from now."""
        self._expirations.observe(valid_seconds)

    def listed(self, group: str, resource: str, count: int) -> None:
        """A list has answered so many objects."""
        self._lists.add(group, resource, "")
        self._listed.add(group, resource, amount=count)

    def watch_listed(self, labels: Labels, seconds: float) -> None:
        """A watcher has been told all that there was when it began."""
        where = (labels.group, labels.version, labels.resource, labels.scope)
        self._watch_lists.observe(seconds, *where)

    def handshake_failed(self) -> None:
        """A client and the server have found no way to talk by TLS."""
        self._handshakes.add()

    def cut_off(self, group: str, resource: str) -> None:
        """A watcher did not keep up, and its watch was ended."""
        self._cut.add(group, resource)

    def account(self, *, bound: bool) -> None:
        """A service account has shown a token, bound or kept in a Secret."""
        self._tokens["valid_tokens"].add()
        if not bound:
            self._tokens["legacy_tokens"].add()

    def decided(self, seconds: float, *, allowed: bool) -> None:
        """The authorizer was asked about a request, and took so long."""
        self._decided.observe(seconds, "allowed" if allowed else "no-opinion")

    def trailed(self, level: str) -> None:
        """The audit policy has said what is to be noted of a request."""
        self._levels.add(level)

    def authorized(self, *, allowed: bool) -> None:
        """It was decided whether a request is allowed."""
        if allowed:
            self._allowed += 1
        else:
            self._decisions.add("no-opinion")

    def unaudited(self) -> None:
        """A request was refused since its arrival could not be noted."""
        self._rejected.add()

    def audited(self) -> None:
        """An event was written into the audit log."""
        self._audited.add()

    def deprecated(self, labels: Labels, removed: str) -> None:
        """A version was asked for that a release will not have any more."""
        where = (labels.group, labels.version, labels.resource, labels.subresource)
        self._deprecated.set(1, *where, removed)

    def watching(self, labels: Labels, more: int) -> None:
        """A watch has begun (1) or ended (-1)."""
        self._lasting.add(*labels.what, amount=more)

    def told(self, group: str, version: str, resource: str, sizes: list[int]) -> None:
        """A watcher was sent events of so many bytes."""
        self._events.add(group, version, resource, amount=len(sizes))
        for size in sizes:
            self._event_sizes.observe(size, group, version, resource)

    # --- for who asks ----------------------------------------------------------------------

    def requests(self) -> int:
        """How many requests there were."""
        return int(self._requests.total())

    def families(self) -> Iterator[Series | Histogram]:
        """All of them."""
        self._count_all()
        for value in vars(self).values():
            if isinstance(value, Series | Histogram):
                yield value
        yield from self._tokens.values()
        under_way = Series(
            "apiserver_current_inflight_requests",
            "Requests under way.",
            ("request_kind",),
            "gauge",
        )
        for kind, count in self._under_way.items():
            under_way.set(count, kind)
        yield under_way
        unkept = Series("apiserver_audit_error_total", "Events that were lost.", ("plugin",))
        for plugin, count in self.unkept.items():
            unkept.set(count, plugin)
        yield unkept
        encodings = self._encodings
        for name, text, number in (
            ("apiserver_encodings_hits_total", "Bytes reused.", encodings.hits),
            ("apiserver_encodings_misses_total", "Bytes made.", encodings.misses),
        ):
            counter = Series(name, text)
            counter.set(number)
            yield counter
        size = Series("apiserver_encodings_bytes", "Bytes kept.", (), "gauge")
        size.set(encodings.size_bytes)
        yield size


def _short(user: str) -> str:
    """As the original shortens names, lest every user had a series."""
    if user in _NAMED:
        return user
    return "email_id" if "@" in user else "other"
