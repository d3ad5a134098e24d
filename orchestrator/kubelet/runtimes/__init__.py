"""Container runtimes, one file each, behind the interface in `interface.py`."""

from collections.abc import Callable, Mapping
from typing import Final

from orchestrator.kubelet.runtimes.interface import Runtime
from orchestrator.kubelet.runtimes.simulated import SimulatedRuntime

RUNTIMES: Final[Mapping[str, Callable[[], Runtime]]] = {
    "simulated": SimulatedRuntime,
}

__all__ = ["RUNTIMES", "Runtime", "SimulatedRuntime"]
