"""The API server behind its mailbox, in virtual time, with the questions that tests ask."""

from collections.abc import Mapping
from types import TracebackType
from typing import Any, TypeVar

import pytest

from actors import ActorSystem, Inbox, Ref
from orchestrator.api.apps.v1 import Deployment, DeploymentSpec
from orchestrator.api.core.v1 import (
    Container,
    Namespace,
    Pod,
    PodSpec,
    PodTemplateSpec,
    ServiceAccount,
)
from orchestrator.api.meta.v1 import LabelSelector, ObjectMeta
from orchestrator.api.scheme import Resource, Scheme
from orchestrator.apiserver import ApiServer, HubStatistics, api_server
from orchestrator.protocol import (
    ApiError,
    Create,
    Created,
    Delete,
    Deleted,
    Get,
    Identity,
    List,
    Page,
    Patch,
    PatchType,
    Update,
    Watch,
    WatchClosed,
    WatchEvents,
    Watching,
)
from orchestrator.store import MemoryStore, Store

T = TypeVar("T")
E = TypeVar("E", bound=ApiError)

NAMESPACE = "default"


class Api:
    """`async with Api() as api`: a server with a store of its own; `start` and `crash` it."""

    def __init__(self, *, store: Store | None = None, seed: int = 0, **options: Any) -> None:
        self.store = MemoryStore() if store is None else store
        self.scheme = Scheme.builtin()
        self.system = ActorSystem(seed=seed)
        self._make = api_server(self.store, scheme=self.scheme, **options)
        self._incarnations: list[ApiServer] = []
        self.ref: Ref[Any]

    async def __aenter__(self) -> "Api":
        await self.system.__aenter__()
        self.ref = self.system.spawn(self._incarnation, "apiserver")
        await self.create(ServiceAccount(metadata=ObjectMeta(name="default", namespace=NAMESPACE)))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.system.__aexit__(kind, error, traceback)

    def _incarnation(self) -> ApiServer:
        self._incarnations.append(self._make())
        return self._incarnations[-1]

    def resource(self, kind: type[Any]) -> Resource:
        """The resource of a built-in kind."""
        return self.scheme.by_type(kind)

    def creation(self, new: Any, **options: Any) -> Create:
        """The request. A namespaced kind's namespace is "default" unless it says another."""
        resource = options.pop("resource", None) or self.resource(type(new))
        namespace = options.pop("namespace", None)
        if namespace is None:
            namespace = new.metadata.namespace or (NAMESPACE if resource.namespaced else "")
        return Create(resource=resource, object=new, namespace=namespace, **options)

    async def create(self, new: Any, **options: Any) -> Any:
        """As stored."""
        return await self.ref.ask(self.creation(new, **options))

    async def get(self, kind: type[T], name: str, **options: Any) -> T:
        """The stored object."""
        request = Get(**self._about(kind, name, options))
        found: T = await self.ref.ask(request)
        return found

    async def page(self, kind: type[Any], **options: Any) -> Page:
        """A list's answer."""
        resource = options.pop("resource", None) or self.resource(kind)
        return await self.ref.ask(List(resource=resource, **options))

    async def list(self, kind: type[Any], **options: Any) -> list[str]:
        """The names of a list."""
        return [each.metadata.name for each in (await self.page(kind, **options)).items]

    async def update(self, new: Any, **options: Any) -> Any:
        """As stored, whether it was there before or not."""
        about = self._about(type(new), new.metadata.name, options, new.metadata.namespace)
        answer = await self.ref.ask(Update(object=new, **about))
        return answer.object if isinstance(answer, Created) else answer

    async def status(self, new: Any, **options: Any) -> Any:
        """An update of the status."""
        return await self.update(new, subresource="status", **options)

    async def patch(
        self,
        kind: type[Any],
        name: str,
        body: Any,
        patch_type: PatchType = "merge",
        **options: Any,
    ) -> Any:
        """As stored."""
        about = self._about(kind, name, options)
        return await self.ref.ask(Patch(patch_type=patch_type, body=body, **about))

    async def delete(self, kind: type[Any], name: str, **options: Any) -> Deleted:
        """What the delete did."""
        return await self.ref.ask(Delete(**self._about(kind, name, options)))

    def _about(
        self, kind: type[Any], name: str, options: dict[str, Any], namespace: str = ""
    ) -> dict[str, Any]:
        resource = options.pop("resource", None) or self.resource(kind)
        default = namespace or (NAMESPACE if resource.namespaced else "")
        options.setdefault("namespace", default)
        return {"resource": resource, "name": name, **options}

    def inbox(self, capacity: int = 1024) -> Inbox:
        """A sink to watch with."""
        return self.system.inbox(capacity=capacity)

    async def watch(
        self, inbox: Inbox, kind: type[Any], token: str = "test", **options: Any
    ) -> Watching:
        """Begin a watch whose messages go to the inbox."""
        return await self.watch_with(inbox.ref, kind, token, **options)

    async def watch_with(
        self, sink: Ref[Any], kind: type[Any], token: str = "test", **options: Any
    ) -> Watching:
        """Begin a watch whose messages go to an actor."""
        resource = options.pop("resource", None) or self.resource(kind)
        return await self.ref.ask(Watch(resource=resource, sink=sink, token=token, **options))

    async def statistics(self) -> HubStatistics:
        """What the watch hub has done."""
        await self.settle()
        return self._incarnations[-1].statistics()

    async def settle(self, seconds: float = 0.0) -> None:
        """Let everything that is under way end, and so much time pass."""
        await self.system.clock.sleep(seconds)

    async def crash(self) -> None:
        """Kill the server's incarnation; its supervisor starts the next."""
        self.system.crash(self.ref)
        await self.settle(0.001)

    async def stop(self) -> None:
        """Stop the server for good."""
        self.system.stop_actor(self.ref)
        await self.settle()


async def refused(expected: type[E], request: Any) -> E:
    """The error that the request ends with."""
    with pytest.raises(expected) as refusal:
        await request
    return refusal.value


def drained(inbox: Inbox) -> list[Any]:
    """What has come so far."""
    found = []
    while (message := inbox.get_nowait()) is not None:
        found.append(message)
    return found


def events_of(messages: list[Any]) -> list[tuple[str, str]]:
    """(type, name) of all events in the messages."""
    return [
        (event.type, event.object.metadata.name)
        for message in messages
        if isinstance(message, WatchEvents)
        for event in message.events
    ]


def closed(messages: list[Any]) -> list[WatchClosed]:
    """The ends of watches in the messages."""
    return [message for message in messages if isinstance(message, WatchClosed)]


# --- objects -------------------------------------------------------------------------------


def meta(name: str, **options: Any) -> ObjectMeta:
    """Metadata in the default namespace."""
    return ObjectMeta(name=name, **{"namespace": NAMESPACE, **options})


def pod(name: str, labels: Mapping[str, str] | None = None, **options: Any) -> Pod:
    """A pod of one container; options are the spec's."""
    containers = options.pop("containers", (Container(name="c", image="registry.test/c:1"),))
    metadata = options.pop("metadata", None) or meta(name, labels=labels or {})
    return Pod(metadata=metadata, spec=PodSpec(containers=containers, **options))


def deployment(name: str, replicas: int = 1, **options: Any) -> Deployment:
    """A deployment of pods labelled with its name; options are the spec's."""
    labels = {"app": name}
    template = PodTemplateSpec(metadata=ObjectMeta(labels=labels), spec=pod("template").spec)
    spec = DeploymentSpec(
        replicas=replicas,
        selector=LabelSelector(match_labels=labels),
        **{"template": template, **options},
    )
    return Deployment(metadata=meta(name), spec=spec)


def namespace(name: str) -> Namespace:
    """A namespace."""
    return Namespace(metadata=ObjectMeta(name=name))


SOMEBODY = Identity("jane", ("system:authenticated",))
