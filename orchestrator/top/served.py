"""A cluster that is looked at by its API server: one of ours, or any other."""

import asyncio
import time
from typing import Any

import aiohttp
import msgspec

from orchestrator.api import codec
from orchestrator.api.core.v1 import Event, Node, Pod
from orchestrator.api.errors import ApiTypeError
from orchestrator.apiserver.debugging import ActorFigures, ActorsPage
from orchestrator.top.kubeconfig import Access
from orchestrator.top.looks import Seen
from orchestrator.top.sources import SourceError

_SECONDS = 30.0  # that a request may take


class ServedSource:
    """The cluster behind an API server, asked by HTTP."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._session: aiohttp.ClientSession | None = None
        self.name = f"{access.context or access.server} at {access.server}"

    async def look(self) -> Seen:
        """What the server has now. Raises SourceError."""
        try:
            nodes, pods, events, page = await asyncio.gather(
                self._list("nodes", Node),
                self._list("pods", Pod),
                self._list("events", Event),
                self._actors(),
            )
        except TimeoutError:
            raise SourceError(f"no answer within {_SECONDS:g} s") from None
        except (aiohttp.ClientError, OSError) as error:
            raise SourceError(f"cannot reach {self._access.server}: {error}") from None
        except (ApiTypeError, ValueError) as error:
            raise SourceError(f"the server's answer cannot be read: {error}") from None
        # A cluster's time is what it says itself; a server that is not ours lives by the wall's clock.
        now = page.now if page is not None else time.time()  # noqa: TID251
        actors: tuple[ActorFigures, ...] | None = page.actors if page is not None else None
        return Seen(now=now, nodes=nodes, pods=pods, events=events, actors=actors)

    async def _list(self, plural: str, kind: type[Any]) -> tuple[Any, ...]:
        status, body = await self._get(f"/api/v1/{plural}")
        document = codec.loads(body)
        if status != 200:
            message = document.get("message") if isinstance(document, dict) else None
            raise SourceError(f"{plural}: {message or f'the server answered {status}'}")
        return tuple(codec.from_dict(item, kind) for item in document.get("items") or ())

    async def _actors(self) -> ActorsPage | None:
        """None where there is no such page, or not for this user."""
        status, body = await self._get("/debug/actors")
        if status in (403, 404):
            return None
        if status != 200:
            raise SourceError(f"/debug/actors: the server answered {status}")
        return msgspec.json.decode(body, type=ActorsPage)

    async def _get(self, path: str) -> tuple[int, bytes]:
        if self._session is None:
            token = self._access.token
            self._session = aiohttp.ClientSession(
                headers={"Authorization": f"Bearer {token}"} if token else {},
                timeout=aiohttp.ClientTimeout(total=_SECONDS),
            )
        url = self._access.server + path
        async with self._session.get(url, ssl=self._access.tls or False) as answer:
            return answer.status, await answer.read()

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
