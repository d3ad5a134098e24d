"""The components of a cluster: what each is started with, and in which order.

This module brings every room along, which takes longer to import than a cluster to start; so
`Cluster` imports it when one is made, and not before.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from actors import ALWAYS, MailboxSpec, Ref
from orchestrator.apiserver import BOOKMARK_SECONDS, api_server
from orchestrator.apiserver.admission import NO_CHANGE, chain_of
from orchestrator.apiserver.allocation import SERVICE_NETWORK
from orchestrator.client import Client, Controller
from orchestrator.client.declaration import check
from orchestrator.cluster.arguments import classes_of
from orchestrator.cluster.fabrics import Fabric, choose
from orchestrator.cluster.fabrics.simulated import SimulatedFabric
from orchestrator.cluster.features import features_of
from orchestrator.cluster.foundations import scheme_of, system_of, trouble_of
from orchestrator.cluster.machines import Machines
from orchestrator.cluster.nodes import Nodes
from orchestrator.cluster.options import Options
from orchestrator.cluster.service_networks import service_network_of
from orchestrator.controllers import ControllerManager
from orchestrator.controllers.certificates import CertificateSigner
from orchestrator.controllers.load_balancer import LoadBalancerController
from orchestrator.controllers.manager import Registration, RunController
from orchestrator.kubelet import NodeSpec
from orchestrator.kubelet.disk_keeper import DiskKeeper
from orchestrator.kubelet.runtimes import Runtimes
from orchestrator.machinery.certificates import KeyPair
from orchestrator.protocol import AUTHENTICATED, Identity
from orchestrator.proxy import Place, Proxy, TableMemo
from orchestrator.scheduler import DEFAULT_CONFIGURATION, Scheduler, configuration_of, with_gangs
from orchestrator.store import MemoryStore

if TYPE_CHECKING:
    from orchestrator.dns.records import Zone
    from orchestrator.dns.serving import DnsServer

# The API server's mailbox holds a few requests of each of many thousands of components.
_API_MAILBOX: Final = MailboxSpec(capacity=1_000_000)
# How often silent watches are told so where nothing is lost between mailboxes.
RARE_BOOKMARK_SECONDS: Final = 86_400.0
# Who has written what the embedding program writes by `Cluster.client`.
_EMBEDDER: Final = "orchestrator"


class Components:
    """A cluster's API server, controllers, scheduler and nodes. `authority` makes what signs its certificates.

    Raises what `Cluster` raises for options that mean nothing.
    """

    def __init__(self, options: Options, authority: Callable[[], KeyPair]) -> None:
        self._options, self._authority = options, authority
        self.features = features_of(options.feature_gates, options.runtime_config)
        self.scheme = scheme_of(self.features, options.resources)
        self.store = MemoryStore() if options.store is None else options.store
        self.system = system_of(options)
        self.trouble = trouble_of(options.seed, options.api_faults, self.scheme)
        self._added: list[Registration] = []  # controllers that were run later
        self._runtimes = Runtimes(
            options.profile, options.runtimes, options.images, options.container_runtime_endpoint
        )
        self._admission = chain_of(NO_CHANGE if options.admission is None else options.admission)
        self._controllers = classes_of(options.controllers, self.scheme, every=options.furnished)
        scheduler = options.scheduler
        self._scheduler = configuration_of(
            DEFAULT_CONFIGURATION if scheduler is None else scheduler
        )
        if self.features.gangs:
            self._scheduler = with_gangs(self._scheduler)
        network = options.service_network
        self._service_network = SERVICE_NETWORK if network is None else service_network_of(network)
        self.fabric: Fabric = SimulatedFabric()
        self._names: DnsServer | None = None
        self._zone: Zone  # of the names that are served
        self.machines = Machines(
            self.system, self._runtimes, heartbeats_computed=options.heartbeats_computed
        )

    def start(self, specs: Sequence[NodeSpec]) -> tuple[Ref[Any], Client]:
        """Start all of them, with a network for nodes like `specs`; answers the API server and a client of it."""
        self.fabric = choose(
            self._options.proxy_mode,
            specs,
            self.system.clock,
            self.system.log,
            self._service_network,
        )
        api = self._start_api_server()
        client = Client(api, clock=self.system.clock, scheme=self.scheme, field_manager=_EMBEDDER)
        self._start_controllers(api)
        self.system.spawn(
            lambda: Scheduler(
                api,
                self._scheduler,
                identity=Identity("system:kube-scheduler", (AUTHENTICATED,)),
                record_events=self._options.record_events,
                pod_groups=self.features.pod_groups,
            ),
            "scheduler",
            restart=ALWAYS,
        )
        self._runtimes.disks.on_first = lambda: self._keep_disks(api)
        memo = TableMemo() if self._options.proxies else None
        self.machines.begin(self._start_nodes(api, memo), client, self.fabric)
        plane = self.fabric.host_plane
        if memo is not None and plane is not None:
            self.system.spawn(
                lambda: Proxy(api, Place(""), "", memo, plane), "proxy", restart=ALWAYS
            )
        enforce = self.fabric.enforcer()
        if memo is not None and enforce is not None:
            from orchestrator.proxy.policies import PolicyWatcher  # late: few clusters have packets

            self.system.spawn(
                lambda: PolicyWatcher(api, enforce), "network-policies", restart=ALWAYS
            )
        return api, client

    async def serve_names(self, upstream: Sequence[str]) -> int:
        """Begin to answer for the cluster's names at the control plane's address; answers the port.

        Raises OSError.
        """
        from orchestrator.dns.records import Zone
        from orchestrator.dns.serving import DnsServer  # late: few clusters carry packets

        self._zone = Zone()
        self._names = DnsServer(self._zone, upstream, self.system.log)
        return await self._names.open(self.fabric.control_plane)

    def follow_names(self, api: Ref[Any]) -> None:
        """Follow what has names, once CoreDNS has the rights that it needs for that."""
        from orchestrator.dns.watching import ZoneWatcher  # late, as above

        zone = self._zone
        self.system.spawn(lambda: ZoneWatcher(api, zone), "dns", restart=ALWAYS)

    async def close(self) -> None:
        """Leave nothing on this machine of what nodes and network have made there."""
        if self._names is not None:
            self._names.close()
        try:
            await self.machines.close(carries=self.fabric.carries)
        finally:
            self._runtimes.disks.close()
            self.fabric.close()

    def _keep_disks(self, api: Ref[Any]) -> None:
        """Begin to give back what volumes leave behind: most clusters have none."""
        disks = self._runtimes.disks
        self.system.spawn(lambda: DiskKeeper(api, disks), "disks", restart=ALWAYS)

    def _start_api_server(self) -> Ref[Any]:
        rare = self._options.heartbeats_computed
        return self.system.spawn(
            api_server(
                self.store,
                meter=self._options.meter,
                audit=self._options.audit,
                scheme=self.scheme,
                admission=self._admission,
                authorizer=self._options.authorizer,
                authorization=self._options.authorization,
                trouble=self.trouble,
                service_network=self.fabric.service_network,
                bookmark_seconds=RARE_BOOKMARK_SECONDS if rare else BOOKMARK_SECONDS,
                event_seconds=self._options.event_seconds,
            ),
            "apiserver",
            mailbox=_API_MAILBOX,
            restart=ALWAYS,
        )

    def _start_controllers(self, api: Ref[Any]) -> None:
        self._manager = self.system.spawn(
            lambda: ControllerManager(
                api,
                self._controllers,
                scheme=self.scheme,
                record_events=self._options.record_events,
                added=self._added,
                arguments={
                    CertificateSigner: {"authority": self._authority},
                    LoadBalancerController: {"network": self.fabric.balancer_network},
                },
            ),
            "controllers",
            restart=ALWAYS,
        )

    def _start_nodes(self, api: Ref[Any], memo: TableMemo | None) -> Ref[Any]:
        return self.system.spawn(
            lambda: Nodes(
                api,
                self._runtimes,
                self.machines.standing,
                self.fabric,
                memo=memo,
                kubelet_options={
                    "record_events": self._options.record_events,
                    "computed_heartbeats": self._options.heartbeats_computed,
                },
            ),
            "nodes",
            restart=ALWAYS,
        )

    async def run_controller(
        self, controller: type[Controller], arguments: Mapping[str, Any]
    ) -> Ref[Any]:
        """As `Cluster.run_controller`."""
        check(controller, arguments, self.scheme)
        return await self._manager.ask(RunController(controller, dict(arguments)))
