"""What each pod lets in and out: NetworkPolicies and the pods they select, as plain values.

A pod that no policy selects for a direction lets everything pass in it. One that is selected lets pass what any of
its policies allows. A peer without a namespace selector is in the policy's own namespace; a port may be a range, or
a name of the pod that is connected to, and each pod gives that its own number.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from orchestrator.api.core.v1 import Namespace, Pod
from orchestrator.api.meta.v1 import LabelSelector
from orchestrator.api.networking.v1 import NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort
from orchestrator.machinery.labels import compile_selector

INGRESS = "Ingress"
EGRESS = "Egress"


class Ports(Struct, frozen=True):
    """Ports of a protocol, from `first` to `last`; all of them if `first` is 0."""

    protocol: str
    first: int = 0
    last: int = 0


class Allowed(Struct, frozen=True):
    """What may pass: with whom (addresses, or one network but for some others), at which ports.

    Both None: with anybody. `ports` None: all ports of all protocols.
    """

    addresses: tuple[str, ...] | None = None
    block: str | None = None
    but_for: tuple[str, ...] = ()
    ports: Ports | None = None


class Isolation(Struct, frozen=True):
    """What a pod lets pass in each direction; None: everything."""

    address: str
    ingress: tuple[Allowed, ...] | None
    egress: tuple[Allowed, ...] | None


def isolations(
    policies: Iterable[NetworkPolicy], pods: Iterable[Pod], namespaces: Iterable[Namespace]
) -> dict[str, tuple[Isolation, ...]]:
    """The pods that are isolated in some direction, by their node."""
    known = _Cluster([p for p in pods if _takes_part(p)], namespaces)
    by_namespace: dict[str, list[NetworkPolicy]] = {}
    for policy in policies:
        by_namespace.setdefault(policy.metadata.namespace, []).append(policy)
    found: dict[str, list[Isolation]] = {}
    for pod in known.pods:
        ingress: list[Allowed] | None = None
        egress: list[Allowed] | None = None
        for policy in by_namespace.get(pod.metadata.namespace, ()):
            spec = policy.spec
            if spec is None or not _selects(spec.pod_selector, pod.metadata.labels):
                continue
            if INGRESS in spec.policy_types:
                ingress = [*(ingress or ()), *_let_in(policy, pod, known)]
            if EGRESS in spec.policy_types:
                egress = [*(egress or ()), *_let_out(policy, known)]
        if (ingress is not None or egress is not None) and pod.spec is not None:
            isolation = Isolation(_address(pod), _unique(ingress), _unique(egress))
            found.setdefault(pod.spec.node_name, []).append(isolation)
    return {node: tuple(those) for node, those in found.items()}


class _Cluster:
    """The pods that take part, and the namespaces' labels."""

    def __init__(self, pods: Sequence[Pod], namespaces: Iterable[Namespace]) -> None:
        self.pods = pods
        self._labels: Mapping[str, Mapping[str, str]] = {
            each.metadata.name: each.metadata.labels for each in namespaces
        }

    def peers(self, peer: NetworkPolicyPeer, namespace: str) -> list[Pod]:
        """The pods that a peer of a policy in `namespace` selects."""
        return [pod for pod in self.pods if self._is_peer(pod, peer, namespace)]

    def _is_peer(self, pod: Pod, peer: NetworkPolicyPeer, namespace: str) -> bool:
        home = pod.metadata.namespace
        if peer.namespace_selector is None:
            if home != namespace:
                return False
        elif not _selects(peer.namespace_selector, self._labels.get(home, {})):
            return False
        return peer.pod_selector is None or _selects(peer.pod_selector, pod.metadata.labels)


def _let_in(policy: NetworkPolicy, pod: Pod, known: _Cluster) -> Iterator[Allowed]:
    assert policy.spec is not None
    for rule in policy.spec.ingress:
        ports = [found for port in rule.ports if (found := _number(port, pod)) is not None]
        for allowed in _peers(rule.from_, policy.metadata.namespace, known):
            if not rule.ports:
                yield allowed
            for each in ports:
                yield _at(allowed, each)


def _let_out(policy: NetworkPolicy, known: _Cluster) -> Iterator[Allowed]:
    assert policy.spec is not None
    namespace = policy.metadata.namespace
    for rule in policy.spec.egress:
        plain = [each for each in rule.ports if not isinstance(each.port, str)]
        for allowed in _peers(rule.to, namespace, known):
            if not rule.ports:
                yield allowed
            for port in plain:
                number = _number(port, None)
                if number is not None:
                    yield _at(allowed, number)
        for port in rule.ports:
            if isinstance(port.port, str):
                yield from _by_name(port, rule.to, namespace, known)


def _by_name(
    port: NetworkPolicyPort, peers: Sequence[NetworkPolicyPeer], namespace: str, known: _Cluster
) -> Iterator[Allowed]:
    """A named port is another number at each pod."""
    pods = [p for peer in peers if peer.ip_block is None for p in known.peers(peer, namespace)]
    for pod in pods if peers else known.pods:
        number = _number(port, pod)
        if number is not None:
            yield Allowed(addresses=(_address(pod),), ports=number)


def _peers(
    peers: Sequence[NetworkPolicyPeer], namespace: str, known: _Cluster
) -> Iterator[Allowed]:
    if not peers:
        yield Allowed()
    for peer in peers:
        if peer.ip_block is not None:
            if ":" not in peer.ip_block.cidr:
                yield Allowed(block=peer.ip_block.cidr, but_for=peer.ip_block.except_)
            continue
        addresses = tuple(sorted(_address(pod) for pod in known.peers(peer, namespace)))
        if addresses:
            yield Allowed(addresses=addresses)


def _at(allowed: Allowed, ports: Ports) -> Allowed:
    return Allowed(allowed.addresses, allowed.block, allowed.but_for, ports)


def _number(port: NetworkPolicyPort, pod: Pod | None) -> Ports | None:
    """The numbers of a port; None for a name that the pod has not."""
    protocol = port.protocol or "TCP"
    if port.port is None:
        return Ports(protocol)
    if isinstance(port.port, int):
        return Ports(protocol, port.port, port.end_port or port.port)
    spec = pod.spec if pod is not None else None
    for container in (*spec.containers, *spec.init_containers) if spec is not None else ():
        for each in container.ports:
            if each.name == port.port and (each.protocol or "TCP") == protocol:
                return Ports(protocol, each.container_port, each.container_port)
    return None


def _selects(selector: LabelSelector | None, labels: Mapping[str, str]) -> bool:
    """Whether a selector matches; one that says nothing selects everything."""
    return selector is None or compile_selector(selector).matches(labels)


def _takes_part(pod: Pod) -> bool:
    """Whether the pod has a network of its own, and an address in it."""
    spec, status = pod.spec, pod.status
    if spec is None or spec.host_network or status is None:
        return False
    return bool(status.pod_ip) and status.phase not in ("Succeeded", "Failed")


def _address(pod: Pod) -> str:
    assert pod.status is not None
    return pod.status.pod_ip


def _unique(those: list[Allowed] | None) -> tuple[Allowed, ...] | None:
    return None if those is None else tuple(dict.fromkeys(those))
