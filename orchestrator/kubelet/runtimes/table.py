"""All commands that simulated containers know: busybox's and agnhost's."""

from collections.abc import Mapping
from typing import Final

from orchestrator.kubelet.runtimes import agnhost, commands
from orchestrator.kubelet.runtimes.commands import network
from orchestrator.kubelet.runtimes.commands.steps import Command

COMMANDS: Final[Mapping[str, Command]] = {**commands.COMMANDS, **agnhost.COMMANDS}
"""By name."""

CONNECTED: Final[Mapping[str, Command]] = network.CONNECTED
"""Those that use the network. Only who looks into a container has them: a container whose own command they are is not
run, since nobody knows what it is for."""
