"""EndpointSlices: which pods stand behind a Service, in slices of at most a hundred.

Follows kube-controller-manager's endpointslice controller: a pod that matches the selector and has an address is
an endpoint. What the slices are to be, `slice_plan.py` says.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final

from msgspec.structs import replace

from orchestrator.api.core.v1 import Node, Pod, Service
from orchestrator.api.discovery.v1 import Endpoint, EndpointSlice
from orchestrator.client import Backoff, Change, Key, Source
from orchestrator.controllers.base import KubernetesController, namespace_ends
from orchestrator.controllers.services import (
    BATCH_SECONDS,
    BY_LABEL,
    BY_SELECTOR,
    SelectingServices,
    Triggers,
    label_index,
    pods_of,
    selector_index,
    told_at,
    wants_slices,
)
from orchestrator.controllers.slice_plan import (
    MANAGED_BY,
    MANAGER,
    SERVICE_NAME,
    Actions,
    Family,
    Ports,
    Wanted,
    families_of,
    plan,
    wanted_endpoints,
)
from orchestrator.controllers.topology_hints import (
    DISABLED,
    ENABLED,
    ZONE,
    NoHints,
    cpu_ratios,
    overloaded,
    wants_hints,
    with_hints,
    zones_of,
)
from orchestrator.machinery.conditions import is_true
from orchestrator.protocol import Forbidden, Invalid, NotFound

# How soon a slice that somebody else has changed is looked at, as in the real controller.
FOREIGN_SECONDS: Final = 1.0


class EndpointSliceController(KubernetesController):
    """Keeps the slices of every Service with a selector."""

    name = "endpointslice"
    event_source = "endpoint-slice-controller"
    account = "endpointslice-controller"
    kind = Service
    # What is refused may touch much: it is not tried so soon again as elsewhere.
    backoff = Backoff(base_seconds=1.0, most_seconds=1000.0)

    def prepare(self) -> None:
        """Nothing has been written before."""
        self._services = SelectingServices(self.cache(Service))
        # The slices of each service as they shall be; what they hear of them is no news.
        self._planned: dict[Key, tuple[EndpointSlice, ...]] = {}
        self._triggers = Triggers()
        # Who wants hints by zones' CPUs, and how many endpoints each zone has by them.
        self._hinting: dict[Key, dict[Family, Mapping[str, int]]] = {}

    def watches(self) -> Mapping[Any, Source]:
        """A pod concerns the services that select it; a node those with hints, where they are not fair any more."""
        return {Pod: self._of_pod, EndpointSlice: self._of_slice, Node: self._of_node}

    def own_keys(self, change: Change[Any]) -> Iterable[Key]:
        """Its own; a new Service begins to change its slices when it is made."""
        self._triggers.made(change)
        return super().own_keys(change)

    def _of_node(self, change: Change[Node]) -> Iterable[tuple[Key, float]]:
        old, new = change.old, change.new
        if old is not None and new is not None and _stands(old) == _stands(new):
            return ()
        ratios = cpu_ratios(self.cache(Node).list()) if any(self._hinting.values()) else {}
        return [
            (key, BATCH_SECONDS)
            for key, families in self._hinting.items()
            if any(overloaded(zones, ratios) for zones in families.values())
        ]

    def indexes(self) -> Mapping[Any, Mapping[str, Callable[[Any], Iterable[str]]]]:
        """Slices by their service, services by a label that they select, pods by label."""
        return {
            EndpointSlice: {"service": service_index},
            Service: {BY_SELECTOR: selector_index},
            Pod: {BY_LABEL: label_index},
        }

    def _of_pod(self, change: Change[Pod]) -> Iterable[tuple[Key, float]]:
        keys = self._services.concerned(change)
        self._triggers.heard(change, keys)
        return [(key, BATCH_SECONDS) for key in keys]

    def _of_slice(self, change: Change[EndpointSlice]) -> Iterable[tuple[Key, float]]:
        """Its service, unless the change is a write of this controller's own."""
        slice_ = change.latest
        name = slice_.metadata.labels.get(SERVICE_NAME)
        if not name:
            return ()
        key = Key(slice_.metadata.namespace, name)
        own = change.new is not None and any(
            _says_the_same(slice_, planned) for planned in self._planned.get(key, ())
        )
        return () if own else ((key, FOREIGN_SECONDS),)

    async def reconcile(self, key: Key) -> float | None:
        """Write the slices of one service."""
        service = self.cache(Service).get(key.namespace, key.name)
        triggered = self._triggers.take(key)
        if service is None or not wants_slices(service):
            self._planned.pop(key, None)
            self._hinting.pop(key, None)
            return None  # the garbage collector takes the slices of one that is gone
        homeless: list[Pod] = []
        actions = _triggered(self._plan(service, homeless), triggered)
        if service.metadata.deletion_timestamp is not None:
            actions = replace(actions, create=())  # the garbage collector would race with it
        self._planned[key] = (*actions.create, *actions.update)
        try:
            await self._write(service, actions)
        except (Forbidden, Invalid) as error:
            if namespace_ends(error):
                return None
            raise
        if homeless:
            self._failed_to_update(service, _skipped(service, homeless))
        return 0.0 if homeless else None

    def _plan(self, service: Service, homeless: list[Pod]) -> Actions:
        """What is to be written for all address families; `homeless` gets the pods whose node is not known."""
        metadata = service.metadata
        slices = [
            s
            for s in self.cache(EndpointSlice).by_index(
                "service", f"{metadata.namespace}/{metadata.name}"
            )
            if s.metadata.labels.get(MANAGED_BY) == MANAGER and not s.metadata.deletion_timestamp
        ]
        pods = pods_of(service, self.cache(Pod))
        families = families_of(service)
        actions = [Actions(delete=tuple(s for s in slices if s.address_type not in families))]
        for family in families:
            present = [s for s in slices if s.address_type == family]
            wanted = wanted_endpoints(service, pods, self._node, family)
            homeless += (pod for pod in wanted.homeless if pod not in homeless)
            endpoints = self._hinted(service, family, wanted, present)
            actions.append(plan(service, family, endpoints, present))
        return Actions(
            create=tuple(each for one in actions for each in one.create),
            update=tuple(each for one in actions for each in one.update),
            delete=tuple(each for one in actions for each in one.delete),
        )

    async def _write(self, service: Service, actions: Actions) -> None:
        for slice_ in actions.create:
            with self._telling(service, "create"):
                await self.client.create(slice_)
        for slice_ in actions.update:
            with self._telling(service, f"update {slice_.metadata.name}"):
                await self.client.update(slice_)
        for slice_ in actions.delete:
            metadata = slice_.metadata
            with self._telling(service, f"delete {metadata.name}"), suppress(NotFound):
                await self.client.delete(EndpointSlice, metadata.name, namespace=metadata.namespace)

    @contextmanager
    def _telling(self, service: Service, what: str) -> Iterator[None]:
        """Record that the API refuses what is done in here."""
        try:
            yield
        except (Forbidden, Invalid) as error:
            if not namespace_ends(error):
                of = f"{service.metadata.namespace}/{service.metadata.name}"
                why = f"failed to {what} EndpointSlice for Service {of}: {error}"
                self._failed_to_update(service, why)
            raise

    def _failed_to_update(self, service: Service, why: str) -> None:
        metadata = service.metadata
        message = f"Error updating Endpoint Slices for Service {metadata.namespace}/{metadata.name}: {why}"
        self.events.event(service, "Warning", "FailedToUpdateEndpointSlices", message)

    def _hinted(
        self, service: Service, family: Family, wanted: Wanted, slices: Sequence[EndpointSlice]
    ) -> Mapping[Ports, list[Endpoint]]:
        """The endpoints, with hints by the zones' CPUs where the service wants them."""
        if wants_hints(service):
            return self._with_hints(service, family, wanted.endpoints, slices)
        key = Key(service.metadata.namespace, service.metadata.name)
        if self._hinting.pop(key, None):
            self._tell(service, family, "Warning", DISABLED)
        return wanted.endpoints

    def _with_hints(
        self,
        service: Service,
        family: Family,
        wanted: Mapping[Ports, list[Endpoint]],
        slices: Sequence[EndpointSlice],
    ) -> Mapping[Ports, list[Endpoint]]:
        """The endpoints with hints by the zones' CPUs; without any where that cannot be."""
        key = Key(service.metadata.namespace, service.metadata.name)
        before = {
            each.addresses[0]: each.hints.for_zones[0].name
            for slice_ in slices
            for each in slice_.endpoints
            if each.hints is not None and each.hints.for_zones
        }
        every = [each for endpoints in wanted.values() for each in endpoints]
        was = bool(self._hinting.get(key, before))
        families = self._hinting.setdefault(key, {})
        families.pop(family, None)
        try:
            hinted = with_hints(every, before, cpu_ratios(self.cache(Node).list()))
        except NoHints as why:
            self._tell(service, family, "Warning", str(why))
            return wanted
        families[family] = zones_of(hinted)
        if not was:
            self._tell(service, family, "Normal", ENABLED)
        rest = iter(hinted)
        return {ports: [next(rest) for _ in endpoints] for ports, endpoints in wanted.items()}

    def _tell(self, service: Service, family: Family, type_: str, what: str) -> None:
        reason = f"TopologyAwareHints{'Enabled' if type_ == 'Normal' else 'Disabled'}"
        self.events.event(service, type_, reason, f"{what}, addressType: {family}")

    def _node(self, name: str) -> Node | None:
        return self.cache(Node).get("", name)


def _stands(node: Node) -> tuple[bool, str]:
    """What counts of a node for hints: whether it is ready, and its zone."""
    conditions = node.status.conditions if node.status is not None else ()
    return is_true(conditions, "Ready"), node.metadata.labels.get(ZONE, "")


def _skipped(service: Service, pods: Sequence[Pod]) -> str:
    """Which pods are left out, as Go joins errors."""
    where = f"{service.metadata.namespace}/{service.metadata.name}"
    told = [
        f"skipping Pod {pod.metadata.name} for Service {where}: Node {pod.spec.node_name} Not Found"
        for pod in pods
        if pod.spec is not None
    ]
    return told[0] if len(told) == 1 else f"[{', '.join(told)}]"


def _triggered(actions: Actions, at: str) -> Actions:
    """The slices saying when what they tell of began to change; "" where nobody knows."""
    if not actions.create and not actions.update:
        return actions
    create, update = (
        tuple(replace(each, metadata=told_at(each.metadata, at)) for each in slices)
        for slices in (actions.create, actions.update)
    )
    return replace(actions, create=create, update=update)


def service_index(slice_: EndpointSlice) -> Iterable[str]:
    """The service of a slice, as `namespace/name`."""
    name = slice_.metadata.labels.get(SERVICE_NAME)
    return (f"{slice_.metadata.namespace}/{name}",) if name else ()


def _says_the_same(one: EndpointSlice, other: EndpointSlice) -> bool:
    return (
        one.endpoints == other.endpoints
        and one.ports == other.ports
        and one.metadata.labels == other.metadata.labels
    )
