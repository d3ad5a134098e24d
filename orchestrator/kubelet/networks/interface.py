"""What a kubelet and a container runtime ask of the network of a node's pods."""

from collections.abc import Iterable
from concurrent.futures import Future
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from orchestrator.api.core.v1 import Pod


class PodLink(Struct, frozen=True, gc=False):
    """Where a pod is in the network.

    `address` is its IPv4 address, empty when the network has none left. `namespace` is the file of the
    network namespace in which its processes run (what `nsenter --net=` takes); None: the host's own.
    """

    address: str
    namespace: Path | None = None


class PodNetwork(Protocol):
    """The network of one node's pods. It belongs to the machine, as the runtime does.

    `shares_host`: processes of all pods run in the host's network, so each has to listen at its own pod's
    address, which it finds in the environment variable POD_IP (as processes find it in every network).
    """

    shares_host: bool

    def prepare(self, pod: Pod) -> Future[Path] | None:
        """Begin to make the pod's link; None: `join` answers at once. What goes wrong, `join` says.

        Who has prepared and does not join has to leave.
        """
        ...

    def join(self, pod: Pod) -> PodLink:
        """The pod's link, made when it is asked for the first time; the same one at each later call.

        A pod of the node's own network (`hostNetwork`) has the node's address. One whose status names an
        address of this network, as after a restart, has it again unless another pod has got it.
        Raises NetworkFault when the machine refuses.
        """
        ...

    def leave(self, pod_uid: str) -> None:
        """Take a pod out; its address is free. One that has not joined is ignored."""
        ...

    def joined(self) -> Iterable[str]:
        """The uids of the pods that have joined, or prepared to, and not left."""
        ...

    def close(self) -> None:
        """Take everything away that the network has made on this machine."""
        ...


class NetworkFault(Exception):
    """The machine refuses what a pod network needs; the text says what and why."""
