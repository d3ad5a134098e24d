"""What a pod's host is called: by itself, by others, and by the kernel in its containers."""

from typing import Final, NamedTuple

from orchestrator.api.core.v1 import Pod, PodSpec

_CLUSTER_DOMAIN: Final = "cluster.local"
_LONGEST: Final = 63
_LONGEST_OF_KERNEL: Final = 64  # bytes of a node name in Linux, without the one that ends it


class HostNames(NamedTuple):
    """The host's name, the domain in which others find it (empty: in none), and the kernel's name of it."""

    host: str
    domain: str
    kernel: str

    @property
    def whole(self) -> str:
        """The name with its domain."""
        return f"{self.host}.{self.domain}" if self.domain else self.host


def host_names(pod: Pod) -> HostNames:
    """As the kubelet names hosts: `hostnameOverride` has no domain, `hostname` or else the pod's name that of `subdomain`.

    A name of more than 63 characters is cut. With `setHostnameAsFQDN` the kernel has the whole name.
    """
    spec = pod.spec or PodSpec()
    if spec.hostname_override:
        name = _cut(spec.hostname_override)
        return HostNames(name, "", name)
    name, domain = _cut(spec.hostname or pod.metadata.name), ""
    if spec.subdomain:
        domain = f"{spec.subdomain}.{pod.metadata.namespace}.svc.{_CLUSTER_DOMAIN}"
    whole = bool(spec.set_hostname_as_fqdn) and bool(domain)
    return HostNames(name, domain, f"{name}.{domain}" if whole else name)


def host_name_fault(pod: Pod) -> str:
    """Why the kernel does not take the pod's host name; empty when it does."""
    name = host_names(pod).kernel
    if len(name) <= _LONGEST_OF_KERNEL:
        return ""
    return (
        f"failed to construct FQDN from pod hostname and cluster domain, FQDN {name} is too long "
        f"({_LONGEST_OF_KERNEL} characters is the max, {len(name)} characters requested)"
    )


def _cut(name: str) -> str:
    return name[:_LONGEST].rstrip("-.")
