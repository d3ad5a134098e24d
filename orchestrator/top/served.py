"""A cluster that is looked at by its API server: one of ours, or any other."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import msgspec

from actors import Clock
from orchestrator.api.core.v1 import Event, Node, Pod
from orchestrator.api.errors import ApiTypeError
from orchestrator.api.scheme import resource_of
from orchestrator.apiserver.debugging import ActorFigures, ActorsPage
from orchestrator.gateway import Access, AccessError, Connection, connected
from orchestrator.gateway.answers import page_of
from orchestrator.gateway.requests import HttpRequest, request_for
from orchestrator.protocol import ApiError, Forbidden, List, NotFound
from orchestrator.top.looks import Seen
from orchestrator.top.sources import SourceError


class ServedSource:
    """The cluster behind an API server, asked by HTTP."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._connection: Connection | None = None
        self._exits = AsyncExitStack()
        self.name = f"{access.context or access.server} at {access.server}"

    async def look(self) -> Seen:
        """What the server has now. Raises SourceError."""
        clock = Clock(asyncio.get_running_loop())
        try:
            if self._connection is None:
                self._connection = await self._exits.enter_async_context(
                    connected(self._access, clock)
                )
            connection = self._connection
            nodes, pods, events, page = await asyncio.gather(
                _list(connection, Node),
                _list(connection, Pod),
                _list(connection, Event),
                _actors(connection),
            )
        except (AccessError, ApiError) as error:
            raise SourceError(str(error)) from None
        except (ApiTypeError, ValueError) as error:
            raise SourceError(f"the server's answer cannot be read: {error}") from None
        # A cluster's time is what it says itself; a server that is not ours lives by the wall's clock.
        now = page.now if page is not None else clock.now()
        actors: tuple[ActorFigures, ...] | None = page.actors if page is not None else None
        return Seen(now=now, nodes=nodes, pods=pods, events=events, actors=actors)

    async def close(self) -> None:
        """Close the connections."""
        await self._exits.aclose()


async def _list(connection: Connection, kind: type[Any]) -> tuple[Any, ...]:
    resource = resource_of(kind)
    _, body, _ = await connection.send(request_for(List(resource=resource)))
    return page_of(body, resource).items


async def _actors(connection: Connection) -> ActorsPage | None:
    """None where there is no such page, or not for this user."""
    try:
        _, body, _ = await connection.send(HttpRequest("GET", "/debug/actors"))
    except (Forbidden, NotFound):
        return None
    return msgspec.json.decode(body, type=ActorsPage)
