"""What pods use: the one thing that is not asked of the API server but of kubelets, as metrics servers do."""

from collections.abc import Mapping

from msgspec import Struct

from actors import Request


class InterfaceUsage(Struct, frozen=True, gc=False):
    """What has come in and gone out by an interface of a pod's network."""

    name: str
    received_bytes: int = 0
    received_packets: int = 0
    received_errors: int = 0
    received_dropped: int = 0
    sent_bytes: int = 0
    sent_packets: int = 0
    sent_errors: int = 0
    sent_dropped: int = 0


class Waited(Struct, frozen=True, gc=False):
    """How long tasks have waited for a resource, altogether, and in percent of the last 10, 60 and 300 seconds."""

    microseconds: int = 0
    of_10: float = 0.0
    of_60: float = 0.0
    of_300: float = 0.0


class Stall(Struct, frozen=True, gc=False):
    """When some of a group's tasks have waited for a resource, and when all of them (Linux' pressure stall information)."""

    some: Waited = Waited()
    full: Waited = Waited()


class ContainerUsage(Struct, frozen=True, gc=False):
    """What a container uses now: thousandths of a CPU, bytes, processes; None: nobody measures it.

    `cpu_seconds` are those that it has used since it was started, and page faults are counted from there; `rss_bytes`
    are those of its memory that are no file's. `interfaces` are those of its pod's network, if the
    pod has one of its own that is measured. `stalls` are for `cpu`, `memory` and `io`, as far as its machine counts them.
    """

    milli_cpu: int | None = None
    memory_bytes: int | None = None
    processes: int | None = None
    cpu_seconds: float | None = None
    interfaces: tuple[InterfaceUsage, ...] = ()
    rss_bytes: int | None = None
    page_faults: int | None = None
    major_page_faults: int | None = None
    stalls: Mapping[str, Stall] = {}


class UsageOfPods(Request[Mapping[str, Mapping[str, ContainerUsage]]], frozen=True, gc=False):
    """Answer what the running containers of these pods (by uid) use, by pod and container.

    The one request that is not the API server's: a kubelet answers it, as it answers a metrics server. It
    is the member of the group `kubelets_group(node)`.
    """

    uids: tuple[str, ...]


class DirectoryUsage(Struct, frozen=True, gc=False):
    """What lies in a directory: how many bytes, and how many files and directories (inodes) hold them."""

    used_bytes: int = 0
    files: int = 0


class DiskUsage(Struct, frozen=True, gc=False):
    """What a pod keeps on its node's disk: in its own directories by volume, and the bytes of logs by container."""

    volumes: Mapping[str, DirectoryUsage] = {}
    logs: Mapping[str, int] = {}


class DisksOfPods(Request[Mapping[str, DiskUsage]], frozen=True, gc=False):
    """Answer what these pods (by uid) keep on the disk of a kubelet's node. To weigh it may take long."""

    uids: tuple[str, ...]


class NodeUse(Struct, frozen=True, gc=False):
    """What a node uses beside its pods: its images take so many bytes of its disk, on which there may be so many files;
    and the stalls of the machine as a whole, by resource.
    """

    image_bytes: int = 0
    most_files: int = 0
    stalls: Mapping[str, Stall] = {}


class UseOfNode(Request[NodeUse], frozen=True, gc=False):
    """Answer what a kubelet's node uses beside what its pods do."""


def kubelets_group(node: str) -> str:
    """The group of actors whose member is the kubelet of a node."""
    return f"kubelet/{node}"
