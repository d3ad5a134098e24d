"""Files that the kubelet and the kernel give each container: names of hosts, limits of its control group, settings."""

from collections.abc import Iterator
from math import ceil, log2
from typing import Final

from orchestrator.api.core.v1 import Container, HostAlias, Pod, PodSpec, ResourceRequirements
from orchestrator.machinery.quantities import milli, value

_MANAGED: Final = "# Kubernetes-managed hosts file.\n"
_MANAGED_OF_HOST: Final = "# Kubernetes-managed hosts file (host network).\n"
HOST_FILE: Final = "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"
_LOCAL: Final = (
    "127.0.0.1\tlocalhost\n"
    "::1\tlocalhost ip6-localhost ip6-loopback\n"
    "fe00::0\tip6-localnet\n"
    "fe00::0\tip6-mcastprefix\n"
    "fe00::1\tip6-allnodes\n"
    "fe00::2\tip6-allrouters\n"
)
_PERIOD: Final = 100_000  # microseconds in which a limit of CPU is counted
_LEAST_QUOTA: Final = 1000
_SHARES: Final = 1024  # of one CPU
_LEAST_SHARES, _MOST_SHARES = 2, 262_144


def own_files(pod: Pod, container: Container, host: str) -> Iterator[tuple[str, bytes]]:
    """The files, by their absolute paths."""
    spec = pod.spec or PodSpec()
    yield "/etc/hostname", f"{host}\n".encode()
    yield "/etc/hosts", _hosts(pod, spec, host).encode()
    yield "/tmp/", b""
    yield from _control_group(container.resources or ResourceRequirements())
    context = spec.security_context
    for sysctl in context.sysctls if context is not None else ():
        yield f"/proc/sys/{sysctl.name.replace('.', '/')}", f"{sysctl.value}\n".encode()


def _hosts(pod: Pod, spec: PodSpec, host: str) -> str:
    aliases = _aliases(spec.host_aliases)
    if spec.host_network:
        return (_MANAGED_OF_HOST if aliases else "") + HOST_FILE + aliases
    status = pod.status
    addresses = [ip.ip for ip in status.pod_ips] if status is not None else []
    if status is not None and not addresses and status.pod_ip:
        addresses = [status.pod_ip]
    name = host
    if spec.subdomain:
        name = f"{host}.{spec.subdomain}.{pod.metadata.namespace}.svc.cluster.local\t{host}"
    return _MANAGED + _LOCAL + "".join(f"{ip}\t{name}\n" for ip in addresses) + aliases


def _aliases(aliases: tuple[HostAlias, ...]) -> str:
    if not aliases:
        return ""
    lines = ["\t".join((alias.ip, *alias.hostnames)) for alias in aliases]
    return "\n# Entries added by HostAliases.\n" + "".join(f"{line}\n" for line in lines)


def _control_group(resources: ResourceRequirements) -> Iterator[tuple[str, bytes]]:
    """The limits as version 2 of control groups shows them."""
    limits, requests = resources.limits, resources.requests
    quota = "max"
    if milli(limits.get("cpu", 0)):
        quota = str(max(_LEAST_QUOTA, milli(limits["cpu"]) * _PERIOD // 1000))
    memory = value(limits.get("memory", 0))
    asked = milli(requests.get("cpu", 0)) or ("cpu" not in requests and milli(limits.get("cpu", 0)))
    yield "/sys/fs/cgroup/cpu.max", f"{quota} {_PERIOD}\n".encode()
    yield "/sys/fs/cgroup/cpu.weight", f"{_weight(int(asked))}\n".encode()
    yield "/sys/fs/cgroup/memory.max", f"{memory or 'max'}\n".encode()


def _weight(milli_cpu: int) -> int:
    """The weight of a request, as runc makes it of shares."""
    shares = min(max(milli_cpu * _SHARES // 1000, _LEAST_SHARES), _MOST_SHARES)
    return _converted(shares)


def _converted(shares: int) -> int:
    exponent = (log2(shares) ** 2 + 125 * log2(shares)) / 612.0 - 7.0 / 34.0
    return ceil(10**exponent)
