"""The option `--kubelet-config`: a file as the configuration of all nodes' kubelets."""

from pathlib import Path
from typing import Any

from orchestrator.cli.files import file_option, read

option = file_option(
    "--kubelet-config",
    "A KubeletConfiguration, as kubelet's --config has it: thresholds of eviction, back-off, maxPods.",
)


def node_fields_of(path: Path | None) -> dict[str, Any]:
    """What a file says of each node; directories in it are relative to the file. Raises InputError."""
    from orchestrator.kubelet.configuration import InvalidKubeletConfiguration, node_fields

    if path is None:
        return {}
    found = read(path, node_fields, InvalidKubeletConfiguration)
    if found["static_pod_path"]:
        found["static_pod_path"] = str(path.parent.absolute() / found["static_pod_path"])
    return found
