"""A real cluster for programs that are made for `Cluster`: the client, and controllers of one's own."""

from collections.abc import Iterable
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

from actors import ALWAYS, ActorSystem, Clock, Misuse, Ref
from orchestrator.api.apiextensions.v1 import CustomResourceDefinition
from orchestrator.api.errors import UnknownKind
from orchestrator.api.scheme import Resource, Scheme
from orchestrator.client import Client, Controller
from orchestrator.client.declaration import check
from orchestrator.cluster.arguments import objects_of
from orchestrator.controllers import ControllerManager
from orchestrator.controllers.manager import Registration, RunController
from orchestrator.gateway import Access, Connection, Gateway, connected, discover, find_access
from orchestrator.machinery.conditions import is_false, is_true

if TYPE_CHECKING:
    from orchestrator.cluster.pages import Pages

_PROGRAM: Final = "orchestrator"  # who has written what the program writes


class RemoteCluster:
    """The API server of any Kubernetes cluster, with the face of `Cluster`.

    `access` says where it is and who asks; unless given it is found as kubectl finds it. Inside the block
    there are `client` (a `Client`), `api` (which answers the protocol's messages) and `run_controller`.
    A controller's events are written unless `record_events` is off.

    Raises AccessError, Misuse in virtual time, and `protocol.ApiError` when the server cannot be
    asked.
    """

    def __init__(self, access: Access | None = None, *, record_events: bool = True) -> None:
        self.access = find_access() if access is None else access
        self.scheme = Scheme.builtin()
        self.system = ActorSystem("remote", logger="orchestrator")
        self._record_events = record_events
        self._passed_over: set[str] = set()  # groups whose servers were down
        self._added: list[Registration] = []
        self._connection: Connection
        self.api: Ref[Any]
        self.client: Client
        self._exits = AsyncExitStack()

    def __repr__(self) -> str:
        return f"<RemoteCluster at {self.access.server}>"

    @property
    def clock(self) -> Clock:
        """The clock of this program."""
        return self.system.clock

    async def __aenter__(self) -> "RemoteCluster":
        await self._exits.__aenter__()
        try:
            await self._start()
        except BaseException:
            await self._exits.aclose()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._exits.__aexit__(kind, error, traceback)

    async def _start(self) -> None:
        system = await self._exits.enter_async_context(self.system)
        if system.clock.virtual:
            raise Misuse("a real cluster answers in real time: run the program with asyncio.run")
        self._connection = await self._exits.enter_async_context(
            connected(self.access, system.clock)
        )
        await discover(self._connection, self.scheme, self._passed_over)
        self.api = system.spawn(
            lambda: Gateway(self._connection, self.scheme), "apiserver", restart=ALWAYS
        )
        self.client = Client(
            self.api, clock=system.clock, scheme=self.scheme, field_manager=_PROGRAM
        )
        self._manager = system.spawn(
            lambda: ControllerManager(
                self.api,
                (),
                scheme=self.scheme,
                record_events=self._record_events,
                added=self._added,
            ),
            "controllers",
            restart=ALWAYS,
        )

    async def run_controller(self, controller: type[Controller], **arguments: Any) -> Ref[Any]:
        """As `Cluster.run_controller`: custom resources that have come meanwhile are known, too, and those
        that the controller itself names, be they defined later.
        """
        await discover(self._connection, self.scheme, self._passed_over)
        check(controller, arguments, self.scheme)
        for kind in (controller.kind, *controller.owns):
            if isinstance(kind, Resource):
                self.scheme.serve(self.scheme.own(kind))
        return await self._manager.ask(RunController(controller, dict(arguments)))

    def pages(self, host: str = "127.0.0.1", port: int = 0) -> "Pages":
        """What the process tells of its controllers by HTTP, while the block of the answer lasts."""
        from orchestrator.cluster.pages import Pages  # late: few serve them, and aiohttp is large

        return Pages(self.system, self._manager, host, port)

    async def apply(self, source: str | Path | Iterable[Any], *, namespace: str = "") -> list[Any]:
        """As `Cluster.apply`: objects may follow the definition of their kind, be it applied here or elsewhere."""
        where = namespace or self.access.namespace
        return [await self._applied(each, where) for each in objects_of(source)]

    async def _applied(self, each: Any, namespace: str) -> Any:
        try:
            made = await self.client.apply(each, namespace=namespace)
        except UnknownKind:
            await discover(self._connection, self.scheme, self._passed_over)
            made = await self.client.apply(each, namespace=namespace)
        if isinstance(made, CustomResourceDefinition):
            await self.client.wait(CustomResourceDefinition, made.metadata.name, _is_decided)
        return made


def _is_decided(definition: CustomResourceDefinition) -> bool:
    """Whether it is served, or its names are refused."""
    conditions = definition.status.conditions if definition.status is not None else ()
    return is_true(conditions, "Established") or is_false(conditions, "NamesAccepted")
