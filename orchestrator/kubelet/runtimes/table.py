"""All commands that simulated containers know: busybox's and agnhost's."""

from collections.abc import Mapping
from typing import Final

from orchestrator.kubelet.runtimes import agnhost, commands
from orchestrator.kubelet.runtimes.shell.steps import Command

COMMANDS: Final[Mapping[str, Command]] = {**commands.COMMANDS, **agnhost.COMMANDS}
"""By name."""
