"""The nodes of a cluster: `/nodes`, and below it an actor for each node with its components.

A node's actor is what its machine is to a real node: when it stops, kubelet and proxy stop with it,
and nobody tells the API server. What outlives a kubelet's crash (the containers of its runtime)
belongs to the machine, so the machine's actor holds it and hands it to every new incarnation.
"""

from collections.abc import Callable
from ipaddress import IPv4Network
from typing import Final

from actors import Actor, Ref, Request
from msgspec import Struct

from orchestrator.kubelet import Kubelet, NodeSpec, Runtime
from orchestrator.proxy import Proxy, TableMemo
from orchestrator.protocol import ApiRef

# Disjoint from the service network 10.96.0.0/12: each node gets a /24 of pods, 32,768 nodes in all.
POD_NETWORK: Final = IPv4Network("10.128.0.0/9")
# The addresses of the nodes themselves.
NODE_NETWORK: Final = IPv4Network("172.16.0.0/12")
