"""Services and the pods that they select: what the controllers of endpoints have in common."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from msgspec.structs import replace

from orchestrator.api.core.v1 import Container, Pod, PodSpec, Service, ServicePort
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.api.scalars import EMPTY
from orchestrator.client import Cache, Change, Key, OfMetadata, key_of
from orchestrator.controllers.pods import is_ready
from orchestrator.machinery.conditions import find
from orchestrator.machinery.labels import of_pairs

# Changes of pods are gathered for so long before their service is looked at. The real controllers'
# default is 0; here a thousand proxies hear of every slice, and pods of a rollout become ready
# together, so a short wait saves most of the writes.
BATCH_SECONDS: Final = 0.5
TRIGGERED_AT: Final = "endpoints.kubernetes.io/last-change-trigger-time"

# Indexes that tell services and pods apart by one label each: looking for the services of a pod, or
# the pods of a service, must not cost a walk over a namespace of thousands.
BY_SELECTOR: Final = "selector-pair"
BY_LABEL: Final = "label-pair"
_HASH: Final = "pod-template-hash"
_REMEMBERED: Final = 8192  # label maps


def wants_slices(service: Service) -> bool:
    """Services with a selector have slices made for them; ExternalName ones have none."""
    spec = service.spec
    return spec is not None and bool(spec.selector) and spec.type != "ExternalName"


# --- ports ---------------------------------------------------------------------------------


def ports_vary(service: Service) -> bool:
    """Whether pods may answer on different ports: one of them is asked for by its name."""
    ports = service.spec.ports if service.spec is not None else ()
    return any(isinstance(port.target_port, str) and port.target_port for port in ports)


def container_port(wanted: ServicePort, pod: Pod | None) -> int | None:
    """The number of a service port's target in a pod; None for a name that it does not have.

    Where `ports_vary` is False no pod is needed.
    """
    target = wanted.target_port
    if isinstance(target, str) and target:
        spec = pod.spec if pod is not None else None
        containers = (*spec.containers, *_sidecars(spec)) if spec is not None else ()
        for container in containers:
            for port in container.ports:
                if port.name == target and (port.protocol or "TCP") == (wanted.protocol or "TCP"):
                    return port.container_port
        return None
    return target or wanted.port if isinstance(target, int) else wanted.port


def _sidecars(spec: PodSpec) -> Iterator[Container]:
    return (each for each in spec.init_containers if each.restart_policy == "Always")


def named_host(pod: Pod, service: Service) -> str:
    """The host name that the pod has among those of the service; empty if it has none."""
    spec = pod.spec
    assert spec is not None
    return (spec.hostname or "") if spec.subdomain == service.metadata.name else ""


# --- the pods of a service -----------------------------------------------------------------


def selector_index(service: Service) -> Iterable[str]:
    """One pair of the service's selector: a pod that it selects has that pair."""
    pair = _first_pair(service)
    return (f"{service.metadata.namespace}/{pair}",) if pair else ()


@OfMetadata
def label_index(pod: Pod) -> Iterable[str]:
    """The pairs of a pod's labels, but for the template hash, which no service selects by."""
    return _pairs(pod.metadata.namespace, pod.metadata.labels)


def pods_of(service: Service, pods: Cache[Pod]) -> Iterable[Pod]:
    """The pods that a service selects."""
    assert service.spec is not None
    matches = of_pairs(service.spec.selector).matches
    candidates = pods.by_index(BY_LABEL, f"{service.metadata.namespace}/{_first_pair(service)}")
    return [pod for pod in candidates if matches(pod.metadata.labels)]


def _pairs(namespace: str, labels: Mapping[str, str]) -> list[str]:
    return [f"{namespace}/{k}={v}" for k, v in labels.items() if k != _HASH]


def _first_pair(service: Service) -> str:
    selector = service.spec.selector if service.spec is not None else {}
    key = min((k for k in selector if k != _HASH), default=None)
    return f"{key}={selector[key]}" if key is not None else ""


# --- the services of a pod -----------------------------------------------------------------


class SelectingServices:
    """Which services select a pod.

    Remembered by the identity of the labels, which the pods of one template share, for as long as no
    service changes.
    """

    __slots__ = ("_found", "_services", "_version")

    def __init__(self, services: Cache[Service]) -> None:
        self._services = services  # with the index BY_SELECTOR
        self._version = -1
        self._found: dict[tuple[int, str], tuple[Mapping[str, str], tuple[Key, ...]]] = {}

    def concerned(self, change: Change[Pod]) -> Iterable[Key]:
        """The services that a pod's change concerns: those that match it before or after."""
        old, new = change.old, change.new
        if old is None or new is None:
            return self._of(change.latest)
        if not concerns_endpoints(old, new):
            return ()
        if old.metadata.labels is new.metadata.labels:
            return self._of(new)
        return dict.fromkeys((*self._of(old), *self._of(new)))

    def _of(self, pod: Pod) -> tuple[Key, ...]:
        namespace, labels = pod.metadata.namespace, pod.metadata.labels
        if self._version != self._services.version or len(self._found) >= _REMEMBERED:
            self._found.clear()
            self._version = self._services.version
        found = self._found.get((id(labels), namespace))
        if found is None:
            keys = self._find(namespace, labels)
            found = self._found[id(labels), namespace] = (labels, keys)
        return found[1]

    def _find(self, namespace: str, labels: Mapping[str, str]) -> tuple[Key, ...]:
        return tuple(
            key_of(service)
            for pair in _pairs(namespace, labels)
            for service in self._services.by_index(BY_SELECTOR, pair)
            if service.spec is not None and of_pairs(service.spec.selector).matches(labels)
        )


class Triggers:
    """When what has not been written of each service yet began to change, as its annotation shall say."""

    __slots__ = ("_at",)

    def __init__(self) -> None:
        self._at: dict[Key, str] = {}

    def heard(self, change: Change[Pod], keys: Iterable[Key]) -> None:
        """A pod of these services has changed: it counts from when it was ready, or not any more.

        Whatever else has changed of a pod that was known does not count.
        """
        old, new = change.old, change.new
        since = _ready_since(new) if new is not None else ""
        if not since or (
            old is not None
            and old.metadata.labels == change.latest.metadata.labels
            and _ready_since(old) == since
        ):
            return
        for key in keys:
            self._at[key] = min(self._at.get(key) or since, since)

    def made(self, change: Change[Service]) -> None:
        """A service that is new begins to change what there is of it when it is made."""
        metadata = change.latest.metadata
        if change.old is None:
            self._at.setdefault(key_of(change.latest), metadata.creation_timestamp or "")

    def take(self, key: Key) -> str:
        """The time, for what is written now; "" where nobody knows."""
        return self._at.pop(key, "")


def told_at(metadata: ObjectMeta, at: str) -> ObjectMeta:
    """The metadata of slices or Endpoints that say when what they tell of began to change."""
    others = {k: v for k, v in metadata.annotations.items() if k != TRIGGERED_AT}
    annotations = {**others, TRIGGERED_AT: at} if at else others
    if annotations == metadata.annotations:
        return metadata
    return replace(metadata, annotations=annotations or EMPTY)


def _ready_since(pod: Pod) -> str:
    conditions = pod.status.conditions if pod.status is not None else ()
    ready = find(conditions, "Ready")
    return (ready.last_transition_time or "") if ready is not None else ""


def concerns_endpoints(old: Pod, new: Pod) -> bool:
    """Whether a pod's change may change an endpoint: address, readiness, labels, node, end."""
    was, now = old.metadata, new.metadata
    if was.deletion_timestamp != now.deletion_timestamp or (
        was.labels is not now.labels and was.labels != now.labels
    ):
        return True
    before, after = old.status, new.status
    return before is not after and (
        _place(before) != _place(after) or is_ready(old) != is_ready(new)
    )


def _place(status: Any) -> tuple[str, str]:
    return (status.pod_ip or "", status.phase or "") if status is not None else ("", "")
