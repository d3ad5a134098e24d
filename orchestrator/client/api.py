"""The typed client: what tasks, embedding programs and `reconcile` methods use."""

from collections.abc import Awaitable, Mapping, Sequence
from contextvars import ContextVar
from typing import Any, Final, TypeVar, cast

from actors import NoReply
from orchestrator.api import codec
from orchestrator.api.authentication.v1 import TokenRequest, TokenRequestSpec
from orchestrator.api.core.v1 import Binding, ObjectReference, Pod, ServiceAccount
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.api.policy.v1 import Eviction
from orchestrator.api.scheme import Resource
from orchestrator.client.apply import apply_patch
from orchestrator.client.cache import Key
from orchestrator.client.checking import (
    checked_body,
    checked_document,
    checked_object,
)
from orchestrator.client.reading import Reader, namespace_in
from orchestrator.machinery.patches import with_last_applied
from orchestrator.protocol import (
    ApiError,
    Create,
    Created,
    Delete,
    DeleteCollection,
    Deleted,
    NotFound,
    Page,
    Patch,
    PatchType,
    PropagationPolicy,
    Update,
)

K = TypeVar("K")

# The writes of the task that runs: resource -> the highest revision written. None: nobody asks.
WRITES: Final[ContextVar[dict[Resource, int] | None]] = ContextVar("writes", default=None)


class Client(Reader):
    """Requests to an API server, awaited. Every method raises `protocol.ApiError`s and
    `actors.NoReply` errors. For a namespaced kind an empty namespace means `default`.

    What is written is looked at here: Invalid names a field whose type is wrong, TypeError says what is
    no object at all, and a list becomes the tuple that belongs there. A client that is not `checked`
    takes its callers' word for it (mypy's), and hands over the very object that it is given.
    """

    def unchecked(self) -> "Client":
        """The same client, but that it takes its callers' word for what they write: for objects that are typed."""
        return Client(
            self.api,
            clock=self.clock,
            identity=self.identity,
            scheme=self.scheme,
            field_manager=self._manager,
            checked=False,
        )

    def _given(self, obj: Any) -> tuple[Resource, Any]:
        """An object to write, with its resource."""
        if self._checked:
            return checked_object(obj, self.scheme)
        return self.resource_of(obj), obj

    def _document(self, obj: Any) -> dict[str, Any]:
        """An object to apply as the manifest that it is. Raises TypeError and Invalid."""
        if isinstance(obj, Mapping):
            return checked_document(obj)
        return codec.to_dict(self._given(obj)[1])

    async def create(self, obj: K, *, namespace: str = "") -> K:
        """The object as the API server stored it; `obj` may be a decoded manifest, too."""
        self._say(namespace=namespace)
        resource, given = self._given(obj)
        request = self._creation(resource, given, namespace)
        return cast(K, await self._write(resource, self.api.ask(request)))

    async def create_all(self, objects: Sequence[K]) -> Sequence[K | ApiError | NoReply]:
        """Many objects of one kind, requested together; an error in the place of what failed."""
        if not objects:
            return []
        # A controller stamps many objects from one: their requests are then one, too.
        requests: dict[int, Create] = {}
        resource, given = self._given(objects[0])
        requests[id(objects[0])] = self._creation(resource, given, "")
        for obj in objects:
            if id(obj) not in requests:
                requests[id(obj)] = self._creation(resource, self._given(obj)[1], "")
        return await self._ask_all(resource, [requests[id(obj)] for obj in objects])

    def _creation(self, resource: Resource, obj: Any, namespace: str) -> Create:
        return Create(
            resource=resource,
            object=obj,
            namespace=namespace_in(resource, namespace or obj.metadata.namespace),
            field_manager=self._manager,
            identity=self.identity,
        )

    async def update(self, obj: K, *, subresource: str = "") -> K:
        """Replace an object that was read before; Conflict when it has changed since."""
        resource, given = self._given(obj)
        metadata: ObjectMeta = given.metadata
        request = Update(
            resource=resource,
            object=given,
            name=metadata.name,
            namespace=namespace_in(resource, metadata.namespace),
            subresource=subresource,
            field_manager=self._manager,
            identity=self.identity,
        )
        return cast(K, await self._write(resource, self.api.ask(request)))

    async def update_status(self, obj: K) -> K:
        """Replace an object's status."""
        return await self.update(obj, subresource="status")

    async def patch(
        self,
        kind: type[K] | Resource,
        name: str,
        body: Mapping[str, Any] | Sequence[Any],
        *,
        namespace: str = "",
        patch_type: PatchType = "merge",
        subresource: str = "",
    ) -> K:
        """Change an object by a patch."""
        resource = self._named(kind, name)
        self._say(namespace=namespace, patch_type=patch_type, subresource=subresource)
        if self._checked:
            body = checked_body(body, patch_type)
        request = Patch(
            resource=resource,
            name=name,
            patch_type=patch_type,
            body=body,
            namespace=namespace_in(resource, namespace),
            subresource=subresource,
            field_manager=self._manager,
            identity=self.identity,
        )
        return cast(K, await self._write(resource, self.api.ask(request)))

    async def merge_all(
        self, kind: type[K] | Resource, patches: Sequence[tuple[Key, Mapping[str, Any]]]
    ) -> Sequence[K | ApiError | NoReply]:
        """Merge patches of many objects, requested together; an error in the place of what failed."""
        resource = self.resource(kind)
        requests = [
            Patch(
                resource=resource,
                name=key.name,
                patch_type="merge",
                body=body,
                namespace=namespace_in(resource, key.namespace),
                field_manager=self._manager,
                identity=self.identity,
            )
            for key, body in patches
        ]
        return await self._ask_all(resource, requests)

    async def delete(
        self,
        kind: type[Any] | Resource,
        name: str,
        *,
        namespace: str = "",
        grace_period_seconds: int | None = None,
        propagation_policy: PropagationPolicy = "",
        uid: str = "",
        resource_version: str = "",
    ) -> Deleted:
        """Delete an object; `gone` says whether it went at once."""
        resource = self._named(kind, name)
        self._say(namespace=namespace, propagation_policy=propagation_policy)
        answer = await self.api.ask(
            Delete(
                resource=resource,
                name=name,
                namespace=namespace_in(resource, namespace),
                grace_period_seconds=grace_period_seconds,
                propagation_policy=propagation_policy,
                uid=uid or None,
                resource_version=resource_version or None,
                identity=self.identity,
            )
        )
        _note(resource, answer.object)
        return answer

    async def delete_collection(
        self,
        kind: type[Any] | Resource,
        *,
        namespace: str = "",
        label_selector: str = "",
        field_selector: str = "",
        propagation_policy: PropagationPolicy = "",
    ) -> Page:
        """Delete all that the selectors match; answers what was deleted."""
        resource = self.resource(kind)
        self._say(namespace=namespace, label_selector=label_selector, field_selector=field_selector)
        return await self.api.ask(
            DeleteCollection(
                resource=resource,
                namespace=namespace_in(resource, namespace),
                label_selector=label_selector,
                field_selector=field_selector,
                propagation_policy=propagation_policy,
                identity=self.identity,
            )
        )

    async def apply(self, obj: Any, *, namespace: str = "") -> Any:
        """Create the object, or change the one there as `kubectl apply` does.

        `obj` is an object or a decoded manifest. The three-way merge starts from the annotation
        `kubectl.kubernetes.io/last-applied-configuration`.
        """
        document = self._document(obj)
        self._say(namespace=namespace)
        resource, typed = codec.decode_any(document, self.scheme)
        where = namespace_in(resource, namespace or typed.metadata.namespace)
        if where:
            document["metadata"] = {**document.get("metadata", {}), "namespace": where}
        manifest = with_last_applied(document)
        try:
            current: Any = await self.get(resource, typed.metadata.name, namespace=where)
        except NotFound:
            request = self._creation(resource, codec.decode(manifest, resource.type), where)
            return await self._write(resource, self.api.ask(request))
        body, patch_type = apply_patch(resource, manifest, codec.to_dict(current))
        if not body:
            return current
        return await self.patch(
            resource, typed.metadata.name, body, namespace=where, patch_type=patch_type
        )

    async def apply_server_side(
        self, obj: Any, *, namespace: str = "", field_manager: str = "", force: bool = False
    ) -> Any:
        """Create the object, or make it what `obj` says, as `kubectl apply --server-side` does.

        `obj` is an object or a decoded manifest; `field_manager` owns from then on what it says, and
        what it said before and leaves out now is removed. Raises Conflict for fields of other managers
        that would change, unless it is to `force` them.
        """
        document = self._document(obj)
        self._say(namespace=namespace)
        resource, typed = codec.decode_any(document, self.scheme)
        where = namespace_in(resource, namespace or typed.metadata.namespace)
        metadata = {**document["metadata"], **({"namespace": where} if where else {})}
        metadata.pop("managedFields", None)
        request = Patch(
            resource=resource,
            name=typed.metadata.name,
            patch_type="apply",
            body={**document, "metadata": metadata},
            namespace=where,
            field_manager=field_manager or self._manager,
            force=force,
            identity=self.identity,
        )
        return await self._write(resource, self.api.ask(request))

    async def scale(
        self, kind: type[Any] | Resource, name: str, replicas: int, *, namespace: str = ""
    ) -> None:
        """Set the number of replicas through the scale subresource."""
        body = {"spec": {"replicas": replicas}}
        await self.patch(kind, name, body, namespace=namespace, subresource="scale")

    async def bind(self, pod: Pod, node_name: str) -> None:
        """Assign a pod to a node."""
        metadata = ObjectMeta(
            name=pod.metadata.name, namespace=pod.metadata.namespace, uid=pod.metadata.uid
        )
        target = ObjectReference(api_version="v1", kind="Node", name=node_name)
        await self._post(pod, "binding", Binding(metadata=metadata, target=target))

    async def evict(self, pod: Pod) -> None:
        """Delete a pod unless a disruption budget forbids it. Raises TooManyRequests."""
        metadata = ObjectMeta(name=pod.metadata.name, namespace=pod.metadata.namespace)
        await self._post(pod, "eviction", Eviction(metadata=metadata))

    async def token(self, account: ServiceAccount, spec: TokenRequestSpec | None = None) -> str:
        """A token for a service account. Raises Invalid, and NotFound for what it shall be bound to."""
        metadata = account.metadata
        answer = await self.api.ask(
            Create(
                resource=self.scheme.by_type(ServiceAccount),
                object=TokenRequest(spec=spec or TokenRequestSpec()),
                name=metadata.name,
                namespace=metadata.namespace,
                subresource="token",
                field_manager=self._manager,
                identity=self.identity,
            )
        )
        token: str = answer.status.token
        return token

    async def _post(self, pod: Pod, subresource: str, obj: Any) -> None:
        await self.api.ask(
            Create(
                resource=self.scheme.by_type(Pod),
                object=obj,
                name=pod.metadata.name,
                namespace=pod.metadata.namespace,
                subresource=subresource,
                field_manager=self._manager,
                identity=self.identity,
            )
        )

    async def _write(self, resource: Resource, answer: Awaitable[Any]) -> Any:
        obj = await answer
        if type(obj) is Created:
            obj = obj.object
        _note(resource, obj)
        return obj

    async def _ask_all(
        self, resource: Resource, requests: Sequence[Create | Patch]
    ) -> Sequence[Any]:
        """The answers to requests that are all sent before the first is awaited; no task for each."""
        futures = [self.api.ask(request) for request in requests]
        answers: list[Any] = []
        try:
            for future in futures:
                try:
                    answers.append(await future)
                except (ApiError, NoReply) as error:
                    answers.append(error)
        finally:
            for future in futures[len(answers) :]:
                future.cancel()  # nobody waits any more
        if WRITES.get() is not None:
            for answer in answers:
                if not isinstance(answer, ApiError | NoReply):
                    _note(resource, answer)
        return answers


def _note(resource: Resource, obj: Any) -> None:
    """Remember the revision of a write for whoever collects them."""
    writes = WRITES.get()
    if writes is not None and obj is not None and obj.metadata.resource_version.isdecimal():
        revision = int(obj.metadata.resource_version)
        writes[resource] = max(writes.get(resource, 0), revision)
