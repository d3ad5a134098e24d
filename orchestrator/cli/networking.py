"""The options that say how Services carry traffic, and which of them go together."""

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

import click

from orchestrator.cli.errors import InputError

F = TypeVar("F", bound=Callable[..., Any])

_OTHERS: Final = "--proxy-mode is userspace or table"


def options(command: F) -> F:
    """The options `--proxy-mode`, `--dns-upstream` and `--service-cluster-ip-range`."""
    mode = click.option(
        "--proxy-mode",
        type=click.Choice(["table", "userspace", "nftables"]),
        help="How Services carry traffic: not at all (table), from and to addresses of 127.0.0.0/8 (userspace), or "
        "between network namespaces, as root (nftables). What fits the runtime unless given.",
    )
    upstream = click.option(
        "--dns-upstream",
        multiple=True,
        metavar="ADDRESS",
        help="A server that the cluster's DNS asks for names that are not the cluster's; may be repeated.",
    )
    services = click.option(
        "--service-cluster-ip-range",
        "service_network",
        metavar="NETWORK",
        help="Where Services have their addresses, as kube-apiserver's flag of this name has it; not with --proxy-mode "
        "userspace.  [default: 10.96.0.0/12]",
    )
    return mode(services(upstream(command)))


def check(
    runtime: str,
    proxy_mode: str | None,
    dns_upstream: Sequence[str],
    service_network: str | None,
) -> None:
    """Raises InputError for what cannot be so on this machine, or not at once."""
    if service_network is not None:
        _check_services(service_network, proxy_mode)
    if proxy_mode == "nftables":
        _check_namespaces(runtime)
    if dns_upstream:
        _check_upstream(dns_upstream)


def _check_namespaces(runtime: str) -> None:
    if runtime == "cri":
        raise InputError(f"--runtime cri: pods share the host's network: {_OTHERS}")
    from orchestrator.kubelet.networks.namespaces import why_not

    lacks = why_not()
    if lacks:
        raise InputError(f"--proxy-mode nftables: {lacks}: {_OTHERS}")


def _check_services(network: str, proxy_mode: str | None) -> None:
    from orchestrator.cluster.service_networks import service_network_of  # late: few choose one

    if proxy_mode == "userspace":
        raise InputError(f"--service-cluster-ip-range {network}: --proxy-mode is nftables or table")
    try:
        service_network_of(network)
    except ValueError as error:
        raise InputError(f"--service-cluster-ip-range: {error}") from None


def _check_upstream(servers: Sequence[str]) -> None:
    from orchestrator.dns.serving import upstream_of  # late: few clusters carry packets

    for server in servers:
        try:
            upstream_of(server)
        except ValueError as error:
            raise InputError(f"--dns-upstream: {error}") from None
