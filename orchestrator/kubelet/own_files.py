"""Files that the kubelet and the kernel give each container: names of hosts, limits of its control group, settings."""

from collections.abc import Iterator
from typing import Final

from orchestrator.api.core.v1 import Container, HostAlias, Pod, PodSpec
from orchestrator.kubelet.control_groups import version_2
from orchestrator.kubelet.host_names import HostNames

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


def own_files(pod: Pod, container: Container, names: HostNames) -> Iterator[tuple[str, bytes]]:
    """The files, by their absolute paths."""
    spec = pod.spec or PodSpec()
    yield "/etc/hostname", f"{names.kernel}\n".encode()
    yield "/etc/hosts", _hosts(pod, spec, names).encode()
    yield "/tmp/", b""
    for name, text in version_2(container.resources).items():
        yield f"/sys/fs/cgroup/{name}", f"{text}\n".encode()
    context = spec.security_context
    for sysctl in context.sysctls if context is not None else ():
        yield f"/proc/sys/{sysctl.name.replace('.', '/')}", f"{sysctl.value}\n".encode()


def _hosts(pod: Pod, spec: PodSpec, names: HostNames) -> str:
    aliases = _aliases(spec.host_aliases)
    if spec.host_network:
        return (_MANAGED_OF_HOST if aliases else "") + HOST_FILE + aliases
    status = pod.status
    addresses = [ip.ip for ip in status.pod_ips] if status is not None else []
    if status is not None and not addresses and status.pod_ip:
        addresses = [status.pod_ip]
    name = f"{names.whole}\t{names.host}" if names.domain else names.host
    return _MANAGED + _LOCAL + "".join(f"{ip}\t{name}\n" for ip in addresses) + aliases


def _aliases(aliases: tuple[HostAlias, ...]) -> str:
    if not aliases:
        return ""
    lines = ["\t".join((alias.ip, *alias.hostnames)) for alias in aliases]
    return "\n# Entries added by HostAliases.\n" + "".join(f"{line}\n" for line in lines)
