"""A cluster inside an async program.

Importing this module imports no component: a program may name `Cluster` and never start one. What a
cluster is made of (`components.py`) comes with the first.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal

from actors import Clock, FaultPlan, Misuse, Ref

if TYPE_CHECKING:
    from orchestrator.api.scheme import Resource
    from orchestrator.apiserver import ApiFault, Authorizer, CallMeter, RequestAudit
    from orchestrator.apiserver.admission import Admission
    from orchestrator.apiserver.http import HttpFront
    from orchestrator.client import Client, Controller
    from orchestrator.cluster.fabrics import ProxyMode
    from orchestrator.kubelet import NodeSpec, Profile
    from orchestrator.kubelet.runtimes import RuntimeFactory
    from orchestrator.kubelet.runtimes.process import Image
    from orchestrator.machinery.certificates import KeyPair
    from orchestrator.proxy import Destination
    from orchestrator.scheduler import Profile as SchedulerProfile
    from orchestrator.scheduler import SchedulerConfiguration
    from orchestrator.store import Store


class Cluster:
    """`async with Cluster(nodes=3) as cluster`: API server, controllers, scheduler and nodes.

    In a loop in virtual time (`actors.run`, the pytest plugin) the cluster lives in virtual time.
    `nodes` is a number of equal nodes, or what each of them is. `seed` decides every choice by
    chance: with equal inputs, equal seeds give equal histories. `profile` is how simulated
    containers behave; `runtime` is the container runtime of nodes that are a number: `simulated`, `coroutine`,
    `process` (whose `images` name what its containers run), `cri` (containerd or another, at
    `container_runtime_endpoint`), or one of your own: `runtimes` are those by the name that
    a node's `NodeSpec.runtime` says, beside those of `kubelet.runtimes`. `record_events` turns Kubernetes'
    Event objects off for large simulations, `event_seconds` is how long they are kept after their last change.
    `heartbeats` that are computed spare long simulations what healthy nodes say again and again (see
    `machinery.heartbeats`); they know of nodes that this class fails, and of no other trouble.
    `controllers` are classes or names: "*" stands for Kubernetes' own, and "-job" leaves one out of them.
    Those of them that only who looks at a cluster from outside would miss ("ttl", a Lease of the API server and its cleaning,
    tokens in Secrets) are there if they are named, or if the cluster is `furnished`.
    `scheduler` is a configuration, a profile, or a KubeSchedulerConfiguration as a mapping; Kubernetes'
    default if None.
    `faults`, `order` and `trace` are the actor system's: what goes wrong on purpose, whether the
    seed decides which ready actor is next, and who caused what.
    `api_faults` are requests that the API server refuses or answers late on purpose; more are added
    with `fail_api` while it runs. `meter` hears of every API call. `audit` does, too: a
    `ComponentAudit` writes of those of the cluster's own components where it is served with an `Audit` that names it.
    `admission` turns admission plugins on and off and adds your own, `authorizer` decides who may do
    what before `authorization` is asked, the modes "Node" and "RBAC" or authorizers in their place, and `resources` are kinds of your own, stored and served beside the
    built-in ones.
    `proxy_mode` is how Services carry traffic: `userspace` gives nodes, pods and Services addresses of the
    host's own 127.0.0.0/8 and passes on what comes there; `nftables`, for root, makes a network
    namespace of each node and pod, with rules as kube-proxy's; with `table` addresses are numbers, and `connect` says
    where a connection would go. None: what fits the runtimes of `nodes`; `table` in virtual time.
    `service_network` is where Services have their addresses (`10.96.0.0/12`); with `userspace` it cannot be chosen.
    A `furnished` cluster has what installers put into a new one, too: CoreDNS behind the Service kube-dns,
    and a default StorageClass whose disks are simulated. Where Services carry traffic the cluster's names are answered
    there; `dns_upstream` are the servers (`ADDRESS` or `ADDRESS:PORT`) that are asked for others.
    `feature_gates` turns features on that Kubernetes has off as it comes: GenericWorkload and GangScheduling, and
    `runtime_config` the version of the API that they need, scheduling.k8s.io/v1alpha2; and MaxUnavailableStatefulSet.

    A cluster lives once: what has ended does not begin again. Raises TypeError and ValueError for
    arguments of another kind (UnknownAdmissionPlugin among them), and Misuse for a second beginning.
    """

    def __init__(
        self,
        nodes: "int | Sequence[NodeSpec]" = 1,
        *,
        seed: int = 0,
        store: "Store | None" = None,
        controllers: "Sequence[type[Controller] | str]" = ("*",),
        scheduler: "SchedulerConfiguration | SchedulerProfile | Mapping[str, Any] | None" = None,
        profile: "Profile | None" = None,
        runtime: str = "simulated",
        runtimes: "Mapping[str, RuntimeFactory] | None" = None,
        images: "Sequence[Image]" = (),
        container_runtime_endpoint: str = "",
        proxies: bool = True,
        proxy_mode: "ProxyMode | None" = None,
        service_network: str | None = None,
        record_events: bool = True,
        event_seconds: float = 3600.0,
        heartbeats: Literal["written", "computed"] = "written",
        faults: FaultPlan | None = None,
        api_faults: "Sequence[ApiFault]" = (),
        order: Literal["fifo", "seeded"] = "fifo",
        trace: bool = False,
        meter: "CallMeter | None" = None,
        audit: "RequestAudit | None" = None,
        admission: "Admission | None" = None,
        authorizer: "Authorizer | None" = None,
        authorization: "Sequence[str | Authorizer]" = ("Node", "RBAC"),
        resources: "Sequence[Resource]" = (),
        furnished: bool = False,
        dns_upstream: Sequence[str] = (),
        feature_gates: Mapping[str, bool] = {},
        runtime_config: Mapping[str, bool] = {},
    ) -> None:
        # Late, here and below: see the module's docstring.
        from orchestrator.cluster.arguments import specs_of
        from orchestrator.cluster.components import Components
        from orchestrator.cluster.options import Options

        options = self._options = Options(
            seed=seed,
            store=store,
            controllers=controllers,
            scheduler=scheduler,
            profile=profile,
            runtime=runtime,
            runtimes=runtimes,
            images=images,
            container_runtime_endpoint=container_runtime_endpoint,
            proxies=proxies,
            proxy_mode=proxy_mode,
            service_network=service_network,
            record_events=record_events,
            event_seconds=event_seconds,
            heartbeats=heartbeats,
            faults=faults,
            api_faults=api_faults,
            order=order,
            trace=trace,
            meter=meter,
            audit=audit,
            admission=admission,
            authorizer=authorizer,
            authorization=authorization,
            resources=resources,
            furnished=furnished,
            dns_upstream=dns_upstream,
            feature_gates=feature_gates,
            runtime_config=runtime_config,
        )
        self._specs = specs_of(nodes, runtime)
        self._components = components = Components(options, self._authority)
        self.system, self.store = components.system, components.store
        self.scheme, self.api_trouble = components.scheme, components.trouble
        self._signer: KeyPair | None = None
        self._machines = components.machines
        self.client: Client
        self.api: Ref[Any]
        self._has_switch = False
        self._state: Literal["not begun", "running", "ended"] = "not begun"
        self._exits = AsyncExitStack()

    def __repr__(self) -> str:
        nodes = len(self._machines) or len(self._specs)
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
        self._exits.push_async_callback(self._components.close)  # after the actors have stopped
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
        self.api, self.client = self._components.start(self._specs)
        await self.add_nodes(self._specs)
        if self._options.furnished:
            await self._furnish()

    async def _furnish(self) -> None:
        from orchestrator.cluster.fabrics.interface import DNS_ADDRESS
        from orchestrator.cluster.furnishing import furniture, furniture_with_dns

        fabric = self._components.fabric
        if not fabric.carries:
            await self.apply(furniture(str(fabric.service_network[DNS_ADDRESS])))
            return
        port = await self._components.serve_names(self._options.dns_upstream)
        address = str(fabric.service_network[DNS_ADDRESS])
        await self.apply(furniture_with_dns(address, fabric.control_plane, port))
        self._components.follow_names(self.api)

    # --- nodes -----------------------------------------------------------------------------

    async def add_nodes(self, specs: "Iterable[NodeSpec]") -> None:
        """Add nodes, and wait until all of them are Ready.

        Raises NodesNotReady after a minute, and UnknownRuntime.
        """
        await self._machines.add(specs)

    def has_node(self, name: str) -> bool:
        """Whether the cluster has a node of this name, with power or without."""
        return name in self._machines

    async def crash_node(self, name: str) -> None:
        """Cut a node's power: kubelet, proxy and containers stop, and nobody is told.

        A node whose power is off already stays so. Raises UnknownNode.
        """
        await self._machines.crash(name)

    async def shut_down_node(
        self,
        name: str,
        grace_seconds: float = 30.0,
        critical_seconds: float = 10.0,
        *,
        by_priority: Mapping[int, float] | None = None,
    ) -> None:
        """Switch a node off in peace: it takes no pods any more, ends those that it has, critical ones last, and goes.

        `grace_seconds` are for all of them, the last `critical_seconds` for critical ones, as a kubelet's
        shutdownGracePeriod and shutdownGracePeriodCriticalPods; or `by_priority` says how many seconds the pods from
        each priority on have, as its shutdownGracePeriodByPodPriority: the lowest end first, and the next ones when
        these have ended. Raises UnknownNode.
        """
        await self._machines.shut_down(name, grace_seconds, critical_seconds, by_priority)

    async def restart_node(self, name: str) -> None:
        """Switch a crashed node on again, with an empty runtime. Raises UnknownNode."""
        await self._machines.restart(name)

    async def remove_node(self, name: str) -> None:
        """Take a node out: its machine, and its Node object. Raises UnknownNode."""
        await self._machines.remove(name)

    # --- work ------------------------------------------------------------------------------

    async def apply(self, source: str | Path | Iterable[Any], *, namespace: str = "") -> list[Any]:
        """Apply manifests as `kubectl apply` does; answers the objects.

        `source` is a path to a YAML or JSON file or to a folder of them, the text of manifests, or
        objects. Raises ManifestError, DecodeError, UnknownKind and `protocol.ApiError`s.
        """
        from orchestrator.cluster.arguments import objects_of

        return [await self.client.apply(each, namespace=namespace) for each in objects_of(source)]

    async def serve(self, host: str = "127.0.0.1", port: int = 0, **options: Any) -> "HttpFront":
        """Open the cluster to kubectl until the block ends; port 0 is any free one.

        `front.write_kubeconfig(path)` makes the file that kubectl wants. The options are those of
        `apiserver.http.HttpFront`; with the authorizer AlwaysAllow who shows nothing is refused. kubectl can switch nodes off and on, too (see `power.py`), unless
        it is served `read_only`. Raises RealTimeRequired while time jumps, and OSError.
        """
        from orchestrator.apiserver.authorization import AlwaysAllow
        from orchestrator.apiserver.http import HttpFront
        from orchestrator.cluster.power import power_switch
        from orchestrator.cluster.publishing import publish
        from orchestrator.cluster.scheduler_metrics import features_told, scheduler_families
        from orchestrator.cluster.watchdog import Watchdog

        options.setdefault("scheme", self.scheme)
        if (
            any(isinstance(each, AlwaysAllow) for each in self._options.authorization)
            and options.get("anonymous", True) is True
        ):
            options["anonymous"] = False  # as kube-apiserver, where everybody may do everything
        if options.get("pki") is not None:
            self._signer = options["pki"].authority
        options.setdefault("authority", self._authority)
        gates = partial(features_told, self._components.features)
        options.setdefault("metrics", (partial(scheduler_families, self.system), gates))
        fabric = self._components.fabric
        options["names"] = (*options.get("names", ()), str(fabric.service_network[1]))
        front = HttpFront(self.api, self.system, host=host, port=port, **options)
        await self._exits.enter_async_context(front)
        if not options.get("read_only"):
            loop = asyncio.get_running_loop()
            self._exits.enter_context(Watchdog(loop, front.waits, self.system.log))
        if not self._has_switch and not options.get("read_only"):
            self._has_switch = True
            await self.run_controller(power_switch(self))
        if not options.get("read_only"):
            real = fabric.advertised(host, front.port)
            await publish(self.client, front, host, real, fabric.lowest_port)
        return front

    def _authority(self) -> "KeyPair":
        """What signs the cluster's certificates: made when the first one is, or what it is served with."""
        if self._signer is None:
            from orchestrator.apiserver.http.pki import new_authority  # late: few clusters need one

            self._signer = new_authority(self.clock.now())
        return self._signer

    async def run_controller(self, controller: "type[Controller]", **arguments: Any) -> Ref[Any]:
        """Run a controller of your own beside the built-in ones; answers its ref.

        `arguments` are those of its `__init__`, beside the wiring. Raises InvalidController (a
        TypeError) for a class that cannot run, or whose name is taken.
        """
        return await self._components.run_controller(controller, arguments)

    async def connect(
        self, node: str, ip: str, port: int, *, client_ip: str, protocol: str = "TCP"
    ) -> "Destination":
        """Where a connection opened on `node` would go. Raises proxy.NoRoute and NoEndpoints."""
        from orchestrator.proxy import Connect

        proxy = self.system.ref(f"/nodes/{node}/proxy")
        return await proxy.ask(Connect(ip=ip, port=port, client_ip=client_ip, protocol=protocol))

    def fail_api(self, **fault: Any) -> "ApiFault":
        """Have the API server refuse requests, or answer late: `fail_api(verb="update", code=409,
        count=1)`. The arguments are those of `ApiFault`; `api_trouble.clear()` ends all of it. Raises
        ValueError for arguments that mean nothing, and for a resource that there is none of.
        """
        from orchestrator.apiserver import ApiFault
        from orchestrator.cluster.arguments import check_faults

        added = ApiFault(**fault)
        check_faults([added], self.scheme)
        self.api_trouble.add(added)
        return added

    async def end_watches(self) -> int:
        """End every watch with 410, as after a compaction; answers how many there were."""
        from orchestrator.apiserver import EndWatches

        return await self.api.ask(EndWatches())

    def crash(self, path: str) -> None:
        """Make the actor of a component fail (`/scheduler`); its supervisor starts it again."""
        self.system.crash(self.system.ref(path))
