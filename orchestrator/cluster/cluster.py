"""A cluster inside an async program."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Literal

from actors import ALWAYS, ActorSystem, Clock, FaultPlan, MailboxSpec, Misuse, Ref
from orchestrator.api.core.v1 import Node
from orchestrator.api.scheme import Resource, Scheme
from orchestrator.apiserver import (
    BOOKMARK_SECONDS,
    ApiFault,
    ApiTrouble,
    Authorizer,
    CallMeter,
    EndWatches,
    api_server,
)
from orchestrator.apiserver.admission import NO_CHANGE, Admission, chain_of
from orchestrator.client import Client, Controller
from orchestrator.client.declaration import check
from orchestrator.client.errors import InvalidController
from orchestrator.cluster.nodes import AddNode, Nodes, node_spec
from orchestrator.cluster.power import power_switch
from orchestrator.cluster.publishing import publish
from orchestrator.cluster.subjects import describe
from orchestrator.cluster.watchdog import Watchdog
from orchestrator.controllers import CONTROLLERS, ControllerManager
from orchestrator.controllers.installed import find
from orchestrator.controllers.manager import Registration, RunController
from orchestrator.kubelet import FallSilent, NodeSpec, Profile, Runtime
from orchestrator.kubelet.runtimes import RuntimeFactory, Runtimes
from orchestrator.machinery import manifests
from orchestrator.protocol import Expired, Identity, NotFound
from orchestrator.proxy import Connect, Destination
from orchestrator.scheduler import (
    DEFAULT_CONFIGURATION,
    Scheduler,
    SchedulerConfiguration,
    configuration_of,
)
from orchestrator.scheduler import Profile as SchedulerProfile
from orchestrator.store import MemoryStore, Store

if TYPE_CHECKING:
    from orchestrator.apiserver.http import HttpFront

# What installers put into a new cluster.
_FURNITURE: Final = Path(__file__).parent / "furniture"
# The API server's mailbox holds a few requests of each of many thousands of components.
_API_MAILBOX: Final = MailboxSpec(capacity=1_000_000)
# How often silent watches are told so where nothing is lost between mailboxes.
RARE_BOOKMARK_SECONDS: Final = 86_400.0
# Who has written what the embedding program writes by `Cluster.client`.
_EMBEDDER: Final = "orchestrator"
READY_SECONDS: Final = 60.0  # how long entering the block waits for the nodes


class UnknownNode(LookupError):
    """The cluster has no node of this name."""


class NodesNotReady(TimeoutError):
    """Nodes that were added are not Ready in time; `names` says which."""

    def __init__(self, names: tuple[str, ...], seconds: float) -> None:
        some = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
        super().__init__(f"{len(names):,} nodes are not Ready within {seconds:g} s: {some}")
        self.names = names


class Cluster:
    """`async with Cluster(nodes=3) as cluster`: API server, controllers, scheduler and nodes.

    In a loop in virtual time (`actors.run`, the pytest plugin) the cluster lives in virtual time.
    `nodes` is a number of equal nodes, or what each of them is. `seed` decides every choice by
    chance: with equal inputs, equal seeds give equal histories. `profile` is how simulated
    containers behave; `runtimes` are container runtimes of your own by the name that a node's
    `NodeSpec.runtime` says, beside those of `kubelet.runtimes`. `record_events` turns Kubernetes'
    Event objects off for large simulations.
    `heartbeats` that are computed spare long simulations what healthy nodes say again and again (see
    `machinery.heartbeats`); they know of nodes that this class fails, and of no other trouble.
    `scheduler` is a configuration, a profile, or a KubeSchedulerConfiguration as a mapping.
    `faults`, `order` and `trace` are the actor system's: what goes wrong on purpose, whether the
    seed decides which ready actor is next, and who caused what.
    `api_faults` are requests that the API server refuses or answers late on purpose; more are added
    with `fail_api` while it runs. `meter` hears of every API call.
    `admission` turns admission plugins on and off and adds your own, `authorizer` decides who may do
    what, and `resources` are kinds of your own, stored and served beside the built-in ones.
    A `furnished` cluster has what installers put into a new one, too: CoreDNS behind the Service kube-dns,
    and a default StorageClass whose disks are simulated.

    A cluster lives once: what has ended does not begin again. Raises TypeError and ValueError for
    arguments of another kind (UnknownAdmissionPlugin among them), and Misuse for a second beginning.
    """

    def __init__(
        self,
        nodes: int | Sequence[NodeSpec] = 1,
        *,
        seed: int = 0,
        store: Store | None = None,
        controllers: Sequence[type[Controller] | str] = CONTROLLERS,
        scheduler: SchedulerConfiguration
        | SchedulerProfile
        | Mapping[str, Any] = DEFAULT_CONFIGURATION,
        profile: Profile | None = None,
        runtimes: Mapping[str, RuntimeFactory] | None = None,
        proxies: bool = True,
        record_events: bool = True,
        heartbeats: Literal["written", "computed"] = "written",
        faults: FaultPlan | None = None,
        api_faults: Sequence[ApiFault] = (),
        order: Literal["fifo", "seeded"] = "fifo",
        trace: bool = False,
        meter: CallMeter | None = None,
        admission: Admission = NO_CHANGE,
        authorizer: Authorizer | None = None,
        resources: Sequence[Resource] = (),
        furnished: bool = False,
    ) -> None:
        self._furnished = furnished
        self._specs = _specs(nodes)
        self._added: list[Registration] = []  # controllers that were run later
        self._runtimes = Runtimes(profile, runtimes)
        self._admission = chain_of(admission)
        self._authorizer = authorizer
        self.scheme = Scheme.builtin()
        for resource in resources:
            self.scheme.register(resource)
        self._controllers = _classes(controllers, self.scheme)
        self.store: Store = MemoryStore() if store is None else store
        self.system = ActorSystem(
            "cluster",
            seed=seed,
            order=order,
            faults=faults,
            trace=trace,
            logger="orchestrator",
            on_answer=meter.answered if meter is not None else None,
        )
        self._meter = meter
        self.api_trouble = ApiTrouble(seed)
        for fault in api_faults:
            self.api_trouble.add(fault)
        if self.system.trace is not None:
            self.system.trace.describe = describe
        self.client: Client
        self.api: Ref[Any]
        self._scheduler = configuration_of(scheduler)
        self._proxies = proxies
        self._record_events = record_events
        self._computed_heartbeats = heartbeats == "computed"
        self._known: dict[str, NodeSpec] = {}
        self._machines: dict[str, tuple[NodeSpec, Runtime]] = {}
        self._has_switch = False
        self._state: Literal["not begun", "running", "ended"] = "not begun"
        self._exits = AsyncExitStack()

    def __repr__(self) -> str:
        nodes = len(self._known) or len(self._specs)
        plural = "" if nodes == 1 else "s"
        return f"<Cluster of {nodes} node{plural}, seed {self.system.seed}, {self._state}>"

    @property
    def clock(self) -> Clock:
        """The cluster's clock."""
        return self.system.clock

    async def __aenter__(self) -> "Cluster":
        if self._state != "not begun":
            raise Misuse(f"a Cluster lives once, and this one is {self._state}: make another")
        self._state = "running"
        await self._exits.enter_async_context(self.system)
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
        self._state = "ended"
        await self._exits.__aexit__(kind, error, traceback)

    def __getattr__(self, name: str) -> Any:
        if name in ("client", "api"):
            raise Misuse(f"a Cluster has its {name} inside `async with Cluster() as cluster:`")
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    async def _start(self) -> None:
        system = self.system
        self.api = system.spawn(
            api_server(
                self.store,
                meter=self._meter,
                scheme=self.scheme,
                admission=self._admission,
                authorizer=self._authorizer,
                trouble=self.api_trouble,
                bookmark_seconds=RARE_BOOKMARK_SECONDS
                if self._computed_heartbeats
                else BOOKMARK_SECONDS,
            ),
            "apiserver",
            mailbox=_API_MAILBOX,
            restart=ALWAYS,
        )
        self.client = Client(
            self.api, clock=system.clock, scheme=self.scheme, field_manager=_EMBEDDER
        )
        self._manager = system.spawn(
            lambda: ControllerManager(
                self.api,
                self._controllers,
                scheme=self.scheme,
                identity=Identity("system:kube-controller-manager"),
                record_events=self._record_events,
                added=self._added,
            ),
            "controllers",
            restart=ALWAYS,
        )
        system.spawn(
            lambda: Scheduler(
                self.api,
                self._scheduler,
                identity=Identity("system:kube-scheduler"),
                record_events=self._record_events,
            ),
            "scheduler",
            restart=ALWAYS,
        )
        self._nodes = system.spawn(
            lambda: Nodes(
                self.api,
                self._runtimes,
                self._machines,
                proxies=self._proxies,
                kubelet_options={
                    "record_events": self._record_events,
                    "computed_heartbeats": self._computed_heartbeats,
                },
            ),
            "nodes",
            restart=ALWAYS,
        )
        await self.add_nodes(self._specs)
        if self._furnished:
            await self.apply(_FURNITURE)

    # --- nodes -----------------------------------------------------------------------------

    async def add_nodes(self, specs: Iterable[NodeSpec]) -> None:
        """Add nodes, and wait until all of them are Ready.

        Raises NodesNotReady after a minute, and UnknownRuntime.
        """
        names: dict[str, None] = {}
        for spec in specs:
            self._runtimes.factory(spec.runtime)
            self._known[spec.name] = spec
            names[spec.name] = None
            await self._nodes.ask(AddNode(spec))
        await self._until_ready(names)

    async def _until_ready(self, names: dict[str, None]) -> None:
        try:
            async with asyncio.timeout(READY_SECONDS):
                while names:
                    with suppress(Expired):  # a message was lost: look at all of them again
                        await self._watch_until_ready(names)
        except TimeoutError:
            raise NodesNotReady(tuple(names), READY_SECONDS) from None

    async def _watch_until_ready(self, names: dict[str, None]) -> None:
        """Take out of `names` what becomes Ready. Raises Expired."""
        async with self.client.watch(Node) as events:
            async for event in events:
                if event.type != "DELETED" and _is_ready(event.object):
                    names.pop(event.object.metadata.name, None)
                    if not names:
                        return

    def has_node(self, name: str) -> bool:
        """Whether the cluster has a node of this name, with power or without."""
        return name in self._known

    async def crash_node(self, name: str) -> None:
        """Cut a node's power: kubelet, proxy and containers stop, and nobody is told.

        A node whose power is off already stays so. Raises UnknownNode.
        """
        self._spec(name)
        self._machines.pop(name, None)
        if self._computed_heartbeats:
            kubelet = self.system.find(f"/nodes/{name}/kubelet")
            if kubelet is not None:
                await kubelet.ask(FallSilent())
        machine = self.system.find(f"/nodes/{name}")
        if machine is not None:
            await self.system.stop_actor(machine)

    async def restart_node(self, name: str) -> None:
        """Switch a crashed node on again, with an empty runtime. Raises UnknownNode."""
        spec = self._spec(name)
        if name not in self._machines:
            await self._nodes.ask(AddNode(spec))

    async def remove_node(self, name: str) -> None:
        """Take a node out: its machine, and its Node object. Raises UnknownNode."""
        await self.crash_node(name)
        del self._known[name]
        with suppress(NotFound):
            await self.client.delete(Node, name)

    def _spec(self, name: str) -> NodeSpec:
        spec = self._known.get(name)
        if spec is None:
            raise UnknownNode(f"the cluster has no node {name!r}")
        return spec

    # --- work ------------------------------------------------------------------------------

    async def apply(self, source: str | Path | Iterable[Any], *, namespace: str = "") -> list[Any]:
        """Apply manifests as `kubectl apply` does; answers the objects.

        `source` is a path to a YAML or JSON file or to a folder of them, the text of manifests, or
        objects. Raises ManifestError, DecodeError, UnknownKind and `protocol.ApiError`s.
        """
        documents = _documents(source)
        return [await self.client.apply(each, namespace=namespace) for each in documents]

    async def serve(self, host: str = "127.0.0.1", port: int = 0, **options: Any) -> "HttpFront":
        """Open the cluster to kubectl until the block ends; port 0 is any free one.

        `front.write_kubeconfig(path)` makes the file that kubectl wants. The options are those of
        `apiserver.http.HttpFront`. kubectl can switch nodes off and on, too (see `power.py`), unless
        it is served `read_only`. Raises RealTimeRequired while time jumps, and OSError.
        """
        # Late: an HTTP server takes longer to import than a cluster to start.
        from orchestrator.apiserver.http import HttpFront

        options.setdefault("scheme", self.scheme)
        front = HttpFront(self.api, self.system, host=host, port=port, **options)
        await self._exits.enter_async_context(front)
        if not options.get("read_only"):
            loop = asyncio.get_running_loop()
            self._exits.enter_context(Watchdog(loop, front.waits, self.system.log))
        if not self._has_switch and not options.get("read_only"):
            self._has_switch = True
            await self.run_controller(power_switch(self))
        if not options.get("read_only"):
            await publish(self.client, front, host)
        return front

    async def run_controller(self, controller: type[Controller], **arguments: Any) -> Ref[Any]:
        """Run a controller of your own beside the built-in ones; answers its ref.

        `arguments` are those of its `__init__`, beside the wiring. Raises InvalidController (a
        TypeError) for a class that cannot run, or whose name is taken.
        """
        check(controller, arguments, self.scheme)
        return await self._manager.ask(RunController(controller, arguments))

    async def connect(
        self, node: str, ip: str, port: int, *, client_ip: str, protocol: str = "TCP"
    ) -> Destination:
        """Where a connection opened on `node` would go. Raises proxy.NoRoute and NoEndpoints."""
        proxy = self.system.ref(f"/nodes/{node}/proxy")
        return await proxy.ask(Connect(ip=ip, port=port, client_ip=client_ip, protocol=protocol))

    def fail_api(self, **fault: Any) -> ApiFault:
        """Have the API server refuse requests, or answer late: `fail_api(verb="update", code=409,
        count=1)`. The arguments are those of `ApiFault`; `api_trouble.clear()` ends all of it.
        """
        added = ApiFault(**fault)
        self.api_trouble.add(added)
        return added

    async def end_watches(self) -> int:
        """End every watch with 410, as after a compaction; answers how many there were."""
        return await self.api.ask(EndWatches())

    def crash(self, path: str) -> None:
        """Make the actor of a component fail (`/scheduler`); its supervisor starts it again."""
        self.system.crash(self.system.ref(path))


def _is_ready(node: Node) -> bool:
    conditions = node.status.conditions if node.status is not None else ()
    return any(c.type == "Ready" and c.status == "True" for c in conditions)


def _documents(source: str | Path | Iterable[Any]) -> list[Any]:
    if isinstance(source, str) and ("\n" in source or source.lstrip().startswith("{")):
        return list(manifests.flatten(manifests.load_all(source, "text")))
    if isinstance(source, str | Path):
        return list(manifests.flatten(manifests.load_path(Path(source))))
    if isinstance(source, Mapping) or not isinstance(source, Iterable):
        return [source]  # one object
    return list(source)


def _specs(nodes: object) -> Sequence[NodeSpec]:
    """The nodes of a cluster. Raises TypeError and ValueError."""
    if isinstance(nodes, int) and not isinstance(nodes, bool):
        if nodes < 0:
            raise ValueError(f"a cluster cannot have {nodes} nodes")
        return [node_spec(f"node-{number}", number) for number in range(nodes)]
    if isinstance(nodes, Sequence) and all(isinstance(spec, NodeSpec) for spec in nodes):
        return nodes
    raise TypeError(f"nodes is a number or a sequence of NodeSpec, not {nodes!r}")


def _classes(controllers: object, scheme: Scheme) -> Sequence[type[Controller]]:
    """The controllers of a cluster, by class or by name. Raises TypeError and UnknownController."""
    if isinstance(controllers, str) or not isinstance(controllers, Sequence):
        raise TypeError(f"controllers is a sequence of Controller classes, not {controllers!r}")
    classes = [find(each) if isinstance(each, str) else each for each in controllers]
    names: dict[str, type[Controller]] = {}
    for each in classes:
        check(each, {}, scheme)
        if each.name in names:
            raise InvalidController(
                each.__qualname__, f'{names[each.name].__qualname__} is named "{each.name}", too'
            )
        names[each.name] = each
    return classes
