"""What is accepted, and told to whoever wrote it: the rules that several kinds share.

A warning is one text, `<path>: <words>`, as Kubernetes puts it into a header of the answer.
"""

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, TypeAlias

from orchestrator.api.core.v1 import NodeSelectorTerm
from orchestrator.api.meta.v1 import LabelSelector
from orchestrator.api.scalars import Quantity
from orchestrator.machinery.digits import whole
from orchestrator.machinery.field_errors import quote
from orchestrator.machinery.names import dns1123_label_errors, label_value_errors
from orchestrator.machinery.quantities import milli

Warnings: TypeAlias = Iterable[str]

_NODE_LABELS: Final = {
    "beta.kubernetes.io/arch": 'deprecated since v1.14; use "kubernetes.io/arch" instead',
    "beta.kubernetes.io/os": 'deprecated since v1.14; use "kubernetes.io/os" instead',
    "failure-domain.beta.kubernetes.io/region": (
        'deprecated since v1.17; use "topology.kubernetes.io/region" instead'
    ),
    "failure-domain.beta.kubernetes.io/zone": (
        'deprecated since v1.17; use "topology.kubernetes.io/zone" instead'
    ),
    "beta.kubernetes.io/instance-type": (
        'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead'
    ),
    "app.kubernetes.io/created-by": "deprecated since v1.9",
    "scheduler.alpha.kubernetes.io/preferAvoidPods": (
        "deprecated since v1.22; use Taints and Tolerations instead"
    ),
    "node-role.kubernetes.io/master": 'use "node-role.kubernetes.io/control-plane" instead',
}
_THOUSAND: Final = 1000


def is_of_generation(new: Any, old: Any) -> bool:
    """Whether an object is new, or a generation further than it was."""
    return old is None or new.metadata.generation != old.metadata.generation


def node_label(key: str) -> str:
    """Why a label of nodes is not to be used any more; "" for one that may be."""
    return _NODE_LABELS.get(key, "")


def term_warnings(path: str, term: NodeSelectorTerm, *, values: bool = False) -> Iterator[str]:
    """Labels of nodes that are no longer used; with `values`, values that no label can have."""
    for i, each in enumerate(term.match_expressions):
        if message := node_label(each.key):
            yield f"{path}.matchExpressions[{i}].key: {each.key} is {message}"
        for j, value in enumerate(each.values if values else ()):
            for fault in label_value_errors(value):
                yield f"{path}.matchExpressions[{i}].values[{j}]: {value} is invalid, {fault}"


def node_selector_warnings(path: str, selector: LabelSelector | None) -> Iterator[str]:
    """The same, of a selector of labels."""
    if selector is None:
        return
    for i, each in enumerate(selector.match_expressions):
        if message := node_label(each.key):
            yield f"{path}.matchExpressions[{i}].key: {each.key} is {message}"
    for key in selector.match_labels:
        if message := node_label(key):
            yield f"{path}.matchLabels.{key}: {message}"


def fraction_warnings(path: str, amounts: Mapping[str, Quantity], *names: str) -> Iterator[str]:
    """Amounts of bytes that are no whole numbers."""
    for name in names:
        if name in amounts and milli(amounts[name]) % _THOUSAND:
            shown = quote(str(amounts[name]))
            yield f"{path}[{name}]: fractional byte value {shown} is invalid, must be an integer"


def host_name_warnings(name: str, use: str) -> Iterator[str]:
    """A name that goes on in the host names of pods, and is none."""
    if faults := dns1123_label_errors(name):
        yield (
            f"metadata.name: this is used in {use}, which can result in surprising behavior; "
            f"a DNS label is recommended: [{' '.join(faults)}]"
        )


def address_warnings(path: str, text: str) -> Iterator[str]:
    """An IP address that is written in an unusual way."""
    plain = _without_zeros(text)
    try:
        address = ipaddress.ip_address(plain)
    except ValueError:
        return
    mapped = getattr(address, "ipv4_mapped", None)
    if plain != text or mapped is not None:
        preferred = str(mapped or address)
        yield f"{path}: non-standard IP address {quote(text)} is invalid: use {quote(preferred)}"
    elif address.version == 6 and str(address) != text:
        shown = quote(str(address))
        yield (
            f"{path}: IPv6 address {quote(text)} should be in RFC 5952 canonical format ({shown})"
        )


def range_warnings(path: str, text: str) -> Iterator[str]:
    """A range of addresses that is written in an unusual way, or says two things."""
    address, slash, bits = text.partition("/")
    plain = _without_zeros(address)
    try:
        network = ipaddress.ip_network(f"{plain}{slash}{bits}", strict=False)
        host = ipaddress.ip_address(plain)
    except ValueError:
        return
    told = False
    if host != network.network_address:
        alone = f"{host}/{host.max_prefixlen}"
        told = True
        yield (
            f"{path}: CIDR value {quote(text)} is ambiguous in this context "
            f"(should be {quote(str(network))} or {quote(alone)}?)"
        )
    if plain != address:
        told = True
        yield (
            f"{path}: non-standard CIDR value {quote(text)} is invalid: use {quote(str(network))}"
        )
    if not told and network.version == 6 and str(network) != text:
        shown = quote(str(network))
        yield (
            f"{path}: IPv6 CIDR value {quote(text)} should be in RFC 5952 canonical format ({shown})"
        )


def _without_zeros(address: str) -> str:
    """An IPv4 address without the leading zeros that older readers take."""
    parts = address.split(".")
    if len(parts) != 4 or not all(part.isascii() and part.isdecimal() for part in parts):
        return address
    return ".".join(str(whole(part)) for part in parts)
