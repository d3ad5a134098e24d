"""The API server's actor: a thin shell that authorizes, decides, commits and tells watchers.

Everything that it knows is derived from the store: a new incarnation counts allocations again,
fills its indexes, tells the watchers of the last incarnation that their watches have ended, and
goes on. So killing it at any message loses nothing that was answered.
"""

from collections.abc import Callable, Sequence
from ipaddress import IPv4Network
from typing import Any, Final

from msgspec import Struct

from actors import Terminated
from orchestrator.api.scheme import DEFAULT, Resource, Scheme
from orchestrator.apiserver import errors
from orchestrator.apiserver.admission import DEFAULT_CHAIN, AdmissionPlugin
from orchestrator.apiserver.allocation import NODE_PORTS, SERVICE_NETWORK, ServiceAllocations
from orchestrator.apiserver.authentication import AskIssuer, Tokens
from orchestrator.apiserver.authorization import (
    Access,
    Authorizer,
    MastersAuthorizer,
    NodeAuthorizer,
    NodeGraph,
    RoleAuthorizer,
    Union,
    Verb,
)
from orchestrator.apiserver.authorization.rbac import BUCKETS as ROLES
from orchestrator.apiserver.bootstrap import SECURE_PORT, rules_of
from orchestrator.apiserver.bootstrap.missing import Furniture, creations, furnish, furniture_of
from orchestrator.apiserver.courses import part_of, steps_of
from orchestrator.apiserver.definitions.book import DEFINITIONS, DefinitionBook
from orchestrator.apiserver.elsewhere import Referring
from orchestrator.apiserver.environment import Environment
from orchestrator.apiserver.expiry import EVENT_SECONDS, EVENTS, Expiry, PastStates
from orchestrator.apiserver.indexes import Indexes
from orchestrator.apiserver.listing import answer_list, present, selection_of
from orchestrator.apiserver.pipeline.attempt import Attempt
from orchestrator.apiserver.pipeline.collection import CollectionAttempt, deletion_of
from orchestrator.apiserver.pipeline.course import Action
from orchestrator.apiserver.pipeline.own_fields import reported
from orchestrator.apiserver.pipeline.served import Served
from orchestrator.apiserver.pipeline.write_path import WritePath
from orchestrator.apiserver.state import AskState, ServerState
from orchestrator.apiserver.telemetry.admission import AdmissionCounts
from orchestrator.apiserver.telemetry.storage import ListCounts, Looked
from orchestrator.apiserver.trouble import ApiTrouble, EndWatches
from orchestrator.apiserver.wakefulness import Wakefulness
from orchestrator.apiserver.watch import ChannelKey, HubStatistics, Watchers, WatchHub
from orchestrator.protocol import (
    AdmitConnection,
    Create,
    Delete,
    DeleteCollection,
    Get,
    List,
    Page,
    Patch,
    Unwatch,
    Update,
    Watch,
    Watching,
)
from orchestrator.store import (
    FIRST_REVISION,
    Change,
    Compacted,
    FutureRevision,
    Outcome,
    Store,
    Write,
)

BOOKMARK_SECONDS: Final = 60.0
_MYSELF: Final = "kube-apiserver"  # as who owns fields
_SERVICES: Final = "services"
_RANGES: Final = "servicecidrs.networking.k8s.io"
_ADDRESSES: Final = "ipaddresses.networking.k8s.io"


class _MinutePassed(Struct, frozen=True):
    """The actor's own clock."""


class ApiServer(Referring):
    """Answers the messages of `protocol`. Parameters say what differs between clusters.

    `store` and `watchers` must outlive the actor: hand the same ones to every incarnation.
    `scheme` is the server's own, custom resources are registered in it while it runs.
    `bookmark_seconds` is how often idle channels are given a sign of life. `trouble` is what goes
    wrong on purpose. `tokens` are service accounts'. `authorization` are the modes whose authorizers are asked
    in turn, after `authorizer`: "Node", "RBAC", or authorizers.
    """

    def __init__(
        self,
        store: Store,
        *,
        watchers: Watchers | None = None,
        scheme: Scheme | None = None,
        authorizer: Authorizer | None = None,
        authorization: Sequence[str | Authorizer] = ("Node", "RBAC"),
        admission: Sequence[AdmissionPlugin] = DEFAULT_CHAIN,
        service_network: IPv4Network = SERVICE_NETWORK,
        node_ports: tuple[int, int] = NODE_PORTS,
        secure_port: int = SECURE_PORT,
        bookmark_seconds: float = BOOKMARK_SECONDS,
        event_seconds: float = EVENT_SECONDS,
        trouble: ApiTrouble | None = None,
        tokens: Tokens | None = None,
    ) -> None:
        super().__init__(ApiTrouble() if trouble is None else trouble)
        self.store = store
        self.scheme = Scheme.builtin() if scheme is None else scheme
        self._watchers = Watchers() if watchers is None else watchers
        roles = RoleAuthorizer(store)
        own = () if authorizer is None else (authorizer,)
        self._indexes = Indexes(store)
        modes = {
            "Node": NodeAuthorizer(NodeGraph(store, self._indexes), rules_of("system:node")),
            "RBAC": roles,
        }
        asked = (modes[each] if isinstance(each, str) else each for each in authorization)
        self._authorizer = Union(MastersAuthorizer(), *own, *asked)
        self._access = Access(self._authorizer, roles)
        self._admission = tuple(admission)
        self._service_network = service_network
        self._node_ports = node_ports
        self._secure_port = secure_port
        self._bookmark_seconds = bookmark_seconds
        self._event_seconds = event_seconds
        self._tokens = Tokens() if tokens is None else tokens
        self._served: dict[Resource, Served] = {}
        # Changes of these concern no definition; the definitions themselves are not among them.
        self._builtin = {each.key for each in DEFAULT.resources()} - {DEFINITIONS}

    # --- life ------------------------------------------------------------------------------

    def started(self) -> None:
        """Derive everything from the store, and put in what is missing."""
        self._authorizer.begin(self.ctx.clock.now)
        new = self.store.revision == FIRST_REVISION
        furniture = furniture_of(self.scheme, self._service_network, self.ctx.clock.now())
        if new:
            furnish(self.store, self.scheme, furniture)
        self._allocations = ServiceAllocations(
            self.store.list(_SERVICES), network=self._service_network, node_ports=self._node_ports
        )
        for each in self.store.list(_RANGES):
            self._allocations.addresses.follow_range(None, each)
        for each in self.store.list(_ADDRESSES):
            self._allocations.addresses.note(each)
        self._expiry = Expiry(self.store.list(EVENTS), self.ctx.clock.now(), self._event_seconds)
        self._past = PastStates()
        self._counts = AdmissionCounts(self.ctx.clock.monotonic)
        self._lists = ListCounts()
        self._env = Environment(
            self.store,
            self.scheme,
            self.ctx,
            self.ctx.clock.now,
            self._allocations,
            self._tokens,
            self._counts,
        )
        self._wakefulness = Wakefulness(self._admission, self.scheme, self.store)
        self._builtin -= self._wakefulness.buckets
        self._hub = WatchHub(self._watchers, self.ctx, self.store.revision)
        self._definitions = DefinitionBook(
            self._env, self.scheme, self._forget_served, self._delete_custom, self._own_report
        )
        self._observers = self._observing()
        self.store.listen(self._changed)
        self._hub.greet()
        self._bootstrap(furniture)
        self._definitions.settle()
        if new:
            # Nobody has seen what was before: a watch from then is too old, as behind Kubernetes' cache.
            self.store.compact(self.store.revision)
        self.ctx.every(self._bookmark_seconds, _MinutePassed())

    def stopped(self) -> None:
        """End all watches; a restart does it, too."""
        self.store.flush()
        self._hub.dismiss()

    def drained(self) -> None:
        """Make the slice's writes durable and tell the watchers, once for all of them."""
        if self._definitions.unsettled:
            self._definitions.settle()
        self.store.flush()
        self._hub.flush()

    def _changed(self, change: Change) -> None:
        bucket = change.bucket
        observe = self._observers.get(bucket)
        if observe is not None:
            observe(change)
        elif bucket not in self._builtin:
            if bucket in self._wakefulness.buckets:
                if self._wakefulness.observe(change):
                    self._served.clear()
            else:
                self._definitions.observe(change)
        self._hub.publish(change)

    def _observing(self) -> dict[str, Callable[[Change], None]]:
        """Who follows the changes of which bucket, besides the hub."""
        return {
            _SERVICES: self._allocations.observe,
            _RANGES: self._follow_range,
            _ADDRESSES: self._allocations.addresses.follow_address,
            EVENTS: lambda change: self._expiry.observe(change, self.ctx.clock.now()),
            **dict.fromkeys(ROLES, lambda _change: self._access.forget()),
        }

    def _follow_range(self, change: Change) -> None:
        after = None if change.type == "DELETED" else change.object
        self._allocations.addresses.follow_range(change.previous, after)

    def _forget_served(self, resource: Resource) -> None:
        """What the server knew of a custom resource is no longer so."""
        self._served.pop(resource, None)

    def _delete_custom(self, resource: Resource, stored: Any) -> None:
        """Delete an object whose definition is being deleted; its finalizers hold it still."""
        metadata = stored.metadata
        deletion = Delete(
            resource=resource, name=metadata.name, namespace=metadata.namespace, uid=metadata.uid
        )
        steps = steps_of(self._served_for(resource), self.scheme, "delete", "")
        Attempt(self._env, self._perform, steps, deletion).run()

    def _own_report(self, old: Any, new: Any) -> Any:
        """Who owns what of an object whose status the server itself has written."""
        resource = self.scheme.by_type(type(new))
        served = self._served.get(resource) or self._served_for(resource)
        path = WritePath(served, self.scheme, "status")
        return reported(path, _MYSELF, self.ctx.clock.now(), old, new)

    def _bootstrap(self, furniture: Furniture) -> None:
        """Create what is missing: in a new store, what its history begins with."""
        address = str(self._service_network.network_address + 1)
        port = self._secure_port
        for creation in creations(self.store, self.scheme, furniture, address, port, _MYSELF):
            steps = steps_of(self._served_for(creation.resource), self.scheme, "create", "")
            Attempt(self._env, self._perform, steps, creation).run()

    def on_minute_passed(self, message: _MinutePassed) -> None:
        """Old events and past states go; idle watchers get a sign of life."""
        self._past.note(self.ctx.clock.now(), self.store.revision)
        for key in self._expiry.due(self.ctx.clock.now()):
            stored = self.store.get(EVENTS, key.namespace, key.name)
            write = Write(EVENTS, key.namespace, key.name, stored, stored, delete=True)
            self.store.commit(write, _ignore)
        self._hub.bookmark()

    def on_terminated(self, message: Terminated) -> None:
        """A watcher's actor has stopped."""
        self._hub.forget(message.ref)

    def statistics(self) -> HubStatistics:
        """What the watch hub has done since this incarnation began."""
        return self._hub.statistics()

    # --- reading ---------------------------------------------------------------------------

    def on_get(self, message: Get) -> Any:
        """Answer one object."""
        return self._answered(self._get, message)

    def _get(self, message: Get) -> Any:
        served = self._authorized("get", message, message.name, message.subresource)
        part = part_of(served, message.subresource)
        if not part.readable:
            raise errors.method_not_allowed(served.resource, "get")
        stored = self.store.get(served.bucket, message.namespace, message.name)
        if stored is None:
            errors.check_name(message.name)
            raise errors.not_found(served.resource, message.name)
        show = part.shown or part.as_part or served.to_version
        return show(stored)

    def on_list(self, message: List) -> Any:
        """Answer a page of objects."""
        return self._answered(self._list, message)

    def _list(self, message: List) -> Any:
        served = self._authorized("list", message, field_selector=message.field_selector)
        looked = Looked()
        page = answer_list(self.store, self._indexes, served, message, looked, self._past.oldest)
        self._lists.listed(served.bucket, looked.count, len(page.items))
        return page

    def on_watch(self, message: Watch) -> Any:
        """Answer the present state, or the position in history, and tell what follows."""
        # What is read now must have been told to the hub: nothing may come twice.
        self.store.flush()
        return self._answered(self._watch, message)

    def _watch(self, message: Watch) -> Watching:
        served = self._authorized("watch", message, field_selector=message.field_selector)
        selection = selection_of(served.resource, message.label_selector, message.field_selector)
        key = ChannelKey(
            served.bucket,
            served.resource,
            message.namespace,
            message.label_selector,
            message.field_selector,
            message.batch_seconds,
            message.can_wait,
        )
        if served.versions is not None:
            served.versions.watched.add(served.resource.api_version)
        items: tuple[Any, ...] = ()
        replay: Sequence[Change] = ()
        if message.since is None:
            items = present(self.store, self._indexes, served, message.namespace, selection)
        else:
            replay = self._history(served, message.since)
            if served.versions is not None:
                served.versions.require(
                    (
                        each
                        for change in replay
                        for each in (change.previous, change.object)
                        if each is not None
                    ),
                    served.resource.api_version,
                )
        seat = self._hub.join(
            message.sink, message.token, key, selection, served.from_stored, replay
        )
        return Watching(
            seat.channel, seat.sequence, self.store.revision, items, self._bookmark_seconds
        )

    def _history(self, served: Served, since: int) -> Sequence[Change]:
        try:
            return self.store.changes_since(served.bucket, since)
        except Compacted as error:
            raise errors.too_old(error.revision, error.floor) from error
        except FutureRevision as error:
            raise errors.too_large(error.revision, error.present) from error

    def on_unwatch(self, message: Unwatch) -> None:
        """End a watch."""
        self._hub.leave(message.sink, message.token)

    def on_end_watches(self, message: EndWatches) -> int:
        """End all watches on purpose, as if what they wait for had been compacted."""
        return self._hub.expire()

    def on_ask_issuer(self, message: AskIssuer) -> Tokens:
        """Who issues the tokens."""
        return self._tokens

    def on_ask_state(self, message: AskState) -> ServerState:
        """What the metrics say of the store."""
        buckets = {self.scheme.storage(each).key for each in self.scheme.resources()}
        objects = {bucket: self.store.count(bucket) for bucket in sorted(buckets)}
        allocations = self._allocations
        return ServerState(
            objects,
            str(allocations.network),
            allocations.addresses.first.counts,
            allocations.ports.counts,
            self.store.revision,
            (
                *self._counts.families(),
                *self._lists.families(),
                *self._hub.families(),
                *self._authorizer.families(),
            ),
            allocations.drawn,
        )

    # --- writing ---------------------------------------------------------------------------

    def on_create(self, message: Create) -> Any:
        """Create an object, or post to a subresource."""
        return self._answered(self._create, message)

    def _create(self, message: Create) -> Attempt:
        return self._attempt("create", message, message.subresource, bulky=message.bulky)

    def on_update(self, message: Update) -> Any:
        """Replace an object, its status, or another subresource."""
        return self._answered(self._update, message)

    def _update(self, message: Update) -> Attempt:
        return self._attempt("update", message, message.subresource, bulky=message.bulky)

    def on_patch(self, message: Patch) -> Any:
        """Change an object, its status, or another subresource by a patch."""
        return self._answered(self._patch, message)

    def _patch(self, message: Patch) -> Attempt:
        action: Action = "apply" if message.patch_type == "apply" else "patch"
        return self._attempt(action, message, message.subresource, bulky=message.bulky)

    def on_delete(self, message: Delete) -> Any:
        """Delete an object, or begin to."""
        return self._answered(self._delete, message)

    def _delete(self, message: Delete) -> Attempt:
        return self._attempt("delete", message)

    def on_admit_connection(self, message: AdmitConnection) -> Any:
        """Ask admission about a connection."""
        return self._answered(self._admit_connection, message)

    def _admit_connection(self, message: AdmitConnection) -> Attempt:
        return self._attempt("connect", message, message.subresource)

    def on_delete_collection(self, message: DeleteCollection) -> Any:
        """Delete all objects that are selected; those that are gone meanwhile do not matter."""
        return self._answered(self._delete_collection, message)

    def _delete_collection(self, message: DeleteCollection) -> CollectionAttempt:
        served = self._authorized(
            "deletecollection", message, field_selector=message.field_selector
        )
        selection = selection_of(served.resource, message.label_selector, message.field_selector)
        chosen = present(self.store, self._indexes, served, message.namespace, selection)
        steps = steps_of(served, self.scheme, "delete", "")
        attempts = [
            Attempt(self._env, self._perform, steps, deletion_of(message, each)) for each in chosen
        ]
        listed = Page(chosen, self.store.revision)
        return CollectionAttempt(attempts, listed)

    # --- inside ----------------------------------------------------------------------------

    def _authorized(
        self,
        verb: Verb,
        message: Any,
        name: str = "",
        subresource: str = "",
        field_selector: str = "",
    ) -> Served:
        """What serves the message's resource, if its sender may do this. Raises ApiError."""
        resource = message.resource
        served = self._served.get(resource) or self._served_for(resource)
        granted = served.granted.get((verb, subresource))
        if granted is None:
            granted = self._access.granted(verb, resource, subresource)
            served.granted[verb, subresource] = granted
        who = message.identity
        everywhere = granted.everywhere.get(id(who)) is who
        if not everywhere and not granted.in_part(who, message.namespace, name):
            self._access.check(
                message,
                verb,
                resource,
                name=name,
                subresource=subresource,
                field_selector=field_selector,
            )
        if not subresource and verb not in resource.verbs:
            raise errors.method_not_allowed(resource, verb)
        return served

    def _served_for(self, resource: Resource) -> Served:
        """Raises NotFound if the scheme does not have (any more) what the message names."""
        if self.scheme.by_path(resource.group, resource.version, resource.plural) is not resource:
            self._served.pop(resource, None)
            raise errors.no_such_resource()
        awake, noting = self._wakefulness.awake(resource), self._wakefulness.noting(resource)
        served = Served(resource, self.scheme, awake, noting)
        self._served[resource] = served
        return served

    def _attempt(
        self, action: Action, message: Any, subresource: str = "", *, bulky: bool = False
    ) -> Attempt:
        """A write that has not begun. Raises NotFound (the resource)."""
        resource = message.resource
        served = self._served.get(resource) or self._served_for(resource)
        steps = None if bulky else served.steps.get((action, subresource))
        if steps is None:
            steps = steps_of(served, self.scheme, action, subresource, self._access, bulky=bulky)
            if not bulky:
                served.steps[action, subresource] = steps
        return Attempt(self._env, self._perform, steps, message)


def _ignore(_outcome: Outcome) -> None:
    """Nobody waits for this write; if it is refused, the next minute tries again."""
