"""The option `--kubelet-config`: a file as the configuration of all nodes' kubelets."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from orchestrator.cli.errors import InputError

F = TypeVar("F", bound=Callable[..., Any])


def option(command: F) -> F:
    """The option `--kubelet-config`."""
    return click.option(
        "--kubelet-config",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        metavar="FILE",
        help="A KubeletConfiguration, as kubelet's --config has it: thresholds of eviction, back-off, maxPods.",
    )(command)


def node_fields_of(path: Path | None) -> dict[str, Any]:
    """What a file says of each node; directories in it are relative to the file. Raises InputError."""
    from orchestrator.kubelet.configuration import InvalidKubeletConfiguration, node_fields
    from orchestrator.machinery import manifests
    from orchestrator.machinery.errors import MachineryError

    if path is None:
        return {}
    try:
        found = node_fields(manifests.load(path.read_text(encoding="utf-8"), str(path)))
    except InvalidKubeletConfiguration as error:
        raise InputError(f"{path}: {error}") from None
    except (MachineryError, OSError, UnicodeDecodeError) as error:
        raise InputError(str(error)) from None
    if found["static_pod_path"]:
        found["static_pod_path"] = str(path.parent.absolute() / found["static_pod_path"])
    return found
