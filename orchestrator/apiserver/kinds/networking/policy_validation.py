"""NetworkPolicies."""

from typing import Final

from orchestrator.api.networking.v1 import (
    IPBlock,
    NetworkPolicy,
    NetworkPolicyPeer,
    NetworkPolicyPort,
    NetworkPolicySpec,
)
from orchestrator.apiserver.validation.field import (
    Errors,
    complaints,
    forbidden,
    invalid,
    not_supported,
    required,
)
from orchestrator.apiserver.validation.formats import network_errors
from orchestrator.apiserver.validation.rules import Rules
from orchestrator.apiserver.validation.selectors import label_selector_errors
from orchestrator.machinery.addresses import parse_network
from orchestrator.machinery.names import port_name_errors, port_number_errors

_PROTOCOLS: Final = ("TCP", "UDP", "SCTP")
_TYPES: Final = ("Ingress", "Egress")


def _spec_errors(policy: NetworkPolicy) -> Errors:
    spec = policy.spec or NetworkPolicySpec()
    yield from label_selector_errors("spec.podSelector", spec.pod_selector)
    for i, ingress in enumerate(spec.ingress):
        path = f"spec.ingress[{i}]"
        for j, port in enumerate(ingress.ports):
            yield from _port_errors(f"{path}.ports[{j}]", port)
        for j, peer in enumerate(ingress.from_):
            yield from _peer_errors(f"{path}.from[{j}]", peer)
    for i, egress in enumerate(spec.egress):
        path = f"spec.egress[{i}]"
        for j, port in enumerate(egress.ports):
            yield from _port_errors(f"{path}.ports[{j}]", port)
        for j, peer in enumerate(egress.to):
            yield from _peer_errors(f"{path}.to[{j}]", peer)
    if len(spec.policy_types) > len(_TYPES):
        detail = "may not specify more than two policyTypes"
        yield invalid("spec.policyTypes", spec.policy_types, detail)
        return
    for i, kind in enumerate(spec.policy_types):
        if kind not in _TYPES:
            yield not_supported(f"spec.policyTypes[{i}]", kind, _TYPES)


def _port_errors(path: str, port: NetworkPolicyPort) -> Errors:
    if port.protocol is not None and port.protocol not in _PROTOCOLS:
        yield not_supported(f"{path}.protocol", port.protocol, _PROTOCOLS)
    number, end = port.port, port.end_port
    where = f"{path}.endPort"
    if isinstance(number, int):
        yield from complaints(f"{path}.port", number, port_number_errors(number))
        if end is not None:
            if end < number:
                yield invalid(where, number, "must be greater than or equal to `port`")
            yield from complaints(where, end, port_number_errors(end))
    elif number is None:
        if end is not None:
            yield invalid(where, end, "may not be specified when `port` is not specified")
    else:
        if end is not None:
            yield invalid(where, end, "may not be specified when `port` is non-numeric")
        yield from complaints(f"{path}.port", number, port_name_errors(number))


def _peer_errors(path: str, peer: NetworkPolicyPeer) -> Errors:
    yield from label_selector_errors(f"{path}.podSelector", peer.pod_selector)
    yield from label_selector_errors(f"{path}.namespaceSelector", peer.namespace_selector)
    selected = peer.pod_selector is not None or peer.namespace_selector is not None
    if peer.ip_block is not None:
        yield from _block_errors(f"{path}.ipBlock", peer.ip_block)
        if selected:
            yield forbidden(path, "may not specify both ipBlock and another peer")
    elif not selected:
        yield required(path, "must specify a peer")


def _block_errors(path: str, block: IPBlock) -> Errors:
    if not block.cidr:
        yield required(f"{path}.cidr")
        return
    yield from complaints(f"{path}.cidr", block.cidr, network_errors(block.cidr))
    network = parse_network(block.cidr)
    if network is None:
        return
    for i, text in enumerate(block.except_):
        where = f"{path}.except[{i}]"
        yield from complaints(where, text, network_errors(text))
        hole = parse_network(text)
        if hole is not None and (
            hole.version != network.version
            or hole.network_address not in network
            or hole.prefixlen <= network.prefixlen
        ):
            yield invalid(where, text, "must be a strict subset of `cidr`")


NETWORK_POLICY_RULES: Final = Rules(spec=_spec_errors)
