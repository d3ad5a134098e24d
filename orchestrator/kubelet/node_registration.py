"""A kubelet and its node: registers it, takes it up again, renews its lease and reports its status."""

from collections.abc import Callable
from math import ceil
from typing import Any, Final

from msgspec.structs import replace

from actors import Context
from orchestrator.api.core.v1 import ContainerImage, Node, NodeStatus
from orchestrator.api.scheme import resource_of
from orchestrator.kubelet.heartbeat import FIELD_MANAGER, RENEW_SECONDS, Heartbeat
from orchestrator.kubelet.node_status import conditions_at
from orchestrator.protocol import AlreadyExists, ApiRef, Create, Get, Identity, Update

STATUS_REPORT_SECONDS: Final = 300.0  # nodeStatusReportFrequency
TICK_SECONDS: Final = 0.125  # of the kubelets' clocks: exact in binary, so that sums of it are, too
RETRY_SECONDS: Final = 1.0  # after a write that failed

_NODES: Final = resource_of(Node)


class NodeRegistration:
    """Keeps the Node object `node` for the kubelet whose context `ctx` is.

    `registered` is called once, when the API server has the node. With `computed_heartbeats` the lease's renewals are
    computed and the status is not reported again; else `before_report` is called before each report.
    """

    def __init__(
        self,
        ctx: Context,
        api: ApiRef,
        identity: Identity,
        node: Node,
        *,
        computed_heartbeats: bool,
        registered: Callable[[Node], None],
        before_report: Callable[[], None],
    ) -> None:
        self._ctx = ctx
        self._api = api
        self._identity = identity
        self._node = node
        self._name = node.metadata.name
        self._computed_heartbeats = computed_heartbeats
        self._then = registered
        self._before_report = before_report
        self._heartbeat: Heartbeat | None = None  # since the node is registered
        self.pressed: Callable[[], frozenset[str]] = frozenset  # conditions of pressure
        self.not_ready = ""  # why the node is not ready
        self.images: Callable[[], tuple[ContainerImage, ...]] = tuple
        self.in_use: Callable[[], tuple[str, ...]] = tuple  # volumes, by their unique names

    def register(self) -> None:
        """Create the Node, or take up the one that is there."""
        node = self._node
        assert node.status is not None
        status = replace(node.status, conditions=conditions_at(self._ctx.clock.now(), ()))
        self._ctx.request(
            self._api,
            Create(
                resource=_NODES,
                object=replace(node, status=status),
                field_manager=FIELD_MANAGER,
                identity=self._identity,
            ),
            then=self._registered,
            failed=self._register_failed,
        )

    def _register_failed(self, error: BaseException) -> None:
        if isinstance(error, AlreadyExists):
            # The node was registered before: take it up, and report what it is now.
            self.read(self._take_up, lambda _: self._register_later())
        else:
            self._ctx.log.warning("node not registered", node=self._name, error=str(error))
            self._register_later()

    def _register_later(self) -> None:
        self._ctx.call_after(RETRY_SECONDS, self.register)

    def read(self, then: Callable[[Node], Any], failed: Callable[[BaseException], Any]) -> None:
        """Read the node as the API server has it by now."""
        self._ctx.request(
            self._api,
            Get(resource=_NODES, name=self._name, identity=self._identity),
            then=then,
            failed=failed,
        )

    def _take_up(self, known: Node) -> None:
        old = known.status or NodeStatus()
        assert self._node.status is not None
        conditions = conditions_at(self._ctx.clock.now(), old.conditions)
        status = replace(
            self._node.status,
            conditions=conditions,
            # Until this kubelet knows what its pods use, what was said before holds.
            volumes_in_use=old.volumes_in_use,
            volumes_attached=old.volumes_attached,
        )
        self._write(replace(known, status=status))
        self._registered(known)

    def _registered(self, node: Node) -> None:
        if self._heartbeat is not None:
            return
        ctx = self._ctx
        first_beat = self._some_time_within(RENEW_SECONDS)
        first_report = self._some_time_within(STATUS_REPORT_SECONDS)
        computed_from = ctx.clock.now() + first_beat if self._computed_heartbeats else None
        beat = self._heartbeat = Heartbeat(ctx, self._api, self._identity, node, computed_from)
        beat.renew()
        if not self._computed_heartbeats:
            ctx.call_every(RENEW_SECONDS, beat.renew, first=first_beat)
            ctx.call_every(STATUS_REPORT_SECONDS, self._report, first=first_report)
        self._then(node)

    def _some_time_within(self, seconds: float) -> float:
        """In how many seconds to do for the first time what is done once in so many.

        Spread over the period, so that thousands of nodes do not beat in the same instant; but what falls
        in one moment of a grid is handled together, which costs a quarter less.
        """
        now = self._ctx.clock.monotonic()
        at = now + self._ctx.random.uniform(0, seconds)
        return ceil(at / TICK_SECONDS) * TICK_SECONDS - now

    def fall_silent(self) -> Any:
        """Write when the lease was renewed last, if that is only computed; answers or promises None."""
        return self._heartbeat.fall_silent() if self._heartbeat is not None else None

    def _report(self) -> None:
        """Write the node's status anew, on what the API server has by now."""
        self._before_report()
        self.read(self._refresh, _ignore)

    def report_status(self) -> None:
        """Write the node's status now: it has changed."""
        self.read(self._refresh, _ignore)

    def _refresh(self, node: Node) -> None:
        status = node.status or NodeStatus()
        conditions = conditions_at(
            self._ctx.clock.now(), status.conditions, self.pressed(), self.not_ready
        )
        now = replace(
            status, conditions=conditions, images=self.images(), volumes_in_use=self.in_use()
        )
        self._write(replace(node, status=now))

    def _write(self, node: Node) -> None:
        self._ctx.request(
            self._api,
            Update(
                resource=_NODES,
                object=replace(node, metadata=replace(node.metadata, resource_version="")),
                name=self._name,
                subresource="status",
                field_manager=FIELD_MANAGER,
                identity=self._identity,
            ),
            then=None,
            failed=_ignore,
        )


def _ignore(_: object) -> None:
    """The next report makes it good."""
