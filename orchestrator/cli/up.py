"""`orchestrator up`: a cluster in real time, for kubectl, until Ctrl-C."""

from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli import authentication as users
from orchestrator.cli import authorization as rights
from orchestrator.cli import features, images, kubelets, logs, networking, scheduling, serving
from orchestrator.cli.auditing import Auditing
from orchestrator.cli.auditing import options as auditing_options
from orchestrator.cli.errors import InputError
from orchestrator.cli.parameters import TextsType
from orchestrator.cli.runtimes import OURS, RuntimeName

if TYPE_CHECKING:
    from orchestrator.kubelet import NodeSpec


class _Names(TextsType):
    """Names with commas between them."""

    name = "names"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[str, ...]:
        if isinstance(value, tuple):
            return value
        return tuple(name.strip() for name in value.split(",") if name.strip())


NAMES = _Names()


@click.command()
@click.option("--nodes", type=click.IntRange(0, 5000), default=3, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True, help="Decides all that is chance.")
@click.option(
    "--enable-admission-plugins",
    "enable",
    type=NAMES,
    default="",
    metavar="NAME,...",
    help="Admission plugins to ask beside those that are on.",
)
@click.option(
    "--disable-admission-plugins",
    "disable",
    type=NAMES,
    default="",
    metavar="NAME,...",
    help="Admission plugins not to ask.",
)
@click.option(
    "--admission-control-config-file",
    "admission_config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="An AdmissionConfiguration, as kube-apiserver's flag of this name has it.",
)
@auditing_options
@click.option(
    "--runtime",
    type=RuntimeName(),
    metavar=f"[{'|'.join(OURS)}|NAME]",
    default="simulated",
    show_default=True,
    help="What containers are on the nodes; NAME is a runtime that an installed package offers.",
)
@images.options
@click.option(
    "--container-runtime-endpoint",
    "endpoint",
    default="",
    metavar="ADDRESS",
    help="Where the container runtime of --runtime cri answers, as kubelet's flag of this name has it.  "
    "[default: unix:///run/containerd/containerd.sock]",
)
@click.option(
    "--event-ttl",
    default="1h",
    show_default=True,
    metavar="DURATION",
    help="How long Events are kept after their last change; 0s is for ever.",
)
@scheduling.option
@kubelets.option
@click.option(
    "--pod-manifest-path",
    "static_pods",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="A directory of static pods that each node runs; {node} in it is the node's name.",
)
@click.option(
    "--bare",
    is_flag=True,
    help="Leave out what installers put into a cluster: CoreDNS, the default StorageClass.",
)
@networking.options
@features.options
@rights.options
@users.options
@serving.options
@logs.serving_options
def up(
    nodes: int,
    seed: int,
    event_ttl: str,
    scheduler_config: Path | None,
    kubelet_config: Path | None,
    enable: tuple[str, ...],
    disable: tuple[str, ...],
    admission_config: Path | None,
    auditing: dict[str, Any],
    runtime: str,
    endpoint: str,
    bare: bool,
    listen: tuple[str, int],
    kubeconfig: Path,
    authentication: dict[str, Any],
    authorization: dict[str, Any],
    proxy_mode: str | None,
    image_table: dict[str, Any],
    dns_upstream: tuple[str, ...],
    service_network: str | None,
    static_pods: Path | None,
    switches: dict[str, Any],
) -> None:
    """Run a cluster until Ctrl-C."""
    import actors  # late: `orchestrator --help` needs none of it
    from orchestrator.apiserver.admission import Admission, AdmissionError, chain_of
    from orchestrator.apiserver.admission.configuration import load_configurations

    try:
        told = load_configurations(admission_config) if admission_config is not None else {}
        admission = Admission(enable, disable, configurations=told)
        chain_of(admission)
    except AdmissionError as error:
        raise InputError(str(error)) from None
    networking.check(runtime, proxy_mode, dns_upstream, service_network)
    scheduler = scheduling.configuration_file(scheduler_config)
    options: dict[str, Any] = {
        "nodes": _nodes(nodes, runtime, static_pods, kubelets.node_fields_of(kubelet_config)),
        "seed": seed,
        "event_seconds": _event_seconds(event_ttl),
        "admission": admission,
        "scheduler": scheduler,
        "furnished": not bare,
        "runtime": runtime,
        "images": images.found(image_table),
        "container_runtime_endpoint": endpoint,
        "authorization": rights.modes(authorization),
        "proxy_mode": proxy_mode,
        "dns_upstream": dns_upstream,
        "service_network": service_network,
        **features.checked(switches),
    }
    front = users.front_options(authentication)
    host, port = listen
    front["flags"] = {**_flags(click.get_current_context()), "listen": f"{host}:{port}"}
    audits = Auditing(auditing)
    options["audit"] = audits.components
    actors.run(_serve, options, front, audits, listen, kubeconfig, virtual=False)


def _event_seconds(given: str) -> float:
    """The seconds of --event-ttl; kube-apiserver keeps what has none for ever. Raises InputError."""
    from orchestrator.machinery.times import parse_duration

    try:
        seconds = parse_duration(given)
    except ValueError as error:
        raise InputError(f"--event-ttl: {error}") from None
    if seconds < 0:
        raise InputError(f"--event-ttl: expected a duration that is not negative, got {given}")
    return seconds or inf


def _flags(ctx: click.Context) -> dict[str, str]:
    """The options of this start and their values, as /flagz shows them."""
    found = {}
    for each in ctx.command.params:
        value = ctx.params.get(each.name or "")
        if isinstance(each, click.Option) and value is not None:
            found[each.opts[-1].lstrip("-")] = _told(value)
    return found


def _told(value: Any) -> str:
    """An option's value, written as Kubernetes' components write theirs."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"[{','.join(map(_told, value))}]"
    return str(value)


def _nodes(
    number: int, runtime: str, static_pods: Path | None, fields: dict[str, Any]
) -> "int | list[NodeSpec]":
    """So many nodes, which run what is in the directory, and are what `fields` say."""
    if static_pods is not None:
        fields = {**fields, "static_pod_path": str(static_pods.absolute())}
    if not fields:
        return number
    from orchestrator.cluster.nodes import node_spec

    return [node_spec(f"node-{n}", n, runtime=runtime, **fields) for n in range(number)]


async def _serve(
    options: dict[str, Any],
    front: dict[str, Any],
    audits: Auditing,
    listen: tuple[str, int],
    kubeconfig: Path,
) -> None:
    from orchestrator.cluster import Cluster, NodesNotReady
    from orchestrator.cluster.fabrics import Unfit
    from orchestrator.kubelet.networks.interface import NetworkFault
    from orchestrator.kubelet.runtimes import UnknownRuntime

    nodes = options["nodes"]
    number = nodes if isinstance(nodes, int) else len(nodes)
    what = f"{number} node{'' if number == 1 else 's'}"

    async def run() -> None:
        async with Cluster(**options) as cluster, audits.begun(cluster.clock) as audit:
            await serving.serve(cluster, what, listen, kubeconfig, audit=audit, **front)

    try:
        await serving.until_signal(run())
    except (UnknownRuntime, Unfit, NetworkFault) as error:
        raise InputError(str(error)) from None
    except NodesNotReady as error:
        raise click.ClickException(str(error)) from None
