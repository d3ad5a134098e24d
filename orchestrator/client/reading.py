"""What a client reads: objects, lists, and what becomes of them; nothing here changes anything."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar, cast

from actors import Clock
from orchestrator.api.scheme import DEFAULT, Resource, Scheme
from orchestrator.api.unstructured import Unstructured
from orchestrator.client.checking import checked_name, checked_texts, resource_for
from orchestrator.client.waiting import Predicate, WaitTimeout, condition_of
from orchestrator.client.watching import WatchStream
from orchestrator.protocol import ADMIN, ApiRef, Expired, Get, Identity, List, Page

K = TypeVar("K")


class Reader:
    """The reading half of `Client`, which says what its methods raise."""

    def __init__(
        self,
        api: ApiRef,
        *,
        clock: Clock,
        identity: Identity = ADMIN,
        scheme: Scheme = DEFAULT,
        field_manager: str = "",
        checked: bool = True,
    ) -> None:
        self.api = api
        self.clock = clock
        self.identity = identity
        self.scheme = scheme
        self._manager = field_manager
        self._checked = checked

    def resource(self, kind: type[Any] | Resource) -> Resource:
        """The resource of a kind. Raises TypeError and UnknownKind."""
        return resource_for(kind, self.scheme)

    def resource_of(self, obj: Any) -> Resource:
        """The resource of an object, custom ones included."""
        if isinstance(obj, Unstructured):
            return self.scheme.by_kind(obj.api_version, obj.kind)
        return self.scheme.by_type(type(obj))

    def _say(self, **texts: Any) -> None:
        """Look at what a request says in words, by the names of its arguments. Raises TypeError."""
        if self._checked:
            checked_texts(**texts)

    def _named(self, kind: type[Any] | Resource, name: str) -> Resource:
        """The resource of an object that is named."""
        if self._checked:
            checked_name(name)
        return self.resource(kind)

    async def get(self, kind: type[K] | Resource, name: str, *, namespace: str = "") -> K:
        """One object."""
        resource = self._named(kind, name)
        self._say(namespace=namespace)
        request = Get(
            resource=resource,
            name=name,
            namespace=namespace_in(resource, namespace),
            identity=self.identity,
        )
        return cast(K, await self.api.ask(request))

    async def list(
        self,
        kind: type[K] | Resource,
        *,
        namespace: str | None = None,
        label_selector: str = "",
        field_selector: str = "",
        limit: int = 0,
    ) -> tuple[K, ...]:
        """The objects of a namespace; None: of all namespaces."""
        page = await self.page(
            kind,
            namespace=namespace,
            label_selector=label_selector,
            field_selector=field_selector,
            limit=limit,
        )
        return page.items

    async def page(
        self,
        kind: type[Any] | Resource,
        *,
        namespace: str | None = None,
        label_selector: str = "",
        field_selector: str = "",
        limit: int = 0,
        continue_token: str = "",
    ) -> Page:
        """A list with its revision and, when `limit` cut it, the token of the next page."""
        self._say(namespace=namespace, label_selector=label_selector, field_selector=field_selector)
        return await self.api.ask(
            List(
                resource=self.resource(kind),
                namespace=namespace or "",
                label_selector=label_selector,
                field_selector=field_selector,
                limit=limit,
                continue_token=continue_token,
                identity=self.identity,
            )
        )

    def watch(
        self,
        kind: type[Any] | Resource,
        *,
        namespace: str | None = None,
        label_selector: str = "",
        field_selector: str = "",
        since: int | None = None,
    ) -> WatchStream:
        """Changes as `async with client.watch(Pod) as events: async for event in events`.

        Without `since` the present objects come first, as ADDED. Raises Expired when the reader
        was too slow, or `since` is too old.
        """
        self._say(namespace=namespace, label_selector=label_selector, field_selector=field_selector)
        return WatchStream(
            self.api,
            self.resource(kind),
            namespace=namespace or "",
            label_selector=label_selector,
            field_selector=field_selector,
            since=since,
            identity=self.identity,
        )

    async def wait(
        self,
        kind: type[K] | Resource,
        name: str,
        condition: str | Callable[[K], bool],
        *,
        namespace: str = "",
        timeout: float = 60.0,
    ) -> K | None:
        """The object once the condition holds; None for `delete`. Raises WaitTimeout.

        The condition is `condition=Ready`, `condition=Ready=False`, `delete`,
        `jsonpath={.status.phase}=Running`, or a function of the object.
        """
        resource = self._named(kind, name)
        self._say(namespace=namespace)
        if isinstance(timeout, bool) or not isinstance(timeout, int | float):
            raise TypeError(f"timeout is a number of seconds, not {timeout!r}")
        predicate: Predicate = condition_of(condition) if isinstance(condition, str) else condition
        deleted = condition == "delete"
        stream = WatchStream(
            self.api,
            resource,
            namespace=namespace_in(resource, namespace),
            field_selector=f"metadata.name={name}",
            identity=self.identity,
        )
        seen: list[Any] = [None]  # the object as it was last
        try:
            async with asyncio.timeout(timeout):
                while True:
                    with suppress(Expired):  # messages were lost: look at what there is now
                        return cast(K | None, await _first(stream, deleted, predicate, seen))
        except TimeoutError:
            raise WaitTimeout(resource, name, str(condition), timeout, seen[0]) from None


async def _first(
    stream: WatchStream, deleted: bool, predicate: Predicate, seen: list[Any]
) -> Any | None:
    """The first object of the predicate; None when it is `deleted` that is waited for. Raises Expired."""
    async with stream:
        if deleted and not stream.initial:
            return None
        async for event in stream:
            gone = event.type == "DELETED"
            seen[0] = None if gone else event.object
            if deleted and gone:
                return None
            if not deleted and not gone and predicate(event.object):
                return event.object
    raise AssertionError("a watch ends with an error")


def namespace_in(resource: Resource, namespace: str) -> str:
    """The namespace of a request: `default` unless one is said, and none for what has none."""
    return (namespace or "default") if resource.namespaced else ""
