"""The commands of simulated containers, as busybox has them: a table for each file of this room.

A command gets its arguments and the `World`, and is a generator of what it does (`steps.py`) or its exit code.
"""

from collections.abc import Mapping
from typing import Final

from orchestrator.kubelet.runtimes.commands import (
    archives,
    files,
    inspection,
    network,
    system,
    testing,
    text,
)
from orchestrator.kubelet.runtimes.commands.steps import Command

COMMANDS: Final[Mapping[str, Command]] = {
    **text.COMMANDS,
    **files.COMMANDS,
    **inspection.COMMANDS,
    **testing.COMMANDS,
    **system.COMMANDS,
    **archives.COMMANDS,
    **network.COMMANDS,
}
"""By name."""
