"""What a pod's resolver is told: `/etc/resolv.conf` by `dnsPolicy` and `dnsConfig`.

    ClusterFirst              the cluster's DNS; pods of the host's network get Default
    ClusterFirstWithHostNet   the cluster's DNS, for those too
    Default                   the node's own configuration
    None                      nothing but `dnsConfig`

`dnsConfig` is added to each: name servers and search domains behind those that are there, an option in place of
one of its name.
"""

from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from orchestrator.api.core.v1 import Pod

CLUSTER_DOMAIN: Final = "cluster.local"
_CLUSTER_OPTION: Final = ("ndots", "5")
_SERVERS: Final = 3  # as many as the C library asks
_SEARCHES: Final = 32


class Resolver(Struct, frozen=True):
    """A resolv.conf; options by name, their value empty if they have none."""

    servers: tuple[str, ...] = ()
    searches: tuple[str, ...] = ()
    options: tuple[tuple[str, str], ...] = ()

    def text(self) -> str:
        """The file."""
        lines = []
        if self.searches:
            lines.append(f"search {' '.join(self.searches)}")
        lines += [f"nameserver {server}" for server in self.servers]
        if self.options:
            said = (f"{name}:{value}" if value else name for name, value in self.options)
            lines.append(f"options {' '.join(said)}")
        return "\n".join(lines) + "\n" if lines else ""


def parse(text: str) -> Resolver:
    """A resolv.conf as the C library reads it: the last `search` counts, what is unknown is passed over."""
    servers: list[str] = []
    searches: tuple[str, ...] = ()
    options: list[tuple[str, str]] = []
    for line in text.splitlines():
        words = line.split()
        if len(words) < 2 or words[0][0] in "#;":
            continue
        if words[0] == "nameserver":
            servers.append(words[1])
        elif words[0] in ("search", "domain"):
            searches = tuple("." if word == "." else word.rstrip(".") for word in words[1:])
        elif words[0] == "options":
            options += [_option(word) for word in words[1:]]
    return Resolver(tuple(servers), searches, tuple(options))


def resolver_of(pod: Pod, cluster_dns: str, node: Resolver) -> Resolver:
    """What `pod` is told on a node whose own resolver is `node`."""
    spec = pod.spec
    policy = spec.dns_policy if spec is not None and spec.dns_policy else "ClusterFirst"
    if policy == "ClusterFirst" and spec is not None and spec.host_network:
        policy = "Default"
    if policy == "None":
        base = Resolver()
    elif policy == "Default":
        base = node
    else:
        namespace = pod.metadata.namespace
        domains = (f"{namespace}.svc.{CLUSTER_DOMAIN}", f"svc.{CLUSTER_DOMAIN}", CLUSTER_DOMAIN)
        base = Resolver((cluster_dns,), _joined(domains, node.searches), (_CLUSTER_OPTION,))
    config = spec.dns_config if spec is not None else None
    if config is None:
        return base
    options = (*base.options, *((o.name, o.value or "") for o in config.options))
    return Resolver(
        _joined(base.servers, config.nameservers)[:_SERVERS],
        _joined(base.searches, config.searches)[:_SEARCHES],
        _latest(options),
    )


def _option(word: str) -> tuple[str, str]:
    name, _, value = word.partition(":")
    return name, value


def _joined(some: Iterable[str], more: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*some, *more)))


def _latest(options: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Each option once, with the last of its values."""
    return tuple(dict(options).items())
