"""Runs of containers as runtimes keep them: the last of each container, by pod and name."""

from collections.abc import Mapping
from typing import Protocol, TypeAlias, TypeVar

from orchestrator.kubelet.runtimes.interface import ContainerKey


class Keyed(Protocol):
    """A run of a container."""

    key: ContainerKey


R = TypeVar("R", bound=Keyed)
Runs: TypeAlias = Mapping[str, Mapping[str, R]]


def find(runs: Runs[R], key: ContainerKey) -> R | None:
    """The run of this key, if it is still the container's last."""
    run = runs.get(key.pod_uid, {}).get(key.name)
    return run if run is not None and run.key == key else None
