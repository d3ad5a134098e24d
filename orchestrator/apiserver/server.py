"""The API server's actor: a thin shell that authorizes, decides, commits and tells watchers.

Everything that it knows is derived from the store: a new incarnation counts allocations again,
fills its indexes, tells the watchers of the last incarnation that their watches have ended, and
goes on. So killing it at any message loses nothing that was answered.
"""

from collections.abc import Callable, Sequence
from ipaddress import IPv4Network
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from actors import Actor, Terminated
from orchestrator.api.core.v1 import Pod
from orchestrator.api.scheme import Resource, Scheme
from orchestrator.apiserver import errors
from orchestrator.apiserver.admission import DEFAULT_CHAIN, AdmissionPlugin
from orchestrator.apiserver.allocation import NODE_PORTS, SERVICE_NETWORK, ServiceAllocations
from orchestrator.apiserver.attempt import Attempt, end_deferred
from orchestrator.apiserver.authorizer import Authorizer, ComponentAuthorizer, Verb
from orchestrator.apiserver.bootstrap import SECURE_PORT, bootstrap_objects
from orchestrator.apiserver.expiry import EVENTS, Expiry
from orchestrator.apiserver.indexes import Indexes
from orchestrator.apiserver.listing import answer_list, present, selection_of
from orchestrator.apiserver.registry.create import decide_create
from orchestrator.apiserver.registry.delete import decide_delete
from orchestrator.apiserver.registry.environment import Environment
from orchestrator.apiserver.registry.patch import decide_patch
from orchestrator.apiserver.registry.served import Served
from orchestrator.apiserver.registry.update import decide_update
from orchestrator.apiserver.reviews import Questions, answer_review
from orchestrator.apiserver.subresources import SUBRESOURCES
from orchestrator.apiserver.watch import ChannelKey, HubStatistics, Watchers, WatchHub
from orchestrator.protocol import (
    ApiError,
    Create,
    Delete,
    DeleteCollection,
    Deleted,
    Get,
    List,
    NotFound,
    Page,
    Patch,
    Unwatch,
    Update,
    Watch,
    Watching,
)
from orchestrator.store import Change, Compacted, FutureRevision, Outcome, Store, Write

BOOKMARK_SECONDS: Final = 60.0
_SERVICES: Final = "services"
_BINDINGS: Final = "bindings"


class _MinutePassed(Struct, frozen=True):
    """The actor's own clock."""


class ApiServer(Actor):
    """Answers the messages of `protocol`. Parameters say what differs between clusters.

    `store` and `watchers` must outlive the actor: hand the same ones to every incarnation.
    `scheme` is the server's own, custom resources are registered in it while it runs.
    `bookmark_seconds` is how often idle channels are given a sign of life.
    """

    def __init__(
        self,
        store: Store,
        *,
        watchers: Watchers | None = None,
        scheme: Scheme | None = None,
        authorizer: Authorizer | None = None,
        admission: Sequence[AdmissionPlugin] = DEFAULT_CHAIN,
        service_network: IPv4Network = SERVICE_NETWORK,
        node_ports: tuple[int, int] = NODE_PORTS,
        secure_port: int = SECURE_PORT,
        bookmark_seconds: float = BOOKMARK_SECONDS,
    ) -> None:
        self.store = store
        self.scheme = Scheme.builtin() if scheme is None else scheme
        self._watchers = Watchers() if watchers is None else watchers
        self._authorizer = ComponentAuthorizer() if authorizer is None else authorizer
        self._admission = tuple(admission)
        self._service_network = service_network
        self._node_ports = node_ports
        self._secure_port = secure_port
        self._bookmark_seconds = bookmark_seconds
        self._served: dict[Resource, Served] = {}

    # --- life ------------------------------------------------------------------------------

    def started(self) -> None:
        """Derive everything from the store, and put in what is missing."""
        self._allocations = ServiceAllocations(
            self.store.list(_SERVICES), network=self._service_network, node_ports=self._node_ports
        )
        self._indexes = Indexes(self.store)
        self._expiry = Expiry(self.store.list(EVENTS), self.ctx.clock.now())
        self._env = Environment(
            self.store, self.scheme, self.ctx, self.ctx.clock.now, self._allocations
        )
        self._hub = WatchHub(self._watchers, self.ctx, self.store.revision)
        self.store.listen(self._changed)
        self._hub.greet()
        self._bootstrap()
        self.ctx.every(self._bookmark_seconds, _MinutePassed())

    def stopped(self) -> None:
        """End all watches; a restart does it, too."""
        self.store.flush()
        self._hub.dismiss()

    def drained(self) -> None:
        """Make the slice's writes durable and tell the watchers, once for all of them."""
        self.store.flush()
        self._hub.flush()

    def _changed(self, change: Change) -> None:
        bucket = change.bucket
        if bucket == _SERVICES:
            self._allocations.observe(change)
        elif bucket == EVENTS:
            self._expiry.observe(change, self.ctx.clock.now())
        self._hub.publish(change)

    def _bootstrap(self) -> None:
        address = str(self._service_network.network_address + 1)
        for wanted in bootstrap_objects(address, self._secure_port):
            resource = self.scheme.by_type(type(wanted))
            metadata = wanted.metadata
            if self.store.get(resource.key, metadata.namespace, metadata.name) is None:
                self._perform(
                    decide_create,
                    self._served_for(resource),
                    Create(resource=resource, object=wanted),
                )

    def on_minute_passed(self, message: _MinutePassed) -> None:
        """Old events go; idle watchers get a sign of life."""
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
        try:
            served = self._admit("get", message, message.name, message.subresource)
            if message.subresource:
                subresource = served.subresource(message.subresource)
                return subresource.get(self._env, served, message)
            stored = self.store.get(served.bucket, message.namespace, message.name)
            if stored is None:
                raise errors.not_found(served.resource, message.name)
            return served.given(stored)
        except ApiError as error:
            return self._refused(error)

    def on_list(self, message: List) -> Any:
        """Answer a page of objects."""
        try:
            served = self._admit("list", message)
            return answer_list(self.store, self._indexes, served, message)
        except ApiError as error:
            return self._refused(error)

    def on_watch(self, message: Watch) -> Any:
        """Answer the present state, or the position in history, and tell what follows."""
        try:
            return self._watch(message)
        except ApiError as error:
            return self._refused(error)

    def _watch(self, message: Watch) -> Watching:
        served = self._admit("watch", message)
        selection = selection_of(served, message.label_selector, message.field_selector)
        key = ChannelKey(
            served.bucket,
            served.resource,
            message.namespace,
            message.label_selector,
            message.field_selector,
            message.batch_seconds,
            message.can_wait,
        )
        # What is read now must have been told to the hub: nothing may come twice.
        self.store.flush()
        items: tuple[Any, ...] = ()
        replay: Sequence[Change] = ()
        if message.since is None:
            items = present(self.store, self._indexes, served, message.namespace, selection)
        else:
            replay = self._history(served, message.since)
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

    # --- writing ---------------------------------------------------------------------------

    def on_create(self, message: Create) -> Any:
        """Create an object, or post to a subresource."""
        try:
            served = self._admit("create", message, message.name, message.subresource)
            if message.subresource:
                decide = served.subresource(message.subresource).create
                return self._perform(decide, served, message)
            if served.virtual:
                return self._virtual(served, message)
            return self._perform(decide_create, served, message)
        except ApiError as error:
            return self._refused(error)

    def _virtual(self, served: Served, message: Create) -> Any:
        """What is posted and never stored: a review, or a binding by its old path."""
        if message.resource.key == _BINDINGS:
            pods = self.scheme.by_type(Pod)
            name = message.name or message.object.metadata.name
            message = replace(message, resource=pods, name=name, subresource="binding")
            return self.on_create(message)
        answer = answer_review(Questions(self._authorizer, self.scheme), served, message)
        if answer is None:
            raise errors.method_not_allowed(message.resource, "create")
        return answer

    def on_update(self, message: Update) -> Any:
        """Replace an object, its status, or another subresource."""
        try:
            served = self._admit("update", message, message.name, message.subresource)
            if message.subresource:
                decide = served.subresource(message.subresource).update
                return self._perform(decide, served, message)
            return self._perform(decide_update, served, message)
        except ApiError as error:
            return self._refused(error)

    def on_patch(self, message: Patch) -> Any:
        """Change an object, its status, or another subresource by a patch."""
        try:
            served = self._admit("patch", message, message.name, message.subresource)
            if message.subresource:
                decide = served.subresource(message.subresource).patch
                return self._perform(decide, served, message)
            return self._perform(decide_patch, served, message)
        except ApiError as error:
            return self._refused(error)

    def on_delete(self, message: Delete) -> Any:
        """Delete an object, or begin to."""
        try:
            served = self._admit("delete", message, message.name)
            return self._perform(decide_delete, served, message)
        except ApiError as error:
            return self._refused(error)

    def on_delete_collection(self, message: DeleteCollection) -> Any:
        """Delete all objects that are selected; those that are gone meanwhile do not matter."""
        try:
            served = self._admit("deletecollection", message)
            selection = selection_of(served, message.label_selector, message.field_selector)
        except ApiError as error:
            return self._refused(error)
        chosen = present(self.store, self._indexes, served, message.namespace, selection)
        attempts = [self._deletion(served, message, each) for each in chosen]
        answer = _CollectionAnswer(self.store, attempts)
        if not answer.waiting:
            failure = answer.error
            return answer.page() if failure is None else self._refused(failure)
        deferred = self.ctx.defer()
        answer.on_end = end_deferred(deferred)
        return deferred

    def _deletion(self, served: Served, message: DeleteCollection, chosen: Any) -> Attempt[Delete]:
        delete = Delete(
            resource=message.resource,
            name=chosen.metadata.name,
            namespace=chosen.metadata.namespace,
            grace_period_seconds=message.grace_period_seconds,
            propagation_policy=message.propagation_policy,
            uid=chosen.metadata.uid,
            dry_run=message.dry_run,
            identity=message.identity,
        )
        attempt = Attempt(self.store, self._env, decide_delete, served, delete)
        attempt.run()
        return attempt

    # --- inside ----------------------------------------------------------------------------

    def _admit(
        self,
        verb: Verb,
        message: Get | List | Watch | Create | Update | Patch | Delete | DeleteCollection,
        name: str = "",
        subresource: str = "",
    ) -> Served:
        """What serves the message's resource, if its sender may do this. Raises ApiError."""
        resource = message.resource
        served = self._served.get(resource)
        if served is None:
            served = self._served_for(resource)
        why = self._authorizer.refusal(
            message.identity,
            verb,
            resource,
            namespace=message.namespace,
            name=name,
            subresource=subresource,
        )
        if why is not None:
            raise errors.unauthorized(
                message.identity,
                verb,
                resource,
                namespace=message.namespace,
                name=name,
                subresource=subresource,
                reason=why,
            )
        if not subresource and verb not in resource.verbs:
            raise errors.method_not_allowed(resource, verb)
        return served

    def _served_for(self, resource: Resource) -> Served:
        """Raises NotFound if the scheme does not have (any more) what the message names."""
        if self.scheme.by_path(resource.group, resource.version, resource.plural) is not resource:
            self._served.pop(resource, None)
            raise errors.no_such_resource()
        served = Served(resource, self.scheme, self._admission, SUBRESOURCES)
        self._served[resource] = served
        return served

    def _perform(self, decide: Callable[..., Any], served: Served, message: Any) -> Any:
        """The answer, or the promise of one."""
        attempt: Attempt[Any] = Attempt(self.store, self._env, decide, served, message)
        attempt.run()
        if attempt.ended:
            return attempt.answer if attempt.error is None else self._refused(attempt.error)
        deferred = self.ctx.defer()
        attempt.on_end = end_deferred(deferred)
        return deferred

    def _refused(self, error: ApiError) -> Any:
        """An error as the reply; a message that was told, not asked, has nobody to hear it."""
        deferred = self.ctx.defer()
        deferred.fail(error)
        return deferred


class _CollectionAnswer:
    """Waits for the deletions of a collection."""

    def __init__(self, store: Store, attempts: Sequence[Attempt[Delete]]) -> None:
        self._store = store
        self._attempts = attempts
        self.on_end: Callable[[Any, ApiError | None], None] | None = None
        self.waiting = 0
        for attempt in attempts:
            if not attempt.ended:
                self.waiting += 1
                attempt.on_end = self._ended

    def _ended(self, _answer: Any, _error: ApiError | None) -> None:
        self.waiting -= 1
        if not self.waiting and self.on_end is not None:
            error = self.error
            self.on_end(self.page() if error is None else None, error)

    @property
    def error(self) -> ApiError | None:
        """The first real failure."""
        failures = (attempt.error for attempt in self._attempts if attempt.error is not None)
        return next((error for error in failures if not isinstance(error, NotFound)), None)

    def page(self) -> Page:
        """What was deleted, or began to be."""
        deleted = [
            attempt.answer.object
            for attempt in self._attempts
            if isinstance(attempt.answer, Deleted)
        ]
        return Page(tuple(deleted), self._store.revision)


def _ignore(_outcome: Outcome) -> None:
    """Nobody waits for this write; if it is refused, the next minute tries again."""
